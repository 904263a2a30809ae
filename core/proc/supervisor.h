/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The supervisor: one thread that opens listening sockets for the server process, starts it and
 * starts it again when it dies, and owns the embedded PostgreSQL. It never serves anybody itself,
 * opens no database connection and runs no plugin, so that it has little to die of.
 *
 *     supervisor_run → data directory → PostgreSQL and server process, side by side → poll until a
 * signal → drain (SIGTERM, deadline, SIGKILL) → PostgreSQL's fast shutdown
 *
 * A second SIGTERM or SIGINT cuts the drain short. Files: supervise_server.c and
 * supervise_database.c hold one child each; supervise.h is what the three share.
 */
#include <stdbool.h>

struct config;

/** What `dais serve` was told. Borrowed for the run. */
struct supervisor_options {
    const struct config *config;
    const char *config_path; /**< absolute; NULL when there is no file */
    bool safe;               /**< without foreign plugins */
    bool core_dumps;         /**< the server process may write them */
    bool dev;                /**< it loads plugins again when their files change */
};

/** Runs until a signal ends it. Returns the exit status: 0 after an orderly stop. Blocks, main
 * thread. */
int supervisor_run(const struct supervisor_options *options);
