/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The embedded PostgreSQL: a private server that the supervisor owns, with its cluster under the
 * data directory and its socket in a folder that only its user may enter.
 *
 *   embedded_open     finds the programs and the user, locks the data directory
 *   embedded_prepare  stops an old postmaster, makes the cluster if there is none, writes settings
 *   embedded_start    forks and executes postgres; it is up when embedded_wait_ready says so
 *   embedded_exited   the supervisor's waitpid saw it end; embedded_start brings it back
 *   embedded_stop     ends it in order
 *   embedded_close
 *
 * Everything is called from the one thread of the supervisor and blocks; nothing here needs a loop.
 * The kernel ends postgres when that thread dies (PR_SET_PDEATHSIG). Clients are let in by their
 * operating system user only (peer), through the socket only: there is no password and no port.
 */
#include "dais/error.h"

#include <stdint.h>
#include <sys/types.h>

struct embedded;

#define EMBEDDED_MESSAGE_BYTES_MAX 512u

/** What the supervisor wants. Copied. */
struct embedded_options {
    const char *data_dir;       /**< absolute, exists; the cluster is <data_dir>/postgres */
    const char *user;           /**< run as this user when root; NULL: "dais", else "postgres" */
    uint32_t connections;       /**< DB_CONNECTIONS(workers, pool) of db.h */
    uint32_t shared_buffers_mb; /**< 0: 64 */
};

/**
 * DAIS_E_NOT_FOUND without PostgreSQL's programs or the user, DAIS_E_CONFLICT when another server
 * holds the data directory, DAIS_E_INVALID, DAIS_E_MEMORY. On any failure `message`
 * (EMBEDDED_MESSAGE_BYTES_MAX bytes) gets one line for the operator.
 */
DAIS_CHECK_RESULT int32_t embedded_open(const struct embedded_options *options, char *message,
                                        struct embedded **ret_embedded);

/** Stops a server that still runs, unlocks and frees; NULL is ignored. */
void embedded_close(struct embedded *embedded);

/** What went wrong last, one line; "" when nothing did. Valid until the next call. */
const char *embedded_message(const struct embedded *embedded);

/** Blocks up to about a second for a new cluster. DAIS_E_UNAVAILABLE, DAIS_E_DENIED. */
DAIS_CHECK_RESULT int32_t embedded_prepare(struct embedded *embedded);

/** Starts postgres and returns at once. DAIS_E_STATE when it runs already, DAIS_E_UNAVAILABLE. */
DAIS_CHECK_RESULT int32_t embedded_start(struct embedded *embedded, pid_t *ret_pid);

/**
 * Blocks until postgres accepts connections. DAIS_E_TIMEOUT, or DAIS_E_UNAVAILABLE when it ended
 * (its end is still to be collected by waitpid and told to embedded_exited).
 */
DAIS_CHECK_RESULT int32_t embedded_wait_ready(struct embedded *embedded, uint32_t timeout_ms);

/** 1 when postgres accepts connections now; blocks for at most some milliseconds. */
uint32_t embedded_ready(const struct embedded *embedded);

/** The process id of the running postgres, or 0. */
pid_t embedded_pid(const struct embedded *embedded);

/** Tells that waitpid returned embedded_pid with `status`: notes why, forgets the process. */
void embedded_exited(struct embedded *embedded, int status);

/**
 * Ends postgres: fast (SIGINT), and after `timeout_ms` at once (SIGQUIT); collects it. Does nothing
 * when none runs.
 */
void embedded_stop(struct embedded *embedded, uint32_t timeout_ms);

/** Keeps <data_dir>/log/postgres.log below its bound; call it every minute or so. */
void embedded_trim_log(const struct embedded *embedded);

/** The connection string for db_open, free of secrets. Valid until embedded_close. */
const char *embedded_conninfo(const struct embedded *embedded);

/** The user that postgres runs as, for what must share its files. */
uid_t embedded_uid(const struct embedded *embedded);
gid_t embedded_gid(const struct embedded *embedded);
