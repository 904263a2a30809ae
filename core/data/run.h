/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One statement from its call to its answer: which connection, how long, again or not, and what an
 * error means. Used by db.c for statements on their own and by tx.c inside a transaction.
 */
#include "data/pool.h"

/** A statement that is being run. */
struct run {
    const struct statement *statement;
    const struct bind *bind;
    uint64_t until_ms;   /**< monotonic */
    uint32_t timeout_ms; /**< the statement's own limit */
    uint64_t started_us;
};

/** Until then from now on, for fiber_suspend. */
uint64_t run_left_ms(const struct run *run);

/** Whether the running fiber should end: nothing is sent for it any more. [fiber] */
bool run_is_cancelled(void);

/** On a shared lane; sends again what did not run. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t run_shared(struct lane *lane, const struct run *run,
                                     PGresult **ret_result);

/** On a connection of the pool, which it takes and gives back. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t run_pooled(struct pool *pool, const struct run *run,
                                     PGresult **ret_result);

/** One group on a connection that is lent. LANE_… ends become codes. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t run_exclusive(struct lane *lane, const struct run *run,
                                        PGresult **ret_result);

/** The code for an answer: DAIS_OK, or that of its error, which is logged here, once. */
int32_t run_judge(const struct statement *statement, const PGresult *result);
