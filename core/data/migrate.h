/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Migrations: brings the database's schema up to the code before the first query.
 *
 * Each plugin that registered migrations (db_migrations) has a schema of its own name. What was run
 * stands in dais.migrations (plugin, version, name, checksum, kind, applied_at). One connection
 * takes an advisory lock, so that servers which start together run every step once; each step is
 * one transaction together with its row. Nothing is ever run backwards: a step whose text changed,
 * a hole, or a version that this code does not know is a refusal, with a message for the operator.
 */
#include "dais/error.h"

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

/** Where it stands; for readiness. [any thread] */
enum migrate_state migrate_state(void);

/** Why it refuses, one line, or "". Valid until db_close. [any thread] */
const char *migrate_message(void);
