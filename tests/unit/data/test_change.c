/* SPDX-License-Identifier: MIT */
/* What changes while the workers run: statements of newer code, and the schema under them. */
#include "site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "data/migrate.h"
#include "loop/fiber.h"
#include "loop/park.h"
#include "loop/worker.h"

#define PATIENCE_MS 20000u

/* Older and newer code of the same plugin. */
enum { SAME, OTHER, PLANS };

static const struct dais_statement older[] = {
    [SAME] = {"same", "SELECT 1", DAIS_LANE_READ, 0, 0, 0},
    [OTHER] = {"other", "SELECT 10", DAIS_LANE_READ, 0, 0, 0},
    [PLANS] = {"plans", "SELECT count(*) FROM pg_prepared_statements", DAIS_LANE_READ, 0, 0, 0},
    {0},
};
static const struct dais_statement newer[] = {
    [SAME] = {"same", "SELECT 1", DAIS_LANE_READ, 0, 0, 0},
    [OTHER] = {"other", "SELECT 20", DAIS_LANE_READ, 0, 0, 0},
    [PLANS] = {"plans", "SELECT count(*) FROM pg_prepared_statements", DAIS_LANE_READ, 0, 0, 0},
    {0},
};

struct change {
    const struct dais_statement *add, *drop;
    int32_t code;
};

static void change_tables(void *arg)
{
    struct change *change = arg;
    if (change->drop)
        db_statements_drop(change->drop);
    if (change->add)
        change->code = db_statements("p", change->add);
}

static void change(const struct dais_statement *add, const struct dais_statement *drop)
{
    struct change change = {.add = add, .drop = drop};
    assert_int_equal(workers_park(change_tables, &change, PATIENCE_MS), 0);
    assert_int_equal(change.code, 0);
}

static int64_t ask(const struct dais_statement *row)
{
    struct dais_rows *rows = NULL;
    int32_t code = db_query(row, NULL, 0, &rows);
    int64_t number = code == DAIS_OK ? db_cell_int(rows, 0, 0) : code;
    db_rows_free(rows);
    return number;
}

static int32_t use_older(void *arg)
{
    EXPECT(ask(&older[SAME]) == 1 && ask(&older[OTHER]) == 10 && ask(&older[PLANS]) == 3);
    EXPECT(ask(&newer[SAME]) == DAIS_E_INVALID);
    return 0;
}

static int32_t use_both(void *arg)
{
    EXPECT(ask(&older[SAME]) == 1 && ask(&newer[SAME]) == 1);
    EXPECT(ask(&older[OTHER]) == 10 && ask(&newer[OTHER]) == 20);
    EXPECT(ask(&newer[PLANS]) == 4);
    return 0;
}

static int32_t use_newer(void *arg)
{
    EXPECT(ask(&older[SAME]) == DAIS_E_INVALID && ask(&newer[SAME]) == 1);
    EXPECT(ask(&newer[OTHER]) == 20 && ask(&newer[PLANS]) == 4);
    return 0;
}

static int32_t use_older_again(void *arg)
{
    EXPECT(ask(&older[OTHER]) == 10); /* on the place of its predecessor */
    EXPECT(ask(&older[PLANS]) == 4);
    return 0;
}

static void newer_code_finds_its_statements_prepared(void **state)
{
    change(older, NULL);
    site_run(0, use_older, NULL);
    change(newer, NULL);
    site_run(0, use_both, NULL);
    change(NULL, older);
    site_run(0, use_newer, NULL);
    change(older, NULL);
    site_run(0, use_older_again, NULL);
}

static int32_t is_over;

static int32_t ask_for_ever(uint32_t number)
{
    while (!is_over) {
        EXPECT(ask(&older[number % 2]) == (number % 2 ? 10 : 1));
        EXPECT(fiber_yield() == 0);
    }
    return 0;
}

static int32_t crowd(void *arg)
{
    is_over = 0;
    return site_crowd(16, ask_for_ever);
}

static void end_crowd(void *arg)
{
    is_over = 1;
}

static void *run_crowd(void *arg)
{
    *(int32_t *)arg = worker_call(0, crowd, NULL);
    return NULL;
}

static void tables_change_under_queries(void **state)
{
    pthread_t thread;
    int32_t code = -1;
    change(older, NULL);
    assert_int_equal(pthread_create(&thread, NULL, run_crowd, &code), 0);
    for (uint32_t i = 0; i < 50; i++) {
        change(newer, NULL);
        pg_ask(&site_pg, "SELECT 1");
        change(NULL, newer);
    }
    assert_int_equal(workers_park(end_crowd, NULL, PATIENCE_MS), 0);
    pthread_join(thread, NULL);
    assert_int_equal(code, 0);
}

static int32_t read_in_tx(struct dais_tx *tx)
{
    return db_tx_query(tx, &site_statements[GET], VALUES(dais_int(1)), 1, NULL);
}

static int32_t prepare_in_tx(void *arg)
{
    struct dais_tx *tx = NULL;
    EXPECT(db_begin(&tx) == 0);
    EXPECT(read_in_tx(tx) == 0);
    EXPECT(db_commit(tx) == 0);
    return 0;
}

static int32_t meet_the_change(void *arg)
{
    struct dais_tx *tx = NULL;
    EXPECT(db_begin(&tx) == 0);
    EXPECT(read_in_tx(tx) == DAIS_E_UNAVAILABLE);
    EXPECT(db_commit(tx) == DAIS_E_STATE);
    return prepare_in_tx(NULL);
}

/* What a transaction was asked to do is no conflict of its caller's. */
static void a_changed_column_in_a_transaction_is_told(void **state)
{
    site_run(0, prepare_in_tx, NULL);
    pg_ask(&site_pg, "ALTER TABLE t.items ALTER COLUMN name TYPE varchar(99)");
    site_run(0, meet_the_change, NULL);
    pg_ask(&site_pg, "ALTER TABLE t.items ALTER COLUMN name TYPE text");
    site_run(0, meet_the_change, NULL);
}

static const struct dais_migration first[] = {
    {1, 0, "create", "CREATE TABLE w.a (x int)"}, {2, 1, "less", "DELETE FROM w.a"}, {0}};
static const struct dais_migration more[] = {{1, 0, "create", "CREATE TABLE w.a (x int)"},
                                             {2, 1, "less", "DELETE FROM w.a"},
                                             {3, 0, "column", "ALTER TABLE w.a ADD COLUMN y int"},
                                             {0}};
static const struct dais_migration less[] = {{1, 0, "create", "CREATE TABLE w.a (x int)"},
                                             {2, 1, "less", "DELETE FROM w.a"},
                                             {3, 0, "column", "ALTER TABLE w.a ADD COLUMN y int"},
                                             {4, 1, "drop", "ALTER TABLE w.a DROP COLUMN x"},
                                             {0}};
static const struct dais_migration hole[] = {{1, 0, "a", "SELECT 1"}, {3, 0, "b", "SELECT 1"}, {0}};

struct migration_try {
    const struct dais_migration *table;
    int32_t code;
    char detail[256];
};

static int32_t migrate(void *arg)
{
    struct migration_try *attempt = arg;
    const char *detail = "";
    attempt->code = migrate_owner("w", attempt->table, &detail);
    snprintf(attempt->detail, sizeof attempt->detail, "%s", detail);
    EXPECT(migrate_state() == MIGRATE_DONE && db_available());
    return 0;
}

static struct migration_try try(const struct dais_migration *table)
{
    struct migration_try attempt = {.table = table};
    site_run(1, migrate, &attempt);
    return attempt;
}

static void a_plugin_is_migrated_while_the_server_serves(void **state)
{
    struct migration_try attempt = try(first);
    assert_string_equal(attempt.detail, "");
    assert_int_equal(attempt.code, 0);
    assert_int_equal(try(more).code, 0);
    assert_int_equal(try(more).code, 0);
    attempt = try(less);
    assert_int_equal(attempt.code, DAIS_E_STATE);
    assert_non_null(strstr(attempt.detail, "w: migration 4 (drop) takes something away"));
    attempt = try(first);
    assert_int_equal(attempt.code, DAIS_E_STATE);
    assert_non_null(strstr(attempt.detail, "has migration 3, this server knows up to 2"));
    attempt = try(hole);
    assert_int_equal(attempt.code, DAIS_E_INVALID);
    assert_string_equal(pg_ask(&site_pg, "SELECT count(*) FROM dais.migrations WHERE plugin = 'w'"),
                        "3");
    pg_ask(&site_pg, "DROP SCHEMA w CASCADE; DELETE FROM dais.migrations WHERE plugin = 'w'");
}

static int32_t hold_lock(void *arg)
{
    struct dais_tx *tx = NULL;
    struct migration_try *attempt = arg;
    EXPECT(db_begin(&tx) == 0);
    EXPECT(db_tx_query(tx, &site_statements[COUNT_LIKE], VALUES(TEXT("%")), 1, NULL) == 0);
    EXPECT(migrate(attempt) == 0);
    EXPECT(db_commit(tx) == 0);
    return 0;
}

/* Whoever waits for a table keeps all others from it. */
static void a_step_does_not_wait_for_locks_for_ever(void **state)
{
    static const struct dais_migration table[] = {
        {1, 0, "column", "ALTER TABLE t.items ADD COLUMN late int"}, {0}};
    struct migration_try attempt = {.table = table};
    site_run(0, hold_lock, &attempt);
    assert_int_equal(attempt.code, DAIS_E_STATE);
    assert_non_null(strstr(attempt.detail, "(55P03)"));
}

static int32_t ask_one(void *arg)
{
    EXPECT(site_do(PUT, VALUES(dais_int(1), TEXT("one"))) == 0);
    return 0;
}

/* The first of two servers has a name, and does not answer; nothing waits for a name server. */
static void a_host_may_have_a_name(void **state)
{
    char conninfo[512];
    const char *host = strstr(embedded_conninfo(site_pg.embedded), "host=");
    assert_non_null(host);
    host += strlen("host=");
    snprintf(conninfo, sizeof conninfo, "host=localhost,%.*s port=1,5432 user=dais dbname=postgres",
             (int)strcspn(host, " "), host);
    site_open_by(conninfo);
    site_run(0, ask_one, NULL);
    assert_int_equal(site_close(state), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(newer_code_finds_its_statements_prepared),
        SITE_TEST(tables_change_under_queries),
        SITE_TEST(a_changed_column_in_a_transaction_is_told),
        SITE_TEST(a_plugin_is_migrated_while_the_server_serves),
        SITE_TEST(a_step_does_not_wait_for_locks_for_ever),
        cmocka_unit_test(a_host_may_have_a_name),
    };
    return cmocka_run_group_tests(tests, site_make, site_remove);
}
