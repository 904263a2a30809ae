/* SPDX-License-Identifier: MIT */
/* Which texts may be sent, and what an emoji is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "emoji.h"
#include "text.h"
#include "unicode.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *check(const char *text, int64_t characters_max)
{
    struct dais_str view = dais_cstr(text);
    return text_check(&view, characters_max);
}

static void test_texts_that_may_be_sent(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "hi",
        "Grüße aus Köln – „schön“",
        "две строки\nвторая",
        "שלום עולם",
        "مرحبا بالعالم",
        "नमस्ते",
        "สวัสดีครับ",
        "日本語のテキスト",
        "👩🏽‍🚀 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🇩🇪 1️⃣",
        "<b>not html</b> & \"quotes\" '; DROP TABLE",
        "a\u0301\u0302\u0303\u0304 four marks",
        "1\n2\n3\n4\n5\n6\n7\n8\n9\n10",
        "\u2067עברית\u2069 and back",
        "\u202Bעברית\u202C and back",
        "\u2066\u202B inside, closed by the isolate\u2069",
        "می\u200Cخواهم", /* a joiner that belongs there */
    };
    for (size_t i = 0; i < COUNT(GOOD); i++) {
        const char *wrong = check(GOOD[i], 500);
        if (wrong)
            print_error("%s: %s\n", GOOD[i], wrong);
        assert_null(wrong);
    }
}

static void test_texts_that_may_not(void **state)
{
    (void)state;
    static const char *const BAD[][2] = {
        {"", "empty"},
        {" \t\n\u3000\u00A0", "empty"},
        {"\u200B\u2060\uFEFF", "shows nothing"},
        {"\u2800\u3164", "shows nothing"},
        {"\u0301", "shows nothing"},
        {"a\u0301\u0302\u0303\u0304\u0305", "marks"},
        {"a\tb", "control"},
        {"a\rb", "control"},
        {"a\x7F", "control"},
        {"a\xC2\x85"
         "b",
         "control"},
        {"a\u2028b", "control"},
        {"a\x1B[31m", "control"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11", "10 lines"},
        {"\u202Eevil", "direction"},
        {"\u202Eevil\n\u202C", "direction"},
        {"\u2067evil", "direction"},
        {"evil\u2069", "direction"},
        {"evil\u202C", "direction"},
        {"\u202E\u2067evil\u202C\u2069", "direction"},
        {"\u2067\u2067evil\u202C\u2069", "direction"},
        {"a\uE000", "common meaning"},
        {"a\uFFFF", "common meaning"},
        {"a\uFDD0", "common meaning"},
        {"a\U0010FFFE", "common meaning"},
        {"a\U000F0000", "common meaning"},
        {"a\U000E0068\U000E0069", "hidden"},
    };
    for (size_t i = 0; i < COUNT(BAD); i++) {
        const char *wrong = check(BAD[i][0], 500);
        if (!wrong || !strstr(wrong, BAD[i][1]))
            print_error("case %zu: %s\n", i, wrong ? wrong : "allowed");
        assert_non_null(wrong);
        assert_non_null(strstr(wrong, BAD[i][1]));
    }
}

static void test_directions_are_nested_to_a_depth(void **state)
{
    (void)state;
    char text[256];
    for (uint32_t depth = TEXT_BIDI_MAX; depth <= TEXT_BIDI_MAX + 1; depth++) {
        uint64_t len = unicode_put('a', text);
        for (uint32_t i = 0; i < depth; i++)
            len += unicode_put(0x2066, text + len);
        for (uint32_t i = 0; i < depth; i++)
            len += unicode_put(0x2069, text + len);
        struct dais_str view = dais_str(text, len);
        assert_int_equal(text_check(&view, 500) == NULL, depth <= TEXT_BIDI_MAX);
    }
}

static void test_a_text_has_a_length(void **state)
{
    (void)state;
    assert_null(check("  ααα  ", 3));
    assert_non_null(check("αααα", 3));
    struct dais_str text = dais_cstr("\u3000 a b\n ");
    assert_null(text_check(&text, 10));
    assert_int_equal(text.len, 3);
    assert_memory_equal(text.ptr, "a b", 3);
    struct dais_str refused = dais_cstr(" too long ");
    assert_non_null(text_check(&refused, 3));
    assert_int_equal(refused.len, 10);
    char many[51 * 11 + 1] = "";
    for (size_t i = 0; i < 50; i++)
        memcpy(many + i * 11, "👩‍🚀", 12); /* three code points, one emoji */
    assert_null(check(many, 500));
    memcpy(many + 50 * 11, "👩‍🚀", 12);
    assert_non_null(check(many, 500));
}

static void test_what_is_no_utf8_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "a\xC3",     "a\xE2\x82",    "a\xF0\x9F\x98",        "\x80",
        "a\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",         "\xF4\x90\x80\x80",
        "\xFF",      "\xC3(",        "\xF8\x88\x80\x80\x80", "\xF0\x80\x80\x80",
    };
    for (size_t i = 0; i < COUNT(BAD); i++) {
        const char *wrong = check(BAD[i], 500);
        assert_non_null(wrong);
        assert_non_null(strstr(wrong, "UTF-8"));
        struct dais_str view = dais_cstr(BAD[i]);
        assert_false(emoji_is_one(view));
    }
}

/** What would complete a character stands behind the end. */
static void test_nothing_is_read_behind_the_end(void **state)
{
    (void)state;
    static const char *const WHOLE[] = {"é", "€", "😀"};
    for (size_t i = 0; i < COUNT(WHOLE); i++) {
        for (uint64_t len = 1; len < strlen(WHOLE[i]); len++) {
            struct dais_str cut = dais_str(WHOLE[i], len);
            uint64_t at = 0;
            assert_int_equal(unicode_next(cut, &at), UNICODE_INVALID);
            assert_int_equal(at, 0);
            assert_non_null(text_check(&cut, 500));
        }
    }
}

static void test_every_code_point_is_written_as_it_is_read(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        char buf[UNICODE_BYTES_MAX];
        uint64_t at = 0, len = unicode_put(code, buf);
        if (unicode_next(dais_str(buf, len), &at) != code || at != len)
            fail_msg("U+%04X", (unsigned)code);
    }
}

static void test_one_emoji(void **state)
{
    (void)state;
    static const char *const ONE[] = {
        "👍",
        "❤️",
        "⌚",
        "👍🏽",
        "🇩🇪",
        "1️⃣",
        "#️⃣",
        "*️⃣",
        "👨‍👩‍👧‍👦",
        "👩‍❤️‍💋‍👨",
        "👩‍⚕️",
        "👩‍⚕",
        "🏳️‍🌈",
        "🏴‍☠️",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "🏴",
        "👩🏿‍❤️‍💋‍👨🏻",
        "☝🏽",
        "©️",
        "🏻",
        "❤‍🔥",
        "👁️‍🗨️",
        "🫱🏼‍🫲🏿",
        "🫨",
    };
    for (size_t i = 0; i < COUNT(ONE); i++) {
        if (!emoji_is_one(dais_cstr(ONE[i])))
            fail_msg("%s", ONE[i]);
    }
}

static void test_not_one_emoji(void **state)
{
    (void)state;
    static const char *const NOT[] = {
        "",
        "a",
        "1",
        "👍👍",
        "👍 ",
        " 👍",
        "👍a",
        "❤",
        "©",
        "🇩",
        "🇩🇪🇫",
        "👨‍",
        "‍👨",
        "\uFE0F",
        "1\uFE0F",
        "a\uFE0F\u20E3",
        "🏴\U000E0067\U000E0062",
        "🏴\U000E007F",
        "🐶🏽",
        "1\u20E3",
        "👨‍a",
        "\u200D",
        "👩‍👩‍👩‍👩‍👩‍👩", /* eleven code points */
    };
    for (size_t i = 0; i < COUNT(NOT); i++) {
        if (emoji_is_one(dais_cstr(NOT[i])))
            fail_msg("%s", NOT[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_that_may_be_sent),
        cmocka_unit_test(test_texts_that_may_not),
        cmocka_unit_test(test_directions_are_nested_to_a_depth),
        cmocka_unit_test(test_a_text_has_a_length),
        cmocka_unit_test(test_what_is_no_utf8_is_refused),
        cmocka_unit_test(test_nothing_is_read_behind_the_end),
        cmocka_unit_test(test_every_code_point_is_written_as_it_is_read),
        cmocka_unit_test(test_one_emoji),
        cmocka_unit_test(test_not_one_emoji),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
