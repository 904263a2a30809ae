/* SPDX-License-Identifier: MIT */
/* Transactions: a connection of the pool, lent to a fiber from begin to commit or rollback. */
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "data/db.h"
#include "data/rows.h"
#include "data/run.h"
#include "data/worker.h"

#include <stdio.h>
#include <string.h>

/* A COMMIT that is not answered for so long leaves the outcome open. */
#define COMMIT_TIMEOUT_MS 30000u

static bool is_own(const struct dais_tx *tx)
{
    return tx && tx->fiber != 0 && tx->fiber == fiber_handle();
}

/* Services and hooks of other plugins work in it; only who began it ends it. */
static bool may_end(const struct dais_tx *tx)
{
    return is_own(tx) && tx->plugin == owner_get().plugin && !tx->guard;
}

/* The connection that it began on is gone, and it with it. */
static bool is_lost(const struct dais_tx *tx)
{
    return tx->epoch != tx->slot->lane.epoch;
}

static void end(struct dais_tx *tx)
{
    list_remove(&tx->node);
    tx->fiber = 0;
    pool_give(tx->slot);
}

int32_t db_begin(struct dais_tx **ret_tx)
{
    struct data_worker *worker = NULL;
    int32_t code = data_worker_enter(&worker);
    if (code != DAIS_OK)
        return code;
    struct rows_scope *scope = rows_scope();
    if (!scope)
        return DAIS_E_MEMORY;
    struct pool_slot *slot = NULL;
    code = pool_take(&worker->pool, worker->options.statement_timeout_ms, &slot);
    if (code != DAIS_OK)
        return code;
    struct dais_tx *tx = &slot->tx;
    *tx = (struct dais_tx){.fiber = fiber_handle(),
                           .slot = slot,
                           .plugin = owner_get().plugin,
                           .epoch = slot->lane.epoch,
                           .timeout_ms = slot->lane.timeout_ms};
    list_push(&scope->transactions, &tx->node);
    *ret_tx = tx;
    return DAIS_OK;
}

static int32_t send_numbered(struct dais_tx *tx, const char *sql, uint32_t number)
{
    char text[64];
    snprintf(text, sizeof text, "%s%u", sql, number);
    return lane_send_text(&tx->slot->lane, text, NULL);
}

/* Sets the savepoints of the guards that have none yet, the outermost first. */
static int32_t mark(struct dais_tx *tx, struct db_guard *guard)
{
    int32_t code = guard->above ? mark(tx, guard->above) : DAIS_OK;
    if (code != DAIS_OK || guard->marked || !guard->undoable)
        return code;
    guard->timeout_ms = tx->timeout_ms;
    code = send_numbered(tx, "SAVEPOINT guard", guard->depth);
    guard->marked = code == DAIS_OK;
    return code;
}

/* BEGIN, savepoints and a time limit that changes go with the statement: no round trips. */
static int32_t open(struct dais_tx *tx, uint32_t timeout_ms)
{
    int32_t code = DAIS_OK;
    if (!tx->begun)
        code = lane_send_text(&tx->slot->lane, "BEGIN ISOLATION LEVEL READ COMMITTED", NULL);
    tx->begun = tx->begun || code == DAIS_OK;
    if (code == DAIS_OK && tx->guard)
        code = mark(tx, tx->guard);
    if (code != DAIS_OK || tx->timeout_ms == timeout_ms)
        return code;
    tx->timeout_ms = timeout_ms;
    return send_numbered(tx, "SET LOCAL statement_timeout = ", timeout_ms);
}

/* What is left to the statement by the guards that it runs in. */
static int32_t clamp(const struct dais_tx *tx, struct run *run)
{
    uint64_t now_ms = clock_tick_ms();
    for (const struct db_guard *guard = tx->guard; guard; guard = guard->above) {
        if (now_ms >= guard->until_ms)
            return DAIS_E_TIMEOUT;
        if (guard->until_ms - now_ms < run->timeout_ms)
            run->timeout_ms = (uint32_t)(guard->until_ms - now_ms);
    }
    return DAIS_OK;
}

static int32_t run_in(struct dais_tx *tx, const struct run *run, struct dais_rows **ret_rows)
{
    PGresult *result = NULL;
    int32_t code = open(tx, run->timeout_ms);
    if (code == DAIS_OK)
        code = run_exclusive(&tx->slot->lane, run, &result);
    if (code == DAIS_OK)
        code = run_judge(run->statement, result);
    if (code == DAIS_OK && ret_rows)
        return rows_new(result, ret_rows);
    PQclear(result);
    return code;
}

int32_t db_tx_query(struct dais_tx *tx, const struct dais_statement *statement,
                    const struct dais_param *params, uint32_t count, struct dais_rows **ret_rows)
{
    struct data_worker *worker = NULL;
    struct run run = {0};
    struct bind bind;
    if (!is_own(tx) || tx->failed)
        return DAIS_E_STATE;
    int32_t code = data_worker_enter(&worker);
    if (code == DAIS_OK && is_lost(tx))
        code = DAIS_E_UNAVAILABLE;
    if (code == DAIS_OK)
        code = data_worker_run(worker, statement, count, &run);
    if (code == DAIS_OK)
        code = clamp(tx, &run);
    if (code == DAIS_OK)
        code = bind_init(&bind, params, count);
    if (code == DAIS_OK) {
        run.bind = &bind;
        code = run_in(tx, &run, ret_rows);
        bind_fini(&bind);
    }
    data_worker_count(&run, code);
    tx->failed = code != DAIS_OK;
    return code;
}

/* What an answered COMMIT means. */
static int32_t judge_commit(const PGresult *result)
{
    static const struct dais_statement row = {.name = "commit"};
    static const struct statement commit = {.row = &row, .owner = ""};
    int32_t code = run_judge(&commit, result);
    if (code == DAIS_OK && strcmp(PQcmdStatus((PGresult *)result), "COMMIT") != 0)
        return DAIS_E_CONFLICT;
    return code;
}

static int32_t send_commit(struct lane *lane)
{
    struct lane_call call;
    int32_t code = lane_send_text(lane, "COMMIT", &call);
    if (code != DAIS_OK)
        return code;
    lane_tick(lane);
    fiber_mask();
    code = fiber_suspend(&call.wait, COMMIT_TIMEOUT_MS);
    fiber_unmask();
    if (code < 0) {
        lane_withdraw(lane, &call);
        conn_lose(&lane->conn);
    }
    if (code != LANE_ANSWERED) {
        LOG_WARN("commit without an answer", log_code(DAIS_E_UNAVAILABLE));
        return DAIS_E_UNAVAILABLE;
    }
    code = judge_commit(call.result);
    PQclear(call.result);
    return code;
}

int32_t db_commit(struct dais_tx *tx)
{
    if (!may_end(tx))
        return DAIS_E_STATE;
    if (tx->failed) {
        db_rollback(tx);
        return DAIS_E_STATE;
    }
    int32_t code = DAIS_OK;
    if (is_lost(tx))
        code = DAIS_E_UNAVAILABLE;
    else if (tx->begun)
        code = send_commit(&tx->slot->lane);
    end(tx);
    return code;
}

void db_rollback(struct dais_tx *tx)
{
    if (may_end(tx))
        tx_abandon(tx);
}

void tx_abandon(struct dais_tx *tx)
{
    /* Behind a statement that may still run; the connection is free when both are answered. */
    if (tx->begun && !is_lost(tx) && lane_send_text(&tx->slot->lane, "ROLLBACK", NULL) != DAIS_OK)
        CHECK(is_lost(tx));
    end(tx);
}

int32_t db_guard_begin(struct dais_tx *tx, struct db_guard *guard, uint32_t timeout_ms,
                       bool undoable)
{
    if (!is_own(tx) || tx->failed)
        return DAIS_E_STATE;
    *guard = (struct db_guard){.above = tx->guard,
                               .until_ms = clock_tick_ms() + timeout_ms,
                               .depth = tx->guard ? tx->guard->depth + 1 : 1,
                               .undoable = undoable};
    tx->guard = guard;
    return DAIS_OK;
}

/* Back to the savepoint; without one nothing was run. */
static int32_t undo(struct dais_tx *tx, const struct db_guard *guard)
{
    tx->failed = false;
    if (!guard->marked)
        return DAIS_OK;
    tx->timeout_ms = guard->timeout_ms;
    return send_numbered(tx, "ROLLBACK TO SAVEPOINT guard", guard->depth);
}

int32_t db_guard_end(struct dais_tx *tx, struct db_guard *guard, bool keep)
{
    CHECK(is_own(tx) && tx->guard == guard);
    tx->guard = guard->above;
    if (is_lost(tx))
        return DAIS_E_UNAVAILABLE;
    bool kept = keep && !tx->failed;
    int32_t code = DAIS_OK;
    if (!kept && guard->undoable)
        code = undo(tx, guard);
    else if (kept && guard->marked)
        code = send_numbered(tx, "RELEASE SAVEPOINT guard", guard->depth);
    tx->failed = tx->failed || code != DAIS_OK;
    return code == DAIS_OK && keep && !kept ? DAIS_E_STATE : code;
}
