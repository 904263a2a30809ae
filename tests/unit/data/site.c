/* SPDX-License-Identifier: MIT */
#include "site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/metrics.h"
#include "data/migrate.h"
#include "loop/fiber.h"
#include "loop/job.h"
#include "loop/worker.h"

struct pg site_pg;

const struct dais_statement site_statements[] = {
    [PUT] = {"put", "INSERT INTO t.items (id, name) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
             DAIS_LANE_BATCH, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [PUT_ONCE] = {"put_once", "INSERT INTO t.items (id, name) VALUES ($1, $2)", DAIS_LANE_BATCH, 2,
                  0, 0},
    [GET] = {"get", "SELECT name, n, blob FROM t.items WHERE id = $1", DAIS_LANE_READ, 1, 0, 0},
    [CAST_INT] = {"cast_int", "SELECT $1::text::integer", DAIS_LANE_READ, 1, 0, 0},
    [NAP_READ] = {"nap_read", "SELECT pg_sleep($1::text::float8)", DAIS_LANE_READ, 1, 0, 0},
    [NAP] = {"nap", "SELECT pg_sleep($1::text::float8)", DAIS_LANE_POOL, 1, 0, 0},
    [NAP_SHORT] = {"nap_short", "SELECT pg_sleep($1::text::float8)", DAIS_LANE_POOL, 1, 0, 100},
    [SET_BLOB] = {"set_blob", "UPDATE t.items SET blob = $2 WHERE id = $1", DAIS_LANE_POOL, 2, 0,
                  0},
    [ADD] = {"add", "UPDATE t.items SET n = n + $2 WHERE id = $1", DAIS_LANE_POOL, 2, 0, 0},
    [COUNT_LIKE] = {"count_like", "SELECT count(*) FROM t.items WHERE name LIKE $1", DAIS_LANE_READ,
                    1, 0, 0},
    [BACKEND] = {"backend", "SELECT pg_backend_pid()", DAIS_LANE_READ, 0, 0, 0},
    [PUT_SLOWLY] = {"put_slowly", "INSERT INTO t.items (id, name) SELECT $1, $2 FROM pg_sleep(2)",
                    DAIS_LANE_BATCH, 2, 0, 0},
    [MISSING] = {"missing", "SELECT 1 FROM t.nowhere", DAIS_LANE_READ, 0, 0, 0},
    [COMMITS] = {"commits", "SELECT count(DISTINCT xmin::text) FROM t.items WHERE name LIKE $1",
                 DAIS_LANE_READ, 1, 0, 0},
    [SETTINGS] = {"settings",
                  "SELECT current_setting('search_path'), current_setting('TimeZone'), "
                  "current_setting('application_name')",
                  DAIS_LANE_READ, 0, 0, 0},
    [SITE_STATEMENTS] = {0},
};

static const struct dais_migration migrations[] = {
    {1, 0, "items",
     "CREATE TABLE t.items (id bigint PRIMARY KEY, name text NOT NULL, blob bytea,"
     " n bigint NOT NULL DEFAULT 0 CHECK (n >= 0))"},
    {0},
};

int site_make(void **state)
{
    pg_make_dir(&site_pg);
    pg_start(&site_pg);
    return metrics_init(SITE_WORKERS);
}

int site_remove(void **state)
{
    pg_remove(&site_pg);
    return 0;
}

static int32_t start_worker(void *context, uint32_t worker)
{
    metrics_thread_row(worker);
    return db_worker_start();
}

static void stop_worker(void *context, uint32_t worker)
{
    db_worker_stop();
}

int32_t site_await(void)
{
    for (uint32_t tries = 0; tries < 4000; tries++) {
        if (db_available())
            return DAIS_OK;
        int32_t code = fiber_sleep(5);
        if (code != DAIS_OK)
            return code;
    }
    return DAIS_E_TIMEOUT;
}

static int32_t migrate(void *arg)
{
    int32_t code = migrate_run();
    return code == DAIS_OK ? site_await() : code;
}

static int32_t await(void *arg)
{
    return site_await();
}

int site_open(void **state)
{
    site_open_by(embedded_conninfo(site_pg.embedded));
    return 0;
}

void site_open_by(const char *conninfo)
{
    const struct worker_events events = {.start = start_worker, .stop = stop_worker};
    const struct db_options options = {.conninfo = conninfo};
    assert_int_equal(db_open(&options), 0);
    assert_int_equal(db_statements("t", site_statements), 0);
    assert_int_equal(db_migrations("t", migrations), 0);
    assert_int_equal(jobs_start(2, job_classes_default, job_classes_default_count, NULL), 0);
    assert_int_equal(workers_start(SITE_WORKERS, &events), 0);
    site_run(0, migrate, NULL);
    for (uint32_t i = 1; i < SITE_WORKERS; i++)
        site_run(i, await, NULL);
    pg_ask(&site_pg, "TRUNCATE t.items");
}

int site_close(void **state)
{
    assert_int_equal(workers_stop(2000), 0);
    jobs_stop();
    db_close();
    return 0;
}

void site_run(uint32_t index, int32_t (*fn)(void *arg), void *arg)
{
    int32_t code = worker_call(index, fn, arg);
    if (code < -1000)
        fail_msg("a fiber found something wrong in line %d", -1000 - code);
    assert_int_equal(code, 0);
}

struct crowd {
    struct fiber_wait wait;
    uint32_t left;
    int32_t code;
};

struct member {
    struct crowd *crowd;
    uint32_t number;
    int32_t (*fn)(uint32_t number);
};

static void be_member(void *arg)
{
    struct member *member = arg;
    struct crowd *crowd = member->crowd;
    int32_t code = member->fn(member->number);
    if (crowd->code == DAIS_OK)
        crowd->code = code;
    if (--crowd->left == 0)
        fiber_resume(&crowd->wait, DAIS_OK);
}

int32_t site_crowd(uint32_t count, int32_t (*fn)(uint32_t number))
{
    struct crowd crowd = {.left = count};
    fiber_wait_init(&crowd.wait);
    for (uint32_t i = 0; i < count; i++) {
        struct member *member = arena_alloc(fiber_arena(), sizeof *member);
        EXPECT(member);
        *member = (struct member){.crowd = &crowd, .number = i, .fn = fn};
        struct fiber_spec spec = {.name = "member", .fn = be_member, .arg = member};
        EXPECT(fiber_spawn(&spec, NULL) == DAIS_OK);
    }
    int32_t code = fiber_suspend(&crowd.wait, FIBER_FOREVER);
    return code == DAIS_OK ? crowd.code : code;
}

int32_t site_do(uint32_t statement, const struct dais_param *params)
{
    const struct dais_statement *row = &site_statements[statement];
    return db_query(row, params, row->params, NULL);
}

int64_t site_number(uint32_t statement, const struct dais_param *params)
{
    struct dais_rows *rows = NULL;
    const struct dais_statement *row = &site_statements[statement];
    if (db_query(row, params, row->params, &rows) != DAIS_OK)
        return -1;
    int64_t number = db_cell_int(rows, 0, 0);
    db_rows_free(rows);
    return number;
}
