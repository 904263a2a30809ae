/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Cancelling a statement on the server. A request for it is a connection of its own, which libpq
 * makes and waits for: a job does that, on a fiber of its own. It ends whatever the session runs
 * when it arrives, so the session must do nothing else until `done`.
 */
#include "dais/error.h"

#include <libpq-fe.h>

/** One request; embed it. */
struct cancel {
    PGcancel *handle; /* private */
    void (*done)(struct cancel *cancel);
};

/**
 * Asks the server to cancel what `pg` runs; then calls `done` on this worker, whether that was of
 * use or not. DAIS_E_MEMORY, DAIS_E_LIMIT, DAIS_E_UNAVAILABLE: nothing was asked, `done` will not
 * be called. [worker] [fiber]
 */
DAIS_CHECK_RESULT int32_t cancel_start(struct cancel *cancel, PGconn *pg,
                                       void (*done)(struct cancel *cancel));
