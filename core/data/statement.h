/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The registry of statements and migrations. Changed by the main thread before the workers start
 * or while they are parked (loop/park.h), so that workers read it plainly.
 *
 * Plugins pass pointers to rows of their const tables; the registry finds the record of a row in a
 * few comparisons, since the rows of a table lie side by side. A record's index is where a
 * connection keeps what it prepared, and its plan says what that has to be: statements of the same
 * owner, name and text share both, so that newer code of a plugin finds its statements prepared.
 * The index of a statement that is gone is given to another one, a plan never is.
 */
#include "dais/db.h"

#include <stdint.h>

#define STATEMENT_PARAMS_MAX 32u
/** Tables of statements, those of all live generations together; and plugins with migrations. */
#define STATEMENT_TABLES_MAX 1024u
#define STATEMENT_OWNERS_MAX 64u
#define STATEMENT_OWNER_BYTES_MAX 40u

/** A registered statement. Valid until its table is dropped. */
struct statement {
    const struct dais_statement *row;
    const char *owner; /**< id of the plugin */
    uint32_t index;    /**< from 0, below statement_count */
    uint32_t plan;     /**< from 1 */
};

/** The migrations of one plugin. */
struct statement_schema {
    char owner[STATEMENT_OWNER_BYTES_MAX + 1];
    const struct dais_migration *rows; /**< ends with version 0 */
    uint32_t count;
};

/** See db_statements_check. */
DAIS_CHECK_RESULT int32_t statement_check(const char *owner, const struct dais_statement *table);

/** See db_statements. */
DAIS_CHECK_RESULT int32_t statement_register(const char *owner, const struct dais_statement *table);

/** See db_statements_drop. */
void statement_drop(const struct dais_statement *table);

/** The record of a row, or NULL when the row is not registered. */
const struct statement *statement_find(const struct dais_statement *row);

/** Above the highest index in use. */
uint32_t statement_count(void);

/** Fills `ret_schema` with a table. DAIS_E_INVALID unless the versions go 1, 2, 3 … */
DAIS_CHECK_RESULT int32_t statement_schema_read(const char *owner,
                                                const struct dais_migration *table,
                                                struct statement_schema *ret_schema);

/** See db_migrations. */
DAIS_CHECK_RESULT int32_t statement_register_schema(const char *owner,
                                                    const struct dais_migration *table);

/** The migrations of owner `index` in the order of registration, or NULL past the last one. */
const struct statement_schema *statement_schema_at(uint32_t index);

/** Forgets everything. */
void statement_clear(void);
