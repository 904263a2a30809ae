/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What clients find at this server: routes, folders and endpoints of HTTP, events, kinds of rooms;
 * of all plugins together, made anew at the start and for each reload.
 *
 *   tables_new → tables_add for each that serves → tables_use (then nothing is owed), or
 * tables_free
 */
#include "dais/error.h"

struct events_table;
struct generation;
struct host;
struct http_table;
struct room_table;

/** They are always made, used and freed together. Zeroed: none. */
struct tables {
    struct http_table *routes;
    struct events_table *events;
    struct room_table *rooms;
};

/** Empty ones. DAIS_E_MEMORY; there are none then. [main thread] */
DAIS_CHECK_RESULT int32_t tables_new(struct host *host, struct tables *ret_tables);

/**
 * Adds all that `generation` registered for clients. Errors of http_table_routes and the like;
 * `ret_what` ("routes") and `ret_problem` then tell in which table and why. [main thread]
 */
DAIS_CHECK_RESULT int32_t tables_add(struct tables *tables, struct generation *generation,
                                     const char **ret_what, const char **ret_problem);

/** They serve from now on; `tables` is empty afterwards. [parked] */
void tables_use(struct host *host, struct tables *tables);

/** Gives back what was never used. [main thread] */
void tables_free(struct tables *tables);
