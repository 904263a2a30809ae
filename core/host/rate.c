/* SPDX-License-Identifier: MIT */
#include "host/rate.h"

#include "base/mem.h"

#include <stddef.h>

#define MINUTE_US 60000000u
/** Cells that a key may use. */
#define PROBES 4u
/** A cell is 16 bits that tell its key from its neighbours', and a time in microseconds. */
#define TIME_BITS 48u
#define TIME_MASK (((uint64_t)1 << TIME_BITS) - 1)

struct rate_table {
    uint64_t mask; /* cells less one; a power of two less one */
    _Atomic uint64_t cells[];
};

int32_t rate_table_new(uint32_t cells, struct rate_table **ret_table)
{
    uint64_t count = 1;
    while (count < cells)
        count *= 2;
    struct rate_table *table = mem_zalloc(1, sizeof *table + count * sizeof table->cells[0]);
    if (!table)
        return DAIS_E_MEMORY;
    table->mask = count - 1;
    *ret_table = table;
    return DAIS_OK;
}

void rate_table_free(struct rate_table *table)
{
    mem_free(table);
}

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
        _Atomic uint64_t *at = &table->cells[(key + i) & table->mask];
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

/** Takes an event out of a bucket that is full again at `*full_us`; what rate_count gives. */
static uint64_t take(uint64_t *full_us, uint64_t now_us, const struct rate_event *event)
{
    uint64_t cost = event->cost < event->per_minute ? event->cost : event->per_minute;
    uint64_t next_us = (*full_us > now_us ? *full_us : now_us) +
                       cost * MINUTE_US / event->per_minute;
    if (next_us > now_us + MINUTE_US)
        return (next_us - now_us - MINUTE_US) / 1000 + 1;
    *full_us = next_us;
    return 0;
}

uint64_t rate_count(struct rate_table *table, uint64_t key, const struct rate_event *event)
{
    uint64_t now_us = (event->now_ms * 1000) & TIME_MASK, tag = key >> TIME_BITS;
    for (;;) {
        uint64_t cell;
        _Atomic uint64_t *at = find(table, key, tag, &cell);
        uint64_t full_us = cell >> TIME_BITS == tag ? time_of(cell) : 0;
        uint64_t wait_ms = take(&full_us, now_us, event);
        if (wait_ms > 0)
            return wait_ms;
        if (atomic_compare_exchange_weak_explicit(at, &cell, tag << TIME_BITS | full_us,
                                                  memory_order_relaxed, memory_order_relaxed))
            return 0;
    }
}

uint64_t rate_step(uint64_t *bucket, const struct rate_event *event)
{
    return take(bucket, event->now_ms * 1000, event);
}
