/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a worker is made of: private to core/loop. Each part is used by the file it is named after;
 * worker.c makes and ends it, turn.c runs it.
 */
#include "base/handle.h"
#include "base/list.h"
#include "base/map.h"
#include "loop/mail.h"
#include "loop/timer.h"
#include "loop/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#define WORKER_HOOKS_MAX 16u

#define TIMER_LEVELS 7u
#define TIMER_SLOTS 64u

struct worker_hook_row {
    void (*fn)(void *arg);
    void *arg;
};

struct worker_hooks {
    struct worker_hook_row rows[WORKER_HOOKS_MAX];
    uint32_t count;
};

/* Seven digits of base 64: a timer stands at the highest digit in which its time differs from now.
 */
struct timer_wheel {
    uint64_t now_ms;
    uint64_t occupied[TIMER_LEVELS]; /* bit per slot; a slot may be empty all the same */
    struct list slots[TIMER_LEVELS][TIMER_SLOTS];
    struct list due;
    uint64_t armed_ms; /* when the uv timer fires; UINT64_MAX: not armed */
};

struct fiber_state {
    struct fiber *running;
    void *context;       /* of the worker's own stack while a fiber runs */
    struct fiber *ready; /* queue of fibers to enter */
    struct fiber **ready_end;
    uint32_t ready_count;
    struct list all;
    struct handle_table handles;
    _Atomic uint32_t count; /* written by the worker, read by metrics */
    struct fiber *pool;
    uint32_t pool_count;
    /* of the worker's own stack, for the sanitizers */
    const void *stack_bottom;
    size_t stack_bytes;
    void *tsan_context;
    void *fake_stack;
};

struct mail_box {
    _Alignas(64) _Atomic(struct mail *) head; /* newest first */
    _Atomic uint32_t count;
    _Atomic bool asleep; /* the worker waits, or is about to: it must be woken */
};

/* What the main thread tells all workers, one after another. */
enum worker_phase {
    WORKER_PHASE_RUN,
    WORKER_PHASE_DRAIN,
    WORKER_PHASE_STOP,
    WORKER_PHASE_EXIT,
};

struct worker {
    uint32_t index;
    pthread_t thread;
    bool has_thread;
    bool has_loop;

    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_poll_t wake;
    uv_timer_t timer;
    int wake_fd;
    bool spin;

    struct mail_box mail;
    struct fiber_state fibers;
    struct timer_wheel timers;
    struct map locks;         /* of fiber_lock.c: those whose home is here */
    uint32_t locks_abandoned; /* asked for from here, wanted no longer, not yet back */
    struct list children;
    uint32_t children_count;
    struct worker_hooks hooks[2];
    void *slots[WORKER_SLOT_COUNT];

    struct mail park;        /* of park.c: asks this worker to stop for a moment */
    _Atomic bool park_asked; /* it is on its way */
    struct mail command;     /* from the main thread */
    enum worker_phase phase;
    bool started; /* its start callback succeeded */
    bool arrived; /* it has reported the end of its phase */
    bool drained; /* its fibers have ended for good */
    uint64_t grace_ms;
    struct timer grace;
};

extern _Thread_local struct worker *worker_current;

/* turn.c */
DAIS_CHECK_RESULT int32_t turn_init(struct worker *worker);
void turn_close(struct worker *worker);

/* mail.c */
int32_t mail_box_init(struct worker *worker);
void mail_box_fini(struct worker *worker);
/** Delivers what waits; returns how many messages that were. */
uint32_t mail_deliver(struct worker *worker);
bool mail_is_waiting(const struct worker *worker);
/** Refuses mail from now on, after delivering what waits. */
void mail_box_close(struct worker *worker);

/* fiber.c */
void fibers_init(struct worker *worker);
void fibers_fini(struct worker *worker);
/** Enters the fibers that are ready now, once each. */
void fibers_run_ready(struct worker *worker);
void fibers_cancel_all(struct worker *worker, int32_t reason);

/* timer.c */
void timers_init(struct worker *worker);
/** Calls what is due. */
void timers_run(struct worker *worker);
/** When timers_run has something to do next; UINT64_MAX: never. */
uint64_t timers_next_ms(struct worker *worker);

/* worker.c: called at the end of each turn; false when the loop has been closed */
bool worker_phase_check(struct worker *worker);

/* fiber_lock.c */
void locks_init(struct worker *worker);
void locks_fini(struct worker *worker);

/* child.c */
void children_fini(struct worker *worker);
