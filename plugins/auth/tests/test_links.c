/* SPDX-License-Identifier: MIT */
/* What letters about an account say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "links.h"

static char text[LINKS_TEXT_BYTES];

static void test_a_link_leads_to_the_page_of_its_purpose(void **state)
{
    (void)state;
    static const char *const WANTED[STORE_LINK_PURPOSES] = {
        [STORE_LINK_RESET] = "\n\nhttps://a.example/reset/?token=secret\n\n",
        [STORE_LINK_VERIFY] = "\n\nhttps://a.example/verify/?token=secret\n\n",
        [STORE_LINK_CHANGE] = "\n\nhttps://a.example/verify/?token=secret\n\n",
    };
    for (uint32_t purpose = 0; purpose < STORE_LINK_PURPOSES; purpose++) {
        const struct links_letter letter = {purpose, 3600, "secret",
                                            dais_cstr("https://a.example")};
        assert_int_equal(links_text(&letter, text), DAIS_OK);
        assert_non_null(strstr(text, WANTED[purpose]));
        assert_non_null(strstr(text, "It works once, for 60 minutes."));
        assert_true(strlen(links_subject(purpose)) > 0 && strlen(links_kind(purpose)) > 0);
    }
}

static void test_without_pages_a_letter_shows_the_code(void **state)
{
    (void)state;
    const struct links_letter letter = {STORE_LINK_RESET, 172800, "secret", {NULL, 0}};
    assert_int_equal(links_text(&letter, text), DAIS_OK);
    assert_non_null(strstr(text, "Use this code:\n\nsecret\n\n"));
    assert_null(strstr(text, "http"));
    assert_non_null(strstr(text, "for 48 hours."));
}

static void test_the_longest_url_fits_and_a_longer_one_does_not(void **state)
{
    (void)state;
    static const char SECRET[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz_-0123456789";
    char url[LINKS_URL_BYTES_MAX + 1];
    memset(url, 'u', sizeof url);
    struct links_letter letter = {STORE_LINK_CHANGE, 1, SECRET, {url, LINKS_URL_BYTES_MAX}};
    assert_int_equal(links_text(&letter, text), DAIS_OK);
    assert_non_null(strstr(text, SECRET));
    assert_non_null(strstr(text, "for 1 minute."));
    letter.url.len++;
    assert_int_equal(links_text(&letter, text), DAIS_E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_link_leads_to_the_page_of_its_purpose),
        cmocka_unit_test(test_without_pages_a_letter_shows_the_code),
        cmocka_unit_test(test_the_longest_url_fits_and_a_longer_one_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
