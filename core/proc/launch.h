/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Starting the server process: fork, become the service's account, exec the verb `server` of the
 * same program. What it needs to know travels by arguments and environment; the channel and the
 * page of slots are the only descriptors it inherits besides the standard ones.
 */
#include "data/runas.h"

#include <stdbool.h>

/** Variable with the connection string of the embedded database. */
#define LAUNCH_ENV_DATABASE "DAIS_EMBEDDED_DATABASE"

/** What to start. Borrowed for the call. */
struct launch {
    const struct runas *account;
    const char *program;
    const char *config;   /**< the configuration file; "" for none */
    const char *data_dir; /**< absolute */
    const char *database; /**< connection string of the embedded database; NULL for another one */
    bool safe;            /**< without foreign plugins */
    bool core_dumps;      /**< may write them */
    bool dev;             /**< loads plugins again when their files change */
    int slots_fd;
};

/**
 * Starts the process, in a session of its own, so that a Ctrl-C reaches the supervisor alone. The
 * kernel kills it when this process dies. Gives its id and this end of its channel, which the
 * caller closes. DAIS_E_UNAVAILABLE when the kernel has no process left.
 */
DAIS_CHECK_RESULT int32_t launch_server(const struct launch *launch, pid_t *ret_pid,
                                        int *ret_channel);
