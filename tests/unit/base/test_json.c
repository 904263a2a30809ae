/* SPDX-License-Identifier: MIT */
/* json.h, json_write.h */
#include "unit.h"

#include "base/json.h"
#include "base/json_place.h"
#include "base/json_write.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

#define S(text) dais_cstr(text)
#define BYTES_MAX 100000u

static struct dais_arena arena;

static int make_arena(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int end_arena(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static const struct json *parse(const char *text)
{
    const struct json *value = NULL;
    assert_int_equal(json_parse(&arena, S(text), BYTES_MAX, &value, NULL), DAIS_OK);
    return value;
}

static void test_reading(void **state)
{
    (void)state;
    const struct json *root = parse(
        "{\"s\":\"a\\u20ac\",\"i\":-5,\"r\":2.5,\"t\":true,\"n\":null,\"l\":[1,[2]],\"w\":3.0}");
    int64_t i;
    double d;
    bool b;
    assert_int_equal(json_kind(root), JSON_KIND_OBJECT);
    assert_int_equal(json_count(root), 7);
    assert_str(json_str(json_getz(root, "s")), "a€");
    assert_int_equal(json_int(json_getz(root, "i"), &i), DAIS_OK);
    assert_int_equal(i, -5);
    assert_int_equal(json_int(json_getz(root, "w"), &i), DAIS_OK);
    assert_int_equal(i, 3);
    assert_int_equal(json_int(json_getz(root, "r"), &i), DAIS_E_INVALID);
    assert_int_equal(json_number(json_getz(root, "r"), &d), DAIS_OK);
    assert_true(d == 2.5);
    assert_int_equal(json_number(json_getz(root, "i"), &d), DAIS_OK);
    assert_int_equal(json_bool(json_getz(root, "t"), &b), DAIS_OK);
    assert_true(b);
    assert_int_equal(json_kind(json_getz(root, "n")), JSON_KIND_NULL);
    const struct json *list = json_getz(root, "l");
    assert_int_equal(json_count(list), 2);
    assert_int_equal(json_kind(json_at(list, 1)), JSON_KIND_ARRAY);
    assert_null(json_at(list, 2));
}

static void test_absent_and_wrong_kinds(void **state)
{
    (void)state;
    const struct json *root = parse("{\"a\":[]}");
    int64_t i;
    double d;
    bool b;
    const struct json *none = json_getz(json_getz(json_getz(root, "x"), "y"), "z");
    assert_int_equal(json_kind(none), JSON_KIND_ABSENT);
    assert_null(json_str(none).ptr);
    assert_int_equal(json_count(none), 0);
    assert_null(json_at(none, 0));
    assert_null(json_at(root, 0));
    assert_null(json_get(root, dais_str(NULL, 0)));
    assert_int_equal(json_int(none, &i), DAIS_E_INVALID);
    assert_int_equal(json_number(root, &d), DAIS_E_INVALID);
    assert_int_equal(json_bool(root, &b), DAIS_E_INVALID);
    assert_null(json_str(root).ptr);
    void *cursor = NULL;
    struct dais_str key;
    const struct json *value;
    assert_false(json_next(json_getz(root, "a"), &cursor, &key, &value));
}

static void test_members_in_order(void **state)
{
    (void)state;
    const struct json *root = parse("{\"z\":1,\"a\":2,\"m\":3}"), *value;
    static const char *const expected[] = {"z", "a", "m"};
    void *cursor = NULL;
    struct dais_str key;
    int count = 0;
    while (json_next(root, &cursor, &key, &value)) {
        int64_t number;
        assert_str(key, expected[count]);
        assert_int_equal(json_int(value, &number), DAIS_OK);
        assert_int_equal(number, ++count);
    }
    assert_int_equal(count, 3);
}

static void test_refusing(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",    "{",           "[1,]",      "{\"a\":1,\"a\":2}",    "nul", "\"\xff\"",
        "1 2", "\"\\u0000\"", "{\"a\" 1}", "99999999999999999999", "[1}", "\"\\ud800\"",
        "'a'", "01",          "\"a\nb\""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct json *value = NULL;
        struct json_error error = {.line = 0};
        assert_int_equal(json_parse(&arena, S(wrong[i]), BYTES_MAX, &value, &error),
                         DAIS_E_INVALID);
        assert_null(value);
        assert_true(error.line >= 1 && error.text[0] != '\0');
    }
    struct json_error error;
    const struct json *value;
    assert_int_equal(json_parse(&arena, S("{\n \"a\": x}"), BYTES_MAX, &value, &error),
                     DAIS_E_INVALID);
    assert_int_equal(error.line, 2);
    assert_int_equal(json_parse(&arena, S("[1]"), 2, &value, &error), DAIS_E_TOO_LARGE);
    assert_int_equal(json_parse(&arena, dais_str(NULL, 0), 2, &value, NULL), DAIS_E_INVALID);
    assert_int_equal(json_int(parse("1"), &(int64_t){0}), DAIS_OK); /* any value at the top */
}

/* The parser below took a NUL byte for the end, whatever came behind it. */
static void test_nothing_stands_behind_a_nul_byte(void **state)
{
    (void)state;
    const struct json *value;
    struct json_error error;
    assert_int_equal(json_parse(&arena, dais_str("6\0", 2), BYTES_MAX, &value, &error),
                     DAIS_E_INVALID);
    assert_int_equal(json_parse(&arena, dais_str("{}\0{", 4), BYTES_MAX, &value, &error),
                     DAIS_E_INVALID);
    assert_string_equal(error.text, "a NUL byte is no JSON");
}

static void test_depth(void **state)
{
    (void)state;
    char text[3 * JSON_DEPTH_MAX];
    for (uint32_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        const struct json *value;
        int32_t code = json_parse(&arena, dais_str(text, 2ul * depth), BYTES_MAX, &value, NULL);
        assert_int_equal(code, depth <= JSON_DEPTH_MAX ? DAIS_OK : DAIS_E_INVALID);
    }
    /* Brackets in strings do not count, also behind an escaped quote. */
    parse("\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"");
}

static void test_parsing_without_memory(void **state)
{
    (void)state;
    const struct json *value;
    struct dais_arena tiny;
    arena_init(&tiny, 10);
    assert_int_equal(json_parse(&tiny, S("[1]"), BYTES_MAX, &value, NULL), DAIS_E_MEMORY);
    arena_reset(&tiny);
}

static void test_writing(void **state)
{
    (void)state;
    struct strbuf out STRBUF_AUTO;
    struct json_writer json;
    strbuf_init(&out, 10000);
    json_write_init(&json, &out);
    json_open_object(&json);
    json_key(&json, "a\"b");
    json_open_array(&json);
    json_add_int(&json, -1);
    json_add_uint(&json, UINT64_MAX);
    json_add_bool(&json, true);
    json_add_null(&json);
    json_open_object(&json);
    json_close_object(&json);
    json_add_raw(&json, S("{\"raw\":1}"));
    json_close_array(&json);
    json_key_str(&json, S("n"));
    json_add_number(&json, 0.1);
    json_key(&json, "nan");
    json_add_number(&json, (double)NAN);
    json_key(&json, "s");
    json_add_stringz(&json, "x");
    json_key(&json, "absent");
    json_add_string(&json, dais_str(NULL, 0));
    json_close_object(&json);
    assert_str(strbuf_view(&out), "{\"a\\\"b\":[-1,18446744073709551615,true,null,{},{\"raw\":1}],"
                                  "\"n\":0.1,\"nan\":null,\"s\":\"x\",\"absent\":null}");
}

static void test_quoting(void **state)
{
    (void)state;
    struct strbuf out STRBUF_AUTO;
    strbuf_init(&out, 10000);
    json_quote(&out, dais_str("\0\x01\b\t\n\f\r\x1f \"\\/\x7f€😀", 20));
    assert_str(strbuf_view(&out), "\"\\u0000\\u0001\\b\\t\\n\\f\\r\\u001f \\\"\\\\/\x7f€😀\"");
    strbuf_clear(&out);
    json_quote(&out, S("a\xff"
                       "b\xe2\x82"));
    assert_str(strbuf_view(&out), "\"a\xef\xbf\xbd"
                                  "b\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Whatever bytes are quoted, the parser reads them back. */
static void test_quoting_survives_parsing(void **state)
{
    (void)state;
    struct strbuf out STRBUF_AUTO;
    strbuf_init(&out, 10000);
    for (int c = 1; c < 256; c++) {
        char text[] = {'x', (char)c, 'y'};
        strbuf_clear(&out);
        json_quote(&out, dais_str(text, 3));
        struct dais_str back = json_str(parse(strbuf_cstr(&out)));
        if (c < 0x80)
            assert_memory_equal(back.ptr, text, 3);
        else
            assert_str(back, "x\xef\xbf\xbdy");
    }
}

static void test_numbers_read_back(void **state)
{
    (void)state;
    static const double numbers[] = {0.0, 1.0, -1.5, 0.1, 1.0 / 3, 1e300, 5e-324, 123456789.123};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct strbuf out STRBUF_AUTO;
        struct json_writer json;
        double back;
        strbuf_init(&out, 100);
        json_write_init(&json, &out);
        json_add_number(&json, numbers[i]);
        assert_int_equal(json_number(parse(strbuf_cstr(&out)), &back), DAIS_OK);
        assert_true(back == numbers[i]);
    }
}

static void member_without_key(void *arg)
{
    struct json_writer json;
    json_write_init(&json, arg);
    json_open_object(&json);
    json_add_int(&json, 1);
}

static void close_wrong(void *arg)
{
    struct json_writer json;
    json_write_init(&json, arg);
    json_open_object(&json);
    json_close_array(&json);
}

static void two_values(void *arg)
{
    struct json_writer json;
    json_write_init(&json, arg);
    json_add_int(&json, 1);
    json_add_int(&json, 2);
}

static void test_writing_out_of_order_aborts(void **state)
{
    (void)state;
    struct strbuf out STRBUF_AUTO;
    strbuf_init(&out, 1000);
    assert_aborts(member_without_key, &out);
    assert_aborts(close_wrong, &out);
    assert_aborts(two_values, &out);
}

#define ARENA_TEST(fn) cmocka_unit_test_setup_teardown(fn, make_arena, end_arena)

static void expect_place(const char *text, const char *field)
{
    char path[64];
    const char *at = strchr(text, '@'); /* where the fault is */
    assert_non_null(at);
    json_place(dais_cstr(text), (uint64_t)(at - text), path, sizeof path);
    assert_string_equal(path, field);
}

static void test_place_of_a_fault(void **state)
{
    (void)state;
    expect_place("@{", "");
    expect_place("{\"a\":@1}", "a");
    expect_place("{\"a\":1,\"b\":\"@\"}", "b");
    expect_place("{\"a\":{\"b\":1,\"c\":{\"d\":@", "a.c.d");
    expect_place("{\"a\":{\"b\":1},\"c\":@", "c");
    expect_place("{\"tags\":[1,2,@", "tags[2]");
    expect_place("{\"tags\":[{\"x\":1},{\"y\":@", "tags[1].y");
    expect_place("[[1],@", "[1]");
    expect_place("{\"a\":\"x,{[\\\"\",\"b\":@", "b");
    expect_place("{\"a\":1}}}@", "");
    expect_place("{\"\\u0061\":@", "");
    expect_place("{\"a@", "a");
}

static void test_faults_of_members_are_named(void **state)
{
    static const struct {
        const char *text, *field, *fault;
    } cases[] = {
        {"{\"a\":1,\"b\":2,\"a\":3}", "a", "was given twice"},
        {"{\"x\":{\"a\":1,\"a\":3}}", "x.a", "was given twice"},
        {"{\"a\":1,\"n\":123456789012345678901}", "n", "is a number beyond 64 bits"},
        {"{\"a\":\"x\\u0000y\"}", "a", "must not hold a NUL character"},
        {"{\"a\":1,\"b\":\"x\xff\"}", "b", "must be UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct json *value;
        struct json_error error;
        struct dais_str text = dais_cstr(cases[i].text);
        assert_int_equal(json_parse(&arena, text, text.len, &value, &error), DAIS_E_INVALID);
        assert_string_equal(error.field, cases[i].field);
        assert_string_equal(error.text, cases[i].fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_reading),
        ARENA_TEST(test_absent_and_wrong_kinds),
        ARENA_TEST(test_members_in_order),
        ARENA_TEST(test_refusing),
        ARENA_TEST(test_nothing_stands_behind_a_nul_byte),
        ARENA_TEST(test_depth),
        ARENA_TEST(test_parsing_without_memory),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_quoting),
        ARENA_TEST(test_quoting_survives_parsing),
        ARENA_TEST(test_numbers_read_back),
        cmocka_unit_test(test_writing_out_of_order_aborts),
        cmocka_unit_test(test_place_of_a_fault),
        ARENA_TEST(test_faults_of_members_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
