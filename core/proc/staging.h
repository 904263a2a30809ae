/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where the server process finds its program, when the supervisor is root and the account that the
 * server runs as can't enter the folder of the build (below /root, which is 0700): in a copy that
 * root owns.
 *
 * What has not changed since the last start isn't copied again, what is gone from the original is
 * removed.
 */
#include "dais/error.h"
#include "proc/reach.h"

/** Copies are kept below it, one folder for each original. */
#define STAGING_DIR "/var/cache/dais"
#define STAGING_MESSAGE_BYTES 512u

/** The paths that the server process is started with. */
struct staging {
    char program[REACH_PATH_BYTES]; /**< the executable; the bundled plugins lie beside it as they
                                       always do */
    char config[REACH_PATH_BYTES];  /**< the configuration file; "" for none */
};

/**
 * Decides the paths, and copies what is out of the account's reach. `config` is the configuration
 * file or NULL. DAIS_E_UNAVAILABLE when copying fails; `message` then gets one line for the
 * operator. Blocks.
 */
DAIS_CHECK_RESULT int32_t staging_prepare(const struct runas *account, const char *config,
                                          struct staging *ret_staging,
                                          char message[STAGING_MESSAGE_BYTES]);
