/* SPDX-License-Identifier: MIT */
#include "data/run.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "data/metrics.h"
#include "data/sqlstate.h"

#include <stdio.h>

/* How long a statement that was lost with its connection waits for the next one. */
#define RECONNECT_WAIT_MS 250u
#define ATTEMPTS_MAX 4u

uint64_t run_left_ms(const struct run *run)
{
    uint64_t now = clock_tick_ms();
    return now < run->until_ms ? run->until_ms - now : 0;
}

bool run_is_cancelled(void)
{
    /* A wait without time does not suspend; it only tells. */
    struct fiber_wait wait;
    fiber_wait_init(&wait);
    return fiber_suspend(&wait, 0) == DAIS_E_CANCELLED;
}

/* A conflict or a refused value is an ordinary answer; the caller tells the client. */
static enum log_level level_of(int32_t code)
{
    if (code == DAIS_E_CONFLICT || code == DAIS_E_INVALID)
        return LOG_LEVEL_DEBUG;
    return code == DAIS_E_INTERNAL ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN;
}

static void report(const struct statement *statement, const char *state, const PGresult *result)
{
    /* Only errors in the text of the statement (class 42) have a message without values. */
    const char *text = state && state[0] == '4' && state[1] == '2'
                           ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)
                           : "";
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    LOG_AT(level_of(sqlstate_code(state)), "statement failed", log_text("owner", statement->owner),
           log_text("statement", statement->row->name), log_text("sqlstate", state ? state : ""),
           log_text("constraint", constraint), log_text("reason", text));
}

int32_t run_judge(const struct statement *statement, const PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        break;
    default:
        report(statement, PQresultErrorField(result, PG_DIAG_SQLSTATE), result);
        return sqlstate_code(PQresultErrorField(result, PG_DIAG_SQLSTATE));
    }
    if (PQresultMemorySize(result) <= (size_t)limit_get(LIMIT_DB_RESULT_BYTES))
        return DAIS_OK;
    LOG_ERROR("result too large", log_text("owner", statement->owner),
              log_text("statement", statement->row->name));
    return DAIS_E_LIMIT;
}

static bool is_repeatable(const struct lane *lane, const struct statement *statement, int32_t end)
{
    return end == LANE_UNSENT || lane->kind == LANE_READ ||
           (statement->row->flags & DAIS_STATEMENT_IDEMPOTENT) != 0;
}

/* One attempt: a LANE_… end or an error. */
static int32_t attempt(struct lane *lane, const struct run *run, bool alone, PGresult **ret_result)
{
    struct lane_call call;
    int32_t code = lane_send(lane, run->statement, run->bind, &call, alone);
    if (code != DAIS_OK)
        return code;
    code = fiber_suspend(&call.wait, run_left_ms(run));
    if (code < 0)
        lane_withdraw(lane, &call);
    else if (code == LANE_ANSWERED)
        *ret_result = call.result;
    return code;
}

int32_t run_shared(struct lane *lane, const struct run *run, PGresult **ret_result)
{
    bool alone = false, lost = false;
    for (uint32_t tries = 0; tries < ATTEMPTS_MAX; tries++) {
        int32_t end = attempt(lane, run, alone, ret_result);
        if (end <= 0)
            return end;
        data_metric_add(DATA_METRIC_RERUNS, 1);
        if (end == LANE_AGAIN) {
            alone = true;
            continue;
        }
        if (lost || !is_repeatable(lane, run->statement, end))
            return DAIS_E_UNAVAILABLE;
        lost = true;
        int32_t code = lane_await(lane, RECONNECT_WAIT_MS);
        if (code != DAIS_OK)
            return code;
    }
    return DAIS_E_UNAVAILABLE;
}

int32_t run_exclusive(struct lane *lane, const struct run *run, PGresult **ret_result)
{
    int32_t end = attempt(lane, run, true, ret_result);
    /* LANE_AGAIN: its plan was made before a migration. The transaction cannot go on, the next one
     * will. */
    return end <= 0 ? end : DAIS_E_UNAVAILABLE;
}

/* The session's time limit becomes the statement's, in the same round trip. */
static int32_t set_timeout(struct lane *lane, uint32_t timeout_ms)
{
    char sql[64];
    if (lane->timeout_ms == timeout_ms)
        return DAIS_OK;
    snprintf(sql, sizeof sql, "SET statement_timeout = %u", timeout_ms);
    int32_t code = lane_send_text(lane, sql, NULL);
    lane->timeout_ms = code == DAIS_OK ? timeout_ms : 0;
    return code;
}

static int32_t attempt_pooled(struct pool *pool, const struct run *run, PGresult **ret_result)
{
    struct pool_slot *slot = NULL;
    int32_t end = pool_take(pool, run_left_ms(run), &slot);
    if (end != DAIS_OK)
        return end;
    end = set_timeout(&slot->lane, run->timeout_ms);
    /* Committed on its own, so that an error of the statement does not undo it. */
    lane_tick(&slot->lane);
    if (end == DAIS_OK)
        end = attempt(&slot->lane, run, true, ret_result);
    pool_give(slot);
    return end;
}

int32_t run_pooled(struct pool *pool, const struct run *run, PGresult **ret_result)
{
    bool again = false;
    for (;;) {
        int32_t end = attempt_pooled(pool, run, ret_result);
        if (end <= 0)
            return end;
        bool repeatable = end != LANE_LOST ||
                          (run->statement->row->flags & DAIS_STATEMENT_IDEMPOTENT) != 0;
        if (again || !repeatable)
            return DAIS_E_UNAVAILABLE;
        data_metric_add(DATA_METRIC_RERUNS, 1);
        again = true;
    }
}
