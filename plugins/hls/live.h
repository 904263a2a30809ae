/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Live streams: the observer of the media hub. A stream lives on its home worker; after its end its
 * window stays for a while, so that viewers see the show to its end.
 */
#include "dais/media.h"

/** Registered with the hub in `init`. */
extern const struct dais_media_observer live_observer;

/** [setup] Makes the state of the workers. DAIS_E_MEMORY. */
int32_t live_init(void) DAIS_CHECK_RESULT;

/** [setup] Frees the state of the workers. */
void live_fini(void);

/** [fiber] On each worker, from time to time: lets go of streams whose time is over. */
void live_sweep(void);

/** [worker] The worker stops: lets go of all ended streams, and of others as soon as they end. */
void live_worker_stop(uint32_t worker);
