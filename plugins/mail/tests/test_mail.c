/* SPDX-License-Identifier: MIT */
/* The rules of letters: addresses, texts, urls, waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail.h"

static void test_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host;
        int implicit_tls;
    } GOOD[] = {
        {"smtp://mail.example.org", "mail.example.org", 0},
        {"smtp://mail.example.org:587", "mail.example.org", 0},
        {"smtps://192.0.2.1:465", "192.0.2.1", 1},
        {"smtps://[2001:db8::1]:465", "2001:db8::1", 1},
        {"smtp://[::1]", "::1", 0},
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        struct mail_url url;
        assert_int_equal(mail_url_parse(dais_cstr(GOOD[i].url), &url), DAIS_OK);
        assert_true(dais_str_eq(url.host, dais_cstr(GOOD[i].host)));
        assert_int_equal(url.implicit_tls, GOOD[i].implicit_tls);
    }
    static const char *const BAD[] = {
        "",           "smtp://",        "http://h",      "smtp://h/path", "smtp://u:p@h",
        "smtp://h:0", "smtp://h:65536", "smtp://h:",     "smtp://h:12x",  "smtp://[::1",
        "smtp://[]",  "smtp://[x]",     "smtp://[::1]x", "smtp://a..b",   "smtp://a b",
        "smtp://:25", "SMTP://h",       "smtp://h\r\n",  "smtp://h:-1",   "smtp://h:999999",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct mail_url url;
        assert_int_equal(mail_url_parse(dais_cstr(BAD[i]), &url), DAIS_E_INVALID);
    }
}

static void test_only_this_machine_is_loopback(void **state)
{
    (void)state;
    static const char *const HERE[] = {"localhost", "127.0.0.1", "127.9.9.9", "::1"};
    static const char *const ELSEWHERE[] = {
        "127.0.0.1.example.org", "localhost.example.org", "128.0.0.1", "127.0.0", "::2", "",
        "127.example.org"};
    for (size_t i = 0; i < sizeof HERE / sizeof HERE[0]; i++)
        assert_true(mail_host_is_loopback(dais_cstr(HERE[i])));
    for (size_t i = 0; i < sizeof ELSEWHERE / sizeof ELSEWHERE[0]; i++)
        assert_false(mail_host_is_loopback(dais_cstr(ELSEWHERE[i])));
}

static void test_an_address_is_one_address(void **state)
{
    (void)state;
    static const char *const GOOD[] = {"a@b", "ann.lee+x@mail.example.org", "o'brien@example.org"};
    static const char *const BAD[] = {
        "",          "a",     "@b",      "a@",         "a@b\r\nRCPT TO:<c@d>",
        "a@b,c@d",   "<a@b>", "a b@c",   "a..b@c",     ".a@b",
        "a@b..c",    "a@b@c", "\"a\"@b", "\xc3\xa4@b", "a@b\n",
        "a@[1.2.3]", "a>b@c", "a@-.",    "a@b c",      "a@b\tc",
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++)
        assert_true(mail_address_ok(dais_cstr(GOOD[i])));
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        if (mail_address_ok(dais_cstr(BAD[i])))
            fail_msg("%s", BAD[i]);
    assert_false(mail_address_ok(dais_str("a\0b@c", 5)));
    char local_too_long[70];
    memset(local_too_long, 'a', sizeof local_too_long);
    memcpy(local_too_long + 65, "@b", 3);
    assert_false(mail_address_ok(dais_cstr(local_too_long)));
    assert_true(mail_address_ok(dais_cstr(local_too_long + 1)));
}

static void test_texts_are_utf8_without_controls(void **state)
{
    (void)state;
    assert_true(mail_text_ok(dais_cstr("plain"), 0));
    assert_true(mail_text_ok(dais_cstr("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8e\xa5"), 0));
    assert_true(mail_text_ok(dais_cstr("two\nlines\tof it"), 1));
    static const char *const BAD[] = {
        "a\nb",         "a\rb",
        "a\tb",         "\x1b[31m",
        "\x7f",         "\xc0\xaf",
        "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xff",         "\xc3",
        "\xe2\x82",     "\xe0\x80\xaf",
        "\x80",         "\xf0\x80\x80\xaf",
        "\xc3(",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_false(mail_text_ok(dais_cstr(BAD[i]), 0));
    assert_false(mail_text_ok(dais_cstr("a\r\nb"), 1));
    assert_false(mail_text_ok(dais_str("a\0b", 3), 1));
}

static void test_what_a_message_must_be(void **state)
{
    (void)state;
    static char big[DAIS_MAIL_TEXT_BYTES_MAX + 1];
    memset(big, 'a', sizeof big);
    const struct dais_mail good = {.to = dais_cstr("ann@example.org"),
                                   .subject = dais_cstr("Hello"),
                                   .text = dais_str(big, DAIS_MAIL_TEXT_BYTES_MAX),
                                   .kind = dais_cstr("password_reset")};
    assert_int_equal(mail_check(&good), DAIS_OK);

    struct dais_mail mail = good;
    mail.text.len++;
    assert_int_equal(mail_check(&mail), DAIS_E_TOO_LARGE);
    mail = good;
    mail.subject = dais_str(big, DAIS_MAIL_SUBJECT_BYTES_MAX + 1);
    assert_int_equal(mail_check(&mail), DAIS_E_TOO_LARGE);
    mail = good;
    mail.subject = dais_cstr("Hello\r\nBcc: everybody@example.org");
    assert_int_equal(mail_check(&mail), DAIS_E_INVALID);
    mail = good;
    mail.subject = dais_cstr("");
    assert_int_equal(mail_check(&mail), DAIS_E_INVALID);
    mail = good;
    mail.text = dais_str(NULL, 0);
    assert_int_equal(mail_check(&mail), DAIS_E_INVALID);
    mail = good;
    mail.kind = dais_cstr("Reset");
    assert_int_equal(mail_check(&mail), DAIS_E_INVALID);
    mail = good;
    mail.life_s = -1;
    assert_int_equal(mail_check(&mail), DAIS_E_INVALID);
}

static void test_waits_grow_and_differ(void **state)
{
    (void)state;
    assert_int_equal(mail_retry_ms(1, 1000, 0), 750);
    assert_int_equal(mail_retry_ms(1, 1000, 500), 1250);
    assert_int_equal(mail_retry_ms(1, 1000, 501), 750);
    assert_int_equal(mail_retry_ms(3, 1000, 1000), 4000);
    assert_int_equal(mail_retry_ms(50, 15000, 0), MAIL_RETRY_MS_MAX - MAIL_RETRY_MS_MAX / 4);
    assert_int_not_equal(mail_chance(dais_cstr("a"), 1), mail_chance(dais_cstr("a"), 2));
    assert_int_not_equal(mail_chance(dais_cstr("a"), 1), mail_chance(dais_cstr("b"), 1));
    assert_true(mail_retry_ms(50, 3600000, UINT32_MAX) <=
                MAIL_RETRY_MS_MAX + MAIL_RETRY_MS_MAX / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_only_this_machine_is_loopback),
        cmocka_unit_test(test_an_address_is_one_address),
        cmocka_unit_test(test_texts_are_utf8_without_controls),
        cmocka_unit_test(test_what_a_message_must_be),
        cmocka_unit_test(test_waits_grow_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
