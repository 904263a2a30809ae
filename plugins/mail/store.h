/* SPDX-License-Identifier: MIT */
#pragma once
/* The outbox: the only file of the plugin with SQL. */
#include "dais/db.h"
#include "dais/svc/mailer.h"

extern const struct dais_statement store_statements[];

/** How much may be queued. */
struct store_bounds {
    int64_t recipient_max; /**< messages to one recipient within an hour */
    int64_t waiting_max;   /**< messages that wait altogether */
};

/** A message that somebody tries to send. The views live as long as `rows`. */
struct store_letter {
    struct dais_rows *rows;
    struct dais_str id;
    struct dais_str kind;
    struct dais_str to;
    struct dais_str subject;
    struct dais_str text;
    int64_t attempt; /**< from 1; with the id it names the claim */
    int64_t queued_s;
    int64_t expired;
};

/** How many messages are in which state. */
struct store_counts {
    int64_t waiting;
    int64_t dead;
};

/**
 * [fiber] [suspends] Adds a message, in `tx` or durably at once. DAIS_E_LIMIT: out of bounds, in a
 * transaction that goes on.
 */
DAIS_CHECK_RESULT int32_t store_queue(struct dais_tx *tx, const struct dais_mail *mail,
                                      const struct store_bounds *bounds);

/** [fiber] [suspends] How many messages are due, counted up to `max`. */
DAIS_CHECK_RESULT int32_t store_due(int64_t max, int64_t *ret_count);

/**
 * [fiber] [suspends] Takes the message that is due longest; nobody else gets it for `lease_ms`.
 * DAIS_E_NOT_FOUND: none is due. The caller frees `ret_letter->rows`.
 */
DAIS_CHECK_RESULT int32_t store_claim(int64_t lease_ms, struct store_letter *ret_letter);

/** [fiber] [suspends] The message was sent; its text is forgotten. */
DAIS_CHECK_RESULT int32_t store_sent(const struct store_letter *letter);

/** [fiber] [suspends] The attempt failed; the next one comes after `wait_ms`. */
DAIS_CHECK_RESULT int32_t store_again(const struct store_letter *letter, uint64_t wait_ms,
                                      struct dais_str error);

/** [fiber] [suspends] The attempt did not take place; the next one may come at once. */
DAIS_CHECK_RESULT int32_t store_release(const struct store_letter *letter);

/** [fiber] [suspends] The message is given up; its text is forgotten. */
DAIS_CHECK_RESULT int32_t store_dead(const struct store_letter *letter, struct dais_str error);

/** [fiber] [suspends] Forgets what was sent a day ago, and dead letters after `dead_days`. */
DAIS_CHECK_RESULT int32_t store_sweep(int64_t dead_days);

/** [fiber] [suspends] How many messages are in which state. */
DAIS_CHECK_RESULT int32_t store_count(struct store_counts *ret_counts);
