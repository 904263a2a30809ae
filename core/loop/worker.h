/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Workers: N threads, each with one uv loop, that share nothing mutable.
 *
 * The main thread calls workers_start once; it returns when every worker ran its `start` callback.
 * From then on all work happens on the workers, reached by mail (mail.h) or worker_call. The main
 * thread ends them with workers_stop: `drain` on every worker, then all fibers end (cancelled after
 * the grace time), then `stop` on every worker, then the loops run empty and the threads end.
 *
 * One turn of a loop: events → begin hooks → mail → fibers that became ready → end hooks (flush
 * what the turn collected: pipelines, broadcasts) → wait. Nothing ready is ever left over a wait.
 */
#include "base/owner.h"
#include "dais/error.h"
#include "dais/types.h"

#include <stdbool.h>

struct uv_loop_s;

#define WORKERS_MAX 64u

/** A worker. Opaque; valid from workers_start until workers_stop returned. */
struct worker;

/** What the host does on each worker. All run on the worker's own stack; any may be NULL. */
struct worker_events {
    /** Before the first event. An error stops all workers and is returned by workers_start. */
    int32_t (*start)(void *context, uint32_t worker);
    /** The stop begins: close listeners, take no new work. Fibers still run. */
    void (*drain)(void *context, uint32_t worker);
    /** All fibers of all workers have ended: close every handle of this loop. */
    void (*stop)(void *context, uint32_t worker);
    void *context;
};

/** State that a layer keeps on each worker. A layer has one slot and owns what it puts there. */
enum worker_slot {
    WORKER_SLOT_NET,
    WORKER_SLOT_HTTP_CLIENT,
    WORKER_SLOT_DATA,
    WORKER_SLOT_BUS,
    WORKER_SLOT_MEDIA,
    WORKER_SLOT_LINKS,
    WORKER_SLOT_ENGINE,
    WORKER_SLOT_SOCKETS,
    WORKER_SLOT_ROOMS,
    WORKER_SLOT_HOST,
    WORKER_SLOT_HOST_SHARED,
    WORKER_SLOT_PROC,
    WORKER_SLOT_TEST,
    WORKER_SLOT_COUNT
};

/** When a hook runs, see above. */
enum worker_hook { WORKER_HOOK_BEGIN, WORKER_HOOK_END };

/** How many workers limit `workers` gives on this machine. */
uint32_t workers_default_count(void);

/**
 * Starts `count` workers (1 to WORKERS_MAX). Main thread only, when none run. `events` is copied.
 * DAIS_E_MEMORY, DAIS_E_INTERNAL, or what `start` returned; no worker is left running then.
 */
DAIS_CHECK_RESULT int32_t workers_start(uint32_t count, const struct worker_events *events);

/**
 * Stops all workers and frees them. Main thread only. Fibers that have not ended `grace_ms` after
 * `drain` are cancelled. DAIS_E_TIMEOUT when some have not ended `grace_ms` (at least one second)
 * later: the workers are then left as they are, and the process must exit at once.
 */
DAIS_CHECK_RESULT int32_t workers_stop(uint64_t grace_ms);

/** How many workers there are; 0 before workers_start. Any thread. */
uint32_t worker_count(void);

/** The worker of this thread, or NULL on other threads. */
struct worker *worker_self(void);

/** The worker `index` (< worker_count). Any thread. */
struct worker *worker_at(uint32_t index);

/** Index of this thread's worker; CHECKs that it is one. */
uint32_t worker_index(void);

/** The home worker of an id: the same for the same id as long as the process runs. Any thread. */
uint32_t worker_home(struct dais_str id);

/** The uv loop of this thread's worker, for layers that own handles. */
struct uv_loop_s *worker_uv(void);

/** Whether the stop has begun. Any thread. */
bool worker_stopping(void);

/** The layer's state on this worker; NULL until set. */
void *worker_slot_get(enum worker_slot slot);
void worker_slot_set(enum worker_slot slot, void *state);

/** Calls `fn(arg)` in every turn of this worker, in the order of adding. At most 16 for each kind.
 */
DAIS_CHECK_RESULT int32_t worker_hook_add(enum worker_hook when, void (*fn)(void *arg), void *arg);

/** Takes a hook of this worker off again. */
void worker_hook_remove(enum worker_hook when, void (*fn)(void *arg), void *arg);

/** Makes the next wait of this worker return at once, so that the end hooks run again. */
void worker_spin(void);

/**
 * Runs `fn(arg)` on a fiber of worker `index` and waits for it. Not from a worker. Returns what
 * `fn` returned; DAIS_E_LIMIT when no fiber could be started, DAIS_E_GONE when the worker has
 * ended.
 */
DAIS_CHECK_RESULT int32_t worker_call(uint32_t index, int32_t (*fn)(void *arg), void *arg);
