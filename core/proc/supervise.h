/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What supervisor.c, supervise_server.c and supervise_database.c share: the supervisor's state, and
 * one file's functions that the others call. All times are monotonic milliseconds (clock_ms).
 */
#include "data/embedded.h"
#include "proc/backoff.h"
#include "proc/datadir.h"
#include "proc/keeper.h"
#include "proc/slots.h"
#include "proc/staging.h"
#include "proc/supervisor.h"
#include "proc/verdicts.h"
#include "proc/watchdog.h"

/** Never: a deadline that doesn't come. */
#define SUPERVISE_NEVER UINT64_MAX

/** A child that is started again when it dies. */
struct supervise_child {
    pid_t pid; /**< 0: doesn't run */
    uint64_t started_ms;
    uint64_t start_at_ms; /**< when to start it next; SUPERVISE_NEVER while it runs */
    struct backoff backoff;
};

/** The supervisor's state; one a process. */
struct supervise {
    const struct supervisor_options *options;
    struct runas account;
    struct datadir datadir;
    struct staging staging;
    struct keeper keeper;
    struct slots *slots;
    int slots_fd;
    struct embedded *embedded; /**< NULL with a database of somebody else's */
    struct supervise_child database;
    struct supervise_child server;
    int channel;          /**< to the server process; -1: none */
    bool served;          /**< some server process was ready since the start */
    bool stopping;        /**< nothing is started any more */
    bool failed;          /**< the exit status is 1 */
    uint64_t kill_at_ms;  /**< when a server process that is to end is killed */
    uint64_t trim_at_ms;  /**< when PostgreSQL's log is looked at next */
    uint64_t watch_at_ms; /**< when the heartbeats are looked at next */
    struct watchdog watchdog;
    struct verdicts verdicts;
};

/** Begins the orderly stop; `failed` sets the exit status. More than once is fine. */
void supervise_stop(struct supervise *state, bool failed);

/** Starts the server process now. */
void supervise_server_start(struct supervise *state);

/** The channel is readable. */
void supervise_server_message(struct supervise *state);

/** waitpid gave the server process's status. */
void supervise_server_exited(struct supervise *state, int status);

/** Looks at the heartbeats of the server process, and ends it when one has stopped. */
void supervise_server_watch(struct supervise *state);

/** Finds, makes and starts the embedded database, unless the configuration names another. */
DAIS_CHECK_RESULT int32_t supervise_database_open(struct supervise *state);

/** Starts PostgreSQL again. */
void supervise_database_start(struct supervise *state);

/** waitpid gave PostgreSQL's status. */
void supervise_database_exited(struct supervise *state, int status);

/** Ends PostgreSQL in order. Blocks. */
void supervise_database_close(struct supervise *state);

/** Keeps PostgreSQL's log file below its bound; every now and then. */
void supervise_database_trim(struct supervise *state);
