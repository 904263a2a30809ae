/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a plugin registered in `init`: one record for each table, in the order of the calls.
 *
 * The records are what `describe`, the documents and the control socket read, and from which the
 * host activates bus subscriptions, media observers, listeners, timers and migrations once `init`
 * has succeeded. They live in the generation's arena; the tables are the plugin's and constant.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdint.h>

struct generation;

enum registration_kind {
    REGISTRATION_ROUTES = 1,
    REGISTRATION_STATICS,
    REGISTRATION_STATEMENTS,
    REGISTRATION_MIGRATIONS,
    REGISTRATION_METRICS,
    REGISTRATION_TIMERS,
    REGISTRATION_VERBS,
    REGISTRATION_SUBSCRIPTIONS,
    REGISTRATION_OBSERVER,
    REGISTRATION_LISTENER,
    REGISTRATION_BOARD,
    REGISTRATION_CONFIG,
    REGISTRATION_SECRET,
    REGISTRATION_OPERATIONS,
    REGISTRATION_HOOKS,
    REGISTRATION_SPACES,
    REGISTRATION_EVENTS,
    REGISTRATION_EVENTS_OUT,
    REGISTRATION_ENDPOINTS,
    REGISTRATION_ROOM_KINDS,
    REGISTRATION_ROOM_WATCHES
};

/** One table or row. */
struct registration {
    struct registration *next;
    enum registration_kind kind;
    const void *table;      /**< as the plugin gave it */
    struct dais_str detail; /**< listeners: the address · secrets: the variable; else absent */
};

/** Marks `generation` (or NULL: nobody) as the one whose `init` runs on this thread. */
void registration_open(struct generation *generation);

/**
 * For setup functions: the generation whose `init` runs here. Outside of one it counts a misuse of
 * `function` and gives NULL.
 */
struct generation *registration_check(const char *function);

/** Notes a table; `detail` is copied. DAIS_E_MEMORY past the generation's arena. */
DAIS_CHECK_RESULT int32_t registration_add(struct generation *generation,
                                           enum registration_kind kind, const void *table,
                                           struct dais_str detail);

/** Notes why a setup function refused, for the message when `init` fails; returns `error`. */
__attribute__((format(printf, 3, 4))) int32_t
registration_refuse(struct generation *generation, int32_t error, const char *format, ...);

/**
 * The next record of `kind` behind `after` (NULL: the first), oldest first; NULL at the end, or
 * when there is no generation.
 */
const struct registration *registration_next(const struct generation *generation,
                                             enum registration_kind kind,
                                             const struct registration *after);
