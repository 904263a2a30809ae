/* SPDX-License-Identifier: MIT */
/* Blocked words and links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "fold.h"
#include "links.h"
#include "words.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int finds(const char *pattern, const char *text)
{
    struct dais_str view = dais_cstr(pattern);
    int any = 0;
    assert_int_equal(words_find(&view, 1, dais_cstr(text), &any, NULL), DAIS_OK);
    return any;
}

static void test_words_are_found(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"foo", "foo"},
        {"foo", "a FOO, b"},
        {"foo", "(foo)"},
        {"foo", "_foo_"},
        {"FÓO", "foo"},
        {"foo", "fóö"},
        {"foo", "fo\u0301o\u0308"},
        {"foo", "f\u200Bo\u00ADo"},
        {"foo", "ｆＯｏ"},
        {"foo", "𝐟𝓸𝕠"},
        {"foo", "ⓕⓞⓞ"},
        {"foo*", "food"},
        {"*foo", "barfoo"},
        {"*foo*", "barfood"},
        {"buy now", "please BUY\u00A0NOW!"},
        {"дурак", "Ты ДУРАК!"},
        {"елка", "Ёлка"},
        {"λόγος", "ΛΟΓΟΣ"},
        {"straße", "Straße"},
        {"łódź", "LODZ"},
        {"傻瓜", "你这个傻瓜啊"},
        {"c++", "i like c++!"},
        {"aab", "aaaab aab"},
        {"*aabaaaa*", "aabaaabaaaa"},
        {"ab ab", "ab ab ab"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        if (!finds(CASES[i][0], CASES[i][1]))
            fail_msg("%s in %s", CASES[i][0], CASES[i][1]);
    }
}

static void test_words_are_not_found_elsewhere(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"foo", "food"},    {"foo", "barfoo"}, {"foo*", "barfoo"}, {"*foo", "food"},
        {"foo", "fo o"},    {"foo", "foo2"},   {"foo", ""},        {"*", "anything"},
        {"**", "anything"}, {"", "anything"},  {"foo", "fоо"}, /* with Cyrillic letters */
        {"мой", "мои"},     {"aab", "aaaab"},  {"\xFF", "a"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        if (finds(CASES[i][0], CASES[i][1]))
            fail_msg("%s in %s", CASES[i][0], CASES[i][1]);
    }
}

static void check_mask(const char *text, const char *expected)
{
    static const struct dais_str PATTERNS[] = {DAIS_STR_INIT("foo"), DAIS_STR_INIT("bar*"),
                                               DAIS_STR_INIT("foo bar"), DAIS_STR_INIT("ß"),
                                               DAIS_STR_INIT("no no")};
    struct words_found found;
    char buf[256];
    int any = 0;
    assert_int_equal(words_find(PATTERNS, COUNT(PATTERNS), dais_cstr(text), &any, &found), DAIS_OK);
    assert_int_equal(any, strcmp(text, expected) != 0);
    uint64_t len = words_mask(dais_cstr(text), &found, buf);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(buf, expected, len);
}

static void test_words_are_masked(void **state)
{
    (void)state;
    check_mask("nothing", "nothing");
    check_mask("a foo b", "a *** b");
    check_mask("foo bar", "*******");
    check_mask("fóó, barn", "***, ***n");
    check_mask("ß ü foo", "* ü ***");
    check_mask("foo foo foo", "*** *** ***");
    check_mask("no no no", "********"); /* two matches share a word */
    check_mask("fo\u0301o\u0301x foo\u0301!", "fo\u0301o\u0301x ****!");
}

static void test_patterns_have_bounds(void **state)
{
    (void)state;
    char longest[WORDS_PATTERN_MAX + 2];
    memset(longest, 'a', sizeof longest);
    assert_true(words_pattern_ok(dais_str(longest, WORDS_PATTERN_MAX)));
    assert_false(words_pattern_ok(dais_str(longest, WORDS_PATTERN_MAX + 1)));
    assert_true(words_pattern_ok(dais_cstr("*foo*")));
    assert_false(words_pattern_ok(dais_cstr("")));
    assert_false(words_pattern_ok(dais_cstr("*")));
    assert_false(words_pattern_ok(dais_cstr("**")));
    assert_false(words_pattern_ok(dais_cstr("* *")));
    assert_false(words_pattern_ok(dais_cstr("a\nb")));
    assert_false(words_pattern_ok(dais_cstr("a\xC3")));
    assert_false(words_pattern_ok(dais_cstr("\u200B")));
}

static void test_texts_have_bounds(void **state)
{
    (void)state;
    static char text[WORDS_TEXT_MAX + 1];
    memset(text, 'a', sizeof text);
    int any = 0;
    assert_int_equal(words_find(NULL, 0, dais_str(text, WORDS_TEXT_MAX), &any, NULL), DAIS_OK);
    assert_int_equal(words_find(NULL, 0, dais_str(text, WORDS_TEXT_MAX + 1), &any, NULL),
                     DAIS_E_INVALID);
    assert_int_equal(words_find(NULL, 0, dais_cstr("a\xC3"), &any, NULL), DAIS_E_INVALID);
}

/** The work for the worst text and patterns grows as their product, and no faster. */
static void test_the_worst_text_ends(void **state)
{
    (void)state;
    static char text[WORDS_TEXT_MAX], pattern[WORDS_PATTERN_MAX];
    struct dais_str patterns[200];
    memset(text, 'a', sizeof text);
    memset(pattern, 'a', sizeof pattern);
    text[0] = 'b';
    pattern[0] = pattern[sizeof pattern - 1] = '*';
    pattern[sizeof pattern - 2] = 'b';
    for (size_t i = 0; i < COUNT(patterns); i++)
        patterns[i] = dais_str(pattern, sizeof pattern);
    int any = 1;
    const clock_t begin = clock();
    assert_int_equal(words_find(patterns, COUNT(patterns), dais_str(text, sizeof text), &any, NULL),
                     DAIS_OK);
    assert_false(any);
    assert_true(clock() - begin < CLOCKS_PER_SEC / 2);
}

static void test_upper_case_is_found_by_lower_case(void **state)
{
    (void)state;
    static const uint32_t PAIRS[][2] = {
        {'A', 'a'},     {0xC4, 0xE4},   {0x100, 0x101}, {0x139, 0x13A}, {0x14A, 0x14B},
        {0x178, 0xFF},  {0x179, 0x17A}, {0x386, 0x3AC}, {0x38F, 0x3CE}, {0x391, 0x3B1},
        {0x3AB, 0x3CB}, {0x401, 0x451}, {0x42F, 0x44F}, {0x460, 0x461}, {0x48A, 0x48B},
        {0x4C1, 0x4C2}, {0x4C0, 0x4CF}, {0x4D0, 0x4D1}, {0x1F130, 'a'}, {0xFF21, 'a'},
        {0xD7, 0xD7},   {0x138, 0x138}, {0x149, 0x149}, {0x4CF, 0x4CF}, {0x482, 0x482},
    };
    for (size_t i = 0; i < COUNT(PAIRS); i++) {
        if (fold_case(PAIRS[i][0]) != PAIRS[i][1])
            fail_msg("U+%04X", (unsigned)PAIRS[i][0]);
        assert_int_equal(fold_case(PAIRS[i][1]), PAIRS[i][1]);
    }
}

static void test_links(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"see https://example.com/a?b now", "https://example.com/a?b"},
        {"HTTP://X", "HTTP://X"},
        {"ftp://10.0.0.1", "ftp://10.0.0.1"},
        {"a app-scheme://open", "app-scheme://open"},
        {"www.example", "www.example"},
        {"(example.com)", "example.com)"},
        {"go to Example.COM!", "Example.COM!"},
        {"sub.domain.co.uk", "sub.domain.co.uk"},
        {"me@example.org", "example.org"},
        {"пример.рф", "пример.рф"},
        {"münchen.de", "münchen.de"},
        {"例え.みんな", "例え.みんな"},
        {"a.xn--p1ai", "a.xn--p1ai"},
        {"ｅｘａｍｐｌｅ．ｃｏｍ", "ｅｘａｍｐｌｅ．ｃｏｍ"},
        {"exam\u200Bple.c\u00ADom", "exam\u200Bple.c\u00ADom"},
        {"anything.whatever/path", "anything.whatever/path"},
        {"youtu.be/x", "youtu.be/x"},
        {"example.com.", "example.com."},
        {"163.com", "163.com"},
        {"-example.com-", "-example.com-"},
        {"a-.com", "a-.com"},
        {"end. Then discord.gg", "discord.gg"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct dais_str link;
        assert_int_equal(links_find(dais_cstr(CASES[i][0]), &link), DAIS_OK);
        if (!dais_str_eq(link, dais_cstr(CASES[i][1])))
            fail_msg("%s: %.*s", CASES[i][0], (int)link.len, link.ptr ? link.ptr : "");
    }
}

static void test_what_is_no_link(void **state)
{
    (void)state;
    static const char *const CASES[] = {
        "",          "3.5",    "e.g.",        "i.e. this",  "v1.2.3",
        "wait...no", "and/or", "end.Then go", "a.b",        "12:30",
        "http://",   "://x",   "www.",        "www",        "10.kg",
        "-.com",     ".com",   "..com",       "你好。我是", "hello . com",
        "1.000.000", "C++/C",  ":-/ ok",      "http:// x",  "x.y.z",
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct dais_str link = dais_cstr("untouched");
        assert_int_equal(links_find(dais_cstr(CASES[i]), &link), DAIS_OK);
        if (link.ptr)
            fail_msg("%s: %.*s", CASES[i], (int)link.len, link.ptr);
    }
    struct dais_str link;
    assert_int_equal(links_find(dais_cstr("ab\xC3"), &link), DAIS_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_found),
        cmocka_unit_test(test_words_are_not_found_elsewhere),
        cmocka_unit_test(test_words_are_masked),
        cmocka_unit_test(test_patterns_have_bounds),
        cmocka_unit_test(test_texts_have_bounds),
        cmocka_unit_test(test_the_worst_text_ends),
        cmocka_unit_test(test_upper_case_is_found_by_lower_case),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_what_is_no_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
