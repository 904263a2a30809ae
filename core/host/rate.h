/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Rate limits: how many requests of a class one peer may send in a minute, on all workers together.
 *
 * The table that workers share is a fixed number of atomic cells, no lock. A cell holds for one
 * key the time at which its allowance is full again (GCRA), so that a peer may use a minute's
 * allowance at once and then goes on at its rate. Where a key finds only cells that others use, it
 * takes the one that is free soonest: a flood of peers makes limits laxer, never stricter.
 */
#include <stdatomic.h>
#include <stdint.h>

#define RATE_CELLS 65536u

/** Zeroed memory is an empty table. */
struct rate_table {
    _Atomic uint64_t cells[RATE_CELLS];
};

/**
 * Counts one event of the key hashed to `key` at `now_ms`, of which `per_minute` (> 0) are allowed.
 * 0 when it is allowed, else the milliseconds after which it would be. [any thread]
 */
uint64_t rate_count(struct rate_table *table, uint64_t key, uint64_t now_ms, uint32_t per_minute);
