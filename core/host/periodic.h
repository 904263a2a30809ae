/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Periodic tasks of plugins (dais.timers/1): a timer of the worker for each row, a fiber for each
 * run. The next run is armed when the last one has ended, so that a slow one is never doubled. A
 * reload points timers that run at the rows of the same name, whatever time they have left.
 */
#include "dais/error.h"

struct generation;
struct host;
struct host_worker;

/**
 * Arms the rows of all started plugins that belong on this worker and are not armed yet. For
 * host_everywhere, at the start and after a reload. DAIS_E_MEMORY. [fiber]
 */
DAIS_CHECK_RESULT int32_t periodic_worker_start(void *unused);

/**
 * Makes `generation` run the timers of its plugin from the next time on; rows it does not have end.
 * [parked]
 */
void periodic_retarget(struct host *host, const struct generation *generation);

/** No further run begins; those under way go on. For host_everywhere. [fiber] */
DAIS_CHECK_RESULT int32_t periodic_worker_drain(void *unused);

/** Frees what periodic_worker_start made. No run is under way any more. [worker] */
void periodic_worker_stop(struct host_worker *self);
