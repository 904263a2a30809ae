/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the host keeps on each worker, and how the main thread works on all of them at once.
 *
 * Layers and plugins come up on each worker before its first event and go down after its last.
 */
#include "base/list.h"
#include "dais/error.h"
#include "dais/fiber.h"
#include "loop/worker.h"

#include <stdint.h>

struct host;
struct identity_cache;

/** A background task of a plugin, from `spawn` until it returned. */
struct host_task {
    struct list_node node; /* of host_worker.tasks */
    const struct dais_task *row;
    uint64_t cookie;
    dais_handle fiber;
    uint32_t plugin; /* whose it is */
    uint32_t generation;
};

/** The host's state on one worker. */
struct host_worker {
    struct list tasks; /**< background tasks of plugins */
    struct identity_cache *identities;
    struct list periodics; /**< timers of plugins */
    uint8_t drained;       /**< no further run of them begins */
};

/** The state of this worker. [worker] [fiber] */
struct host_worker *host_worker_self(void);

/** Starts the workers with all layers and plugins on them. What went wrong. [main thread] */
DAIS_CHECK_RESULT int32_t host_workers_start(struct host *host);

/**
 * Runs worker_start (worker_stop) of the `struct generation` at `arg` on this worker; an error of
 * it is noted there. For host_everywhere, in a reload. [worker] [fiber]
 */
DAIS_CHECK_RESULT int32_t host_worker_start_one(void *arg);
DAIS_CHECK_RESULT int32_t host_worker_stop_one(void *arg);

/** Asks the background tasks of this worker to end. For host_everywhere. [fiber] */
DAIS_CHECK_RESULT int32_t host_tasks_cancel(void *unused);

/**
 * Runs `fn(arg)` on a fiber of every worker at the same time and waits for all of them. Gives the
 * first error. [main thread, blocks]
 */
DAIS_CHECK_RESULT int32_t host_everywhere(int32_t (*fn)(void *arg), void *arg);
