/* SPDX-License-Identifier: MIT */
/* dais.db/1: registration is the host's, everything else is data's. */
#include "base/error.h"
#include "data/db.h"
#include "host/abi.h"
#include "host/operations.h"
#include "host/plugin.h"
#include "host/registration.h"

static int32_t statements(const struct dais_statement *table)
{
    struct generation *generation = registration_check("db.statements");
    if (!generation)
        return DAIS_E_STATE;
    int32_t error = db_statements_check(generation->plugin->id, table);
    if (error)
        return registration_refuse(generation, error, "statements: %s", error_title(error));
    return registration_add(generation, REGISTRATION_STATEMENTS, table, dais_str(NULL, 0));
}

/** Run after `init` has succeeded, so that a plugin that is left out changes no schema. */
static int32_t migrations(const struct dais_migration *table)
{
    struct generation *generation = registration_check("db.migrations");
    if (!generation)
        return DAIS_E_STATE;
    return registration_add(generation, REGISTRATION_MIGRATIONS, table, dais_str(NULL, 0));
}

/** What after_commit hooks wait for may be there now. */
static int32_t commit(struct dais_tx *tx)
{
    int32_t error = db_commit(tx);
    if (!error)
        operations_committed();
    return error;
}

const struct dais_db_v1 abi_db = {
    .statements = statements,
    .migrations = migrations,
    .query = db_query,
    .begin = db_begin,
    .tx_query = db_tx_query,
    .commit = commit,
    .rollback = db_rollback,
    .rows_count = db_rows_count,
    .rows_affected = db_rows_affected,
    .cell = db_cell,
    .cell_int = db_cell_int,
    .cell_bytes = db_cell_bytes,
    .rows_free = db_rows_free,
    .available = db_available,
};
