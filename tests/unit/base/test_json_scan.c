/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/json_scan.h"

#include <stdio.h>

static bool is_value(const char *text)
{
    struct dais_str value;
    return json_scan(dais_cstr(text), &value) == DAIS_OK;
}

/* The verdict of base/json on the same text; its three further rules are told apart. */
static bool tree_takes(const char *text)
{
    struct dais_arena arena;
    const struct json *tree;
    struct json_error error;
    arena_init(&arena, 1u << 20);
    int32_t code = json_parse(&arena, dais_cstr(text), 1u << 20, &tree, &error);
    arena_reset(&arena);
    return code == DAIS_OK;
}

static const char *const good[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "10",
    "-1.5",
    "1e5",
    "1E+5",
    "0.5e-3",
    "\"\"",
    "\"a\"",
    " 1 ",
    "\t[\n]\r",
    "{}",
    "[]",
    "[1]",
    "[1 , 2,3 ]",
    "{\"a\":1}",
    "{ \"a\" : [ ] , \"b\":{}}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"\\uD83D\\uDE00\"",
    "\"caf\xc3\xa9\"",
    "\"\xf0\x9f\x98\x80\"",
    "\"12345678\"",
    "\"1234567\xc3\xa9\"",
    "\"\x7f\"",
    "[[[[]]]]",
    "[{\"a\":[{\"b\":[]}]},[]]",
    "\"a long text without anything in it\"",
};

static const char *const bad[] = {
    "",
    " ",
    "nul",
    "nulll",
    "tru",
    "+1",
    "01",
    "-",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x1",
    "--1",
    "1 2",
    "\"",
    "\"a",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\ud83d\"",
    "\"\\ude00\"",
    "\"\\ud83d\\n\"",
    "\"\\ude00\\ude00\"",
    "\"\\ud83d\\u0041\"",
    "\"\n\"",
    "\"1234567\n\"",
    "\"\x80\"",
    "\"\xc0\xaf\"",
    "\"\xed\xa0\x80\"",
    "\"12345678\xff\"",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[,]",
    "[1 2]",
    "{",
    "}",
    "{1:2}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,}",
    "{\"a\":1 \"b\":2}",
    "[}",
    "{]",
    "{\"a\":1]",
    "[1}",
    "[1]]",
    "{}{}",
    "'a'",
    "[\"a\":1]",
    "{\"a\",1}",
    "NaN",
    "\xef\xbb\xbf"
    "1",
};

static void test_judges_as_the_tree_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!is_value(good[i]) || !tree_takes(good[i]))
            fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (is_value(bad[i]) || tree_takes(bad[i]))
            fail_msg("taken: %s", bad[i]);
    }
}

/* What needs a comparison or a conversion. */
static void test_leaves_three_rules_to_the_reader(void **state)
{
    static const char *const texts[] = {"{\"a\":1,\"a\":2}", "18446744073709551616", "1e999",
                                        "\"\\u0000\""};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_true(is_value(texts[i]));
        assert_false(tree_takes(texts[i]));
    }
}

static void test_nesting_is_bounded(void **state)
{
    char text[2 * JSON_DEPTH_MAX + 3];
    (void)state;
    for (uint32_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        assert_int_equal(is_value(text), depth == JSON_DEPTH_MAX);
    }
}

/* Every byte at every offset of a word. */
static void test_strings_at_any_offset(void **state)
{
    char text[20], label[64];
    (void)state;
    for (uint32_t at = 1; at < 18; at++) {
        for (uint32_t byte = 0; byte < 256; byte++) {
            memset(text, 'x', sizeof text);
            text[0] = text[18] = '"';
            text[at] = (char)byte;
            struct dais_str value;
            bool taken = !json_scan(dais_str(text, 19), &value);
            bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            snprintf(label, sizeof label, "byte %u at %u", byte, at);
            if (taken != plain)
                fail_msg("%s", label);
        }
    }
}

static void test_value_comes_without_blanks(void **state)
{
    struct dais_str value = dais_cstr(" \n[ 1, 2 ]\t ");
    (void)state;
    assert_int_equal(json_scan(value, &value), DAIS_OK);
    assert_str(value, "[ 1, 2 ]");
    assert_str(json_scan_inside(value), "1, 2");
    assert_str(json_scan_inside(dais_cstr("[]")), "");
}

static void test_kinds(void **state)
{
    (void)state;
    assert_int_equal(json_scan_kind(dais_cstr("")), JSON_KIND_ABSENT);
    assert_int_equal(json_scan_kind(dais_cstr("null")), JSON_KIND_NULL);
    assert_int_equal(json_scan_kind(dais_cstr("true")), JSON_KIND_BOOL);
    assert_int_equal(json_scan_kind(dais_cstr("-1")), JSON_KIND_INT);
    assert_int_equal(json_scan_kind(dais_cstr("1e5")), JSON_KIND_REAL);
    assert_int_equal(json_scan_kind(dais_cstr("1.5")), JSON_KIND_REAL);
    assert_int_equal(json_scan_kind(dais_cstr("\"1\"")), JSON_KIND_STRING);
    assert_int_equal(json_scan_kind(dais_cstr("[]")), JSON_KIND_ARRAY);
    assert_int_equal(json_scan_kind(dais_cstr("{}")), JSON_KIND_OBJECT);
}

static void test_items(void **state)
{
    static const char *const items[] = {"1", "\"a,]\\\"\"", "[1,[2]]", "{\"b\":\"}\"}", "true"};
    struct dais_str rest = dais_cstr("1 , \"a,]\\\"\",[1,[2]],{\"b\":\"}\"} ,true "), item;
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        assert_true(json_scan_item(&rest, &item));
        assert_str(item, items[i]);
    }
    assert_false(json_scan_item(&rest, &item));
}

static void test_members(void **state)
{
    struct dais_str object = dais_cstr("{ \"a\" : 1,\"b c\":{\"a\":2},\"d\":\"\" }"), key, value;
    struct dais_str rest = json_scan_inside(object);
    (void)state;
    assert_true(json_scan_member(&rest, &key, &value));
    assert_str(key, "\"a\"");
    assert_str(value, "1");
    assert_true(json_scan_member(&rest, &key, &value));
    assert_str(key, "\"b c\"");
    assert_str(value, "{\"a\":2}");
    assert_true(json_scan_member(&rest, &key, &value));
    assert_str(value, "\"\"");
    assert_false(json_scan_member(&rest, &key, &value));
    assert_str(json_scan_get(object, "b c"), "{\"a\":2}");
    assert_null(json_scan_get(object, "x").ptr);
    assert_null(json_scan_get(dais_cstr("[1]"), "a").ptr);
}

static void test_text_of_a_string(void **state)
{
    char memory[24];
    struct strbuf scratch;
    struct dais_str text, plain = dais_cstr("\"plain\"");
    (void)state;
    strbuf_init_on(&scratch, memory, sizeof memory);
    assert_int_equal(json_scan_text(plain, &scratch, &text), DAIS_OK);
    assert_str(text, "plain");
    assert_ptr_equal(text.ptr, plain.ptr + 1);
    assert_int_equal(
        json_scan_text(dais_cstr("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\n\\/\""), &scratch, &text),
        DAIS_OK);
    assert_str(text, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n/");
    assert_int_equal(json_scan_text(dais_cstr("\"a\\u0000\""), &scratch, &text), DAIS_E_INVALID);
    assert_int_equal(json_scan_text(dais_cstr("1"), &scratch, &text), DAIS_E_INVALID);
    assert_int_equal(
        json_scan_text(dais_cstr("\"\\u0041 more than the builder holds\""), &scratch, &text),
        DAIS_E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judges_as_the_tree_does),
        cmocka_unit_test(test_leaves_three_rules_to_the_reader),
        cmocka_unit_test(test_nesting_is_bounded),
        cmocka_unit_test(test_strings_at_any_offset),
        cmocka_unit_test(test_value_comes_without_blanks),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_text_of_a_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
