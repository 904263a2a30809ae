/* SPDX-License-Identifier: MIT */
/* Statements on the three lanes of a worker, against a real PostgreSQL. */
#include "site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "loop/fiber.h"
#include "loop/worker.h"

static int32_t ask_everything(void *arg)
{
    struct dais_rows *rows = NULL;
    EXPECT(site_do(PUT, VALUES(dais_int(1), TEXT("one"))) == 0);
    EXPECT(site_do(SET_BLOB, VALUES(dais_int(1), dais_bytes(dais_str("a\0\xff", 3)))) == 0);
    EXPECT(db_query(&site_statements[GET], VALUES(dais_int(1)), 1, &rows) == 0);
    EXPECT(db_rows_count(rows) == 1);
    EXPECT(dais_str_eq(db_cell(rows, 0, 0), dais_cstr("one")));
    EXPECT(dais_str_eq(db_cell(rows, 0, 1), dais_cstr("0")));
    EXPECT(dais_str_eq(db_cell_bytes(rows, 0, 2), dais_str("a\0\xff", 3)));
    EXPECT(!db_cell(rows, 0, 3).ptr && !db_cell(rows, 1, 0).ptr);
    EXPECT(db_cell_int(rows, 0, 0) == 0);
    db_rows_free(rows);
    EXPECT(db_query(&site_statements[GET], VALUES(dais_int(2)), 1, &rows) == 0);
    EXPECT(db_rows_count(rows) == 0);
    EXPECT(db_query(&site_statements[ADD], VALUES(dais_int(1), dais_int(5)), 2, &rows) == 0);
    EXPECT(db_rows_affected(rows) == 1);
    EXPECT(db_rows_count(NULL) == 0 && db_rows_affected(NULL) == 0);
    return 0;
}

static void statements_answer(void **state)
{
    site_run(1, ask_everything, NULL);
}

static int32_t ask_settings(void *arg)
{
    struct dais_rows *rows = NULL;
    EXPECT(db_query(&site_statements[SETTINGS], NULL, 0, &rows) == 0);
    EXPECT(dais_str_eq(db_cell(rows, 0, 0), dais_cstr("")));
    EXPECT(dais_str_eq(db_cell(rows, 0, 1), dais_cstr("UTC")));
    EXPECT(dais_str_eq(db_cell(rows, 0, 2), dais_cstr("dais/1")));
    return 0;
}

static void sessions_have_safe_settings(void **state)
{
    site_run(1, ask_settings, NULL);
}

static int32_t put_and_get(uint32_t number)
{
    char name[16];
    struct dais_rows *rows = NULL;
    snprintf(name, sizeof name, "item %u", number);
    EXPECT(site_do(PUT, VALUES(dais_int(number), TEXT(name))) == 0);
    EXPECT(db_query(&site_statements[GET], VALUES(dais_int(number)), 1, &rows) == 0);
    EXPECT(dais_str_eq(db_cell(rows, 0, 0), dais_cstr(name)));
    return 0;
}

static int32_t many_at_once(void *arg)
{
    int32_t code = site_crowd(1000, put_and_get);
    EXPECT(code == 0 && site_number(COUNT_LIKE, VALUES(TEXT("item %"))) == 1000);
    return 0;
}

static void everyone_gets_his_own_answer(void **state)
{
    site_run(0, many_at_once, NULL);
}

static int32_t cast_in_turn(uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, number % 3 == 1 ? "bad %u" : "%u", number);
    if (number % 3 == 1)
        EXPECT(site_do(CAST_INT, VALUES(TEXT(text))) == DAIS_E_INVALID);
    else
        EXPECT(site_number(CAST_INT, VALUES(TEXT(text))) == number);
    return 0;
}

static int32_t reads_with_errors(void *arg)
{
    return site_crowd(30, cast_in_turn);
}

static void a_bad_read_spoils_no_other(void **state)
{
    site_run(0, reads_with_errors, NULL);
}

static int32_t put_with_a_double(uint32_t number)
{
    int32_t wanted = number == 7 ? DAIS_E_CONFLICT : DAIS_OK;
    uint32_t id = number == 7 ? 500 : number;
    EXPECT(site_do(PUT_ONCE, VALUES(dais_int(id), TEXT("batch"))) == wanted);
    return 0;
}

static int32_t batch_with_an_error(void *arg)
{
    EXPECT(site_do(PUT_ONCE, VALUES(dais_int(500), TEXT("first"))) == 0);
    int32_t code = site_crowd(20, put_with_a_double);
    EXPECT(code == 0 && site_number(COUNT_LIKE, VALUES(TEXT("batch"))) == 19);
    return 0;
}

static void a_failed_batch_is_run_one_by_one(void **state)
{
    site_run(0, batch_with_an_error, NULL);
}

/* Number 0 keeps the batch's connection busy while the others come, one in a turn. */
static int32_t trickle(uint32_t number)
{
    if (number == 0)
        return site_do(PUT_SLOWLY, VALUES(dais_int(600), TEXT("trickle")));
    int32_t code = fiber_sleep(10 * number);
    return code ? code : site_do(PUT, VALUES(dais_int(600 + number), TEXT("trickle")));
}

static int32_t trickling_writes(void *arg)
{
    EXPECT(site_crowd(12, trickle) == 0);
    EXPECT(site_number(COUNT_LIKE, VALUES(TEXT("trickle"))) == 12);
    int64_t commits = site_number(COMMITS, VALUES(TEXT("trickle")));
    EXPECT(commits >= 2 && commits <= 4); /* on a busy machine a few come too late */
    return 0;
}

static void a_batch_gathers_while_one_is_committed(void **state)
{
    site_run(0, trickling_writes, NULL);
}

static int32_t all_errors(void *arg)
{
    struct dais_statement foreign = site_statements[GET];
    EXPECT(site_do(PUT, VALUES(dais_int(1), TEXT("one"))) == 0);
    EXPECT(site_do(PUT_ONCE, VALUES(dais_int(1), TEXT("one"))) == DAIS_E_CONFLICT);
    EXPECT(site_do(PUT_ONCE, VALUES(dais_int(2), dais_null())) == DAIS_E_INVALID);
    EXPECT(site_do(ADD, VALUES(dais_int(1), dais_int(-1))) == DAIS_E_INVALID);
    EXPECT(site_do(GET, VALUES(TEXT("x"))) == DAIS_E_INVALID);
    EXPECT(site_do(MISSING, NULL) == DAIS_E_INTERNAL);
    EXPECT(site_do(MISSING, NULL) == DAIS_E_INTERNAL);
    EXPECT(db_query(&site_statements[GET], NULL, 0, NULL) == DAIS_E_INVALID);
    EXPECT(db_query(&foreign, VALUES(dais_int(1)), 1, NULL) == DAIS_E_INVALID);
    EXPECT(db_query(NULL, NULL, 0, NULL) == DAIS_E_INVALID);
    EXPECT(site_number(GET, VALUES(dais_int(1))) == 0);
    return 0;
}

static void errors_have_codes(void **state)
{
    site_run(0, all_errors, NULL);
    assert_int_equal(db_query(&site_statements[BACKEND], NULL, 0, NULL), DAIS_E_STATE);
}

static int32_t times_out(void *arg)
{
    uint64_t begun = clock_ms();
    EXPECT(site_do(NAP_SHORT, VALUES(TEXT("30"))) == DAIS_E_TIMEOUT);
    EXPECT(clock_ms() - begun < 3000);
    /* The time limit of one statement is not the next one's. */
    EXPECT(site_do(NAP, VALUES(TEXT("0.2"))) == 0);
    return 0;
}

static void a_slow_statement_times_out(void **state)
{
    site_run(0, times_out, NULL);
}

struct sleeper {
    uint32_t statement;
    int32_t code;
    struct fiber_wait *done;
};

static void nap(void *arg)
{
    struct sleeper *sleeper = arg;
    sleeper->code = site_do(sleeper->statement, VALUES(TEXT("2")));
    fiber_resume(sleeper->done, DAIS_OK);
}

static int32_t cancel_one(uint32_t statement)
{
    dais_handle fiber;
    struct fiber_wait done;
    struct sleeper sleeper = {.statement = statement, .done = &done};
    struct fiber_spec spec = {.name = "sleeper", .fn = nap, .arg = &sleeper};
    fiber_wait_init(&done);
    EXPECT(fiber_spawn(&spec, &fiber) == 0);
    EXPECT(fiber_sleep(20) == 0);
    uint64_t begun = clock_ms();
    EXPECT(fiber_cancel(fiber, DAIS_E_CANCELLED) == 0);
    EXPECT(fiber_suspend(&done, FIBER_FOREVER) == 0);
    EXPECT(sleeper.code == DAIS_E_CANCELLED);
    EXPECT(clock_ms() - begun < 1500);
    return 0;
}

static int32_t cancel_each(void *arg)
{
    int32_t code = cancel_one(NAP);
    EXPECT(code == 0);
    /* The connection that still naps is lent to nobody. */
    uint64_t begun = clock_ms();
    EXPECT(site_do(NAP, VALUES(TEXT("0"))) == 0 && clock_ms() - begun < 1500);
    code = cancel_one(NAP_READ);
    EXPECT(code == 0);
    /* What comes behind an abandoned answer is answered rightly. */
    EXPECT(site_number(CAST_INT, VALUES(TEXT("42"))) == 42);
    return 0;
}

static void a_cancelled_fiber_does_not_wait(void **state)
{
    site_run(0, cancel_each, NULL);
}

static uint32_t refused;

static int32_t read_or_be_refused(uint32_t number)
{
    int32_t code = site_do(BACKEND, NULL);
    refused += code == DAIS_E_LIMIT;
    EXPECT(code == 0 || code == DAIS_E_LIMIT);
    return 0;
}

static int32_t too_many(void *arg)
{
    refused = 0;
    EXPECT(site_crowd(64, read_or_be_refused) == 0);
    EXPECT(refused == 64 - 16);
    return 0;
}

static int lower_limits(void **state)
{
    assert_int_equal(limit_set(dais_cstr("db_queue"), 16), 0);
    assert_int_equal(limit_set(dais_cstr("db_pool"), 2), 0);
    assert_int_equal(limit_set(dais_cstr("db_pool_queue"), 3), 0);
    return site_open(state);
}

static int reset_limits(void **state)
{
    int failed = site_close(state);
    limits_reset();
    return failed;
}

static void a_full_lane_refuses(void **state)
{
    site_run(0, too_many, NULL);
}

static int32_t nap_or_be_refused(uint32_t number)
{
    int32_t code = site_do(NAP, VALUES(TEXT("0.05")));
    refused += code == DAIS_E_LIMIT;
    EXPECT(code == 0 || code == DAIS_E_LIMIT);
    return 0;
}

static int32_t too_many_in_the_pool(void *arg)
{
    EXPECT(site_do(NAP, VALUES(TEXT("0"))) == 0);
    refused = 0;
    /* One connection is open, a second one is made; one nap runs, three wait. */
    EXPECT(site_crowd(8, nap_or_be_refused) == 0);
    EXPECT(refused == 4);
    return 0;
}

static void a_full_pool_refuses(void **state)
{
    site_run(0, too_many_in_the_pool, NULL);
}

static int32_t admit_nobody(void *arg)
{
    db_admit(0);
    int32_t code = site_do(BACKEND, NULL);
    uint32_t available = db_available();
    db_admit(1);
    EXPECT(code == DAIS_E_UNAVAILABLE && !available && db_available());
    return 0;
}

static void nobody_is_admitted_before_the_schema_is_there(void **state)
{
    site_run(0, admit_nobody, NULL);
}

static int32_t change_columns(void *arg)
{
    EXPECT(site_do(PUT, VALUES(dais_int(1), TEXT("one"))) == 0);
    EXPECT(site_number(GET, VALUES(dais_int(1))) == 0);
    *(const char **)arg = "ready";
    return 0;
}

static int32_t read_again(uint32_t number)
{
    EXPECT(site_number(GET, VALUES(dais_int(1))) == 0);
    return 0;
}

static int32_t all_read_again(void *arg)
{
    return site_crowd(10, read_again);
}

static void a_changed_column_is_prepared_again(void **state)
{
    const char *word = NULL;
    site_run(0, change_columns, &word);
    assert_string_equal(word, "ready");
    pg_ask(&site_pg, "ALTER TABLE t.items ALTER COLUMN name TYPE varchar(99)");
    site_run(0, all_read_again, NULL);
    pg_ask(&site_pg, "ALTER TABLE t.items ALTER COLUMN name TYPE text");
    site_run(0, all_read_again, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(statements_answer),
        SITE_TEST(sessions_have_safe_settings),
        SITE_TEST(everyone_gets_his_own_answer),
        SITE_TEST(a_bad_read_spoils_no_other),
        SITE_TEST(a_failed_batch_is_run_one_by_one),
        SITE_TEST(a_batch_gathers_while_one_is_committed),
        SITE_TEST(errors_have_codes),
        SITE_TEST(a_slow_statement_times_out),
        SITE_TEST(a_cancelled_fiber_does_not_wait),
        SITE_TEST(nobody_is_admitted_before_the_schema_is_there),
        SITE_TEST(a_changed_column_is_prepared_again),
        cmocka_unit_test_setup_teardown(a_full_lane_refuses, lower_limits, reset_limits),
        cmocka_unit_test_setup_teardown(a_full_pool_refuses, lower_limits, reset_limits),
    };
    return cmocka_run_group_tests(tests, site_make, site_remove);
}
