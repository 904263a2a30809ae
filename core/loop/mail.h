/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Mail between workers: the only crossing. A message carries ownership of what it points to.
 *
 * The sender embeds a `struct mail` in its message, sets `deliver` and sends it; `deliver` runs on
 * the receiving worker's own stack (not on a fiber) and owns the message from then on. Messages of
 * one sender to one worker arrive in their order. A worker has at most limit `mail` messages
 * waiting. Sending never blocks and may be done on any thread; it wakes a worker that waits, once.
 */
#include "dais/error.h"

#include <stdint.h>

/** The head of a message. */
struct mail {
    struct mail *next;                  /* private */
    void (*deliver)(struct mail *mail); /* on the receiver; owns the message */
};

/**
 * Sends to worker `index` (itself allowed: it is delivered later in this turn or the next).
 * DAIS_E_LIMIT when its queue is full, DAIS_E_GONE when it has ended: the message stays with the
 * sender.
 */
DAIS_CHECK_RESULT int32_t mail_send(uint32_t index, struct mail *mail);

/**
 * As mail_send, for answers and releases whose number is bounded by what they answer: never refused
 * for a full queue. CHECKs that the worker runs: whoever waits for an answer keeps it alive.
 */
void mail_post(uint32_t index, struct mail *mail);

/** How many messages wait for worker `index`; for metrics. */
uint32_t mail_waiting(uint32_t index);
