/* SPDX-License-Identifier: MIT */
/* Addresses and keys of streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys.h"
#include "streams.h"

static void test_origin_host(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"http://localhost:8080", "localhost"}, {"https://live.example", "live.example"},
        {"http://[::1]:8080", "[::1]"},         {"http://192.0.2.1", "192.0.2.1"},
        {"localhost:8080", "localhost"},        {"", ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct dais_str host = streams_origin_host(dais_cstr(CASES[i][0]));
        assert_int_equal(host.len, strlen(CASES[i][1]));
        assert_memory_equal(host.ptr, CASES[i][1], host.len);
    }
}

static void test_urls(void **state)
{
    (void)state;
    char url[STREAMS_URL_BYTES];
    assert_int_equal(streams_playback_url(dais_cstr("http://h:1"), dais_cstr("abc"), url), DAIS_OK);
    assert_string_equal(url, "http://h:1/hls/abc/master.m3u8");
    assert_int_equal(streams_server_url(dais_cstr("h"), 1935, url), DAIS_OK);
    assert_string_equal(url, "rtmp://h/live");
    assert_int_equal(streams_server_url(dais_cstr("h"), 1936, url), DAIS_OK);
    assert_string_equal(url, "rtmp://h:1936/live");
    char big[STREAMS_URL_BYTES + 1];
    memset(big, 'a', sizeof big);
    assert_int_equal(streams_server_url(dais_str(big, sizeof big), 1936, url), DAIS_E_INVALID);
}

static void test_a_key_opens_only_what_it_was_made_for(void **state)
{
    (void)state;
    static const char MASTER[KEYS_MASTER_BYTES + 1] = "0123456789abcdef0123456789abcdef";
    assert_int_equal(keys_init(dais_str(MASTER, 31)), DAIS_E_INVALID);
    assert_int_equal(keys_init(dais_str(MASTER, KEYS_MASTER_BYTES)), DAIS_OK);

    struct keys_key key;
    char text[KEYS_KEY_LEN + 1];
    assert_int_equal(keys_make(dais_cstr("playback"), &key), DAIS_OK);
    assert_int_equal(strlen(key.text), KEYS_KEY_LEN);
    struct dais_str sealed = dais_str((const char *)key.sealed, sizeof key.sealed);
    assert_int_equal(keys_open(dais_cstr("playback"), sealed, text), DAIS_OK);
    assert_string_equal(text, key.text);
    assert_int_equal(keys_open(dais_cstr("another"), sealed, text), DAIS_E_INTERNAL);
    key.sealed[30] ^= 1;
    assert_int_equal(keys_open(dais_cstr("playback"), sealed, text), DAIS_E_INTERNAL);
    assert_int_equal(keys_open(dais_cstr("playback"), dais_str(sealed.ptr, 10), text),
                     DAIS_E_INTERNAL);
}

static void test_lookup_values(void **state)
{
    (void)state;
    uint8_t one[KEYS_HMAC_BYTES], two[KEYS_HMAC_BYTES];
    struct keys_key key;
    assert_int_equal(keys_make(dais_cstr("playback"), &key), DAIS_OK);
    assert_int_equal(keys_lookup(dais_str(key.text, KEYS_KEY_LEN), one), DAIS_OK);
    assert_memory_equal(one, key.hmac, sizeof one);
    assert_int_equal(keys_lookup(dais_cstr("guess"), two), DAIS_OK);
    assert_memory_not_equal(one, two, sizeof one);
    assert_int_equal(keys_lookup(dais_cstr(""), two), DAIS_E_DENIED);
    char big[KEYS_KEY_BYTES_MAX + 1] = {'a'};
    assert_int_equal(keys_lookup(dais_str(big, sizeof big), two), DAIS_E_DENIED);
}

static void test_playback_ids_are_plain_and_differ(void **state)
{
    (void)state;
    char one[KEYS_PLAYBACK_LEN + 1], two[KEYS_PLAYBACK_LEN + 1];
    keys_playback_id(one);
    keys_playback_id(two);
    assert_int_equal(strlen(one), KEYS_PLAYBACK_LEN);
    assert_int_equal(strspn(one, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
                     KEYS_PLAYBACK_LEN);
    assert_string_not_equal(one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origin_host),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_a_key_opens_only_what_it_was_made_for),
        cmocka_unit_test(test_lookup_values),
        cmocka_unit_test(test_playback_ids_are_plain_and_differ),
    };
    return cmocka_run_group_tests_name("streams_rules", tests, NULL, NULL);
}
