/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Migrations: brings the database's schema up to the code before the first query.
 *
 * Each plugin with migrations has a schema of its own name. What was run
 * stands in dais.migrations (plugin, version, name, checksum, kind, applied_at). One connection
 * takes an advisory lock, so that servers which start together run every step once; each step is
 * one transaction together with its row. Nothing is ever run backwards: a step whose text changed,
 * a hole, or a version that this code does not know is a refusal, with a message for the operator.
 */
#include "dais/db.h"

#include <stdint.h>

enum migrate_state {
    MIGRATE_WAITING = 0, /**< for the database to come up, or not begun */
    MIGRATE_RUNNING = 1,
    MIGRATE_DONE = 2,
    MIGRATE_REFUSED = 3 /**< migrate_message tells why */
};

#define MIGRATE_MESSAGE_BYTES_MAX 512u

/**
 * Runs what is missing, then admits queries (db_admit) and waits for this worker's connections.
 * While the database is away it goes on trying, for as long as that takes. 0 when done;
 * DAIS_E_STATE when it refuses; DAIS_E_CANCELLED when the fiber should end; DAIS_E_UNAVAILABLE when
 * there is no database. [fiber, suspends]
 */
DAIS_CHECK_RESULT int32_t migrate_run(void);

/**
 * Runs what is missing of one plugin's table while the server serves, before the code that needs it
 * takes over. Only `expand` steps: a `contract` step is refused unless nothing of the table was run
 * yet, and so is a table that ends before the schema. A step waits for locks 2 s at most, since
 * others would wait behind it. DAIS_E_STATE: refused; DAIS_E_UNAVAILABLE: the database is away, or
 * another server migrates for longer than 10 s; DAIS_E_INVALID: the table cannot be right;
 * DAIS_E_CANCELLED. `ret_detail` gets one line on any failure, in the fiber's arena. Touches
 * neither migrate_state nor the registered tables. [fiber, suspends]
 */
DAIS_CHECK_RESULT int32_t migrate_owner(const char *owner, const struct dais_migration *table,
                                        const char **ret_detail);

/** Where it stands; for readiness. [any thread] */
enum migrate_state migrate_state(void);

/** Why it refuses, one line, or "". Valid until db_close. [any thread] */
const char *migrate_message(void);
