/* SPDX-License-Identifier: MIT */
/* Values of operations between structs that know nothing of each other. */
#include "host/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct outer {
    uint64_t present;
    struct dais_str id;
    struct dais_str title;
    struct dais_str starts;
    int64_t seats;
    uint8_t open;
    struct dais_list tags;
    struct dais_str extra;
};

static const struct dais_field OUTER_FIELDS[] = {
    DAIS_FIELD(struct outer, id, DAIS_KIND_UUID, DAIS_FIELD_FIXED, 36, 36, "the thing"),
    DAIS_FIELD(struct outer, title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 10, "its name"),
    DAIS_FIELD(struct outer, starts, DAIS_KIND_TIME, 0, 0, 40, "when"),
    DAIS_FIELD(struct outer, seats, DAIS_KIND_INT, 0, 1, 100, "how many"),
    DAIS_FIELD(struct outer, open, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 0, 0, "to all"),
    DAIS_FIELD(struct outer, tags, DAIS_KIND_LIST, 0, 0, 2, "words"),
    DAIS_FIELD(struct outer, extra, DAIS_KIND_JSON, 0, 0, 100, "anything"),
    DAIS_FIELD_END,
};
static const struct dais_shape OUTER = DAIS_SHAPE("Outer", struct outer, OUTER_FIELDS);

struct inner {
    uint64_t present;
    uint8_t open;
    struct dais_list tags;
    int64_t seats;
    struct dais_str later;
    struct dais_str title;
    struct dais_str id;
    struct dais_str extra;
};

static const struct dais_field INNER_FIELDS[] = {
    DAIS_FIELD(struct inner, open, DAIS_KIND_BOOL, 0, 0, 0, "to all"),
    DAIS_FIELD(struct inner, tags, DAIS_KIND_LIST, 0, 0, 0, "words"),
    DAIS_FIELD(struct inner, seats, DAIS_KIND_INT, 0, 0, 0, "how many"),
    DAIS_FIELD(struct inner, later, DAIS_KIND_STRING, 0, 0, 0, "a row of tomorrow"),
    DAIS_FIELD(struct inner, title, DAIS_KIND_STRING, 0, 0, 0, "its name"),
    DAIS_FIELD(struct inner, id, DAIS_KIND_STRING, 0, 0, 0, "the thing"),
    DAIS_FIELD(struct inner, extra, DAIS_KIND_JSON, 0, 0, 0, "anything"),
    DAIS_FIELD_END,
};
static const struct dais_shape INNER = DAIS_SHAPE("Inner", struct inner, INNER_FIELDS);

#define ID "0191d6a0-0000-7000-8000-000000000001"

static struct dais_arena arena;
static struct value_map map;

static int set_up(void **state)
{
    char problem[VALUE_PROBLEM_BYTES_MAX];
    arena_init(&arena, 1 << 20);
    return value_map(&OUTER, &INNER, &arena, &map, problem);
}

static int tear_down(void **state)
{
    arena_reset(&arena);
    return 0;
}

static struct outer sample(void)
{
    return (struct outer){.id = DAIS_STR_INIT(ID), .title = DAIS_STR_INIT("one"), .open = 1};
}

static struct inner *enter(const struct outer *outer)
{
    void *inner = NULL;
    assert_int_equal(value_enter(&map, outer, &arena, &inner), 0);
    return inner;
}

static void rows_travel_by_name(void **state)
{
    struct outer outer = sample();
    const struct inner *inner = enter(&outer);
    assert_true(dais_str_eq(inner->title, outer.title) && dais_str_eq(inner->id, outer.id));
    assert_true(inner->open == 1 && inner->later.ptr == NULL);
    assert_true(dais_has(inner->present, 0) && dais_has(inner->present, 4));
    assert_false(dais_has(inner->present, 2)); /* seats were not given */
    assert_false(dais_has(inner->present, 1));
}

static void what_is_left_alone_stays(void **state)
{
    struct outer outer = sample(), before = outer;
    struct shape_error error;
    assert_int_equal(value_leave(&map, enter(&outer), &arena, &outer, &error), 0);
    assert_memory_equal(&outer, &before, sizeof outer);
}

static void amendments_are_taken(void **state)
{
    static const struct dais_str tags[] = {DAIS_STR_INIT("a"), DAIS_STR_INIT("b")};
    struct outer outer = sample();
    struct shape_error error;
    struct inner *inner = enter(&outer);
    inner->title = dais_cstr("two");
    inner->seats = 5;
    inner->open = 0;
    inner->tags = (struct dais_list){tags, 2};
    inner->extra = dais_cstr("{\"a\": [1]}");
    assert_int_equal(value_leave(&map, inner, &arena, &outer, &error), 0);
    assert_true(dais_str_eq(outer.title, dais_cstr("two")) && outer.seats == 5 && outer.open == 0);
    assert_true(dais_has(outer.present, 3) && outer.tags.count == 2);
    assert_true(dais_str_eq(outer.extra, dais_cstr("{\"a\":[1]}")));
    inner = enter(&outer);
    inner->extra = dais_str(NULL, 0);
    assert_int_equal(value_leave(&map, inner, &arena, &outer, &error), 0);
    assert_null(outer.extra.ptr);
}

/** A row that breaks the rules takes everything else with it. */
static void refused(struct inner *inner, struct outer *outer, const char *field)
{
    struct shape_error error = {.field = ""};
    struct outer before = *outer;
    assert_int_equal(value_leave(&map, inner, &arena, outer, &error), DAIS_E_INVALID);
    assert_string_equal(error.field, field);
    assert_memory_equal(outer, &before, sizeof before);
}

static void amendments_keep_the_bounds(void **state)
{
    struct outer outer = sample();
    struct inner *inner = enter(&outer);
    inner->open = 0;
    inner->title = dais_cstr("longer than ten");
    refused(inner, &outer, "title");
    inner = enter(&outer);
    inner->title = dais_str("\xff", 1);
    refused(inner, &outer, "title");
    inner = enter(&outer);
    inner->title = dais_str(NULL, 0);
    refused(inner, &outer, "title");
    inner = enter(&outer);
    inner->seats = 101;
    refused(inner, &outer, "seats");
    inner = enter(&outer);
    inner->extra = dais_cstr("{");
    refused(inner, &outer, "extra");
    inner = enter(&outer);
    static const struct dais_str tags[] = {{"a", 1}, {"b", 1}, {"c", 1}};
    inner->tags = (struct dais_list){tags, 3};
    refused(inner, &outer, "tags");
}

static void fixed_rows_stay(void **state)
{
    struct outer outer = sample();
    struct inner *inner = enter(&outer);
    inner->id = dais_cstr("0191d6a0-0000-7000-8000-000000000002");
    refused(inner, &outer, "id");
}

static void kinds_must_agree(void **state)
{
    static const struct dais_field wrong[] = {
        DAIS_FIELD(struct inner, seats, DAIS_KIND_NUMBER, 0, 0, 0, ""), DAIS_FIELD_END};
    static const struct dais_field missing[] = {
        DAIS_FIELD(struct inner, later, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 0, ""),
        DAIS_FIELD_END};
    const struct dais_shape shapes[] = {DAIS_SHAPE("Wrong", struct inner, wrong),
                                        DAIS_SHAPE("Missing", struct inner, missing)};
    struct value_map ignored;
    char problem[VALUE_PROBLEM_BYTES_MAX];
    assert_int_equal(value_map(&OUTER, &shapes[0], &arena, &ignored, problem), DAIS_E_INVALID);
    assert_string_equal(problem, "seats is of another kind in Outer");
    assert_int_equal(value_map(&OUTER, &shapes[1], &arena, &ignored, problem), DAIS_E_INVALID);
    assert_string_equal(problem, "later is no row of Outer");
}

static void shapes_that_cannot_travel(void **state)
{
    static const struct dais_field secret[] = {
        DAIS_FIELD(struct outer, title, DAIS_KIND_STRING, DAIS_FIELD_SECRET, 0, 0, ""),
        DAIS_FIELD_END};
    static const struct dais_field nested[] = {
        DAIS_FIELD_NESTED("tags", struct outer, tags, DAIS_KIND_LIST, 0, 2, &INNER, ""),
        DAIS_FIELD_END};
    const struct dais_shape shapes[] = {DAIS_SHAPE("Secret", struct outer, secret),
                                        DAIS_SHAPE("Nested", struct outer, nested)};
    char problem[VALUE_PROBLEM_BYTES_MAX];
    assert_int_equal(value_check(&OUTER, problem), 0);
    assert_int_equal(value_check(&shapes[0], problem), DAIS_E_INVALID);
    assert_int_equal(value_check(&shapes[1], problem), DAIS_E_INVALID);
}

static void a_value_survives_as_json(void **state)
{
    static const struct dais_str tags[] = {DAIS_STR_INIT("a\"b")};
    struct outer outer = sample();
    char problem[VALUE_PROBLEM_BYTES_MAX];
    void *read = NULL;
    struct strbuf text;
    outer.tags = (struct dais_list){tags, 1};
    outer.extra = dais_cstr("[1,2]");
    strbuf_init_in(&text, &arena, 4096);
    value_write(&OUTER, &outer, &text);
    assert_string_equal(strbuf_cstr(&text),
                        "{\"id\":\"" ID "\",\"title\":\"one\",\"open\":true,\"tags\":[\"a\\\"b\"],"
                        "\"extra\":[1,2]}");
    assert_int_equal(value_read(&INNER, strbuf_view(&text), &arena, &read, problem), 0);
    const struct inner *inner = read;
    assert_true(dais_str_eq(inner->title, outer.title) && inner->open == 1);
    assert_true(inner->tags.count == 1 && dais_str_eq(inner->extra, outer.extra));
    assert_false(dais_has(inner->present, 2));
    assert_true(dais_str_eq(value_text(&OUTER, "id", &outer), dais_cstr(ID)));
    assert_null(value_text(&OUTER, "seats", &outer).ptr);
}

static void what_cannot_be_read_is_told(void **state)
{
    char problem[VALUE_PROBLEM_BYTES_MAX];
    void *read = NULL;
    assert_int_equal(value_read(&INNER, dais_cstr("{"), &arena, &read, problem), DAIS_E_INVALID);
    assert_int_equal(value_read(&INNER, dais_cstr("{\"seats\":\"x\"}"), &arena, &read, problem),
                     DAIS_E_INVALID);
    assert_string_equal(problem, "seats must be a whole number");
    assert_int_equal(value_read(&INNER, dais_cstr("{\"new\":1}"), &arena, &read, problem), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_travel_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_alone_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(amendments_are_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(amendments_keep_the_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fixed_rows_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kinds_must_agree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shapes_that_cannot_travel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_value_survives_as_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
