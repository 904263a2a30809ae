/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the main thread does while the server serves: it waits, reloads plugins when it is asked to
 * (by a verb, by a changed file, by the guard), and ends what was replaced.
 *
 * Fibers ask through a queue; the main thread answers by mail. Reloads run one after another.
 */
#include "dais/error.h"
#include "dais/types.h"
#include "host/reload.h"

struct host;

/** Serves until host_stop. [main thread] */
void attend(struct host *host);

/** Makes the main thread look around. [any thread] */
void attend_wake(struct host *host);

/**
 * Loads the newest file of the plugin `id` and waits for the end of that: also of one that is left
 * out or was in quarantine. `ret_message` as reload_run; DAIS_E_NOT_FOUND, DAIS_E_UNAVAILABLE while
 * the server starts or stops, else as reload_run. [fiber] [suspends]
 */
DAIS_CHECK_RESULT int32_t reload_request(struct dais_str id,
                                         char ret_message[RELOAD_MESSAGE_BYTES]);
