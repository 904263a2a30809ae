/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.random/1: random bytes and ids.
 *
 * Ids that `uuid7` makes sort by the time at which they were made, so rows that are added one after
 * another lie beside each other in an index, and a page of "newest first" is a walk along the
 * primary key. Whoever sees such an id can read the time from it, to the millisecond; where that
 * must not be known, and for secrets, take `bytes`.
 */
#include "dais/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a UUID's text with its NUL. */
#define DAIS_UUID_BYTES 37u

struct dais_random_v1 {
    /** [any] Fills `ret` with `count` random bytes, good enough for keys. */
    void (*bytes)(void *ret, uint64_t count);
    /**
     * [fiber] [worker] Writes a UUID of version 7 (RFC 9562 §5.7) as lower-case text with a NUL.
     * What one worker makes rises strictly, within a millisecond and when the clock is set back,
     * too; no other worker or node makes the same.
     */
    void (*uuid7)(char ret_text[DAIS_UUID_BYTES]);
};

DAIS_SLOT const struct dais_random_v1 *dais_random;
#define DAIS_NEED_RANDOM DAIS_NEED(random, "dais.random/1", 0)

#ifdef __cplusplus
}
#endif
