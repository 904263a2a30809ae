/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.fiber/1: work that reads top to bottom.
 *
 * A fiber is a small stack (64 KiB) on one worker; it gives way only inside functions marked
 * [suspends], so state read before such a call may be stale after it. A background task is a fiber
 * that the plugin starts itself. It has a row in a const table and a 64-bit cookie instead of a
 * pointer to code, so that a reload can continue with the row of the same name.
 */
#include "dais/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A kind of background task. */
struct dais_task {
    const char *name; /**< stands in logs and metrics */
    /** [fiber] Runs once with the cookie given to `spawn`; the fiber ends when it returns. */
    void (*run)(uint64_t cookie);
};

/** A keyed lock that is held; released by `unlock` or when its fiber ends. */
struct dais_lock;

/** A kind of blocking work for the thread pool. */
struct dais_job {
    const char *name;
    const char *job_class; /**< "cpu", "disk", "password", "mail"; each has its own bound */
    /** [job] Works on `arg`, which the caller keeps alive; the result is returned by `job`. */
    int32_t (*run)(void *arg);
};

struct dais_fiber_v1 {
    /**
     * [fiber] [worker] Starts a task on this worker; it runs when the caller next returns to the
     * loop or suspends. DAIS_E_LIMIT when too many fibers exist.
     */
    int32_t (*spawn)(const struct dais_task *task, uint64_t cookie, dais_handle *ret_fiber);
    /** [fiber] [suspends] DAIS_E_CANCELLED when the fiber should end. */
    int32_t (*sleep)(uint64_t ms);
    /**
     * [fiber] [suspends] Waits until `unpark` was called on this fiber, now or since the last park.
     * DAIS_E_TIMEOUT after `timeout_ms`, DAIS_E_CANCELLED when the fiber should end.
     */
    int32_t (*park)(uint64_t timeout_ms);
    /** [fiber] [worker] Wakes a fiber of this worker. DAIS_E_GONE when it has ended. */
    int32_t (*unpark)(dais_handle fiber);
    /** [fiber] [worker] Asks a fiber of this worker to end: its suspending calls are cancelled. */
    int32_t (*cancel)(dais_handle fiber);
    /** [fiber] The running fiber. */
    dais_handle (*self)(void);
    /** [fiber] [suspends] Waits for the lock named `key` (this process and plugin) and takes it. */
    int32_t (*lock)(struct dais_str key, struct dais_lock **ret_lock);
    /** [fiber] Releases the lock. */
    void (*unlock)(struct dais_lock *lock);
    /**
     * [fiber] [suspends] Runs `job` in the thread pool. Returns what it returned, or DAIS_E_LIMIT
     * when its queue is full (the job did not run). Not cancelled once it runs.
     */
    int32_t (*job)(const struct dais_job *job, void *arg);
    /** [worker] [fiber] Index of this worker, from 0. */
    uint32_t (*worker)(void);
    /** [any] How many workers there are; constant. */
    uint32_t (*workers)(void);
    /** [any] Monotonic time in milliseconds. */
    uint64_t (*now_ms)(void);
    /** [any] Unix time in milliseconds. */
    int64_t (*unix_ms)(void);
};

DAIS_SLOT const struct dais_fiber_v1 *dais_fiber;
#define DAIS_NEED_FIBER DAIS_NEED(fiber, "dais.fiber/1", 0)

#ifdef __cplusplus
}
#endif
