/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Token buckets: how many events of a kind somebody may cause in a minute.
 *
 * A bucket is one number, the time at which it is full again (GCRA): a minute's allowance may be
 * used at once, then it goes on at its rate. Buckets of users and addresses stand in a table that
 * all workers share, a fixed number of atomic cells without a lock. Where a key finds only cells
 * that others use, it takes the one that is free soonest: a flood of peers makes limits laxer,
 * never stricter. Buckets of a connection are plain numbers in its own memory.
 */
#include "dais/error.h"

#include <stdatomic.h>
#include <stdint.h>

struct rate_table;

/** Makes an empty table of at least `cells` cells. DAIS_E_MEMORY. [main thread] */
DAIS_CHECK_RESULT int32_t rate_table_new(uint32_t cells, struct rate_table **ret_table);

/** Frees a table; NULL is ignored. [main thread, after the workers] */
void rate_table_free(struct rate_table *table);

/** What happens: `cost` events at `now_ms`, of which `per_minute` (> 0) are allowed. */
struct rate_event {
    uint64_t now_ms;
    uint64_t cost; /**< more than a minute's allowance counts as that */
    uint32_t per_minute;
};

/**
 * Counts an event of the key hashed to `key`: all of it, or nothing. 0 when it is allowed, else the
 * milliseconds after which it would be. [any thread]
 */
uint64_t rate_count(struct rate_table *table, uint64_t key, const struct rate_event *event);

/** As rate_count for one bucket, 0 at first, that only one thread uses. */
uint64_t rate_step(uint64_t *bucket, const struct rate_event *event);
