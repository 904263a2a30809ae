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
#include "base/owner.h"
#include "dais/error.h"
#include "dais/types.h"

#include <stdatomic.h>
#include <stdint.h>

struct config;
struct report;
struct host;

/** Owners of work: 0 is the core itself, plugins count from 1. */
#define HOST_OWNERS_MAX OWNERS_MAX
/** Bytes of an owner's name in a page, its NUL included. */
#define HOST_OWNER_NAME_BYTES 64u

/** Bytes of a path in a page, its NUL included; longer ones are cut. */
#define HOST_PAGE_PATH_BYTES 256u
/** Loaded files of one plugin that a page remembers. */
#define HOST_PAGE_TEXTS 8u

/** Where the code of one loaded file lies. */
struct host_text {
    uint32_t generation;
    uint64_t base;      /**< where the file is mapped: addr2line takes addresses minus this one */
    uint64_t low, high; /**< addresses of its executable segment; 0, 0: an unused row */
};

/**
 * What the supervisor may know about one plugin after a crash, in shared memory, by owner. Written
 * by the main thread through host/page.h: `id` when the plugin gets its row, a text range after
 * each dlopen (the row of the oldest generation is used again), the rest when a generation begins
 * to serve, `generation` and `swapped_ms` last.
 */
struct host_plugin_page {
    char id[HOST_OWNER_NAME_BYTES];
    char path[HOST_PAGE_PATH_BYTES];     /**< the copy that serves */
    char previous[HOST_PAGE_PATH_BYTES]; /**< the copy that served before; "": none */
    struct host_text texts[HOST_PAGE_TEXTS];
    _Atomic uint32_t generation; /**< that serves; 0: none yet */
    _Atomic uint64_t swapped_ms; /**< clock_ms of the last swap to new code; 0: it is not new */
};

/** A plugin that is to be loaded from another file than the configured one. */
struct host_pinned {
    const char *id;
    const char *path;   /**< a copy in run/plugins that served well */
    const char *reason; /**< stands in the log and in `dais plugin list` */
};

/** One line about what is wrong, its NUL included. */
#define HOST_PROBLEM_BYTES 256u

/** What the supervisor has noted about a plugin's crashes. */
struct host_crashes {
    const char *id;
    const _Atomic uint32_t *count; /**< since the supervisor started or the plugin was released */
    const char *last;              /**< one line about the last one; "" when there was none */
};

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
    uint8_t dev;             /**< plugins are loaded again when their files change */
    uint8_t safe;            /**< without plugins that have a `path` */
    uint32_t quarantine_count;
    const struct host_quarantine *quarantine;
    uint32_t pinned_count;
    const struct host_pinned *pinned;
    uint32_t crashes_count;
    const struct host_crashes *crashes;
    /** Shared memory of HOST_OWNERS_MAX pages, by owner, or NULL: nobody looks. */
    struct host_plugin_page *pages;
    /**
     * Shared memory for the marks of threads (base/owner.h), or NULL: worker i uses slot i, thread
     * i of the jobs slot WORKERS_MAX + i, the main thread the last one.
     */
    struct owner_slot *slots;
    uint32_t slot_count;
    /**
     * Tries files in another process, which may die of it, before a reload opens the one that is
     * new; may be NULL. DAIS_E_INVALID with one line when `init` crashes or does not end.
     * [main thread, blocks]
     */
    int32_t (*trial)(const struct host_pinned *files, uint32_t count, uint64_t timeout_ms,
                     char ret_problem[HOST_PROBLEM_BYTES]);
    /**
     * Called once on each thread that runs plugin code, before it does, with the number of its
     * slot; may be NULL. [that thread]
     */
    void (*thread_start)(uint32_t slot);
    /**
     * Lets the plugin `id` out of quarantine and forgets its crashes and its pinned copy; may be
     * NULL. DAIS_E_NOT_FOUND when there is nothing to forget. [any thread]
     */
    int32_t (*release)(const char *id);
    /**
     * Opens `count` listening sockets (SO_REUSEPORT) on one address; the host closes them. Not NULL
     * unless offline. [main thread]
     */
    int32_t (*open_sockets)(const char *name, struct dais_str address, uint32_t count,
                            int *ret_fds);
    /** Sockets of this name and address are given up for good; may be NULL. [main thread] */
    void (*close_sockets)(const char *name, struct dais_str address);
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

/** Asks for what an operator means by SIGHUP: certificates are read again. [any thread,
 * async-signal-safe] */
void host_hangup(struct host *host);

/** Calls `fini` of all plugins and frees the host; NULL is ignored. [main thread] */
void host_free(struct host *host);
