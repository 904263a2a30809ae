/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The data directory: where it is, who owns it, that one supervisor alone uses it, and the small
 * files that tell others about a running server.
 *
 *     <data>/lock             held by the supervisor as long as it lives
 *     <data>/run/dais.pid     its process id
 *     <data>/run/ports.json   {"http":"[::]:8080","rtmp":"[::]:1935"}: there while the server is up
 *     <data>/run/crashes.txt  which plugins have crashed, and which are left out
 *
 * Under root the folder belongs to the service's account, which is not trusted: files are made
 * beside and renamed, and links are never followed.
 */
#include "dais/error.h"
#include "proc/reach.h"

#include <stdint.h>

/** Where data goes when ./var is below a folder that the account can't enter. */
#define DATADIR_SYSTEM "/var/lib/dais"
/** The file in run/ that tells where the server listens. */
#define DATADIR_PORTS "ports.json"
/** The file in run/ with the plugins that have crashed, for people. */
#define DATADIR_CRASHES "crashes.txt"
#define DATADIR_MESSAGE_BYTES 512u

/** An opened data directory. */
struct datadir {
    char path[REACH_PATH_BYTES];
    struct runas account;
    int lock_fd;
    int run_fd;
};

/**
 * Which folder the data is in: `configured` (absolute), or DATADIR_SYSTEM when that is the default
 * ./var of the working directory and out of the account's reach. Nothing is made. DAIS_E_TOO_LARGE
 * for a path of REACH_PATH_BYTES and more.
 */
DAIS_CHECK_RESULT int32_t datadir_choose(const char *configured, const struct runas *account,
                                         char ret_path[REACH_PATH_BYTES]);

/**
 * Makes and locks the folder `path` for the account. DAIS_E_CONFLICT when another supervisor uses
 * it, DAIS_E_DENIED when the account can't reach or write it; `message` then gets one line for the
 * operator.
 */
DAIS_CHECK_RESULT int32_t datadir_open(const char *path, const struct runas *account,
                                       struct datadir *ret_datadir,
                                       char message[DATADIR_MESSAGE_BYTES]);

/** Removes the small files and lets go of the lock. */
void datadir_close(struct datadir *datadir);

/** Replaces run/`name` by a file with `text`, readable by everyone who may enter.
 * DAIS_E_UNAVAILABLE. */
DAIS_CHECK_RESULT int32_t datadir_publish(const struct datadir *datadir, const char *name,
                                          const char *text);

/** Removes run/`name`, if it is there. */
void datadir_withdraw(const struct datadir *datadir, const char *name);
