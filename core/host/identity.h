/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who is behind a token: asks the plugin that offers dais.identity/1 and remembers its answers.
 *
 * Each worker has a cache of its own, bounded, the least recently used goes first. An answer is
 * kept until the token ends, at most IDENTITY_AGE_MAX_MS, and until the bus says on
 * "identity.revoked" that its session or user changed. An answer whose question was asked before a
 * revocation came in is given out but not kept, since the provider may have read the older state.
 */
#include "dais/error.h"
#include "dais/svc/identity.h"
#include "dais/types.h"

#include <stdint.h>

/** Tokens that a worker remembers. */
#define IDENTITY_CACHE_MAX 8192u
/** A longer token is refused before anybody is asked. */
#define IDENTITY_TOKEN_BYTES_MAX 4096u
/** Bounds what a lost revocation could do. */
#define IDENTITY_AGE_MAX_MS 60000u

struct identity_cache;

/** Makes this worker's cache. DAIS_E_MEMORY. [worker] */
DAIS_CHECK_RESULT int32_t identity_worker_start(struct identity_cache **ret_cache);

/** Frees it; NULL is ignored. [worker] */
void identity_worker_stop(struct identity_cache *cache);

/** Registers metrics and the subscription; notes the provider. [main thread, after all `init`] */
DAIS_CHECK_RESULT int32_t identity_init(void);

/** Asks the current generation of the plugin that offers identities from now on. [parked] */
void identity_retarget(void);

/** http_hooks.identity_cached. [worker] */
int32_t identity_cached(struct dais_str token, struct dais_identity *ret_identity);

/**
 * http_hooks.verify: DAIS_E_UNAVAILABLE while no plugin offers identities. The views are in the
 * fiber's arena. [fiber, suspends]
 */
DAIS_CHECK_RESULT int32_t identity_verify(struct dais_str token,
                                          struct dais_identity *ret_identity);
