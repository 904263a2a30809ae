/* SPDX-License-Identifier: MIT */
/* The rules of accounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth.h"
#include "cursor.h"
#include "device.h"
#include "secret.h"

static void test_spans(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* 0: refused */
    } CASES[] = {
        {"7d", 604800},  {"12h", 43200}, {"30m", 1800}, {"45s", 45},  {"3600", 3600},
        {"2w", 1209600}, {"1", 1},       {"", 0},       {"d", 0},     {"0d", 0},
        {"7days", 0},    {"-1d", 0},     {"7 d", 0},    {"3651d", 0}, {"99999999999999999999", 0},
        {"7y", 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t seconds = 0;
        int32_t error = auth_span_parse(dais_cstr(CASES[i].text), &seconds);
        assert_int_equal(seconds, CASES[i].seconds);
        assert_int_equal(error, CASES[i].seconds ? DAIS_OK : DAIS_E_INVALID);
    }
}

static void test_roles(void **state)
{
    (void)state;
    struct dais_str none = dais_cstr("none");
    assert_int_equal(auth_roles(dais_cstr("admin"), none), DAIS_ROLE_ADMIN);
    assert_int_equal(auth_roles(dais_cstr("attendee"), none), DAIS_ROLE_ATTENDEE);
    assert_int_equal(auth_roles(dais_cstr("speaker"), dais_cstr("approved")),
                     DAIS_ROLE_SPEAKER | DAIS_ROLE_CREATOR);
    assert_int_equal(auth_roles(dais_cstr("speaker"), dais_cstr("pending")), DAIS_ROLE_SPEAKER);
    assert_int_equal(auth_roles(dais_cstr("root"), none), 0);
    assert_int_equal(auth_roles(dais_cstr(NULL), none), 0);
}

static void test_default_name(void **state)
{
    (void)state;
    assert_true(dais_str_eq(auth_default_name(dais_cstr("ada@example.org")), dais_cstr("ada")));
    assert_true(dais_str_eq(auth_default_name(dais_cstr("ada")), dais_cstr("ada")));
    assert_int_equal(auth_default_name(dais_cstr("")).len, 0);
}

static void test_role_names(void **state)
{
    (void)state;
    assert_true(dais_str_eq(auth_role_name(DAIS_ROLE_ATTENDEE | DAIS_ROLE_MODERATOR),
                            dais_cstr("moderator")));
    assert_true(dais_str_eq(auth_role_name(DAIS_ROLE_CREATOR), dais_cstr("attendee")));
}

static void test_scopes_never_exceed_their_maker(void **state)
{
    (void)state;
    const struct dais_str speaker[] = {dais_cstr("attendee"), dais_cstr("speaker")};
    const struct dais_str creator[] = {dais_cstr("creator")};
    const struct dais_str root[] = {dais_cstr("root")};
    uint32_t scopes = 0;
    assert_int_equal(auth_scopes_read(speaker, 2, DAIS_ROLE_ADMIN, &scopes), DAIS_OK);
    assert_int_equal(scopes, DAIS_ROLE_ATTENDEE | DAIS_ROLE_SPEAKER);
    assert_int_equal(auth_scopes_read(speaker, 2, DAIS_ROLE_ATTENDEE, &scopes), DAIS_E_DENIED);
    assert_int_equal(auth_scopes_read(creator, 1, DAIS_ROLE_ADMIN, &scopes), DAIS_E_DENIED);
    assert_int_equal(auth_scopes_read(creator, 1, DAIS_ROLE_ATTENDEE | DAIS_ROLE_CREATOR, &scopes),
                     DAIS_OK);
    assert_int_equal(auth_scopes_read(root, 1, DAIS_ROLE_ADMIN, &scopes), DAIS_E_INVALID);
    assert_int_equal(auth_scopes_limit(DAIS_ROLE_ADMIN | DAIS_ROLE_SPEAKER, DAIS_ROLE_MODERATOR),
                     DAIS_ROLE_SPEAKER);
    struct dais_str names[AUTH_SCOPES_MAX];
    assert_int_equal(auth_scopes_names(DAIS_ROLE_ADMIN | DAIS_ROLE_CREATOR, names), 2);
    assert_true(dais_str_eq(names[0], dais_cstr("admin")));
    assert_true(dais_str_eq(names[1], dais_cstr("creator")));
}

static void test_nobody_gives_a_role_above_his_own(void **state)
{
    (void)state;
    assert_true(auth_may_give(DAIS_ROLE_MODERATOR, dais_cstr("moderator")));
    assert_true(auth_may_give(DAIS_ROLE_MODERATOR, dais_cstr("attendee")));
    assert_false(auth_may_give(DAIS_ROLE_MODERATOR, dais_cstr("admin")));
    assert_false(auth_may_give(DAIS_ROLE_ADMIN, dais_cstr("creator")));
    assert_false(auth_may_give(DAIS_ROLE_ADMIN, dais_cstr("root")));
}

static void test_urls(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int good;
    } CASES[] = {
        {"", 1},
        {"https://a.example/b.png?x=1", 1},
        {"http://a", 1},
        {"http://", 0},
        {"ftp://a", 0},
        {"javascript:alert(1)", 0},
        {"https://a b", 0},
        {"https://a\n", 0},
        {"https://a/\"onload", 0},
        {" https://a", 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        assert_int_equal(auth_url_is_good(dais_cstr(CASES[i].text)), CASES[i].good);
}

static int is_one_place(const char *one, const char *other)
{
    char networks[2][AUTH_NETWORK_BYTES];
    uint64_t len = auth_network(dais_cstr(one), networks[0]);
    return len == auth_network(dais_cstr(other), networks[1]) &&
           memcmp(networks[0], networks[1], len) == 0;
}

static void test_networks(void **state)
{
    (void)state;
    assert_true(is_one_place("192.0.2.1", "192.0.2.1"));
    assert_false(is_one_place("192.0.2.1", "192.0.2.11"));
    assert_false(is_one_place("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
    assert_true(is_one_place("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::6"));
    assert_false(is_one_place("2001:db8:1:2::6", "2001:db8:1:3::6"));
    /* However the zeros of a network are written. */
    assert_true(is_one_place("2001:db8::6", "2001:db8:0:0:1::"));
    assert_true(is_one_place("2001:db8:1::6", "2001:db8:1:0:1:2:3:4"));
    assert_false(is_one_place("2001::5:1:2:3:4", "2001::6:1:2:3:4"));
    assert_true(is_one_place("::1", "::2"));
    assert_true(is_one_place("fe80::", "fe80::1:2:3:4"));
    assert_false(is_one_place("1:2:3:4:5:6:7:8", "1:2:3:5:5:6:7:8"));
    assert_false(is_one_place("unknown", "::"));
    assert_true(is_one_place("", ""));
}

static void test_devices(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
         "Firefox on Linux"},
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/126.0.0.0 Safari/537.36 Edg/126.0",
         "Edge on Windows"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
         "Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
         "Safari on iPhone"},
        {"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 "
         "Mobile Safari/537.36",
         "Chrome on Android"},
        {"curl/7.88.1", "curl"},
        {"Widget/2.1 (something)", "Widget"},
        {"Dart/3.4 (dart:io)", "Dart app"},
        {"", "unknown device"},
        {"\x01\x02", "unknown device"},
    };
    char name[DEVICE_NAME_BYTES];
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        device_name(dais_cstr(CASES[i][0]), name);
        assert_string_equal(name, CASES[i][1]);
    }
    device_name(dais_cstr(NULL), name);
    assert_string_equal(name, "unknown device");
}

static void test_cursors_come_back(void **state)
{
    (void)state;
    char text[CURSOR_BYTES];
    char term[CURSOR_TERM_BYTES_MAX + 2];
    struct cursor cursor;
    assert_int_equal(cursor_write(42, dais_cstr("zoë: z"), text), DAIS_OK);
    assert_int_equal(cursor_read(dais_cstr(text), &cursor), DAIS_OK);
    assert_int_equal(cursor.number, 42);
    assert_string_equal(cursor.term, "zoë: z");
    memset(term, 'x', sizeof term);
    assert_int_equal(cursor_write(4294967295, dais_str(term, CURSOR_TERM_BYTES_MAX), text),
                     DAIS_OK);
    assert_int_equal(cursor_read(dais_cstr(text), &cursor), DAIS_OK);
    assert_int_equal(strlen(cursor.term), CURSOR_TERM_BYTES_MAX);
    assert_int_equal(cursor_write(1, dais_str(term, sizeof term), text), DAIS_E_TOO_LARGE);
}

static void test_cursors_of_others_are_refused(void **state)
{
    (void)state;
    /* Not base64; no number; no colon; a number too long; a NUL behind it. */
    static const char *const CASES[] = {"!",   "", "Og", "NDI", "OTk5OTk5OTk5OTk5OTk5OTk5OTk6",
                                        "MToA"};
    struct cursor cursor;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        assert_int_equal(cursor_read(dais_cstr(CASES[i]), &cursor), DAIS_E_INVALID);
}

static void test_secrets_differ_and_hash_alike(void **state)
{
    (void)state;
    char one[SECRET_TEXT_BYTES], other[SECRET_TEXT_BYTES];
    uint8_t first[SECRET_HASH_BYTES], second[SECRET_HASH_BYTES];
    secret_make(SECRET_KEY_PREFIX, one);
    secret_make(SECRET_KEY_PREFIX, other);
    assert_int_equal(strlen(one), strlen(SECRET_KEY_PREFIX) + 43);
    assert_memory_equal(one, SECRET_KEY_PREFIX, strlen(SECRET_KEY_PREFIX));
    assert_string_not_equal(one, other);
    secret_hash(dais_cstr(one), first);
    secret_hash(dais_cstr(one), second);
    assert_memory_equal(first, second, sizeof first);
    secret_hash(dais_cstr(other), second);
    assert_memory_not_equal(first, second, sizeof first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_default_name),
        cmocka_unit_test(test_role_names),
        cmocka_unit_test(test_scopes_never_exceed_their_maker),
        cmocka_unit_test(test_nobody_gives_a_role_above_his_own),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_cursors_come_back),
        cmocka_unit_test(test_cursors_of_others_are_refused),
        cmocka_unit_test(test_secrets_differ_and_hash_alike),
    };
    return cmocka_run_group_tests_name("auth_rules", tests, NULL, NULL);
}
