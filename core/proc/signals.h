/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Signals as readable bytes, for a single-threaded process that polls. Handlers only note what came
 * and wake the poll; they leave no trace in children, since exec puts handlers back and no signal
 * is blocked.
 */
#include "dais/error.h"

#include <stdbool.h>

/** What has come since the last signals_take. */
struct signals {
    bool child;     /**< SIGCHLD */
    bool hangup;    /**< SIGHUP */
    int terminates; /**< SIGTERM and SIGINT, counted since the start */
};

/** Takes the signals over and gives a descriptor to poll for input. Once. DAIS_E_UNAVAILABLE. */
DAIS_CHECK_RESULT int32_t signals_open(int *ret_fd);

/** Empties the descriptor and gives what has come. */
struct signals signals_take(void);
