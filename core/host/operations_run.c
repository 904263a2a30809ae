/* SPDX-License-Identifier: MIT */
/*
 * An operation under way: its hooks are called one after another on the fiber of its owner, each
 * marked as its plugin, with a time limit and a part of the transaction of its own. What a hook
 * works on is a copy; it counts when the hook succeeded and kept to the rules. A veto is the hook's
 * right; everything else that is not success is a failure, which the hook's policy decides about.
 */
#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "data/db.h"
#include "host/delivery.h"
#include "host/marks.h"
#include "host/operations.h"
#include "host/state.h"
#include "loop/fiber.h"
#include "net/http.h"
#include "realtime/call.h"

#include <stdio.h>
#include <string.h>

#define DETAIL_BYTES_MAX 512u

/** One call of a hook. */
struct call {
    struct dais_hook_event event; /* what the hook gets */
    const struct operation_hook *hook;
    struct call *above;
    void *inner; /* the hook's struct */
    void *draft; /* the value as the hook has left it; NULL: as it was */
    int32_t code;
    uint8_t expired;
    uint8_t vetoed;
    struct dais_refusal refusal;
};

/** What a fiber knows of its operations. In its arena from the first one with hooks on. */
struct scope {
    uint32_t depth;
    struct call *call; /* the innermost one */
    struct dais_refusal refusal;
    uint64_t pending[DELIVERY_WORDS]; /* subscribers whose rows wait for the commit */
};

/** One phase of one operation. */
struct run {
    struct scope *scope;
    struct operations *table;
    const struct operation *operation;
    struct dais_tx *tx;
    void *value;
};

enum { METRIC_CALLS, METRIC_VETOES, METRIC_FAILURES, METRIC_TIMEOUTS };

static const struct metrics_row metric_rows[] = {
    {"dais_hook_calls_total", METRICS_COUNTER, "hooks called inside operations"},
    {"dais_hook_vetoes_total", METRICS_COUNTER, "operations that a hook refused"},
    {"dais_hook_failures_total", METRICS_COUNTER, "hooks that failed, time limits included"},
    {"dais_hook_timeouts_total", METRICS_COUNTER, "hooks that ran into their time limit"},
};

static uint32_t first_metric;

int32_t operations_init(void)
{
    return metrics_register(metric_rows, sizeof metric_rows / sizeof metric_rows[0], &first_metric);
}

static struct scope *scope_here(void)
{
    struct scope *scope = fiber_local_get(FIBER_LOCAL_HOST);
    if (scope || !fiber_self())
        return scope;
    scope = arena_alloc(fiber_arena(), sizeof *scope);
    if (scope)
        fiber_local_set(FIBER_LOCAL_HOST, scope);
    return scope;
}

void operations_refusal(struct dais_refusal *ret_refusal)
{
    const struct scope *scope = fiber_local_get(FIBER_LOCAL_HOST);
    *ret_refusal = scope ? scope->refusal : (struct dais_refusal){.error = DAIS_OK};
}

/** What the answer says when the handler returns `error`: that of a request or of an event. */
static void explain(int32_t error, const char *field, const char *detail)
{
    http_explain(error, field, detail);
    call_explain(error, field, detail);
}

/** Keeps why the operation is refused, for the answer of the handler and for who asks. */
static int32_t refuse(const struct run *run, const struct plugin *plugin, int32_t error,
                      const char *field, const char *detail)
{
    struct dais_arena *arena = fiber_arena();
    struct dais_refusal *refusal = &run->scope->refusal;
    *refusal = (struct dais_refusal){.error = error, .plugin = dais_cstr(plugin->id)};
    refusal->field = arena_dup(arena, dais_cstr(field));
    refusal->detail = arena_dup(arena, dais_cstr(detail));
    explain(error, field, detail);
    return error;
}

static void forget_refusal(struct scope *scope)
{
    scope->refusal = (struct dais_refusal){.error = DAIS_OK};
    explain(DAIS_OK, NULL, NULL);
}

/** A veto may be answered with these; everything else would blame the server. */
static bool is_veto(int32_t error)
{
    switch (error) {
    case DAIS_E_INVALID:
    case DAIS_E_DENIED:
    case DAIS_E_NOT_FOUND:
    case DAIS_E_CONFLICT:
    case DAIS_E_TOO_LARGE:
    case DAIS_E_MISMATCH:
    case DAIS_E_LIMIT:
    case DAIS_E_UNAVAILABLE:
    case DAIS_E_GONE:
        return true;
    default:
        return false;
    }
}

int32_t operations_veto(const struct dais_hook_event *event, int32_t error, const char *field,
                        const char *detail)
{
    struct scope *scope = fiber_local_get(FIBER_LOCAL_HOST);
    struct call *call = scope ? scope->call : NULL;
    if (!call || &call->event != event || event->when != DAIS_HOOK_BEFORE || !is_veto(error)) {
        host_misuse("hooks.veto");
        return DAIS_E_STATE;
    }
    struct dais_arena *arena = fiber_arena();
    call->vetoed = 1;
    call->refusal = (struct dais_refusal){.error = error};
    call->refusal.field = arena_dup(arena, dais_cstr(field));
    call->refusal.detail = arena_dup(arena, dais_cstr(detail ? detail : error_title(error)));
    return error;
}

static int32_t veto(const struct run *run, const struct call *call)
{
    const struct dais_refusal *refusal = &call->refusal;
    metrics_add(first_metric + METRIC_VETOES, 1);
    LOG_DEBUG("operation refused", log_text("operation", run->operation->row->name),
              log_text("by", call->hook->plugin->id), log_text("hook", call->hook->row->name));
    return refuse(run, call->hook->plugin, refusal->error, refusal->field.ptr, refusal->detail.ptr);
}

/** Nobody can be asked: the plugin is left out, or has not started yet. */
static int32_t judge_absence(const struct run *run, const struct operation_hook *hook)
{
    char detail[DETAIL_BYTES_MAX];
    if (hook->row->policy != DAIS_FAIL_CLOSED)
        return DAIS_OK;
    const char *reason = plugin_reason(hook->plugin);
    snprintf(detail, sizeof detail, "%s needs the plugin %s: %s", run->operation->row->name,
             hook->plugin->id, *reason ? reason : "it does not run");
    return refuse(run, hook->plugin, DAIS_E_UNAVAILABLE, NULL, detail);
}

/** The hook failed with `error`; `why` is for the operator. */
static int32_t judge_failure(const struct run *run, const struct call *call, int32_t error,
                             const char *why)
{
    char detail[DETAIL_BYTES_MAX];
    const struct operation_hook *hook = call->hook;
    metrics_add(first_metric + METRIC_FAILURES, 1);
    if (call->expired)
        metrics_add(first_metric + METRIC_TIMEOUTS, 1);
    owner_account_error(hook->plugin->owner);
    LOG_WARN("hook failed", log_text("id", hook->plugin->id), log_text("hook", hook->row->name),
             log_text("operation", run->operation->row->name), log_text("reason", why),
             log_text("policy", hook->row->policy == DAIS_FAIL_CLOSED ? "closed" : "open"));
    if (hook->row->policy != DAIS_FAIL_CLOSED) {
        forget_refusal(run->scope); /* of an operation inside of the hook */
        return DAIS_OK;
    }
    snprintf(detail, sizeof detail, "the plugin %s failed at %s", hook->plugin->id,
             run->operation->row->name);
    return refuse(run, hook->plugin, error, NULL, detail);
}

static void call_hook(struct call *call)
{
    struct fiber_limit limit;
    const struct operation_hook *hook = call->hook;
    struct mark mark = mark_enter(hook->generation);
    struct owner owner = owner_get();
    owner.callback = owner_callback(hook->row->name);
    owner_set(&owner);
    uint64_t until_ms = clock_ms() + hook->timeout_ms;
    fiber_limit_begin(&limit, hook->timeout_ms);
    call->code = hook->row->run(&call->event, call->inner);
    call->expired = fiber_limit_end(&limit) || (call->code && clock_ms() >= until_ms);
    mark_leave(&mark);
}

/** What the hook made of the value, as a draft that counts when the hook has succeeded. */
static int32_t draft_value(const struct run *run, struct call *call, struct shape_error *broken)
{
    uint32_t bytes = run->operation->row->value->struct_bytes;
    if (call->code || call->vetoed || call->event.when != DAIS_HOOK_BEFORE)
        return call->code;
    call->draft = arena_alloc(fiber_arena(), bytes);
    if (!call->draft)
        return DAIS_E_MEMORY;
    memcpy(call->draft, run->value, bytes);
    return value_leave(&call->hook->map, call->inner, fiber_arena(), call->draft, broken);
}

/** Calls the hook inside a part of the transaction; DAIS_OK or why nothing more can be done. */
static int32_t call_guarded(const struct run *run, struct call *call, struct shape_error *broken)
{
    struct db_guard guard;
    bool undoable = call->hook->row->policy == DAIS_FAIL_OPEN;
    struct dais_tx *tx = call->event.tx;
    int32_t error = tx ? db_guard_begin(tx, &guard, call->hook->timeout_ms, undoable) : DAIS_OK;
    if (error)
        return error;
    call->above = run->scope->call;
    run->scope->call = call;
    call_hook(call);
    run->scope->call = call->above;
    call->code = draft_value(run, call, broken);
    if (!tx)
        return DAIS_OK;
    error = db_guard_end(tx, &guard, call->code == DAIS_OK && !call->vetoed);
    if (error != DAIS_E_STATE)
        return error;
    call->code = DAIS_E_STATE; /* it hid that a statement had failed */
    return DAIS_OK;
}

static int32_t judge(const struct run *run, const struct call *call,
                     const struct shape_error *broken)
{
    char why[SHAPE_FIELD_BYTES_MAX + SHAPE_DETAIL_BYTES_MAX];
    if (call->vetoed)
        return veto(run, call);
    if (call->code == DAIS_OK) {
        if (call->draft)
            memcpy(run->value, call->draft, run->operation->row->value->struct_bytes);
        return DAIS_OK;
    }
    int32_t reason = fiber_cancel_reason();
    if (reason != DAIS_OK && !call->expired)
        return DAIS_E_CANCELLED; /* not the hook's fault */
    if (*broken->detail) {
        snprintf(why, sizeof why, "what it made of %s %s", broken->field, broken->detail);
        return judge_failure(run, call, DAIS_E_INTERNAL, why);
    }
    return judge_failure(run, call, DAIS_E_UNAVAILABLE,
                         call->expired ? "time limit" : error_name(call->code));
}

static int32_t run_hook(const struct run *run, const struct operation_hook *hook)
{
    struct shape_error broken = {.detail = ""};
    const struct dais_operation *row = run->operation->row;
    bool without_tx = (hook->row->flags & DAIS_HOOK_WITHOUT_TX) != 0;
    if (!hook->generation ||
        atomic_load_explicit(&hook->plugin->state, memory_order_relaxed) != PLUGIN_STARTED)
        return judge_absence(run, hook);
    if (!without_tx && !run->tx)
        return DAIS_OK; /* attached after the operation had begun without a transaction */
    struct call call = {.hook = hook};
    call.event = (struct dais_hook_event){.operation = dais_cstr(row->name),
                                          .key = value_text(row->value, row->key, run->value),
                                          .tx = without_tx ? NULL : run->tx,
                                          .arena = fiber_arena(),
                                          .when = hook->row->when};
    int32_t error = value_enter(&hook->map, run->value, fiber_arena(), &call.inner);
    if (!error)
        error = call_guarded(run, &call, &broken);
    metrics_add(first_metric + METRIC_CALLS, 1);
    return error ? error : judge(run, &call, &broken);
}

/** Readies a run; without hooks its `operation` is NULL. */
static int32_t begin(struct run *run, const struct dais_operation *row, const char *function)
{
    *run = (struct run){.table = operations_now()};
    const struct operation *operation = operations_find(run->table, row);
    if (!operation || !fiber_self()) {
        host_misuse(function);
        return DAIS_E_STATE;
    }
    if (!operation->attached)
        return DAIS_OK;
    run->scope = scope_here();
    if (!run->scope)
        return DAIS_E_MEMORY;
    forget_refusal(run->scope);
    if (run->scope->depth >= DAIS_OPERATION_DEPTH_MAX)
        return DAIS_E_LIMIT;
    run->scope->depth++;
    operations_hold(run->table, operation);
    run->operation = operation;
    return DAIS_OK;
}

static void end(const struct run *run)
{
    run->scope->depth--;
    operations_release(run->table, run->operation);
}

int32_t operations_before(const struct dais_operation *row, struct dais_tx *tx, void *value)
{
    struct run run;
    int32_t error = begin(&run, row, "hooks.before");
    if (error || !run.operation)
        return error;
    run.tx = tx;
    run.value = value;
    if (!tx && (run.operation->attached & DAIS_ATTACHED_TX)) {
        host_misuse("hooks.before");
        error = DAIS_E_STATE;
    }
    for (uint32_t i = 0; !error && i < run.operation->before_count; i++)
        error = run_hook(&run, &run.operation->hooks[i]);
    end(&run);
    return error;
}

int32_t operations_after(const struct dais_operation *row, struct dais_tx *tx, const void *value)
{
    struct run run;
    int32_t error = begin(&run, row, "hooks.after");
    if (error || !run.operation)
        return error;
    const struct operation_hook *hooks = run.operation->hooks + run.operation->before_count;
    run.tx = tx;
    run.value = (void *)(uintptr_t)value;
    for (uint32_t i = 0; !error && i < run.operation->after_count; i++)
        error = run_hook(&run, &hooks[i]);
    if (!error && tx && run.operation->committed_count > 0)
        error = delivery_write(run.operation, tx, value, run.scope->pending);
    end(&run);
    return error;
}

void operations_committed(void)
{
    struct scope *scope = fiber_local_get(FIBER_LOCAL_HOST);
    if (scope)
        delivery_wake(scope->pending);
}
