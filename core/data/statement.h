/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The registry of statements and migrations: filled during setup on one thread, then only read.
 *
 * Plugins pass pointers to rows of their const tables; the registry finds the record of a row in a
 * few comparisons, since the rows of a table lie side by side. A record's index names the statement
 * on every connection that prepared it.
 */
#include "dais/db.h"

#include <stdint.h>

#define STATEMENT_PARAMS_MAX 32u
#define STATEMENT_OWNERS_MAX 64u
#define STATEMENT_OWNER_BYTES_MAX 40u

/** A registered statement. Immutable after setup. */
struct statement {
    const struct dais_statement *row;
    const char *owner; /**< id of the plugin */
    uint32_t index;    /**< from 0 without holes */
};

/** The migrations of one plugin. */
struct statement_schema {
    char owner[STATEMENT_OWNER_BYTES_MAX + 1];
    const struct dais_migration *rows; /**< ends with version 0 */
    uint32_t count;
};

/** See db_statements. */
DAIS_CHECK_RESULT int32_t statement_register(const char *owner, const struct dais_statement *table);

/** The record of a row, or NULL when the row was never registered. */
const struct statement *statement_find(const struct dais_statement *row);

/** How many statements there are. */
uint32_t statement_count(void);

/** See db_migrations. */
DAIS_CHECK_RESULT int32_t statement_register_schema(const char *owner,
                                                    const struct dais_migration *table);

/** The migrations of owner `index` in the order of registration, or NULL past the last one. */
const struct statement_schema *statement_schema_at(uint32_t index);

/** Forgets everything. */
void statement_clear(void);
