/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Periodic tasks of plugins (dais.timers/1): a timer of the worker for each row, a fiber for each
 * run. The next run is armed when the last one has ended, so that a slow one is never doubled.
 */
#include "dais/error.h"

struct host_worker;

/** Arms the rows of all started plugins that belong on this worker. For host_everywhere. [fiber] */
DAIS_CHECK_RESULT int32_t periodic_worker_start(void *unused);

/** No further run begins; those under way go on. For host_everywhere. [fiber] */
DAIS_CHECK_RESULT int32_t periodic_worker_drain(void *unused);

/** Frees what periodic_worker_start made. No run is under way any more. [worker] */
void periodic_worker_stop(struct host_worker *self);
