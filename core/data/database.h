/* SPDX-License-Identifier: MIT */
#pragma once
/* What db.c and migrate.c tell each other. */

/** How to connect; NULL when there is no database. Valid until db_close. */
const char *database_conninfo(void);

/** Forgets the state of migrations; for db_close. */
void migrate_forget(void);
