/* SPDX-License-Identifier: MIT */
#include "host/delivery_turn.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "data/db.h"
#include "data/outbox.h"
#include "host/marks.h"
#include "host/operations.h"
#include "loop/fiber.h"

#include <stdio.h>

/** A row that failed is due again after this, doubled with each further attempt. */
#define RETRY_FIRST_MS 100u
/** A turn ends behind the row at which it has lasted so long: it holds a connection. */
#define TURN_MS 1000u
/** Room for the numbers of a turn's rows as an SQL array. */
#define IDS_BYTES (OUTBOX_TAKE_MAX * 21u + 3u)
#define REASON_BYTES_MAX (VALUE_PROBLEM_BYTES_MAX + 64u)

enum { METRIC_TOLD, METRIC_FAILURES, METRIC_DEAD };

static const struct metrics_row metric_rows[] = {
    {"dais_outbox_told_total", METRICS_COUNTER, "operations that after_commit hooks have heard of"},
    {"dais_outbox_failures_total", METRICS_COUNTER,
     "after_commit hooks that failed, to be retried"},
    {"dais_outbox_dead_total", METRICS_COUNTER,
     "operations that an after_commit hook failed at for the last time"},
};

static uint32_t first_metric;

int32_t delivery_turn_init(void)
{
    return metrics_register(metric_rows, sizeof metric_rows / sizeof metric_rows[0], &first_metric);
}

/** What a turn works with. */
struct work {
    struct subscriber *subscriber;
    const struct dais_hook *row;
    struct generation *generation;
    struct dais_tx *tx;
    struct outbox_row rows[OUTBOX_TAKE_MAX];
    uint8_t failed[OUTBOX_TAKE_MAX]; /* in this turn: rows of the same key wait */
    uint32_t count;
    struct strbuf ids; /* of what was told, as an SQL array */
    struct turn *turn;
    char reason[REASON_BYTES_MAX]; /* why the last row failed */
};

static uint64_t delay_of(uint32_t attempts)
{
    uint64_t max_ms = (uint64_t)limit_get(LIMIT_OUTBOX_RETRY_MS);
    uint64_t delay_ms = RETRY_FIRST_MS << (attempts < 24 ? attempts : 24);
    delay_ms = delay_ms < max_ms ? delay_ms : max_ms;
    return delay_ms - delay_ms / 8 + random_below(delay_ms / 4 + 1);
}

/** Whether an earlier row of the same key has failed in this turn. */
static bool must_wait(const struct work *work, uint32_t index)
{
    struct dais_str key = work->rows[index].key;
    for (uint32_t i = 0; key.ptr && i < index; i++)
        if (work->failed[i] && work->rows[i].key.ptr && dais_str_eq(work->rows[i].key, key))
            return true;
    return false;
}

static int32_t call_hook(struct work *work, const struct outbox_row *row, void *inner)
{
    struct fiber_limit limit;
    const struct dais_hook_event event = {.operation = row->operation,
                                          .key = row->key,
                                          .tx = work->tx,
                                          .arena = fiber_arena(),
                                          .delivery = (uint64_t)row->id,
                                          .attempt = row->attempts + 1,
                                          .when = DAIS_HOOK_AFTER_COMMIT};
    uint32_t timeout_ms = work->row->timeout_ms ? work->row->timeout_ms : DAIS_HOOK_TIMEOUT_MS;
    struct mark mark = mark_enter(work->generation);
    struct owner owner = owner_get();
    owner.callback = owner_callback(work->row->name);
    owner_set(&owner);
    fiber_limit_begin(&limit, timeout_ms);
    int32_t code = work->row->run(&event, inner);
    bool expired = fiber_limit_end(&limit);
    mark_leave(&mark);
    if (code)
        snprintf(work->reason, sizeof work->reason, "%s",
                 expired ? "time limit" : error_name(code));
    return code;
}

/** Hands over one row. DAIS_E_INVALID: it can never be read. */
static int32_t tell(struct work *work, const struct outbox_row *row, int32_t *ret_code)
{
    struct db_guard guard;
    void *inner = NULL;
    uint32_t timeout_ms = work->row->timeout_ms ? work->row->timeout_ms : DAIS_HOOK_TIMEOUT_MS;
    *ret_code = work->row->value
                    ? value_read(work->row->value, row->value, fiber_arena(), &inner, work->reason)
                    : DAIS_OK;
    if (*ret_code)
        return DAIS_OK;
    int32_t error = db_guard_begin(work->tx, &guard, timeout_ms, true);
    if (error)
        return error;
    int32_t code = call_hook(work, row, inner);
    error = db_guard_end(work->tx, &guard, code == DAIS_OK);
    if (error == DAIS_E_STATE) {
        snprintf(work->reason, sizeof work->reason, "a statement failed");
        code = error;
        error = DAIS_OK;
    }
    *ret_code = code == DAIS_E_INVALID ? DAIS_E_INTERNAL : code;
    return error;
}

static int32_t bury(struct work *work, const struct outbox_row *row)
{
    metrics_add(first_metric + METRIC_DEAD, 1);
    LOG_ERROR("delivery given up", log_text("subscriber", work->subscriber->name),
              log_str("operation", row->operation), log_int("delivery", row->id),
              log_uint("attempts", row->attempts + 1), log_text("reason", work->reason));
    return outbox_bury(work->tx, row->id, dais_cstr(work->reason));
}

static int32_t fail(struct work *work, uint32_t index, int32_t code)
{
    const struct outbox_row *row = &work->rows[index];
    work->turn->failed++;
    metrics_add(first_metric + METRIC_FAILURES, 1);
    owner_account_error(work->subscriber->plugin->owner);
    if (code == DAIS_E_INVALID || row->attempts + 1 >= (uint32_t)limit_get(LIMIT_OUTBOX_ATTEMPTS))
        return bury(work, row);
    uint64_t delay_ms = delay_of(row->attempts);
    work->failed[index] = 1;
    if (work->turn->retry_ms == 0 || delay_ms < work->turn->retry_ms)
        work->turn->retry_ms = delay_ms;
    LOG_WARN("delivery failed", log_text("subscriber", work->subscriber->name),
             log_str("operation", row->operation), log_int("delivery", row->id),
             log_uint("attempt", row->attempts + 1), log_text("reason", work->reason));
    return outbox_retry(work->tx, row->id, delay_ms);
}

static int32_t tell_one(struct work *work, uint32_t index)
{
    const struct outbox_row *row = &work->rows[index];
    int32_t code = DAIS_OK;
    if (must_wait(work, index))
        return DAIS_OK;
    int32_t error = tell(work, row, &code);
    if (error)
        return error;
    if (fiber_cancel_reason() != DAIS_OK)
        return DAIS_E_CANCELLED;
    if (code)
        return fail(work, index, code);
    strbuf_addf(&work->ids, "%s%lld", work->turn->told ? "," : "{", (long long)row->id);
    work->turn->told++;
    return DAIS_OK;
}

static int32_t tell_all(struct work *work, const bool *stop)
{
    uint64_t until_ms = clock_ms() + TURN_MS;
    uint32_t index = 0;
    for (; index < work->count && !*stop && clock_ms() < until_ms; index++) {
        int32_t error = tell_one(work, index);
        if (error)
            return error;
    }
    work->turn->more = work->count == OUTBOX_TAKE_MAX || index < work->count;
    if (work->turn->told == 0)
        return DAIS_OK;
    strbuf_addz(&work->ids, "}");
    int32_t error = strbuf_error(&work->ids);
    return error ? error : outbox_done(work->tx, strbuf_view(&work->ids));
}

static int32_t claim(struct work *work)
{
    struct dais_str name = dais_cstr(work->subscriber->name);
    int32_t error = outbox_claim(work->tx, name);
    return error ? error : outbox_take(work->tx, name, work->rows, &work->count);
}

static int32_t work_in_tx(struct work *work, const bool *stop)
{
    int32_t error = db_begin(&work->tx);
    if (error)
        return error;
    error = claim(work);
    if (!error && work->count > 0)
        error = tell_all(work, stop);
    if (error || work->turn->told + work->turn->failed == 0) {
        db_rollback(work->tx);
        return error;
    }
    error = db_commit(work->tx);
    if (!error)
        operations_committed();
    return error;
}

int32_t delivery_turn(struct subscriber *subscriber, const bool *stop, struct turn *ret_turn)
{
    struct work *work = arena_alloc(fiber_arena(), sizeof *work);
    *ret_turn = (struct turn){.told = 0};
    if (!work)
        return DAIS_E_MEMORY;
    work->subscriber = subscriber;
    work->row = subscriber->row;
    work->generation = subscriber->generation;
    work->turn = ret_turn;
    strbuf_init_in(&work->ids, fiber_arena(), IDS_BYTES);
    _Atomic uint32_t *calls = generation_calls_here(work->generation);
    atomic_fetch_add_explicit(calls, 1, memory_order_relaxed);
    int32_t error = work_in_tx(work, stop);
    atomic_fetch_sub_explicit(calls, 1, memory_order_release);
    if (!error)
        metrics_add(first_metric + METRIC_TOLD, ret_turn->told);
    return error;
}
