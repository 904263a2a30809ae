/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * after_commit hooks hear of operations: what the outbox (data/outbox.h) keeps for them is handed
 * to them in turns.
 *
 * Each hook is a subscriber, "plugin/hook", with a home worker. A turn is a fiber there: it claims
 * the subscriber against other nodes, takes the oldest rows, calls the hook for each inside the
 * transaction that also takes the rows off, and commits. So a crash at any point hands the rows out
 * again, and what the hook wrote with the transaction is there once. Rows that fail wait longer and
 * longer, and the rows of their key behind them. A commit on this node wakes the home worker by
 * mail; rows of other nodes and those due again are found by looking once in a while.
 *
 * Subscribers live as long as the process; which generation hears them changes [parked].
 */
#include "dais/hooks.h"

#include <stdint.h>

struct host;
struct operation;
struct plugin;

/** after_commit hooks of all plugins that were ever loaded by this process. */
#define DELIVERY_SUBSCRIBERS_MAX 256u
/** A bit for each of them. */
#define DELIVERY_WORDS (DELIVERY_SUBSCRIBERS_MAX / 64u)

/** Registers metrics, statements and the schema of the outbox. [main thread] */
DAIS_CHECK_RESULT int32_t delivery_init(void);

/** Forgets all subscribers. After the workers are gone. [main thread] */
void delivery_fini(void);

/** The number of a plugin's hook, new or known. DAIS_E_LIMIT. [parked] */
DAIS_CHECK_RESULT int32_t delivery_subscribe(const struct plugin *plugin, const char *hook,
                                             uint32_t *ret_number);

/** The names of the subscribers of `operation` as an SQL array; absent without any. [parked] */
struct dais_str delivery_array(const struct operation *operation, struct dais_arena *arena);

/** Hands the deliveries of all subscribers to the hooks of the current generations. [parked] */
void delivery_rebind(struct host *host);

/** Writes the rows of one operation in `tx` and notes whom to wake in `pending`. [fiber, suspends]
 */
DAIS_CHECK_RESULT int32_t delivery_write(const struct operation *operation, struct dais_tx *tx,
                                         const void *value, uint64_t pending[DELIVERY_WORDS]);

/** Wakes the subscribers in `pending` and clears it. [fiber] */
void delivery_wake(uint64_t pending[DELIVERY_WORDS]);

/** For host_everywhere: begins to deliver on this worker. [fiber] */
DAIS_CHECK_RESULT int32_t delivery_worker_start(void *unused);

/** For host_everywhere: no turn begins any more; waits for those under way. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t delivery_worker_drain(void *unused);
