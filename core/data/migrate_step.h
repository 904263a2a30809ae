/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The blocking part of migrations: plain libpq on a connection of its own, called from a job. The
 * connection stays between calls, since the advisory lock belongs to it.
 */
#include "data/migrate.h"

#include <libpq-fe.h>

struct statement_schema;

/** One run of migrations. Zeroed but for the first two. */
struct migration {
    const char *conninfo;
    const struct statement_schema *only; /**< while the server serves: this one; NULL: all */
    PGconn *pg;                          /* private, as the next */
    uint32_t locked;
    char message[MIGRATE_MESSAGE_BYTES_MAX]; /**< why it refuses */
};

/**
 * Brings the schema up to the code. DAIS_E_UNAVAILABLE: the database is away, call again later.
 * DAIS_E_CONFLICT: another server migrates, call again later. DAIS_E_STATE: refused, see `message`.
 */
DAIS_CHECK_RESULT int32_t migrate_step(struct migration *migration);

/** Closes the connection, which gives the lock back. */
void migrate_end(struct migration *migration);
