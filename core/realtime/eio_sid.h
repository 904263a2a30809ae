/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Ids of Engine.IO sessions: 15 bytes, 20 characters of base64url. Fourteen are random, since who
 * knows an id may speak for the session; the last is the index of its worker under a mask that
 * follows from the others and this process's secret, so that every worker finds the session and
 * nobody else learns where it is. Pure but for the randomness; callable on any thread.
 */
#include "base/str.h"
#include "dais/error.h"

#define EIO_SID_BYTES 15u
/** Characters of its text. */
#define EIO_SID_CHARS 20u

struct eio_sid {
    uint8_t bytes[EIO_SID_BYTES];
};

/** A new id for a session of worker `index`. */
struct eio_sid eio_sid_make(uint32_t index);

/** Reads an id. DAIS_E_INVALID for what is none. */
DAIS_CHECK_RESULT int32_t eio_sid_parse(struct dais_str text, struct eio_sid *ret_sid);

/** The worker of its session; a number beyond all workers for ids that were not made here. */
uint32_t eio_sid_worker(const struct eio_sid *sid);

/** Appends its text. */
void eio_sid_add(const struct eio_sid *sid, struct strbuf *out);

/** The part by which sessions are looked up. */
uint64_t eio_sid_key(const struct eio_sid *sid);

/** Whether both are the same, in constant time. */
bool eio_sid_eq(const struct eio_sid *a, const struct eio_sid *b);
