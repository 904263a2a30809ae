/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A private PostgreSQL for tests: made in a temporary folder by the server's own embedded.h,
 * removed with everything in it at the end.
 */
#include "data/embedded.h"

struct pg {
    struct embedded *embedded;
    pid_t pid;
    char dir[64];
};

/** Makes an empty folder that PostgreSQL's user owns. */
void pg_make_dir(struct pg *pg);

/** Opens, makes and starts a cluster in the folder; fails the test when that fails. */
void pg_start(struct pg *pg);

/** Kills the postmaster without warning, as a crash would, and collects it. */
void pg_crash(struct pg *pg);

/** Starts it again after pg_crash and waits until it answers. */
void pg_restart(struct pg *pg);

/** Stops it in order, keeping the folder. */
void pg_stop(struct pg *pg);

/** pg_stop, and removes the folder. */
void pg_remove(struct pg *pg);

/** Runs SQL on a connection of its own and gives the first value; "" when there is none. */
const char *pg_ask(const struct pg *pg, const char *sql);
