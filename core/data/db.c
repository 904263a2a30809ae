/* SPDX-License-Identifier: MIT */
#include "data/db.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/owner.h"
#include "data/database.h"
#include "data/metrics.h"
#include "data/rows.h"
#include "data/worker.h"
#include "loop/worker.h"

#include <stdatomic.h>
#include <stdio.h>

/* Of the process. Written before the workers start, but for the two counters. */
static struct {
    bool is_open;
    char *conninfo;
    uint32_t statement_timeout_ms;
    _Atomic uint32_t admitted;
    _Atomic uint32_t ready_workers;
} database;

const char *database_conninfo(void)
{
    return database.conninfo;
}

int32_t db_open(const struct db_options *options)
{
    if (database.is_open)
        return DAIS_E_STATE;
    if (options->conninfo) {
        PQconninfoOption *parsed = PQconninfoParse(options->conninfo, NULL);
        if (!parsed)
            return DAIS_E_INVALID;
        PQconninfoFree(parsed);
        database.conninfo = mem_strdup(options->conninfo);
        if (!database.conninfo)
            return DAIS_E_MEMORY;
    }
    database.statement_timeout_ms = options->statement_timeout_ms ? options->statement_timeout_ms
                                                                  : DB_STATEMENT_TIMEOUT_MS;
    database.is_open = true;
    data_metrics_register();
    return DAIS_OK;
}

void db_close(void)
{
    CHECK(atomic_load(&database.ready_workers) == 0);
    mem_free(database.conninfo);
    database.conninfo = NULL;
    database.is_open = false;
    atomic_store(&database.admitted, 0);
    statement_clear();
    migrate_forget();
}

void db_admit(uint32_t admitted)
{
    atomic_store(&database.admitted, admitted != 0);
}

int32_t db_statements(const char *owner, const struct dais_statement *table)
{
    return statement_register(owner, table);
}

int32_t db_statements_check(const char *owner, const struct dais_statement *table)
{
    return statement_check(owner, table);
}

void db_statements_drop(const struct dais_statement *table)
{
    statement_drop(table);
}

int32_t db_migrations(const char *owner, const struct dais_migration *table)
{
    return statement_register_schema(owner, table);
}

static void set_ready(struct data_worker *worker, bool ready)
{
    if (worker->ready == ready)
        return;
    worker->ready = ready;
    if (ready) {
        atomic_fetch_add(&database.ready_workers, 1);
        return;
    }
    atomic_fetch_sub(&database.ready_workers, 1);
    pool_refuse(&worker->pool);
}

static void on_changed(struct lane *lane)
{
    struct data_worker *worker = worker_slot_get(WORKER_SLOT_DATA);
    if (worker)
        set_ready(worker, lane_is_ready(&worker->read) && lane_is_ready(&worker->batch));
}

static void tick(void *arg)
{
    struct data_worker *worker = arg;
    lane_tick(&worker->read);
    lane_tick(&worker->batch);
    pool_tick(&worker->pool);
}

static void free_worker(struct data_worker *worker)
{
    worker_slot_set(WORKER_SLOT_DATA, NULL);
    set_ready(worker, false);
    pool_fini(&worker->pool);
    lane_fini(&worker->batch);
    lane_fini(&worker->read);
    mem_free(worker);
}

static int32_t make_lanes(struct data_worker *worker)
{
    int32_t code = lane_init(&worker->read, LANE_READ, &worker->options);
    if (code != DAIS_OK)
        return code;
    code = lane_init(&worker->batch, LANE_BATCH, &worker->options);
    if (code == DAIS_OK)
        code = pool_init(&worker->pool, &worker->options);
    if (code == DAIS_OK)
        code = worker_hook_add(WORKER_HOOK_END, tick, worker);
    return code;
}

int32_t db_worker_start(void)
{
    CHECK(database.is_open && !worker_slot_get(WORKER_SLOT_DATA));
    if (!database.conninfo)
        return DAIS_OK;
    struct data_worker *worker = mem_zalloc(1, sizeof *worker);
    if (!worker)
        return DAIS_E_MEMORY;
    list_init(&worker->pool.waiters);
    list_init(&worker->read.hopeful);
    list_init(&worker->batch.hopeful);
    snprintf(worker->name, sizeof worker->name, "dais/%u", worker_index());
    resolver_init(&worker->resolver, database.conninfo);
    worker->options = (struct conn_options){.conninfo = database.conninfo,
                                            .resolver = &worker->resolver,
                                            .application_name = worker->name,
                                            .statement_timeout_ms = database.statement_timeout_ms};
    int32_t code = make_lanes(worker);
    if (code != DAIS_OK) {
        free_worker(worker);
        return code;
    }
    worker_slot_set(WORKER_SLOT_DATA, worker);
    worker->read.changed = worker->batch.changed = on_changed;
    conn_open(&worker->read.conn);
    conn_open(&worker->batch.conn);
    return DAIS_OK;
}

void db_worker_stop(void)
{
    struct data_worker *worker = worker_slot_get(WORKER_SLOT_DATA);
    if (!worker)
        return;
    worker_hook_remove(WORKER_HOOK_END, tick, worker);
    free_worker(worker);
}

int32_t database_await(void)
{
    struct data_worker *worker = worker_slot_get(WORKER_SLOT_DATA);
    int32_t code = DAIS_OK;
    while (worker && !worker->ready && code == DAIS_OK) {
        code = lane_await(&worker->read, FIBER_FOREVER);
        if (code == DAIS_OK)
            code = lane_await(&worker->batch, FIBER_FOREVER);
    }
    return code;
}

uint32_t db_available(void)
{
    if (!atomic_load_explicit(&database.admitted, memory_order_relaxed))
        return 0;
    const struct data_worker *worker = worker_self() ? worker_slot_get(WORKER_SLOT_DATA) : NULL;
    return worker ? worker->ready : atomic_load(&database.ready_workers) > 0;
}

bool db_available_everywhere(void)
{
    return db_available() && atomic_load(&database.ready_workers) >= worker_count();
}

int32_t data_worker_enter(struct data_worker **ret_worker)
{
    if (!fiber_self())
        return DAIS_E_STATE;
    struct data_worker *worker = worker_slot_get(WORKER_SLOT_DATA);
    if (!worker || !worker->ready ||
        !atomic_load_explicit(&database.admitted, memory_order_relaxed))
        return DAIS_E_UNAVAILABLE;
    if (run_is_cancelled())
        return DAIS_E_CANCELLED;
    *ret_worker = worker;
    return DAIS_OK;
}

int32_t data_worker_run(const struct data_worker *worker, const struct dais_statement *row,
                        uint32_t count, struct run *ret_run)
{
    const struct statement *statement = row ? statement_find(row) : NULL;
    if (!statement || count != row->params)
        return DAIS_E_INVALID;
    uint32_t timeout_ms = row->timeout_ms ? row->timeout_ms : worker->options.statement_timeout_ms;
    *ret_run = (struct run){.statement = statement,
                            .timeout_ms = timeout_ms,
                            .until_ms = clock_tick_ms() + timeout_ms,
                            .started_us = clock_us()};
    return DAIS_OK;
}

void data_worker_count(const struct run *run, int32_t code)
{
    static const enum data_metric by_lane[] = {
        [DAIS_LANE_READ] = DATA_METRIC_READS,
        [DAIS_LANE_BATCH] = DATA_METRIC_BATCHES,
        [DAIS_LANE_POOL] = DATA_METRIC_POOLED,
    };
    if (!run->statement)
        return;
    data_metric_add(by_lane[run->statement->row->lane], 1);
    uint64_t took_us = clock_us() - run->started_us;
    data_metric_time(took_us);
    owner_account_query(took_us);
    if (code != DAIS_OK)
        data_metric_add(DATA_METRIC_ERRORS, 1);
}

static int32_t run_on_its_lane(struct data_worker *worker, const struct run *run,
                               PGresult **ret_result)
{
    switch (run->statement->row->lane) {
    case DAIS_LANE_READ:
        return run_shared(&worker->read, run, ret_result);
    case DAIS_LANE_BATCH:
        return run_shared(&worker->batch, run, ret_result);
    default:
        return run_pooled(&worker->pool, run, ret_result);
    }
}

int32_t db_query(const struct dais_statement *statement, const struct dais_param *params,
                 uint32_t count, struct dais_rows **ret_rows)
{
    struct data_worker *worker = NULL;
    struct run run;
    struct bind bind;
    PGresult *result = NULL;
    int32_t code = data_worker_enter(&worker);
    if (code == DAIS_OK)
        code = data_worker_run(worker, statement, count, &run);
    if (code == DAIS_OK)
        code = bind_init(&bind, params, count);
    if (code != DAIS_OK)
        return code;
    run.bind = &bind;
    code = run_on_its_lane(worker, &run, &result);
    bind_fini(&bind);
    if (code == DAIS_OK)
        code = run_judge(run.statement, result);
    data_worker_count(&run, code);
    if (code == DAIS_OK && ret_rows)
        return rows_new(result, ret_rows);
    PQclear(result);
    return code;
}
