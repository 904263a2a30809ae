/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A lane: one connection in pipeline mode and the statements that are under way on it.
 *
 * Statements are sent as they come and belong to a group, which one sync ends: at the end of the
 * loop's turn (lane_tick), or at once for a statement that runs alone. A group is one implicit
 * transaction: one error aborts the rest of it. While a batch is being committed the next one
 * gathers: the more there is to do, the more share a commit.
 *
 *   LANE_READ       answers are handed over as they arrive; aborted ones are to be run again alone
 *   LANE_BATCH      answers are handed over after the group's commit; when anything in the group
 *                   failed nothing of it counts, and all of it is to be run again alone
 *   LANE_EXCLUSIVE  lent to one fiber at a time (pool.h), which ends its groups itself
 *
 * Who sends keeps a `struct lane_call` on the stack of its fiber and suspends on its `wait`. A call
 * that is given up is withdrawn: the statement still runs and its answer is dropped.
 */
#include "data/bind.h"
#include "data/conn.h"
#include "data/statement.h"
#include "loop/fiber.h"

#include <stdbool.h>

enum lane_kind { LANE_READ, LANE_BATCH, LANE_EXCLUSIVE };

/** How a call ended: what fiber_suspend gives when it is no error of its own. */
enum lane_end {
    LANE_ANSWERED = 0, /**< `result` is there, which may tell of an error */
    LANE_AGAIN = 1,    /**< it did not run: somebody else's error; run it again, alone */
    LANE_LOST = 2,     /**< the connection was lost: it may have been committed or not */
    LANE_UNSENT = 3    /**< the connection was lost and it was not committed */
};

/** One statement under way. */
struct lane_call {
    struct fiber_wait wait;
    PGresult *result;  /**< the caller's once LANE_ANSWERED */
    enum lane_end end; /* private, as the next */
    uint32_t position;
};

struct lane_op;
struct lane_prepared;

/** A lane; embed it. */
struct lane {
    struct conn conn;
    enum lane_kind kind;
    uint32_t epoch;      /**< rises with each loss of the connection */
    uint32_t timeout_ms; /**< the session's statement_timeout; 0: not known */
    /** The connection came up or went down, or a group ended; may be NULL. */
    void (*changed)(struct lane *lane);
    struct lane_op *ops;            /* private, as all below: a ring of what answers are due */
    struct lane_prepared *prepared; /* by the index of the statement; grows with use */
    uint32_t prepared_count;
    uint32_t mask, head, next, tail; /* oldest kept, next to be answered, next free */
    uint32_t synced;                 /* behind the last sync */
    uint32_t waiting;                /* statements among the ops */
    uint32_t open;                   /* statements behind the last sync */
    uint64_t bytes;                  /* of their values */
    PGresult *commit_error;
    bool aborted;        /* the group that is being answered */
    struct list hopeful; /* calls that wait for the connection to come back */
};

/** Readies a lane with a closed connection. `options` is borrowed. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t lane_init(struct lane *lane, enum lane_kind kind,
                                    const struct conn_options *options);

/** Closes the connection and frees; who waits gets DAIS_E_UNAVAILABLE or LANE_LOST. [worker] */
void lane_fini(struct lane *lane);

/** Whether statements can be sent. */
static inline bool lane_is_ready(const struct lane *lane)
{
    return lane->conn.state == CONN_READY;
}

/** Whether no answer is due. */
static inline bool lane_is_idle(const struct lane *lane)
{
    return lane->head == lane->tail;
}

/**
 * Sends a statement, prepared on this connection if it is not yet. With `alone` it is a group of
 * its own. `bind` is only used during the call. DAIS_E_UNAVAILABLE, DAIS_E_LIMIT. [fiber]
 */
DAIS_CHECK_RESULT int32_t lane_send(struct lane *lane, const struct statement *statement,
                                    const struct bind *bind, struct lane_call *call, bool alone);

/** Sends a command without values; nobody waits for it when `call` is NULL. [worker] [fiber] */
DAIS_CHECK_RESULT int32_t lane_send_text(struct lane *lane, const char *sql,
                                         struct lane_call *call);

/** The end of a turn: ends the group, or sends what it holds while it gathers. [worker] [fiber] */
void lane_tick(struct lane *lane);

/** Gives up a call whose suspension ended with an error of its own. [fiber] */
void lane_withdraw(struct lane *lane, struct lane_call *call);

/** Whether a statement runs that nobody waits for any more. */
bool lane_is_abandoned(const struct lane *lane);

/** Waits until the connection is back. DAIS_E_UNAVAILABLE after `timeout_ms`. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t lane_await(struct lane *lane, uint64_t timeout_ms);
