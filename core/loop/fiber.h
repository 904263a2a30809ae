/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Fibers: functions that wait without blocking their worker.
 *
 * fiber_spawn queues a fiber, fiber_run enters it at once; it runs on a small pooled stack of its
 * worker until it ends or calls something that [suspends]. It never leaves its worker. What waits
 * makes a `struct fiber_wait` on its stack, hands it to whatever will finish, and suspends:
 *
 *     struct fiber_wait wait;
 *     fiber_wait_init(&wait);
 *     start_something(&op, &wait);            // its callback calls fiber_resume(&wait, code)
 *     int32_t code = fiber_suspend(&wait, FIBER_FOREVER);
 *     if (code == DAIS_E_CANCELLED || code == DAIS_E_TIMEOUT)
 *         withdraw_something(&op);            // `wait` must not be touched after return
 *
 * fiber_resume only marks the fiber ready; it runs later in the same turn of the loop, from the
 * worker's own stack, so that nobody is re-entered. Resuming before suspending is fine.
 *
 * Cancelling (client gone, deadline, plugin stopping, server stopping) makes the running and every
 * later suspending call return DAIS_E_CANCELLED, except while masked (around a COMMIT).
 *
 * Calling a suspending function outside a fiber returns DAIS_E_STATE.
 */
#include "base/arena.h"
#include "base/list.h"
#include "base/owner.h"
#include "dais/error.h"
#include "dais/types.h"
#include "loop/timer.h"

#include <stdbool.h>

#define FIBER_FOREVER UINT64_MAX

/** A fiber. Opaque; valid while it runs, then use its handle. */
struct fiber;

/** How a fiber is made. */
struct fiber_spec {
    const char *name; /**< constant; in logs and in debuggers */
    void (*fn)(void *arg);
    void *arg;
    struct owner owner;       /**< whom its time and its crashes belong to */
    struct dais_arena *arena; /**< what fiber_arena gives; NULL: an arena of the fiber's own */
    uint64_t deadline_ms;     /**< cancelled that long after its start; 0: never */
};

/** Values that belong to a fiber, one of each for the layer that owns it; NULL at the start. */
enum fiber_local {
    FIBER_LOCAL_REQUEST, /**< net: the request it answers */
    FIBER_LOCAL_TX,      /**< data: the transaction it is in */
    FIBER_LOCAL_HOST,    /**< host: the operations it is in */
    FIBER_LOCAL_CONN,    /**< net: the connection it serves */
    FIBER_LOCAL_CALL,    /**< realtime: the event it handles */
    FIBER_LOCAL_COUNT
};

/**
 * [worker] [fiber] Makes a fiber that runs when the caller suspends or returns to the loop, in this
 * turn. `ret_fiber` may be NULL. DAIS_E_LIMIT past limit `fibers`, DAIS_E_MEMORY, DAIS_E_STATE
 * outside a worker, DAIS_E_UNAVAILABLE at the very end of a stop.
 */
DAIS_CHECK_RESULT int32_t fiber_spawn(const struct fiber_spec *spec, dais_handle *ret_fiber);

/**
 * [worker] As fiber_spawn, but enters the fiber at once and returns when it first suspends or has
 * ended. On a fiber it only queues.
 */
DAIS_CHECK_RESULT int32_t fiber_run(const struct fiber_spec *spec, dais_handle *ret_fiber);

/** The running fiber, or NULL on a worker's own stack and on other threads. */
struct fiber *fiber_self(void);

/** [fiber] The handle of the running fiber; 0 outside. */
dais_handle fiber_handle(void);

/** [fiber] The name of the running fiber; "" outside. */
const char *fiber_name(void);

/**
 * The name of the running fiber when `address` lies in the guard below its stack, which means that
 * the stack has overflowed; NULL otherwise. [any thread, async-signal-safe]
 */
const char *fiber_overflow(const void *address);

/** [fiber] The arena of the running fiber; NULL outside. Its own is reset when the fiber ends. */
struct dais_arena *fiber_arena(void);

/**
 * [fiber] Calls `fn(arg)` when the running fiber ends, newest first, also when its arena lives on.
 * DAIS_E_MEMORY, DAIS_E_STATE outside a fiber; `fn` is not called then.
 */
DAIS_CHECK_RESULT int32_t fiber_defer(void (*fn)(void *arg), void *arg);

/** [fiber] A value of the running fiber. */
void *fiber_local_get(enum fiber_local key);
void fiber_local_set(enum fiber_local key, void *value);

/** One wait. Members are private. */
struct fiber_wait {
    struct fiber *fiber;
    int32_t code;
    bool done;
};

/** [fiber] Readies `wait` for the running fiber. Outside a fiber fiber_suspend then says so. */
void fiber_wait_init(struct fiber_wait *wait);

/**
 * [fiber] [suspends] Waits until `wait` is resumed and returns the code given there. DAIS_E_TIMEOUT
 * after `timeout_ms` · DAIS_E_CANCELLED (at once when the fiber is cancelled already) ·
 * DAIS_E_STATE outside a fiber. After these three nobody may resume `wait` any more.
 */
DAIS_CHECK_RESULT int32_t fiber_suspend(struct fiber_wait *wait, uint64_t timeout_ms);

/** [worker] [fiber] Ends a wait of this worker with `code`. Further calls are ignored. */
void fiber_resume(struct fiber_wait *wait, int32_t code);

/** [fiber] [suspends] Lets everything else that is ready run. DAIS_E_CANCELLED, DAIS_E_STATE. */
DAIS_CHECK_RESULT int32_t fiber_yield(void);

/** [fiber] [suspends] DAIS_OK after `ms`, DAIS_E_CANCELLED, DAIS_E_STATE. */
DAIS_CHECK_RESULT int32_t fiber_sleep(uint64_t ms);

/**
 * [fiber] [suspends] Waits for fiber_unpark on this fiber, now or since the last park.
 * DAIS_E_TIMEOUT, DAIS_E_CANCELLED, DAIS_E_STATE.
 */
DAIS_CHECK_RESULT int32_t fiber_park(uint64_t timeout_ms);

/** [worker] [fiber] DAIS_E_GONE when it ended, DAIS_E_STATE when it lives on another worker. */
DAIS_CHECK_RESULT int32_t fiber_unpark(dais_handle fiber);

/**
 * [worker] [fiber] Cancels a fiber of this worker. `reason` (DAIS_E_…) is what fiber_cancel_reason
 * gives there; the first one stays. DAIS_E_GONE, DAIS_E_STATE as fiber_unpark.
 */
DAIS_CHECK_RESULT int32_t fiber_cancel(dais_handle fiber, int32_t reason);

/** [worker] [fiber] Cancels every fiber of `plugin` on this worker; returns how many there are. */
uint32_t fiber_cancel_owner(uint32_t plugin, int32_t reason);

/** [worker] [fiber] Fibers of this worker that were made for that generation of `plugin`. */
uint32_t fiber_count_owner(uint32_t plugin, uint32_t generation);

/** [fiber] DAIS_OK, or why the running fiber was cancelled; a deadline gives DAIS_E_TIMEOUT. */
DAIS_CHECK_RESULT int32_t fiber_cancel_reason(void);

/** [fiber] Between these, suspending calls of the running fiber are not cancelled; they nest. */
void fiber_mask(void);
void fiber_unmask(void);

/** [fiber] Cancels the running fiber `ms` from now instead of the former deadline; 0: never. */
void fiber_deadline_set(uint64_t ms);

/** A time limit for a part of what a fiber does; on its stack. Members are private. */
struct fiber_limit {
    struct timer timer;
    struct fiber *fiber;
    bool expired;
};

/**
 * [fiber] From here to fiber_limit_end, once `ms` are over, suspending calls of the running fiber
 * fail with DAIS_E_CANCELLED, the one it waits in included. Limits nest. Outside a fiber nothing
 * happens.
 */
void fiber_limit_begin(struct fiber_limit *limit, uint64_t ms);

/** [fiber] Ends the newest limit; whether it was over. The fiber goes on as before it. */
bool fiber_limit_end(struct fiber_limit *limit);

/** [worker] Fibers that live on this worker. */
uint32_t fiber_count(void);
