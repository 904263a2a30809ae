/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The pool of a worker: connections that are lent to one fiber at a time, for transactions and for
 * statements outside the shared lanes. They are opened when first needed. A fiber that finds none
 * free waits in a bounded queue. A connection given back while an answer is still due is free when
 * the answer came; a statement whose fiber gave it up is cancelled on the server (cancel.h).
 */
#include "data/cancel.h"
#include "data/lane.h"

struct pool;

enum pool_use { POOL_FREE, POOL_LENT, POOL_DRAINING };

/** A transaction: part of its slot, so that a pointer to an ended one can still be told. */
struct dais_tx {
    struct list_node node; /* in its fiber's scope */
    dais_handle fiber;     /* whose it is; 0: none */
    struct pool_slot *slot;
    struct db_guard *guard; /* the innermost part that may fail alone, or NULL */
    uint32_t plugin;        /* whose code began it, and may end it */
    uint32_t epoch;         /* of the connection when it began */
    uint32_t timeout_ms;    /* statement_timeout within it */
    bool begun;             /* BEGIN was sent */
    bool failed;            /* only rollback is left */
};

/** tx.c: undoes and ends a transaction, whoever's it is. [fiber] */
void tx_abandon(struct dais_tx *tx);

/** One connection. */
struct pool_slot {
    struct lane lane;
    struct pool *pool;
    struct dais_tx tx;
    enum pool_use use;
    struct cancel cancel;
    bool is_cancelling; /* the request is under way: nothing new may be run */
};

/** The connections of a worker; embed it. */
struct pool {
    struct pool_slot *slots;
    uint32_t count;
    uint32_t waiting;
    struct list waiters;
};

/** Readies limit `db_pool` closed connections. `options` is borrowed. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t pool_init(struct pool *pool, const struct conn_options *options);

/** Closes all; who waits gets DAIS_E_UNAVAILABLE. [worker] */
void pool_fini(struct pool *pool);

/**
 * Takes a connection that is ready. DAIS_E_LIMIT when too many wait, DAIS_E_TIMEOUT,
 * DAIS_E_UNAVAILABLE when the database went away meanwhile. [fiber, suspends]
 */
DAIS_CHECK_RESULT int32_t pool_take(struct pool *pool, uint64_t timeout_ms,
                                    struct pool_slot **ret_slot);

/** Gives it back. [worker] [fiber] */
void pool_give(struct pool_slot *slot);

/** The database went away: whoever waits is told so. [worker] */
void pool_refuse(struct pool *pool);

/** Ends the groups of all connections. [worker] */
void pool_tick(struct pool *pool);
