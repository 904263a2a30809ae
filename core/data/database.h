/* SPDX-License-Identifier: MIT */
#pragma once
/* What db.c and migrate.c tell each other. */
#include "dais/error.h"

#include <stdint.h>

/** How to connect; NULL when there is no database. Valid until db_close. */
const char *database_conninfo(void);

/** Waits until this worker's connections are there; not without a database. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t database_await(void);

/** Forgets the state of migrations; for db_close. */
void migrate_forget(void);
