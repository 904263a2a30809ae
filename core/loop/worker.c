/* SPDX-License-Identifier: MIT */
#include "loop/worker.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "loop/fiber.h"
#include "loop/worker_state.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MIN_MS 1000u

/* All workers, and where the main thread waits for them. */
static struct {
    pthread_mutex_t lock; /* of arrived and code */
    pthread_cond_t changed;
    uint32_t arrived;
    int32_t code;
    uint32_t count;
    _Atomic bool stopping;
    struct worker_events events;
    struct worker *workers[WORKERS_MAX];
} crew;

_Thread_local struct worker *worker_current;

uint32_t workers_default_count(void)
{
    int64_t count = limit_get(LIMIT_WORKERS);
    if (count == 0)
        count = sysconf(_SC_NPROCESSORS_ONLN);
    if (count < 1)
        return 1;
    return count > WORKERS_MAX ? WORKERS_MAX : (uint32_t)count;
}

uint32_t worker_count(void)
{
    return crew.count;
}

struct worker *worker_self(void)
{
    return worker_current;
}

struct worker *worker_at(uint32_t index)
{
    CHECK(index < crew.count);
    return crew.workers[index];
}

uint32_t worker_index(void)
{
    CHECK(worker_current);
    return worker_current->index;
}

uint32_t worker_home(struct dais_str id)
{
    CHECK(crew.count > 0);
    return (uint32_t)(hash_bytes(id) % crew.count);
}

struct uv_loop_s *worker_uv(void)
{
    CHECK(worker_current);
    return &worker_current->uv;
}

bool worker_stopping(void)
{
    return atomic_load_explicit(&crew.stopping, memory_order_relaxed);
}

void *worker_slot_get(enum worker_slot slot)
{
    CHECK(worker_current && (uint32_t)slot < WORKER_SLOT_COUNT);
    return worker_current->slots[slot];
}

void worker_slot_set(enum worker_slot slot, void *state)
{
    CHECK(worker_current && (uint32_t)slot < WORKER_SLOT_COUNT);
    worker_current->slots[slot] = state;
}

int32_t worker_hook_add(enum worker_hook when, void (*fn)(void *arg), void *arg)
{
    CHECK(worker_current && fn);
    struct worker_hooks *hooks = &worker_current->hooks[when];
    uint32_t at = hooks->count;
    for (uint32_t i = 0; at == WORKER_HOOKS_MAX && i < WORKER_HOOKS_MAX; i++) {
        if (!hooks->rows[i].fn)
            at = i;
    }
    if (at == WORKER_HOOKS_MAX)
        return DAIS_E_LIMIT;
    hooks->rows[at] = (struct worker_hook_row){fn, arg};
    hooks->count += at == hooks->count;
    return DAIS_OK;
}

void worker_hook_remove(enum worker_hook when, void (*fn)(void *arg), void *arg)
{
    CHECK(worker_current);
    struct worker_hooks *hooks = &worker_current->hooks[when];
    for (uint32_t i = 0; i < hooks->count; i++) {
        if (hooks->rows[i].fn == fn && hooks->rows[i].arg == arg)
            hooks->rows[i] = (struct worker_hook_row){NULL, NULL};
    }
}

void worker_spin(void)
{
    CHECK(worker_current);
    worker_current->spin = true;
}

/* --- the worker's thread --- */

static void arrive(struct worker *worker, int32_t code)
{
    worker->arrived = true;
    pthread_mutex_lock(&crew.lock);
    crew.arrived++;
    if (crew.code == DAIS_OK)
        crew.code = code;
    pthread_cond_signal(&crew.changed);
    pthread_mutex_unlock(&crew.lock);
}

static void on_grace_over(struct timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, grace);
    fibers_cancel_all(worker, DAIS_E_UNAVAILABLE);
    timer_start(timer, GRACE_MIN_MS); /* fibers may have been started since */
}

static void report_open_handle(uv_handle_t *handle, void *arg)
{
    const struct worker *worker = arg;
    if (handle->data == worker || uv_is_closing(handle))
        return;
    LOG_ERROR("a handle was left open", log_text("kind", uv_handle_type_name(handle->type)),
              log_uint("worker", worker->index));
    uv_close(handle, NULL);
}

bool worker_phase_check(struct worker *worker)
{
    if (worker->arrived)
        return true;
    switch (worker->phase) {
    case WORKER_PHASE_DRAIN:
        if (worker->fibers.handles.count > 0 || worker->locks_abandoned > 0)
            return true;
        worker->drained = true;
        timer_stop(&worker->grace);
        arrive(worker, DAIS_OK);
        return true;
    case WORKER_PHASE_STOP:
        children_fini(worker);
        arrive(worker, DAIS_OK);
        return true;
    case WORKER_PHASE_EXIT:
        mail_box_close(worker);
        uv_walk(&worker->uv, report_open_handle, worker);
        turn_close(worker);
        return false;
    default:
        return true;
    }
}

/* From the main thread: the next phase begins. */
static void on_command(struct mail *mail)
{
    struct worker *worker = CONTAINER_OF(mail, struct worker, command);
    const struct worker_events *events = &crew.events;
    worker->phase++;
    worker->arrived = false;
    if (worker->phase == WORKER_PHASE_DRAIN) {
        timer_init(&worker->grace, on_grace_over);
        timer_start(&worker->grace, worker->grace_ms);
        if (worker->started && events->drain)
            events->drain(events->context, worker->index);
    }
    if (worker->phase == WORKER_PHASE_STOP && worker->started && events->stop)
        events->stop(events->context, worker->index);
}

static int32_t begin(struct worker *worker)
{
    timers_init(worker);
    fibers_init(worker);
    locks_init(worker);
    list_init(&worker->children);
    int32_t code = turn_init(worker);
    if (code)
        return code;
    worker->has_loop = true;
    if (crew.events.start)
        code = crew.events.start(crew.events.context, worker->index);
    worker->started = code == DAIS_OK;
    return code;
}

static void *run(void *arg)
{
    struct worker *worker = arg;
    char name[16];
    (void)snprintf(name, sizeof name, "worker-%u", worker->index);
    (void)pthread_setname_np(pthread_self(), name);
    worker_current = worker;
    owner_slot_use(NULL);
    metrics_thread_row(worker->index);
    log_worker_set(worker->index);
    clock_tick_expire();
    arrive(worker, begin(worker));
    if (worker->has_loop) {
        (void)uv_run(&worker->uv, UV_RUN_DEFAULT);
        CHECK(uv_loop_close(&worker->uv) == 0);
    }
    locks_fini(worker);
    fibers_fini(worker);
    arena_pool_drain();
    return NULL;
}

/* --- the main thread --- */

static bool wait_for_all(uint32_t count, uint64_t timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    int failed = 0;
    pthread_mutex_lock(&crew.lock);
    while (crew.arrived < count && failed == 0)
        failed = timeout_ms == UINT64_MAX
                     ? pthread_cond_wait(&crew.changed, &crew.lock)
                     : pthread_cond_timedwait(&crew.changed, &crew.lock, &until);
    bool all = crew.arrived >= count;
    pthread_mutex_unlock(&crew.lock);
    return all;
}

/* Workers keep to their own signals: what is sent to the process goes to the main thread. */
static void block_signals(sigset_t *ret_before)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF};
    sigset_t set;
    sigfillset(&set);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        sigdelset(&set, own[i]);
    pthread_sigmask(SIG_BLOCK, &set, ret_before);
}

static void free_workers(void)
{
    for (uint32_t i = 0; i < crew.count; i++) {
        mail_box_fini(crew.workers[i]);
        mem_free(crew.workers[i]);
        crew.workers[i] = NULL;
    }
    crew.count = 0;
    pthread_cond_destroy(&crew.changed);
    pthread_mutex_destroy(&crew.lock);
}

static int32_t make_workers(uint32_t count)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&crew.lock, NULL);
    pthread_cond_init(&crew.changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (uint32_t i = 0; i < count; i++) {
        struct worker *worker = mem_zalloc_aligned(64, sizeof *worker);
        if (!worker)
            return DAIS_E_MEMORY;
        worker->index = i;
        worker->command.deliver = on_command;
        crew.workers[crew.count++] = worker;
        int32_t code = mail_box_init(worker);
        if (code)
            return code;
    }
    return DAIS_OK;
}

/* Starts the threads; returns how many there are. */
static uint32_t start_threads(void)
{
    uint32_t started = 0;
    sigset_t before;
    block_signals(&before);
    for (; started < crew.count; started++) {
        struct worker *worker = crew.workers[started];
        if (pthread_create(&worker->thread, NULL, run, worker))
            break;
        worker->has_thread = true;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

/* Tells all workers that have a loop to enter the next phase; returns how many these are. */
static uint32_t command_all(uint64_t grace_ms)
{
    uint32_t count = 0;
    pthread_mutex_lock(&crew.lock);
    crew.arrived = 0;
    pthread_mutex_unlock(&crew.lock);
    for (uint32_t i = 0; i < crew.count; i++) {
        if (!crew.workers[i]->has_loop)
            continue;
        crew.workers[i]->grace_ms = grace_ms;
        mail_post(i, &crew.workers[i]->command);
        count++;
    }
    return count;
}

int32_t workers_stop(uint64_t grace_ms)
{
    CHECK(!worker_current && crew.count > 0);
    atomic_store(&crew.stopping, true);
    uint64_t patience_ms = grace_ms < GRACE_MIN_MS ? GRACE_MIN_MS : grace_ms;
    if (!wait_for_all(command_all(grace_ms), grace_ms + patience_ms))
        return DAIS_E_TIMEOUT;
    (void)wait_for_all(command_all(0), UINT64_MAX); /* stop */
    (void)command_all(0);                           /* exit: seen by joining */
    for (uint32_t i = 0; i < crew.count; i++) {
        if (crew.workers[i]->has_thread)
            pthread_join(crew.workers[i]->thread, NULL);
    }
    free_workers();
    return DAIS_OK;
}

int32_t workers_start(uint32_t count, const struct worker_events *events)
{
    CHECK(!worker_current && crew.count == 0 && count > 0 && count <= WORKERS_MAX);
    crew.events = events ? *events : (struct worker_events){NULL, NULL, NULL, NULL};
    crew.code = DAIS_OK;
    crew.arrived = 0;
    atomic_store(&crew.stopping, false);
    int32_t code = make_workers(count);
    if (code) {
        free_workers();
        return code;
    }
    uint32_t started = start_threads();
    (void)wait_for_all(started, UINT64_MAX);
    code = started < count ? DAIS_E_LIMIT : crew.code;
    if (code && workers_stop(0))
        LOG_ERROR("workers that failed to start do not stop");
    return code;
}

/* --- from other threads --- */

struct call {
    struct mail mail;
    int32_t (*fn)(void *arg);
    void *arg;
    int32_t code;
    sem_t done;
};

static void run_call(void *arg)
{
    struct call *call = arg;
    call->code = call->fn(call->arg);
    sem_post(&call->done);
}

static void deliver_call(struct mail *mail)
{
    struct call *call = CONTAINER_OF(mail, struct call, mail);
    const struct fiber_spec spec = {.name = "call", .fn = run_call, .arg = call};
    int32_t code = fiber_spawn(&spec, NULL);
    if (!code)
        return;
    call->code = code;
    sem_post(&call->done);
}

int32_t worker_call(uint32_t index, int32_t (*fn)(void *arg), void *arg)
{
    CHECK(!worker_current);
    struct call call = {.mail = {.deliver = deliver_call}, .fn = fn, .arg = arg};
    sem_init(&call.done, 0, 0);
    int32_t code = mail_send(index, &call.mail);
    if (!code) {
        while (sem_wait(&call.done) && errno == EINTR) {
        }
        code = call.code;
    }
    sem_destroy(&call.done);
    return code;
}
