/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The plain RTMP handshake, server side (RTMP 1.0 §5.2). A peer sends C0 (version), C1 (1536 bytes)
 * and, after our answer, C2 (1536 bytes). We answer once, when C1 is whole: S0 = 3, S1 with a zero
 * version and S2 = an exact copy of C1. A zero version in S1 makes clients that could do the digest
 * handshake fall back to the plain one. C2 is read and not compared: real encoders get it wrong.
 *
 * session.c drives it: handshake_init, then handshake_feed until it answers HANDSHAKE_DONE.
 */
#include <stdint.h>

#include "dais/error.h"
#include "dais/types.h"

#define HANDSHAKE_PART_BYTES 1536u
/** S0, S1 and S2 together. */
#define HANDSHAKE_REPLY_BYTES (1u + 2u * HANDSHAKE_PART_BYTES)

/** What handshake_feed reports. */
enum handshake_status {
    HANDSHAKE_MORE,  /**< all input is consumed, the peer has more to send */
    HANDSHAKE_REPLY, /**< the reply is ready to be sent; go on feeding */
    HANDSHAKE_DONE,  /**< C2 is complete; what is left of the input are chunks */
};

/** Embedded in its owner; needs no release. */
struct handshake {
    uint32_t received; /**< bytes of C0, C1 and C2 so far */
};

/**
 * Starts a handshake. `reply` is HANDSHAKE_REPLY_BYTES of the caller's memory and must be the same
 * in every call until HANDSHAKE_REPLY. `seed` feeds the filler bytes of S1, which carry no secret.
 */
void handshake_init(struct handshake *handshake, uint8_t *reply, uint64_t seed);

/**
 * Consumes input of any length from the front of `in` and advances it.
 * Returns an enum handshake_status, or DAIS_E_INVALID when C0 asks for anything but plain RTMP
 * (6 is RTMPE). After an error the connection is to be closed without an answer.
 */
int32_t handshake_feed(struct handshake *handshake, struct dais_str *in,
                       uint8_t *reply) DAIS_CHECK_RESULT;
