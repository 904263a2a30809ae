/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.db/1: the database, one PostgreSQL.
 *
 * A plugin names its statements in a const table in store.c and registers it in `init`, with the
 * migrations of its schema. The host prepares each statement once per connection. Which connection
 * a statement takes follows from its lane; see the lanes below. Values go in and come out as text
 * or, for bytes, in binary; parameters are always bound, never pasted.
 *
 * Errors: DAIS_E_CONFLICT unique or exclusion violation, serialization failure · DAIS_E_INVALID
 * check, not-null or foreign-key violation, or a value that the type refuses · DAIS_E_UNAVAILABLE
 * no connection (answer 503) · DAIS_E_TIMEOUT the statement ran too long · DAIS_E_LIMIT too many
 * waiting · DAIS_E_CANCELLED the client went away · DAIS_E_INTERNAL anything else, logged once.
 */
#include "dais/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum dais_lane {
    /** Short single SELECTs, pipelined: one round trip per tick for all of them. */
    DAIS_LANE_READ = 1,
    /**
     * Pipelined writes that share one commit per tick. Only for one statement that inserts or
     * updates rows nobody else updates, and that answers conflicts with ON CONFLICT, not errors.
     */
    DAIS_LANE_BATCH = 2,
    /** A connection of its own for the time of the statement: anything else, and slow queries. */
    DAIS_LANE_POOL = 3
};

/** The statement may be run twice with the effect of once: retried when a connection is lost. */
#define DAIS_STATEMENT_IDEMPOTENT 1u

/** One statement. `name` is unique in the plugin and stable: it stands in metrics and logs. */
struct dais_statement {
    const char *name;
    const char *sql;
    uint32_t lane;       /**< enum dais_lane; inside a transaction the lane is ignored */
    uint32_t params;     /**< how many $n the text has */
    uint32_t flags;      /**< DAIS_STATEMENT_… */
    uint32_t timeout_ms; /**< 0: the default of the configuration */
};

/** One step of a schema, made by the build from schema/NNN_name.sql. */
struct dais_migration {
    uint32_t version;  /**< 1, 2, 3 … without holes */
    uint32_t contract; /**< 0: expand, old code still runs on it · 1: contract */
    const char *name;
    const char *sql; /**< run in one transaction, under an advisory lock, once */
};

enum dais_param_kind {
    DAIS_PARAM_NULL = 0,
    DAIS_PARAM_TEXT = 1,
    DAIS_PARAM_INT = 2,
    DAIS_PARAM_BYTES = 3
};

/** One bound value; made by the inline functions below. Borrowed for the call. */
struct dais_param {
    struct dais_str text;
    int64_t number;
    uint32_t kind; /**< enum dais_param_kind */
    uint32_t reserved;
};

/** The rows of an answer. Freed with the running fiber, or before by `rows_free`. */
struct dais_rows;
/**
 * A transaction on a connection of its own. It belongs to the fiber and the plugin that began it:
 * services and hooks of other plugins may run their statements in it on the same fiber, but not end
 * it (DAIS_E_STATE). Rolled back when its fiber ends without a commit.
 */
struct dais_tx;

struct dais_db_v1 {
    /** [setup] Registers the plugin's statements; the table ends with a row whose name is NULL. */
    int32_t (*statements)(const struct dais_statement *table);
    /** [setup] Registers the plugin's migrations; the table ends with version 0. */
    int32_t (*migrations)(const struct dais_migration *table);
    /**
     * [fiber] [suspends] Runs `statement` with `count` values. The rows may be NULL when the caller
     * passes NULL for `ret_rows`.
     */
    int32_t (*query)(const struct dais_statement *statement, const struct dais_param *params,
                     uint32_t count, struct dais_rows **ret_rows);
    /** [fiber] [suspends] Begins a transaction (read committed). */
    int32_t (*begin)(struct dais_tx **ret_tx);
    /** [fiber] [suspends] As query, inside `tx`. After an error only rollback is left. */
    int32_t (*tx_query)(struct dais_tx *tx, const struct dais_statement *statement,
                        const struct dais_param *params, uint32_t count,
                        struct dais_rows **ret_rows);
    /**
     * [fiber] [suspends] Commits and ends `tx`. Never cancelled. DAIS_E_UNAVAILABLE means that the
     * connection was lost and the outcome is not known.
     */
    int32_t (*commit)(struct dais_tx *tx);
    /** [fiber] [suspends] Undoes and ends `tx`. */
    void (*rollback)(struct dais_tx *tx);
    /** [fiber] How many rows came. NULL counts 0. */
    uint32_t (*rows_count)(const struct dais_rows *rows);
    /** [fiber] How many rows an INSERT, UPDATE or DELETE touched. */
    uint64_t (*rows_affected)(const struct dais_rows *rows);
    /** [fiber] One value as text; absent when NULL or out of range. Valid as long as `rows`. */
    struct dais_str (*cell)(const struct dais_rows *rows, uint32_t row, uint32_t column);
    /** [fiber] One value as a number; 0 when NULL, out of range or no number. */
    int64_t (*cell_int)(const struct dais_rows *rows, uint32_t row, uint32_t column);
    /** [fiber] A bytea value as its bytes, in the fiber's arena; absent when NULL. */
    struct dais_str (*cell_bytes)(const struct dais_rows *rows, uint32_t row, uint32_t column);
    /** [fiber] Frees the rows before the fiber ends; for tasks that live long. NULL is ignored. */
    void (*rows_free)(struct dais_rows *rows);
    /** [any] 1 while the database answers, 0 while it is away. */
    uint32_t (*available)(void);
};

/** The migrations that the build made of the plugin's schema folder, for `migrations`. */
extern const struct dais_migration dais_schema[] __attribute__((visibility("hidden")));

DAIS_SLOT const struct dais_db_v1 *dais_db;
#define DAIS_NEED_DB DAIS_NEED(db, "dais.db/1", 0)

/** A text value; an absent view is NULL in SQL. */
static inline struct dais_param dais_text(struct dais_str text)
{
    struct dais_param p = {text, 0, text.ptr ? DAIS_PARAM_TEXT : DAIS_PARAM_NULL, 0};
    return p;
}

/** A whole number. */
static inline struct dais_param dais_int(int64_t number)
{
    struct dais_param p = {{NULL, 0}, number, DAIS_PARAM_INT, 0};
    return p;
}

/** Bytes for a bytea; an absent view is NULL in SQL. */
static inline struct dais_param dais_bytes(struct dais_str bytes)
{
    struct dais_param p = {bytes, 0, bytes.ptr ? DAIS_PARAM_BYTES : DAIS_PARAM_NULL, 0};
    return p;
}

/** NULL. */
static inline struct dais_param dais_null(void)
{
    struct dais_param p = {{NULL, 0}, 0, DAIS_PARAM_NULL, 0};
    return p;
}

/** [fiber] [suspends] `tx_query` in `tx`, or `query` when it is NULL. */
static inline int32_t dais_query_in(struct dais_tx *tx, const struct dais_statement *statement,
                                    const struct dais_param *params, uint32_t count,
                                    struct dais_rows **ret_rows)
{
    return tx ? dais_db->tx_query(tx, statement, params, count, ret_rows)
              : dais_db->query(statement, params, count, ret_rows);
}

#ifdef __cplusplus
}
#endif
