/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The two moments of a reload at which all workers stand still (loop/park.h): before the start of
 * the new generation, when they get what it uses, and the swap itself. [main thread]
 */
#include "dais/error.h"
#include "host/tables.h"

struct generation;
struct host;
struct plugin;
struct tcp_change;

/** One reload under way; on the stack of reload_run. */
struct reload_work {
    struct host *host;
    struct plugin *plugin;
    struct generation *next;
    struct generation *before;    /* that serves, or that failed; NULL: none was ever opened */
    struct tables tables;         /* with those of `next`; empty once they are in use */
    struct tcp_change *listeners; /* of `next`; NULL once they are in use; the caller's to free */
    const char *note;             /* see struct reload */
    int32_t error;                /* of what was done while the workers were parked */
};

/**
 * Opens the sockets that `next` needs beside those that are open: connections wait in them until
 * the swap. DAIS_E_INVALID after generation_fail.
 */
DAIS_CHECK_RESULT int32_t reload_swap_listen(struct reload_work *work);

/** activate_data for `next`. DAIS_E_INVALID, DAIS_E_TIMEOUT after generation_fail. */
DAIS_CHECK_RESULT int32_t reload_swap_data(struct reload_work *work);

/** From here on `next` serves. As reload_swap_data; nothing has changed then. */
DAIS_CHECK_RESULT int32_t reload_swap(struct reload_work *work);
