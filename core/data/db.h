/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The database: what stands behind dais.db/1.
 *
 *   db_open           once, before the workers start: remembers how to connect
 *   db_statements     the named statements of a plugin's code: before the workers start, or while
 *                     they are parked (loop/park.h); db_statements_drop when that code is retired
 *   db_worker_start   on each worker: makes its connections; they come up by themselves
 *   db_admit          once the schema is as new as the code: queries are let through
 *   db_worker_stop    on each worker: answers who still waits, closes
 *   db_close          after the workers are gone
 *
 * The functions with the names and signatures of struct dais_db_v1 are its entries; their contract
 * is written there. They act for the running fiber on the worker's own connections. Each worker has
 * one pipelined connection for the read lane, one for the batch lane and a bounded pool of plain
 * ones (lane.h, pool.h). A connection that is lost comes back by itself, and meanwhile every call
 * answers DAIS_E_UNAVAILABLE at once.
 */
#include "dais/db.h"

#include <stdbool.h>
#include <stdint.h>

/** How to reach the database. The text is copied. */
struct db_options {
    const char *conninfo;          /**< of libpq: a URL or key=value pairs; NULL: no database */
    uint32_t statement_timeout_ms; /**< where a statement names none; 0: the default below */
};

#define DB_STATEMENT_TIMEOUT_MS 5000u
/**
 * Connections that `workers` workers with limit `db_pool` may open; migrations, an operator and
 * those that a crashed server has not closed yet included.
 */
#define DB_CONNECTIONS(workers, pool) (2u * (workers) * ((pool) + 2u) + 6u)

/**
 * Opens the module. DAIS_E_INVALID when `conninfo` cannot be read, DAIS_E_MEMORY. With DAIS_E_STATE
 * it is open already. [main thread]
 */
DAIS_CHECK_RESULT int32_t db_open(const struct db_options *options);

/** Forgets all statements and migrations. After the workers are gone. [main thread] */
void db_close(void);

/** Makes this worker's connections; returns before they are up. DAIS_E_MEMORY. [worker] */
DAIS_CHECK_RESULT int32_t db_worker_start(void);

/** Closes this worker's connections; who waits is answered DAIS_E_UNAVAILABLE. [worker] */
void db_worker_stop(void);

/** Lets queries through (1) or refuses them with DAIS_E_UNAVAILABLE (0, as after db_open). [any] */
void db_admit(uint32_t admitted);

/**
 * What db_statements would answer, without effect. DAIS_E_INVALID for a row that cannot be right,
 * DAIS_E_CONFLICT for a name that stands in the table twice and for a table that is registered
 * already, DAIS_E_LIMIT past LIMIT_DB_STATEMENTS. [main thread]
 */
DAIS_CHECK_RESULT int32_t db_statements_check(const char *owner,
                                              const struct dais_statement *table);

/**
 * dais_db_v1.statements for the plugin `owner`, whose id is copied. The table is borrowed until
 * db_statements_drop or db_close. A statement with the name and text of one that the owner has
 * already, in another table, shares what the connections prepared. As db_statements_check;
 * DAIS_E_MEMORY; nothing was registered then. Before the workers start, or while they are parked.
 * [main thread]
 */
DAIS_CHECK_RESULT int32_t db_statements(const char *owner, const struct dais_statement *table);

/**
 * Forgets a table (unknown: ignored) that no fiber uses any more; its rows are DAIS_E_INVALID from
 * then on. As db_statements. [main thread]
 */
void db_statements_drop(const struct dais_statement *table);

/**
 * dais_db_v1.migrations for the plugin `owner`, whose schema has the same name. Borrowed until
 * db_close; run by migrate_run. DAIS_E_INVALID unless the versions go 1, 2, 3 …; DAIS_E_CONFLICT
 * when this owner has a table already. Before the workers start; later see migrate_owner.
 * [main thread]
 */
DAIS_CHECK_RESULT int32_t db_migrations(const char *owner, const struct dais_migration *table);

/**
 * Hands rows to the running fiber's arena, which may outlive the fiber: they are freed with it, and
 * by nobody else. DAIS_E_MEMORY. [fiber]
 */
DAIS_CHECK_RESULT int32_t db_rows_keep(struct dais_rows *rows);

/**
 * A part of a transaction that another plugin does, on the stack of its fiber: it has a time limit
 * and may fail alone. Members are private.
 */
struct db_guard {
    struct db_guard *above;
    uint64_t until_ms;
    uint32_t depth;
    uint32_t timeout_ms; /* of the session when the savepoint was set */
    uint8_t undoable;
    uint8_t marked; /* the savepoint was set: a statement was run */
};

/**
 * From here to db_guard_end no statement of `tx` runs longer than what is left of `timeout_ms`.
 * With `undoable` its statements can be undone alone; that costs nothing until the first one.
 * Guards nest. DAIS_E_STATE when `tx` is not one that the running fiber may use. [fiber]
 */
DAIS_CHECK_RESULT int32_t db_guard_begin(struct dais_tx *tx, struct db_guard *guard,
                                         uint32_t timeout_ms, bool undoable);

/**
 * Ends the newest guard of `tx`. With `keep` what was done stays: DAIS_E_STATE when a statement had
 * failed, so that it cannot; an undoable part is then undone. Without `keep` an undoable part is
 * undone and the transaction goes on. DAIS_E_UNAVAILABLE when its connection was lost. [fiber]
 */
DAIS_CHECK_RESULT int32_t db_guard_end(struct dais_tx *tx, struct db_guard *guard, bool keep);

/* The entries of struct dais_db_v1. */
int32_t db_query(const struct dais_statement *statement, const struct dais_param *params,
                 uint32_t count, struct dais_rows **ret_rows);
int32_t db_begin(struct dais_tx **ret_tx);
int32_t db_tx_query(struct dais_tx *tx, const struct dais_statement *statement,
                    const struct dais_param *params, uint32_t count, struct dais_rows **ret_rows);
int32_t db_commit(struct dais_tx *tx);
void db_rollback(struct dais_tx *tx);
uint32_t db_rows_count(const struct dais_rows *rows);
uint64_t db_rows_affected(const struct dais_rows *rows);
struct dais_str db_cell(const struct dais_rows *rows, uint32_t row, uint32_t column);
int64_t db_cell_int(const struct dais_rows *rows, uint32_t row, uint32_t column);
struct dais_str db_cell_bytes(const struct dais_rows *rows, uint32_t row, uint32_t column);
void db_rows_free(struct dais_rows *rows);
uint32_t db_available(void);

/** Whether all workers have their connections, so that a request may come to any. [any thread] */
bool db_available_everywhere(void);
