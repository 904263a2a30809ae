/* SPDX-License-Identifier: MIT */
/* The pure rules: error codes, values, the registry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "data/bind.h"
#include "data/resolve.h"
#include "data/sqlstate.h"

static void sqlstates_become_codes(void **state)
{
    static const struct {
        const char *state;
        int32_t code;
    } cases[] = {
        {"23505", DAIS_E_CONFLICT},    {"23P01", DAIS_E_CONFLICT},    {"40001", DAIS_E_CONFLICT},
        {"40P01", DAIS_E_CONFLICT},    {"23503", DAIS_E_INVALID},     {"23502", DAIS_E_INVALID},
        {"23514", DAIS_E_INVALID},     {"22P02", DAIS_E_INVALID},     {"22003", DAIS_E_INVALID},
        {"57014", DAIS_E_TIMEOUT},     {"55P03", DAIS_E_TIMEOUT},     {"57P01", DAIS_E_UNAVAILABLE},
        {"57P03", DAIS_E_UNAVAILABLE}, {"08006", DAIS_E_UNAVAILABLE}, {"53300", DAIS_E_UNAVAILABLE},
        {"42P01", DAIS_E_INTERNAL},    {"08P01", DAIS_E_INTERNAL},    {"XX000", DAIS_E_INTERNAL},
        {"", DAIS_E_INTERNAL},         {NULL, DAIS_E_INTERNAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(sqlstate_code(cases[i].state), cases[i].code);
    assert_true(sqlstate_is_loss("57P01"));
    assert_true(sqlstate_is_loss("08006"));
    assert_false(sqlstate_is_loss("57014"));
    assert_false(sqlstate_is_loss("08P01"));
    assert_false(sqlstate_is_loss(NULL));
    assert_true(sqlstate_is_stale("26000"));
    assert_false(sqlstate_is_stale("42P01"));
}

static void values_are_bound(void **state)
{
    struct bind bind;
    const struct dais_param params[] = {
        dais_int(INT64_MIN),
        dais_int(0),
        dais_int(INT64_MAX),
        dais_text(dais_str("abcdef", 3)),
        dais_text(dais_str("", 0)),
        dais_bytes(dais_str("a\0b", 3)),
        dais_null(),
        dais_text(dais_cstr(NULL)),
    };
    assert_int_equal(bind_init(&bind, params, 8), 0);
    assert_string_equal(bind.values[0], "-9223372036854775808");
    assert_string_equal(bind.values[1], "0");
    assert_string_equal(bind.values[2], "9223372036854775807");
    assert_string_equal(bind.values[3], "abc");
    assert_string_equal(bind.values[4], "");
    assert_ptr_equal(bind.values[5], params[5].text.ptr);
    assert_int_equal(bind.lengths[5], 3);
    assert_int_equal(bind.formats[5], 1);
    assert_null(bind.values[6]);
    assert_null(bind.values[7]);
    assert_null(bind.heap);
    bind_fini(&bind);
}

static void long_texts_go_to_the_heap(void **state)
{
    struct bind bind;
    char text[3 * BIND_SCRATCH_BYTES];
    memset(text, 'x', sizeof text);
    const struct dais_param params[] = {dais_text(dais_str(text, sizeof text)), dais_int(7)};
    assert_int_equal(bind_init(&bind, params, 2), 0);
    assert_non_null(bind.heap);
    assert_int_equal(strlen(bind.values[0]), sizeof text);
    assert_string_equal(bind.values[1], "7");
    bind_fini(&bind);
}

static void bad_values_are_refused(void **state)
{
    struct bind bind;
    struct dais_param nul = dais_text(dais_str("a\0b", 3));
    struct dais_param kind = {.kind = 9};
    struct dais_param many[STATEMENT_PARAMS_MAX + 1] = {0};
    assert_int_equal(bind_init(&bind, &nul, 1), DAIS_E_INVALID);
    assert_int_equal(bind_init(&bind, &kind, 1), DAIS_E_INVALID);
    assert_int_equal(bind_init(&bind, NULL, 1), DAIS_E_INVALID);
    assert_int_equal(bind_init(&bind, many, STATEMENT_PARAMS_MAX + 1), DAIS_E_INVALID);
    assert_int_equal(bind_init(&bind, many, STATEMENT_PARAMS_MAX), 0);
    bind_fini(&bind);
}

static const struct dais_statement table_a[] = {
    {"one", "SELECT 1", DAIS_LANE_READ, 0, 0, 0},
    {"two", "SELECT 2", DAIS_LANE_POOL, 0, 0, 0},
    {0},
};
static const struct dais_statement table_b[] = {{"one", "SELECT 1", DAIS_LANE_READ, 0, 0, 0}, {0}};

static void rows_are_found_by_their_address(void **state)
{
    struct dais_statement copy = table_a[0];
    assert_int_equal(statement_register("a", table_a), 0);
    assert_int_equal(statement_register("b", table_b), 0);
    assert_int_equal(statement_count(), 3);
    for (uint32_t i = 0; i < 2; i++) {
        const struct statement *found = statement_find(&table_a[i]);
        assert_ptr_equal(found->row, &table_a[i]);
        assert_string_equal(found->owner, "a");
    }
    assert_string_equal(statement_find(&table_b[0])->owner, "b");
    assert_int_not_equal(statement_find(&table_a[0])->index, statement_find(&table_b[0])->index);
    assert_null(statement_find(&table_a[2]));
    assert_null(statement_find(&copy));
    assert_null(statement_find((const void *)((const char *)&table_a[1] + 8)));
    statement_clear();
    assert_null(statement_find(&table_a[0]));
}

static void bad_rows_are_refused(void **state)
{
    const struct dais_statement lane[] = {{"x", "SELECT 1", 9, 0, 0, 0}, {0}};
    const struct dais_statement many[] = {{"x", "SELECT 1", DAIS_LANE_READ, 99, 0, 0}, {0}};
    const struct dais_statement twice[] = {{"x", "SELECT 1", DAIS_LANE_READ, 0, 0, 0},
                                           {"x", "SELECT 2", DAIS_LANE_READ, 0, 0, 0},
                                           {0}};
    assert_int_equal(statement_register("a", lane), DAIS_E_INVALID);
    assert_int_equal(statement_register("a", many), DAIS_E_INVALID);
    assert_int_equal(statement_register("a", twice), DAIS_E_CONFLICT);
    assert_int_equal(statement_register("a", table_a), 0);
    assert_int_equal(statement_check("a", table_a), DAIS_E_CONFLICT); /* it is there already */
    assert_int_equal(statement_check("a", table_b), 0);               /* newer code */
    statement_clear();
}

/* Newer code: `one` as it was, `two` changed, `three` is new. */
static const struct dais_statement table_newer[] = {
    {"one", "SELECT 1", DAIS_LANE_READ, 0, 0, 0},
    {"two", "SELECT 22", DAIS_LANE_POOL, 0, 0, 0},
    {"three", "SELECT 3", DAIS_LANE_POOL, 0, 0, 0},
    {0},
};

static void a_statement_keeps_its_index(void **state)
{
    assert_int_equal(statement_register("a", table_a), 0);
    const struct statement one = *statement_find(&table_a[0]), two = *statement_find(&table_a[1]);
    assert_int_equal(statement_register("a", table_newer), 0);
    assert_int_equal(statement_find(&table_newer[0])->index, one.index);
    assert_int_equal(statement_find(&table_newer[0])->plan, one.plan);
    assert_int_not_equal(statement_find(&table_newer[1])->index, two.index);
    assert_int_equal(statement_count(), 4);
    statement_drop(table_a);
    assert_null(statement_find(&table_a[0]));
    assert_int_equal(statement_find(&table_newer[0])->index, one.index);
    /* The index of the old `two` is free, its plan is not. */
    assert_int_equal(statement_register("b", table_b), 0);
    assert_int_equal(statement_find(&table_b[0])->index, two.index);
    assert_true(statement_find(&table_b[0])->plan > two.plan);
    assert_int_equal(statement_count(), 4);
    statement_drop(table_a); /* not there any more */
    statement_drop(table_newer);
    assert_int_equal(statement_register("a", table_a), 0);
    assert_true(statement_find(&table_a[0])->plan > one.plan);
    statement_clear();
}

static void statements_are_bounded(void **state)
{
    assert_int_equal(limit_set(dais_cstr("db_statements"), 3), 0);
    assert_int_equal(statement_register("a", table_a), 0);
    assert_int_equal(statement_check("a", table_newer), DAIS_E_LIMIT);
    assert_int_equal(statement_check("a", table_b), 0); /* needs no place of its own */
    statement_drop(table_a);
    assert_int_equal(statement_register("a", table_newer), 0);
    statement_clear();
    limits_reset();
}

static void migrations_go_without_holes(void **state)
{
    const struct dais_migration good[] = {{1, 0, "a", "x"}, {2, 1, "b", "y"}, {0}};
    const struct dais_migration hole[] = {{1, 0, "a", "x"}, {3, 0, "c", "z"}, {0}};
    assert_int_equal(statement_register_schema("a", hole), DAIS_E_INVALID);
    assert_int_equal(statement_register_schema("a", good), 0);
    assert_int_equal(statement_register_schema("a", good), DAIS_E_CONFLICT);
    assert_int_equal(statement_schema_at(0)->count, 2);
    assert_null(statement_schema_at(1));
    statement_clear();
}

static void names_are_told_from_addresses(void **state)
{
    static const struct {
        const char *conninfo;
        bool needed;
    } cases[] = {
        {"host=/run/postgresql", false},
        {"host=@dais user=x", false},
        {"dbname=x", false},
        {"postgresql://192.0.2.1:5433/x", false},
        {"postgresql://[2001:db8::1]/x", false},
        {"host=db.example hostaddr=192.0.2.1", false},
        {"host=192.0.2.1,db.example", true},
        {"postgresql://db.example/x", true},
        {"not a connection string", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(resolve_is_needed(cases[i].conninfo), cases[i].needed);
}

static void names_become_addresses(void **state)
{
    struct addresses found;
    assert_int_equal(resolve_all("host=/run,192.0.2.1,localhost port=1,2,3", &found), 0);
    assert_memory_equal(found.hosts, "/run,192.0.2.1,localhost", 24);
    assert_true(strncmp(found.numbers, ",192.0.2.1,127.0.0.1", 20) == 0 ||
                strncmp(found.numbers, ",192.0.2.1,::1", 14) == 0);
    assert_memory_equal(found.ports, "1,2,3", 5);
    /* One port is that of all hosts. */
    assert_int_equal(resolve_all("postgresql://192.0.2.1,192.0.2.2:7/x", &found), 0);
    assert_int_equal(resolve_all("host=192.0.2.1,192.0.2.2 port=7", &found), 0);
    assert_string_equal(found.ports, "7,7");
    assert_string_equal(found.hosts, found.numbers);
    /* A name that cannot be one. */
    assert_int_equal(resolve_all("host=-.a..b", &found), DAIS_E_UNAVAILABLE);
    assert_int_equal(resolve_all("host=-.a..b,/run", &found), 0);
    assert_string_equal(found.hosts, "/run");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sqlstates_become_codes),          cmocka_unit_test(values_are_bound),
        cmocka_unit_test(long_texts_go_to_the_heap),       cmocka_unit_test(bad_values_are_refused),
        cmocka_unit_test(rows_are_found_by_their_address), cmocka_unit_test(bad_rows_are_refused),
        cmocka_unit_test(a_statement_keeps_its_index),     cmocka_unit_test(statements_are_bounded),
        cmocka_unit_test(names_are_told_from_addresses),   cmocka_unit_test(names_become_addresses),
        cmocka_unit_test(migrations_go_without_holes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
