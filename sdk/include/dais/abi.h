/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The root of the plugin ABI: the two objects through which host and plugin meet.
 *
 * A plugin is a shared object that exports one symbol, `dais_plugin`. The host reads it, compares
 * `abi_major` and `draft_hash`, fills every slot named in `needs`, then calls `init`, on each
 * worker `worker_start`, and `start`. At the end it calls `stop`, `worker_stop` and `fini`.
 *
 * Everything else is reached by name: `query(host, "dais.http/1")` gives a frozen table of
 * functions, or NULL where this host has none. A released table never changes; what is new gets a
 * new name. The two objects in this file never grow.
 *
 * Where a function may be called stands in its comment:
 *   [setup]   from `init` only            [fiber]  on a fiber (handlers, tasks)
 *   [worker]  on a worker thread          [job]    inside a job
 *   [any]     anywhere                    [suspends]  lets other work run before it returns
 * A call from the wrong place returns DAIS_E_STATE and is counted, it never crashes the host.
 */
#include "dais/error.h"
#include "dais/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The major version of the ABI. A host loads every plugin of its own major. */
#define DAIS_ABI_MAJOR 1u
/** First eight bytes of every plugin descriptor: "DAISPLUG", little-endian. */
#define DAIS_PLUGIN_MAGIC 0x47554c5053494144ull

/** Set by the build: a hash over the draft headers. Host and plugin must agree until 1.0. */
#ifndef DAIS_DRAFT_HASH
#define DAIS_DRAFT_HASH 0ull
#endif

/** The host as a plugin sees it. Valid from `init` until `fini` returned. */
struct dais_host {
    uint32_t abi_major;
    uint32_t reserved;
    /** [any] A frozen table by its versioned name, or NULL. The pointer stays valid for ever. */
    const void *(*query)(const struct dais_host *host, const char *name);
};

/** The plugin works without this interface or service; its slot is then NULL. */
#define DAIS_NEED_OPTIONAL 1u

/**
 * One interface of the host, or service of another plugin, that this plugin calls. The host stores
 * the table's address in `*slot` before `init`. For a service the host may store another address
 * later (its provider was reloaded); while there is no provider the functions answer
 * DAIS_E_UNAVAILABLE.
 */
struct dais_need {
    const char *name; /**< "dais.http/1", "dais.identity/1" */
    const void **slot;
    uint32_t flags; /**< DAIS_NEED_… */
    uint32_t reserved;
};

/** One service that this plugin offers to the others: a frozen table under a versioned name. */
struct dais_offer {
    const char *name; /**< "dais.streams/1"; an instance of many: "dais.roomsource/1:live" */
    const void *table;
};

/** What a shared object exports under the name `dais_plugin`. All of it is constant data. */
struct dais_plugin {
    uint64_t magic;      /**< DAIS_PLUGIN_MAGIC */
    uint32_t abi_major;  /**< DAIS_ABI_MAJOR */
    uint32_t reserved;   /**< 0 */
    uint64_t draft_hash; /**< DAIS_DRAFT_HASH */
    const char *id;      /**< [a-z][a-z0-9_]*, also the name of the schema in the database */
    const char *version; /**< of the plugin: "1.0.0" */
    const char *summary; /**< one line for lists */
    const struct dais_need *needs;   /**< ends with a row whose name is NULL; may be NULL */
    const struct dais_offer *offers; /**< ends with a row whose name is NULL; may be NULL */
    /**
     * [setup] Registers tables, on the main thread: before the workers start, or, as the newer code
     * of a plugin that is reloaded, while they run. What it registers counts from the swap on.
     */
    int32_t (*init)(const struct dais_host *host);
    /**
     * [fiber] [suspends] Once, on worker 0, after every `init` and migration; may be NULL. In a
     * reload the former code still serves.
     */
    int32_t (*start)(void);
    /**
     * [fiber] [suspends] Once, on worker 0, before the workers stop; may be NULL. After a reload:
     * when nothing of this code is under way any more, while newer code serves.
     */
    void (*stop)(void);
    /**
     * [worker] Before the first event that this code gets on that worker, and after the last one;
     * may be NULL.
     */
    int32_t (*worker_start)(uint32_t worker);
    void (*worker_stop)(uint32_t worker);
    /** [setup] The last call into the plugin; may be NULL. */
    void (*fini)(void);
    /** [any] Optional tables of the plugin ("dais.reload/1"), as the host's query; may be NULL. */
    const void *(*query)(const char *name);
};

/**
 * The variable of a plugin through which it calls an interface: hidden in the plugin, defined by
 * whichever of its files includes the header, filled by the host through the `needs` table.
 */
#define DAIS_SLOT __attribute__((weak, visibility("hidden")))

/** A row of the `needs` table for an interface header: DAIS_NEED(http, "dais.http/1", 0). */
#define DAIS_NEED(slot_name, versioned_name, need_flags)                                           \
    {                                                                                              \
        (versioned_name), (const void **)&dais_##slot_name, (need_flags), 0                        \
    }

/** Marks the one exported object: DAIS_EXPORT const struct dais_plugin dais_plugin = {…}; */
#ifdef __cplusplus
#define DAIS_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define DAIS_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
}
#endif
