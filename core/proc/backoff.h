/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How long to wait before a child that died is started again: a pure rule without a clock of its
 * own. The first death after a good life restarts at once; deaths that follow one another quickly
 * wait twice as long each time, up to a maximum. A life is good when it lasted
 * BACKOFF_GOOD_LIFE_MS.
 *
 *     backoff_init(&b, 100, 5000);  … the child died …  delay_ms = backoff_next(&b, lived_ms);
 */
#include <stdint.h>

#define BACKOFF_GOOD_LIFE_MS 1000u

/** What the rule remembers. */
struct backoff {
    uint32_t first_ms;
    uint32_t max_ms;
    uint32_t next_ms; /**< what the next death after a short life waits */
};

/** Starts the rule: the second death in a row waits `first_ms` (> 0), none longer than `max_ms`. */
void backoff_init(struct backoff *backoff, uint32_t first_ms, uint32_t max_ms);

/** A life of `lived_ms` milliseconds ended; the milliseconds to wait before the next one begins. */
uint32_t backoff_next(struct backoff *backoff, uint64_t lived_ms);
