/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a generation has registered begins to count, and stops counting.
 *
 * The first start and a reload go the same way:
 *
 *   activate_check   can all of it be? Nothing is changed.
 *   activate_tables  what clients find, of all plugins, with this generation's
 *   activate_data    [parked] what its `worker_start` and `start` use: statements, boards, services
 *   activate_calls   [parked] what calls it instead of the one before: subscriptions, observers,
 *                    timers, listeners, the slots of those who use its services
 *   activate_drop    [parked] forgets what activate_data did, when nothing of it runs any more
 *
 * "[parked]" means: before the workers start, or while they are parked (loop/park.h).
 */
#include "dais/error.h"

struct generation;
struct host;
struct tables;

/** DAIS_E_INVALID after generation_fail. [main thread] */
DAIS_CHECK_RESULT int32_t activate_check(struct host *host, struct generation *generation);

/** DAIS_E_INVALID after generation_fail; activate_drop is due all the same. [parked] */
DAIS_CHECK_RESULT int32_t activate_data(struct generation *generation);

/**
 * Makes calls go to `generation`. `before`, which they went to, or NULL, is called no more, except
 * by what it has begun. DAIS_E_INVALID after generation_fail; nothing is changed then. [parked]
 */
DAIS_CHECK_RESULT int32_t activate_calls(struct host *host, struct generation *generation,
                                         struct generation *before);

/** Forgets what activate_data did. [parked] */
void activate_drop(struct generation *generation);

/** Adds what one generation has for clients to host->tables. As activate_check. [main thread] */
DAIS_CHECK_RESULT int32_t activate_routes(struct host *host, struct generation *generation);

/**
 * Tables of everything that is served, with `generation` instead of its plugin's current one. As
 * activate_check; else they are to be used or freed by the caller. [main thread]
 */
DAIS_CHECK_RESULT int32_t activate_tables(struct host *host, struct generation *generation,
                                          struct tables *ret_tables);
