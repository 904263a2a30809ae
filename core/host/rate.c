/* SPDX-License-Identifier: MIT */
#include "host/rate.h"

#include <stddef.h>

#define MINUTE_MS 60000u
/** Cells that a key may use. */
#define PROBES 4u
/** A cell is 16 bits that tell its key from its neighbours', and a time in microseconds. */
#define TIME_BITS 48u
#define TIME_MASK (((uint64_t)1 << TIME_BITS) - 1)

static uint64_t time_of(uint64_t cell)
{
    return cell & TIME_MASK;
}

/** The key's own cell, else the one that is, or will be, free first. */
static _Atomic uint64_t *find(struct rate_table *table, uint64_t key, uint64_t tag,
                              uint64_t *ret_cell)
{
    _Atomic uint64_t *best = NULL;
    for (uint32_t i = 0; i < PROBES; i++) {
        _Atomic uint64_t *at = &table->cells[(key + i) % RATE_CELLS];
        uint64_t cell = atomic_load_explicit(at, memory_order_relaxed);
        if (cell >> TIME_BITS == tag && time_of(cell) != 0) {
            *ret_cell = cell;
            return at;
        }
        if (!best || time_of(cell) < time_of(*ret_cell)) {
            best = at;
            *ret_cell = cell;
        }
    }
    return best;
}

uint64_t rate_count(struct rate_table *table, uint64_t key, uint64_t now_ms, uint32_t per_minute)
{
    uint64_t now_us = (now_ms * 1000) & TIME_MASK, tag = key >> TIME_BITS;
    uint64_t step_us = (uint64_t)MINUTE_MS * 1000 / per_minute;
    for (;;) {
        uint64_t cell;
        _Atomic uint64_t *at = find(table, key, tag, &cell);
        uint64_t full_us = cell >> TIME_BITS == tag ? time_of(cell) : 0;
        if (full_us < now_us)
            full_us = now_us;
        full_us += step_us;
        if (full_us > now_us + (uint64_t)MINUTE_MS * 1000)
            return (full_us - now_us) / 1000 - MINUTE_MS + 1;
        if (atomic_compare_exchange_weak_explicit(at, &cell, tag << TIME_BITS | full_us,
                                                  memory_order_relaxed, memory_order_relaxed))
            return 0;
    }
}
