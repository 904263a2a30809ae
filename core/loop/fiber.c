/* SPDX-License-Identifier: MIT */
#include "loop/fiber.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/sanitize.h"
#include "loop/fiber_state.h"

#if SANITIZE_THREAD
#include <sanitizer/tsan_interface.h>
#endif

void fibers_init(struct worker *worker)
{
    struct fiber_state *state = &worker->fibers;
    state->ready_end = &state->ready;
    list_init(&state->all);
    handle_table_init(&state->handles, (uint8_t)worker->index, (uint32_t)limit_get(LIMIT_FIBERS));
#if SANITIZE_THREAD
    state->tsan_context = __tsan_get_current_fiber();
#endif
}

void fibers_fini(struct worker *worker)
{
    CHECK(list_is_empty(&worker->fibers.all));
    fiber_stacks_fini(worker);
    handle_table_fini(&worker->fibers.handles);
}

struct fiber *fiber_self(void)
{
    struct worker *worker = worker_current;
    return worker ? worker->fibers.running : NULL;
}

static void make_ready(struct fiber *fiber)
{
    struct fiber_state *state = &fiber->worker->fibers;
    if (fiber->ready)
        return;
    fiber->ready = true;
    fiber->next = NULL;
    *state->ready_end = fiber;
    state->ready_end = &fiber->next;
    state->ready_count++;
}

static struct fiber *take_ready(struct fiber_state *state)
{
    struct fiber *fiber = state->ready;
    state->ready = fiber->next;
    if (!state->ready)
        state->ready_end = &state->ready;
    state->ready_count--;
    fiber->ready = false;
    return fiber;
}

static void set_count(struct fiber_state *state, uint32_t count)
{
    atomic_store_explicit(&state->count, count, memory_order_relaxed);
}

static void enter(struct fiber *fiber)
{
    struct fiber_state *state = &fiber->worker->fibers;
    fiber_switch_in(fiber);
    if (!fiber->ended)
        return;
    list_remove(&fiber->all);
    (void)handle_remove(&state->handles, fiber->handle);
    set_count(state, state->handles.count);
    fiber_stack_give(fiber);
}

void fibers_run_ready(struct worker *worker)
{
    struct fiber_state *state = &worker->fibers;
    for (uint32_t left = state->ready_count; left > 0; left--)
        enter(take_ready(state));
}

void fiber_main(struct fiber *fiber)
{
    fiber->fn(fiber->arg);
    arena_reset(&fiber->own_arena); /* an open transaction ends before its locks are given back */
    fiber_locks_release(fiber);
    timer_stop(&fiber->deadline);
    fiber->ended = true;
}

/* Ends a suspension from outside, with the code that fiber_suspend derives from the fiber's state.
 */
static void interrupt(struct fiber *fiber)
{
    if (fiber->waiting)
        make_ready(fiber);
}

static void cancel(struct fiber *fiber, int32_t reason)
{
    if (fiber->cancel_reason == DAIS_OK)
        fiber->cancel_reason = reason;
    if (fiber->masks == 0)
        interrupt(fiber);
}

static void on_timeout(struct timer *timer)
{
    struct fiber *fiber = CONTAINER_OF(timer, struct fiber, timeout);
    fiber->timed_out = true;
    interrupt(fiber);
}

static void on_deadline(struct timer *timer)
{
    cancel(CONTAINER_OF(timer, struct fiber, deadline), DAIS_E_TIMEOUT);
}

static void prepare(struct fiber *fiber, const struct fiber_spec *spec)
{
    fiber->masks = fiber->expired = 0;
    fiber->ready = fiber->ended = fiber->timed_out = fiber->unparked = false;
    fiber->cancel_reason = DAIS_OK;
    fiber->name = spec->name;
    fiber->fn = spec->fn;
    fiber->arg = spec->arg;
    fiber->owner = spec->owner;
    fiber->plugin = spec->owner.plugin;
    fiber->generation = spec->owner.generation;
    arena_init(&fiber->own_arena, (size_t)limit_get(LIMIT_ARENA_BYTES));
    fiber->arena = spec->arena ? spec->arena : &fiber->own_arena;
    for (uint32_t i = 0; i < FIBER_LOCAL_COUNT; i++)
        fiber->locals[i] = NULL;
    fiber->waiting = fiber->parked = NULL;
    timer_init(&fiber->timeout, on_timeout);
    timer_init(&fiber->deadline, on_deadline);
    list_init(&fiber->locks);
    if (spec->deadline_ms > 0)
        timer_start(&fiber->deadline, spec->deadline_ms);
}

static int32_t make(const struct fiber_spec *spec, struct fiber **ret_fiber)
{
    struct worker *worker = worker_current;
    if (!worker)
        return DAIS_E_STATE;
    if (worker->drained)
        return DAIS_E_UNAVAILABLE;
    struct fiber_state *state = &worker->fibers;
    struct fiber *fiber = fiber_stack_take(worker);
    if (!fiber)
        return DAIS_E_MEMORY;
    int32_t code = handle_add(&state->handles, fiber, &fiber->handle);
    if (code) {
        fiber_stack_give(fiber);
        return code;
    }
    prepare(fiber, spec);
    set_count(state, state->handles.count);
    list_push(&state->all, &fiber->all);
    owner_account_call(spec->owner.plugin);
    *ret_fiber = fiber;
    return DAIS_OK;
}

int32_t fiber_spawn(const struct fiber_spec *spec, dais_handle *ret_fiber)
{
    struct fiber *fiber;
    int32_t code = make(spec, &fiber);
    if (code)
        return code;
    if (ret_fiber)
        *ret_fiber = fiber->handle;
    make_ready(fiber);
    return DAIS_OK;
}

int32_t fiber_run(const struct fiber_spec *spec, dais_handle *ret_fiber)
{
    if (fiber_self())
        return fiber_spawn(spec, ret_fiber);
    struct fiber *fiber;
    int32_t code = make(spec, &fiber);
    if (code)
        return code;
    if (ret_fiber)
        *ret_fiber = fiber->handle;
    enter(fiber);
    return DAIS_OK;
}

dais_handle fiber_handle(void)
{
    struct fiber *fiber = fiber_self();
    return fiber ? fiber->handle : 0;
}

const char *fiber_name(void)
{
    struct fiber *fiber = fiber_self();
    return fiber && fiber->name ? fiber->name : "";
}

const char *fiber_overflow(const void *address)
{
    struct fiber *fiber = fiber_self();
    const uint8_t *at = address;
    if (!fiber || at < fiber->mapping || at >= (const uint8_t *)fiber->stack_bottom)
        return NULL;
    return fiber->name ? fiber->name : "";
}

struct dais_arena *fiber_arena(void)
{
    struct fiber *fiber = fiber_self();
    return fiber ? fiber->arena : NULL;
}

int32_t fiber_defer(void (*fn)(void *arg), void *arg)
{
    struct fiber *fiber = fiber_self();
    return fiber ? arena_defer(&fiber->own_arena, fn, arg) : DAIS_E_STATE;
}

void *fiber_local_get(enum fiber_local key)
{
    struct fiber *fiber = fiber_self();
    return fiber ? fiber->locals[key] : NULL;
}

void fiber_local_set(enum fiber_local key, void *value)
{
    struct fiber *fiber = fiber_self();
    CHECK(fiber && (uint32_t)key < FIBER_LOCAL_COUNT);
    fiber->locals[key] = value;
}

void fiber_wait_init(struct fiber_wait *wait)
{
    *wait = (struct fiber_wait){.fiber = fiber_self()};
}

static bool is_cancelled(const struct fiber *fiber)
{
    return (fiber->cancel_reason != DAIS_OK || fiber->expired > 0) && fiber->masks == 0;
}

int32_t fiber_suspend(struct fiber_wait *wait, uint64_t timeout_ms)
{
    struct fiber *fiber = fiber_self();
    if (!fiber || !wait->fiber)
        return DAIS_E_STATE;
    CHECK(wait->fiber == fiber && !fiber->waiting);
    if (wait->done)
        return wait->code;
    if (is_cancelled(fiber))
        return DAIS_E_CANCELLED;
    if (timeout_ms == 0)
        return DAIS_E_TIMEOUT;
    fiber->timed_out = false;
    fiber->waiting = wait;
    if (timeout_ms != FIBER_FOREVER)
        timer_start(&fiber->timeout, timeout_ms);
    fiber_switch_out(fiber);
    timer_stop(&fiber->timeout);
    fiber->waiting = NULL;
    if (wait->done)
        return wait->code;
    CHECK(fiber->timed_out || is_cancelled(fiber));
    return is_cancelled(fiber) ? DAIS_E_CANCELLED : DAIS_E_TIMEOUT;
}

void fiber_resume(struct fiber_wait *wait, int32_t code)
{
    if (wait->done || !wait->fiber)
        return;
    CHECK(wait->fiber->magic == FIBER_MAGIC && wait->fiber->worker == worker_current);
    wait->code = code;
    wait->done = true;
    if (wait->fiber->waiting == wait)
        make_ready(wait->fiber);
}

int32_t fiber_yield(void)
{
    struct fiber_wait wait;
    fiber_wait_init(&wait);
    if (!wait.fiber)
        return DAIS_E_STATE;
    if (is_cancelled(wait.fiber))
        return DAIS_E_CANCELLED;
    make_ready(wait.fiber);
    fiber_switch_out(wait.fiber);
    return is_cancelled(wait.fiber) ? DAIS_E_CANCELLED : DAIS_OK;
}

int32_t fiber_sleep(uint64_t ms)
{
    if (ms == 0)
        return fiber_yield();
    struct fiber_wait wait;
    fiber_wait_init(&wait);
    int32_t code = fiber_suspend(&wait, ms);
    return code == DAIS_E_TIMEOUT ? DAIS_OK : code;
}

int32_t fiber_park(uint64_t timeout_ms)
{
    struct fiber *fiber = fiber_self();
    if (!fiber)
        return DAIS_E_STATE;
    if (fiber->unparked) {
        fiber->unparked = false;
        return DAIS_OK;
    }
    struct fiber_wait wait;
    fiber_wait_init(&wait);
    fiber->parked = &wait;
    int32_t code = fiber_suspend(&wait, timeout_ms);
    fiber->parked = NULL;
    return code;
}

/* The fiber of a handle of this worker. */
static int32_t find(dais_handle handle, struct fiber **ret_fiber)
{
    struct worker *worker = worker_current;
    if (!worker || handle_tag(handle) != worker->index)
        return handle == 0 ? DAIS_E_GONE : DAIS_E_STATE;
    void *thing;
    int32_t code = handle_find(&worker->fibers.handles, handle, &thing);
    if (code)
        return code;
    *ret_fiber = CHECK_CAST(fiber, thing, FIBER_MAGIC);
    return DAIS_OK;
}

int32_t fiber_unpark(dais_handle handle)
{
    struct fiber *fiber;
    int32_t code = find(handle, &fiber);
    if (code)
        return code;
    if (fiber->parked && !fiber->parked->done)
        fiber_resume(fiber->parked, DAIS_OK);
    else
        fiber->unparked = true;
    return DAIS_OK;
}

int32_t fiber_cancel(dais_handle handle, int32_t reason)
{
    struct fiber *fiber;
    int32_t code = find(handle, &fiber);
    if (code)
        return code;
    cancel(fiber, reason);
    return DAIS_OK;
}

uint32_t fiber_count_owner(uint32_t plugin, uint32_t generation)
{
    struct worker *worker = worker_current;
    uint32_t count = 0;
    CHECK(worker);
    LIST_EACH (node, &worker->fibers.all) {
        const struct fiber *fiber = LIST_ITEM(node, struct fiber, all);
        count += fiber->plugin == plugin && fiber->generation == generation;
    }
    return count;
}

uint32_t fiber_cancel_owner(uint32_t plugin, int32_t reason)
{
    struct worker *worker = worker_current;
    uint32_t count = 0;
    CHECK(worker);
    LIST_EACH (node, &worker->fibers.all) {
        struct fiber *fiber = LIST_ITEM(node, struct fiber, all);
        if (fiber->owner.plugin != plugin)
            continue;
        cancel(fiber, reason);
        count++;
    }
    return count;
}

void fibers_cancel_all(struct worker *worker, int32_t reason)
{
    LIST_EACH (node, &worker->fibers.all)
        cancel(LIST_ITEM(node, struct fiber, all), reason);
}

int32_t fiber_cancel_reason(void)
{
    struct fiber *fiber = fiber_self();
    return fiber ? fiber->cancel_reason : DAIS_OK;
}

void fiber_mask(void)
{
    struct fiber *fiber = fiber_self();
    if (fiber)
        fiber->masks++;
}

void fiber_unmask(void)
{
    struct fiber *fiber = fiber_self();
    CHECK(!fiber || fiber->masks > 0);
    if (fiber)
        fiber->masks--;
}

void fiber_deadline_set(uint64_t ms)
{
    struct fiber *fiber = fiber_self();
    CHECK(fiber);
    if (ms > 0)
        timer_start(&fiber->deadline, ms);
    else
        timer_stop(&fiber->deadline);
}

static void on_limit(struct timer *timer)
{
    struct fiber_limit *limit = CONTAINER_OF(timer, struct fiber_limit, timer);
    limit->expired = true;
    limit->fiber->expired++;
    if (limit->fiber->masks == 0)
        interrupt(limit->fiber);
}

void fiber_limit_begin(struct fiber_limit *limit, uint64_t ms)
{
    *limit = (struct fiber_limit){.fiber = fiber_self()};
    timer_init(&limit->timer, on_limit);
    if (limit->fiber)
        timer_start(&limit->timer, ms);
}

bool fiber_limit_end(struct fiber_limit *limit)
{
    if (!limit->fiber)
        return false;
    CHECK(limit->fiber == fiber_self());
    timer_stop(&limit->timer);
    if (limit->expired)
        limit->fiber->expired--;
    return limit->expired;
}

uint32_t fiber_count(void)
{
    struct worker *worker = worker_current;
    return worker ? worker->fibers.handles.count : 0;
}
