/* SPDX-License-Identifier: MIT */
/* Messages as they go over the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "compose.h"
#include "mail.h"

static char out[400000];

static const char *compose(const struct compose_letter *letter)
{
    uint64_t max = compose_bytes_max(letter);
    assert_true(max < sizeof out);
    uint64_t len = compose_write(letter, out);
    assert_true(len <= max);
    out[len] = '\0';
    return out;
}

static struct compose_letter letter_of(const char *subject, const char *text)
{
    return (struct compose_letter){
        .id = dais_cstr("0f8b"),
        .from = dais_cstr("noreply@example.org"),
        .to = dais_cstr("ann@example.com"),
        .subject = dais_cstr(subject),
        .text = dais_cstr(text),
        .unix_s = 951782400,
    };
}

static void test_a_plain_message_is_readable(void **state)
{
    (void)state;
    struct compose_letter letter = letter_of("Hello", "one\ntwo");
    letter.from_name = dais_cstr("The \"Dais\"");
    assert_string_equal(compose(&letter), "Date: Tue, 29 Feb 2000 00:00:00 +0000\r\n"
                                          "From: \"The \\\"Dais\\\"\"\r\n <noreply@example.org>\r\n"
                                          "To: <ann@example.com>\r\n"
                                          "Subject: Hello\r\n"
                                          "Message-ID: <0f8b@example.org>\r\n"
                                          "Auto-Submitted: auto-generated\r\n"
                                          "MIME-Version: 1.0\r\n"
                                          "Content-Type: text/plain; charset=utf-8\r\n"
                                          "Content-Transfer-Encoding: 7bit\r\n"
                                          "\r\n"
                                          "one\r\ntwo\r\n");
}

static void test_subjects_in_utf8_are_encoded_words(void **state)
{
    (void)state;
    struct compose_letter letter = letter_of("Gr\xc3\xbc\xc3\x9f"
                                             "e",
                                             "x");
    assert_non_null(strstr(compose(&letter), "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n"));
    letter.subject = dais_cstr("=?UTF-8?B?R3I=?=");
    assert_non_null(strstr(compose(&letter), "Subject: =?UTF-8?B?PT9VVEYtOD9CP1IzST0/PQ==?=\r\n"));
}

static void test_long_subjects_are_folded_between_characters(void **state)
{
    (void)state;
    /* 20 times the euro sign: a word holds 13 of them. */
    struct compose_letter letter = letter_of("", "x");
    char subject[61];
    for (int i = 0; i < 20; i++)
        memcpy(subject + i * 3, "\xe2\x82\xac", 3);
    letter.subject = dais_str(subject, 60);
    assert_non_null(strstr(compose(&letter),
                           "Subject: =?UTF-8?B?4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs"
                           "4oKs?=\r\n =?UTF-8?B?4oKs4oKs4oKs4oKs4oKs4oKs4oKs?=\r\n"));
}

static void test_bodies_that_are_not_plain_are_base64(void **state)
{
    (void)state;
    struct compose_letter letter = letter_of("x", "gr\xc3\xbc\xc3\x9f\n");
    assert_non_null(strstr(compose(&letter), "base64\r\n\r\nZ3LDvMOfDQo=\r\n"));
    static char line[2000];
    memset(line, 'a', sizeof line - 1);
    letter.text = dais_cstr(line);
    assert_non_null(strstr(compose(&letter), "base64\r\n\r\nYWFh"));
}

static void test_no_line_is_too_long(void **state)
{
    (void)state;
    static char text[DAIS_MAIL_TEXT_BYTES_MAX];
    static char subject[DAIS_MAIL_SUBJECT_BYTES_MAX];
    for (int fill = 0; fill < 3; fill++) {
        memset(text, "a\n\x7e"[fill], sizeof text);
        memset(subject, 's', sizeof subject);
        struct compose_letter letter = letter_of("", "");
        letter.text = dais_str(text, sizeof text);
        letter.subject = dais_str(subject, sizeof subject);
        const char *at = compose(&letter);
        while (*at) {
            const char *end = strstr(at, "\r\n");
            assert_non_null(end);
            assert_true(end - at <= 900);
            at = end + 2;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plain_message_is_readable),
        cmocka_unit_test(test_subjects_in_utf8_are_encoded_words),
        cmocka_unit_test(test_long_subjects_are_folded_between_characters),
        cmocka_unit_test(test_bodies_that_are_not_plain_are_base64),
        cmocka_unit_test(test_no_line_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
