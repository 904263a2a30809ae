/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The host: plugins in their life cycle, the interfaces they call, the server's own routes.
 *
 *   host_new     loads every enabled plugin, checks it, calls `init`: all tables are known
 *   host_run     workers, database, migrations, `worker_start`, `start`, listeners; then serves
 *                until host_stop; then everything in reverse
 *   host_free    the last step; plugin code stays mapped
 *
 * The server process (core/proc) does all three. `dais check` and `dais describe` make a host with
 * `offline` set, which loads and initializes but never opens a socket, a secret or a database.
 * There is one host per process.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdint.h>

struct config;
struct owner_slot;
struct report;
struct host;

/** Owners of work: 0 is the core itself, plugins count from 1. */
#define HOST_OWNERS_MAX 64u
/** Bytes of an owner's name in `owner_names`, its NUL included. */
#define HOST_OWNER_NAME_BYTES 64u

/** A plugin that is left out although it is enabled, because it crashed too often. */
struct host_quarantine {
    const char *id;
    const char *reason; /**< stands in its 503 answers and in `dais plugin list` */
};

/** What the process knows before the host starts. Everything is borrowed until host_free. */
struct host_options {
    const struct config *config;
    const char *data_dir; /**< absolute, exists, writable; config's unless the process moved it */
    const char *plugins_dir; /**< of the bundled plugins; NULL: looked for beside the executable */
    const char *database;    /**< libpq connection string; NULL: none, queries are refused */
    uint8_t embedded;        /**< the database is our own: missing secrets are made */
    uint8_t offline;         /**< load and initialize only */
    uint8_t safe;            /**< without plugins that have a `path` */
    uint32_t quarantine_count;
    const struct host_quarantine *quarantine;
    /** Shared memory of HOST_OWNERS_MAX × HOST_OWNER_NAME_BYTES, or NULL: gets each owner's name.
     */
    char *owner_names;
    /**
     * Shared memory for the marks of threads (base/owner.h), or NULL: worker i uses slot i, thread
     * i of the jobs slot WORKERS_MAX + i, the main thread the last one.
     */
    struct owner_slot *slots;
    uint32_t slot_count;
    /**
     * Opens `count` listening sockets (SO_REUSEPORT) on one address; the host closes them. Not NULL
     * unless offline. [main thread]
     */
    int32_t (*open_sockets)(const char *name, struct dais_str address, uint32_t count,
                            int *ret_fds);
    /** Called once by host_run when every plugin has started and the listeners accept; may be NULL.
     */
    void (*ready)(void *context);
    void *context;
};

/**
 * Loads and initializes the plugins. A plugin with `required: false` that fails is left out and
 * noted; any other failure gives DAIS_E_INVALID with one line each in `report`. [main thread]
 */
DAIS_CHECK_RESULT int32_t host_new(const struct host_options *options, struct report *report,
                                   struct host **ret_host);

/**
 * Serves until host_stop. Returns 0 after a clean stop, otherwise the error that kept it from
 * starting, with its line in the report given to host_new. [main thread, suspends it]
 */
DAIS_CHECK_RESULT int32_t host_run(struct host *host);

/** The port that the address `index` of http.listen is bound to; 0 before host_run. [any thread] */
uint32_t host_http_port(const struct host *host, uint32_t index);

/** Asks host_run to stop: drains, then returns. [any thread, async-signal-safe, more than once] */
void host_stop(struct host *host);

/** Calls `fini` of all plugins and frees the host; NULL is ignored. [main thread] */
void host_free(struct host *host);
