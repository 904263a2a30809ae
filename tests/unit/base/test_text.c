/* SPDX-License-Identifier: MIT */
/* str.h: the builder, the rules for views, UTF-8 */
#include "unit.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define S(text) dais_cstr(text)

static void test_builder(void **state)
{
    (void)state;
    struct strbuf out STRBUF_AUTO;
    strbuf_init(&out, 1 << 20);
    assert_string_equal(strbuf_cstr(&out), "");
    assert_str(strbuf_view(&out), "");
    strbuf_addz(&out, "a");
    strbuf_addc(&out, '-');
    strbuf_addi(&out, INT64_MIN);
    strbuf_addc(&out, ' ');
    strbuf_addu(&out, UINT64_MAX);
    strbuf_addf(&out, " %s %d", "f", 5);
    strbuf_addi(&out, 0);
    assert_str(strbuf_view(&out), "a--9223372036854775808 18446744073709551615 f 50");
    strbuf_truncate(&out, 1);
    assert_string_equal(strbuf_cstr(&out), "a");
    strbuf_addf(&out, "%0300d", 1);
    assert_int_equal(out.len, 301);
    assert_int_equal(strbuf_error(&out), DAIS_OK);
    strbuf_clear(&out);
    assert_int_equal(out.len, 0);
}

static void test_builder_in_arena(void **state)
{
    (void)state;
    struct dais_arena arena;
    struct strbuf out;
    arena_init(&arena, 1 << 20);
    strbuf_init_in(&out, &arena, 10000);
    for (int i = 0; i < 5000; i++)
        strbuf_addc(&out, (char)('a' + i % 26));
    assert_int_equal(strbuf_view(&out).len, 5000);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(out.ptr[i], 'a' + i % 26);
    strbuf_fini(&out);
    assert_int_equal(out.len, 0);
    arena_reset(&arena);
}

static void test_builder_has_a_maximum(void **state)
{
    (void)state;
    struct strbuf out;
    strbuf_init(&out, 10);
    strbuf_addz(&out, "0123456789");
    assert_int_equal(strbuf_error(&out), DAIS_OK);
    strbuf_addc(&out, 'x');
    assert_int_equal(strbuf_error(&out), DAIS_E_TOO_LARGE);
    strbuf_clear(&out);
    strbuf_addz(&out, "y");
    assert_string_equal(strbuf_cstr(&out), "y");
    assert_null(strbuf_extend(&out, SIZE_MAX));
    strbuf_fini(&out);

    char memory[4];
    strbuf_init_on(&out, memory, sizeof memory);
    strbuf_addz(&out, "abc");
    assert_int_equal(strbuf_error(&out), DAIS_OK);
    strbuf_addz(&out, "d");
    assert_int_equal(strbuf_error(&out), DAIS_E_TOO_LARGE);
    assert_string_equal(memory, "abc");
    strbuf_fini(&out); /* frees nothing */
}

static void test_builder_without_memory(void **state)
{
    (void)state;
    struct strbuf out;
    strbuf_init(&out, 100);
    mem_fail_after(0);
    strbuf_addz(&out, "x");
    mem_fail_after(-1);
    strbuf_addz(&out, "ignored");
    assert_int_equal(strbuf_error(&out), DAIS_E_MEMORY);
    assert_str(strbuf_view(&out), "");
    strbuf_fini(&out);
}

static void test_encodings(void **state)
{
    (void)state;
    struct strbuf out STRBUF_AUTO;
    strbuf_init(&out, 1000);
    strbuf_add_hex(&out, dais_str("\x00\xff\x1a", 3));
    strbuf_addc(&out, ' ');
    strbuf_add_base64url(&out, dais_str("\xfb\xff", 2));
    strbuf_addc(&out, ' ');
    strbuf_add_base64(&out, dais_str("\xfb\xff", 2));
    strbuf_add_base64(&out, S(""));
    assert_str(strbuf_view(&out), "00ff1a -_8 +/8=");
    strbuf_clear(&out);
    assert_int_equal(str_decode_hex(S("4a4B"), &out), DAIS_OK);
    assert_int_equal(str_decode_base64url(S("-_8"), &out), DAIS_OK);
    assert_int_equal(str_decode_base64(S("+/8="), &out), DAIS_OK);
    assert_int_equal(str_decode_base64(S(""), &out), DAIS_OK);
    assert_str(strbuf_view(&out), "JK\xfb\xff\xfb\xff");
    size_t before = out.len;
    assert_int_equal(str_decode_hex(S("4"), &out), DAIS_E_INVALID);
    assert_int_equal(str_decode_hex(S("4g"), &out), DAIS_E_INVALID);
    assert_int_equal(str_decode_base64url(S("+/8="), &out), DAIS_E_INVALID);
    assert_int_equal(str_decode_base64url(S("abc "), &out), DAIS_E_INVALID);
    assert_int_equal(str_decode_base64url(S("a"), &out), DAIS_E_INVALID);
    assert_int_equal(str_decode_base64(S("ab"), &out), DAIS_E_INVALID);
    assert_int_equal(out.len, before);
    assert_int_equal(strbuf_error(&out), DAIS_OK);
}

static void test_comparing(void **state)
{
    (void)state;
    const struct dais_str absent = {NULL, 0};
    assert_true(str_eq_nocase(S("Content-TYPE"), S("content-type")));
    assert_false(str_eq_nocase(S("a"), S("ab")));
    assert_false(str_eq_nocase(S("["), S("{"))); /* apart by 0x20, no letters */
    assert_true(str_eqz(S("x"), "x"));
    assert_false(str_eqz(absent, ""));
    assert_true(str_eqz_nocase(S("X"), "x"));
    assert_false(str_eqz_nocase(absent, ""));
    assert_true(str_eq_secret(S("key"), S("key")));
    assert_false(str_eq_secret(S("key"), S("kex")));
    assert_false(str_eq_secret(S("key"), S("ke")));
    assert_true(str_has_prefix(S("/api/x"), "/api/"));
    assert_false(str_has_prefix(S("/ap"), "/api/"));
    assert_true(str_has_suffix(S("a.m3u8"), ".m3u8"));
    assert_false(str_has_suffix(S("8"), ".m3u8"));
    assert_true(str_cmp(S("a"), S("b")) < 0);
    assert_true(str_cmp(S("ab"), S("a")) > 0);
    assert_int_equal(str_cmp(S("ab"), S("ab")), 0);
    assert_int_equal(str_cmp(absent, S("")), 0);
}

static void test_cutting(void **state)
{
    (void)state;
    assert_str(str_sub(S("hello"), 1, 3), "ell");
    assert_str(str_sub(S("hello"), 4, UINT64_MAX), "o");
    assert_str(str_sub(S("hello"), 9, 1), "");
    assert_null(str_sub(dais_str(NULL, 0), 0, 1).ptr);
    assert_str(str_trim(S(" \t a b\r\n")), "a b");
    assert_str(str_trim(S("  ")), "");
    assert_int_equal(str_find(S("abc"), 'c'), 2);
    assert_int_equal(str_find(S("abc"), 'd'), -1);
    struct dais_str rest = S("a,,b"), piece;
    assert_true(str_split(&rest, ',', &piece));
    assert_str(piece, "a");
    assert_true(str_split(&rest, ',', &piece));
    assert_str(piece, "");
    assert_true(str_split(&rest, ',', &piece));
    assert_str(piece, "b");
    assert_false(str_split(&rest, ',', &piece));
    rest = S("");
    assert_true(str_split(&rest, ',', &piece));
    assert_false(str_split(&rest, ',', &piece));
}

static void test_numbers(void **state)
{
    (void)state;
    int64_t i = 77;
    uint64_t u;
    double d;
    assert_int_equal(str_parse_int(S("-9223372036854775808"), INT64_MIN, INT64_MAX, &i), DAIS_OK);
    assert_true(i == INT64_MIN);
    assert_int_equal(str_parse_int(S("9223372036854775807"), INT64_MIN, INT64_MAX, &i), DAIS_OK);
    assert_true(i == INT64_MAX);
    static const char *const too_large[] = {"9223372036854775808", "-9223372036854775809",
                                            "99999999999999999999999999999"};
    for (size_t k = 0; k < 3; k++)
        assert_int_equal(str_parse_int(S(too_large[k]), INT64_MIN, INT64_MAX, &i), DAIS_E_RANGE);
    static const char *const wrong[] = {"", "-", "+1", " 1", "1 ", "1a", "0x1", "--1", "1.0"};
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++)
        assert_int_equal(str_parse_int(S(wrong[k]), INT64_MIN, INT64_MAX, &i), DAIS_E_INVALID);
    assert_true(i == INT64_MAX); /* untouched on failure */
    assert_int_equal(str_parse_int(S("5"), 6, 9, &i), DAIS_E_RANGE);
    assert_int_equal(str_parse_uint(S("18446744073709551615"), UINT64_MAX, &u), DAIS_OK);
    assert_true(u == UINT64_MAX);
    assert_int_equal(str_parse_uint(S("18446744073709551616"), UINT64_MAX, &u), DAIS_E_RANGE);
    assert_int_equal(str_parse_uint(S("65536"), 65535, &u), DAIS_E_RANGE);
    assert_int_equal(str_parse_double(S("-2.5e1"), &d), DAIS_OK);
    assert_true(d == -25.0);
    static const char *const no_number[] = {"", "nan", "inf", "1e999", "0x10", " 1", "1,5", "e"};
    for (size_t k = 0; k < sizeof no_number / sizeof no_number[0]; k++)
        assert_int_equal(str_parse_double(S(no_number[k]), &d), DAIS_E_INVALID);
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "plain ascii, longer than a word",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "€uro",
                                       "\xed\x9f\xbf",
                                       "😀",
                                       "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(str_is_utf8(S(good[i])));
    static const char *const bad[] = {
        "\x80",         "\xc0\xaf",         "\xc1\xbf",         "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff",         "\xe2\x82",         "12345678\xe2",     "1234567\xe2\x28\xa1",
        "\xf0\x9f\x98"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(str_is_utf8(S(bad[i])));
    assert_int_equal(str_utf8_count(S("a€😀")), 3);
    assert_int_equal(str_utf8_sequence((const uint8_t *)"€", 2), 0);
    assert_int_equal(str_utf8_sequence((const uint8_t *)"€", 3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builder),
        cmocka_unit_test(test_builder_in_arena),
        cmocka_unit_test(test_builder_has_a_maximum),
        cmocka_unit_test(test_builder_without_memory),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_comparing),
        cmocka_unit_test(test_cutting),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
