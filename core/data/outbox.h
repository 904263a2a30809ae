/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The outbox: what has happened and must be told, as rows that commit with what happened.
 *
 *   outbox_put      in the transaction of the event: one row for each subscriber
 *   outbox_claim    in a transaction of the teller: this subscriber is mine until its end
 *   outbox_take     … the oldest rows that are due and wait for no earlier one of their key
 *   outbox_done     … these were told
 *   outbox_retry    … this one later, again
 *   outbox_bury     … this one never again; it is kept aside with the reason
 *
 * A claim is a row lock that other nodes skip; it ends with the transaction, also by a crash. Rows
 * are told in the order of their numbers, which for one key is the order of the commits wherever
 * these exclude each other. Who has not been seen for `outbox_orphan_ms` loses its rows.
 */
#include "dais/db.h"

/** Rows of one turn. */
#define OUTBOX_TAKE_MAX 32u

/** One row that is to be told; the views live as long as the fiber. */
struct outbox_row {
    int64_t id;
    struct dais_str operation;
    struct dais_str key; /* absent: none */
    struct dais_str value;
    uint32_t attempts; /* that failed */
};

/** Registers statements and schema (dais.outbox…). [main thread, before the workers] */
DAIS_CHECK_RESULT int32_t outbox_init(void);

/** Writes a row for each of `subscribers`, an SQL array. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t outbox_put(struct dais_tx *tx, struct dais_str subscribers,
                                     const struct outbox_row *row);

/**
 * Claims `subscriber` for this transaction. DAIS_E_CONFLICT: another one has it; DAIS_E_NOT_FOUND:
 * it was never seen. [fiber, suspends]
 */
DAIS_CHECK_RESULT int32_t outbox_claim(struct dais_tx *tx, struct dais_str subscriber);

/** Notes that each of `subscribers`, an SQL array, is there. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t outbox_seen(struct dais_str subscribers);

/** Up to OUTBOX_TAKE_MAX rows. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t outbox_take(struct dais_tx *tx, struct dais_str subscriber,
                                      struct outbox_row ret_rows[OUTBOX_TAKE_MAX],
                                      uint32_t *ret_count);

/** Removes the rows of `ids`, an SQL array. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t outbox_done(struct dais_tx *tx, struct dais_str ids);

/** Counts a failed attempt; the row is due again after `delay_ms`. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t outbox_retry(struct dais_tx *tx, int64_t id, uint64_t delay_ms);

/** Sets the row aside with the reason. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t outbox_bury(struct dais_tx *tx, int64_t id, struct dais_str reason);

/**
 * Drops rows of subscribers that were not seen for `orphan_ms`, and what was set aside more than
 * `dead_ms` ago; how many rows of orphans. [fiber, suspends]
 */
DAIS_CHECK_RESULT int32_t outbox_sweep(uint64_t orphan_ms, uint64_t dead_ms, uint64_t *ret_dropped);
