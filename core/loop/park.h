/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Parking: the main thread changes what all workers read, while none of them runs.
 *
 * Every worker comes to a stop between two pieces of work: on its own stack, inside no fiber, no
 * event and no other mail. Fibers that wait go on waiting, so what a fiber has read before a
 * suspension may have changed after it; what it reads without one in between is of one time. The
 * tables of the layers (routes, statements, subscriptions, listeners …) are swapped this way, by
 * functions that say [parked]. Threads of the pool (job.h) are not stopped.
 */
#include "dais/error.h"

#include <stdint.h>

/**
 * Stops all workers, calls `fn(arg)` on this thread and lets them go on. [main thread, while the
 * workers run] Keep `fn` short, all of the server waits: prepare beforehand what can be prepared.
 * It must not wait for a worker. DAIS_E_TIMEOUT: some worker was busy for longer than `timeout_ms`;
 * `fn` was not called, and a worker that comes late does not stop.
 */
DAIS_CHECK_RESULT int32_t workers_park(void (*fn)(void *arg), void *arg, uint64_t timeout_ms);
