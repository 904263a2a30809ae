/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The host's side of core/realtime: its life with the workers', the endpoints `/ws` and
 * `/socket.io/`, and what it asks (who is behind a token, how often something may happen).
 */
#include "dais/error.h"

#include <stdint.h>

struct host;

/** Readies the layer and registers its metrics. [main thread] */
DAIS_CHECK_RESULT int32_t realtime_open(void);

/** Forgets everything; also when realtime_open failed or was not called. [main thread] */
void realtime_close(void);

/** Adds the core's own endpoints to host->tables; errors are told by http_problem. [main thread] */
DAIS_CHECK_RESULT int32_t realtime_register(struct host *host);

/** What each worker has, before it accepts. DAIS_E_MEMORY, DAIS_E_LIMIT. [worker] */
DAIS_CHECK_RESULT int32_t realtime_worker_start(void);

/** Takes no more clients; those that are there are told to come back. [worker] */
void realtime_worker_drain(void);

/** Ends what is left, after the worker's fibers. [worker] */
void realtime_worker_stop(void);
