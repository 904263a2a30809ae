/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Replacing a plugin's code while it serves.
 *
 *   1. open       read the file, judge it, copy it, open the copy, check its descriptor
 *   2. prepare    slots, `init` (which only notes what it registers), checks against all others,
 *                 tables of what clients find, sockets of listeners that are new
 *   3. schema     `expand` migrations; whatever else they hold needs a restart
 *   4. start      [parked] statements, boards, services; `worker_start`, `start`
 *   5. swap       [parked] routes, events, subscriptions, observers, timers, listeners, verbs,
 *                 services, operations: all at once
 *   6. retire     the generation before ends when nothing of it is under way (retire.h)
 *
 * Until the swap the former generation serves; whatever fails leaves it serving and gives the
 * reason in one line. All of it happens on the main thread, which otherwise waits; the workers stop
 * for microseconds at 4 and 5. A plugin that was left out comes back the same way, and with it
 * those that were left out because of it.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdint.h>

struct host;
struct plugin;

#define RELOAD_MESSAGE_BYTES 512u

/** What is to be loaded. */
struct reload {
    struct plugin *plugin;
    const char *path;  /**< NULL: the configured file */
    const char *note;  /**< why another file than the configured one serves; NULL: it is that one */
    uint64_t begun_us; /**< when the reason for it came up (clock_us); the time told counts from it
                        */
};

/** Counters of reloads. DAIS_E_LIMIT. [main thread] */
DAIS_CHECK_RESULT int32_t reload_init(void);

/**
 * Loads it and swaps. `ret_message` says what serves now, or why that could not be: one line, also
 * logged. DAIS_E_INVALID, DAIS_E_LIMIT, DAIS_E_TIMEOUT, or an error of `start`. [main thread, while
 * the server serves]
 */
DAIS_CHECK_RESULT int32_t reload_run(struct host *host, const struct reload *wanted,
                                     char ret_message[RELOAD_MESSAGE_BYTES]);
