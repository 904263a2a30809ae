/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the host keeps on each worker, and how the main thread works on all of them at once.
 *
 * Layers and plugins come up on each worker before its first event and go down after its last.
 */
#include "dais/error.h"
#include "loop/worker.h"

#include <stdint.h>

struct host;
struct identity_cache;
struct periodic;

/** The host's state on one worker. */
struct host_worker {
    struct identity_cache *identities;
    struct periodic *periodics; /**< armed timers of plugins, an array */
    uint32_t periodic_count;
};

/** The state of this worker. [worker] [fiber] */
struct host_worker *host_worker_self(void);

/** Starts the workers with all layers and plugins on them. What went wrong. [main thread] */
DAIS_CHECK_RESULT int32_t host_workers_start(struct host *host);

/**
 * Runs `fn(arg)` on a fiber of every worker at the same time and waits for all of them. Gives the
 * first error. [main thread, blocks]
 */
DAIS_CHECK_RESULT int32_t host_everywhere(int32_t (*fn)(void *arg), void *arg);
