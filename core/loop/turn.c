/* SPDX-License-Identifier: MIT */
/*
 * The turn of a worker's loop. libuv runs: timers → prepare → wait → events → check. Mail and ready
 * fibers are served in check, close behind the events that made them, and once more in prepare,
 * behind the timers; so the end hooks see everything the turn did and nothing ready is left over
 * the wait.
 */
#include "base/clock.h"
#include "base/owner.h"
#include "loop/worker_state.h"

#include <unistd.h>

/* Mail and fibers may make each other ready for ever; events must get their turn all the same. */
#define ROUNDS_MAX 8

static bool has_work(const struct worker *worker)
{
    return worker->fibers.ready_count > 0 || mail_is_waiting(worker);
}

static void serve(struct worker *worker)
{
    for (int round = 0; round < ROUNDS_MAX && has_work(worker); round++) {
        mail_deliver(worker);
        fibers_run_ready(worker);
    }
}

static void run_hooks(struct worker_hooks *hooks)
{
    for (uint32_t i = 0; i < hooks->count; i++) {
        if (hooks->rows[i].fn) /* else it was removed */
            hooks->rows[i].fn(hooks->rows[i].arg);
    }
}

static void on_timer(uv_timer_t *handle)
{
    struct worker *worker = handle->data;
    worker->timers.armed_ms = UINT64_MAX;
    clock_tick_expire(); /* taken before the time that made uv call this */
    timers_run(worker);
}

static void arm_timer(struct worker *worker)
{
    uint64_t next_ms = timers_next_ms(worker);
    if (next_ms >= worker->timers.armed_ms)
        return; /* one that fires too early costs less than arming anew each turn */
    uv_update_time(&worker->uv);
    uint64_t now_ms = clock_ms();
    worker->timers.armed_ms = next_ms;
    (void)uv_timer_start(&worker->timer, on_timer, next_ms > now_ms ? next_ms - now_ms : 0, 0);
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle; /* that it is active makes the wait return at once */
}

/* Decides whether the loop may wait. `asleep` is set before the last look at the mail: a message
 * that comes after that look finds it set and wakes the loop. */
static void fall_asleep(struct worker *worker)
{
    atomic_store(&worker->mail.asleep, true);
    bool awake = worker->spin || has_work(worker);
    worker->spin = false;
    if (awake) {
        atomic_store(&worker->mail.asleep, false);
        (void)uv_idle_start(&worker->idle, on_idle);
    } else {
        (void)uv_idle_stop(&worker->idle);
    }
}

static void on_prepare(uv_prepare_t *handle)
{
    struct worker *worker = handle->data;
    serve(worker);
    run_hooks(&worker->hooks[WORKER_HOOK_END]);
    if (has_work(worker)) {
        serve(worker);
        run_hooks(&worker->hooks[WORKER_HOOK_END]);
    }
    if (!worker_phase_check(worker))
        return;
    arm_timer(worker);
    fall_asleep(worker);
    clock_tick_expire();
    owner_asleep();
}

static void on_check(uv_check_t *handle)
{
    struct worker *worker = handle->data;
    atomic_store_explicit(&worker->mail.asleep, false, memory_order_relaxed);
    clock_tick_expire();
    owner_awake();
    run_hooks(&worker->hooks[WORKER_HOOK_BEGIN]);
    serve(worker);
}

static void on_wake(uv_poll_t *handle, int status, int events)
{
    struct worker *worker = handle->data;
    (void)status;
    (void)events;
    uint64_t count;
    ssize_t len = read(worker->wake_fd, &count, sizeof count);
    (void)len; /* the mail itself is served in check */
}

int32_t turn_init(struct worker *worker)
{
    if (uv_loop_init(&worker->uv))
        return DAIS_E_LIMIT;
    worker->prepare.data = worker->check.data = worker->idle.data = worker;
    worker->wake.data = worker->timer.data = worker;
    int failed = uv_prepare_init(&worker->uv, &worker->prepare) |
                 uv_check_init(&worker->uv, &worker->check) |
                 uv_idle_init(&worker->uv, &worker->idle) |
                 uv_timer_init(&worker->uv, &worker->timer) |
                 uv_poll_init(&worker->uv, &worker->wake, worker->wake_fd) |
                 uv_prepare_start(&worker->prepare, on_prepare) |
                 uv_check_start(&worker->check, on_check) |
                 uv_poll_start(&worker->wake, UV_READABLE, on_wake);
    return failed ? DAIS_E_INTERNAL : DAIS_OK;
}

void turn_close(struct worker *worker)
{
    uv_close((uv_handle_t *)&worker->prepare, NULL);
    uv_close((uv_handle_t *)&worker->check, NULL);
    uv_close((uv_handle_t *)&worker->idle, NULL);
    uv_close((uv_handle_t *)&worker->timer, NULL);
    uv_close((uv_handle_t *)&worker->wake, NULL);
}
