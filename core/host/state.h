/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The one host of the process, for the files of this folder. Functions of the ABI tables get no
 * context from the plugin, so the host is found here.
 */
#include "base/arena.h"
#include "host/host.h"
#include "host/plugin.h"
#include "host/tables.h"
#include "loop/fiber.h"

#include <stdatomic.h>
#include <stdint.h>

struct control;
struct host_worker;
struct rate_table;
struct report;
struct tcp_server;
struct tls;

/** Memory for everything that is registered. */
#define HOST_ARENA_BYTES_MAX (64u << 20)
/** Messages travel in the order of these. */
enum host_phase {
    HOST_LOADING = 0, /**< host_new */
    HOST_STARTING,    /**< workers run, plugins start */
    HOST_SERVING,
    HOST_STOPPING
};

struct host {
    struct host_options options;
    struct report *report;
    struct dais_arena arena; /**< used by the main thread while nothing else runs */
    uint32_t workers;
    uint32_t owner_count;                   /**< rows in use, the core included */
    struct plugin plugins[HOST_OWNERS_MAX]; /**< by owner; row 0 is the core itself */
    uint32_t order_count;
    struct plugin *order[HOST_OWNERS_MAX]; /**< plugins that initialized, in the order of starting
                                            */
    struct tls *tls;                       /**< certificates; NULL: none are configured */
    struct http_server *http;
    struct tables tables; /**< that are being filled, before they serve */
    struct tcp_server *tcp;
    _Atomic uint32_t phase;    /**< enum host_phase */
    _Atomic uint32_t stopping; /**< host_stop was called */
    _Atomic uint32_t started;  /**< the startup fiber ended; start_error is set */
    int32_t start_error;
    dais_handle startup;            /**< the fiber that starts the plugins, on worker 0 */
    struct fiber_wait *startup_end; /**< who waits there for its end, or NULL */
    struct host_worker *on_workers[WORKERS_MAX]; /**< by worker, while they run */
    int wake_fd;                                 /**< eventfd of the main thread */
    uint8_t http_accepts;                        /**< the workers take requests */
    uint8_t tcp_accepts;                         /**< the workers take connections of plugins */
    uint32_t loads;                              /**< plugin files that were opened */
    uint32_t retiring;                           /**< generations that wait for their end */
    struct control *control;
    struct rate_table *rates;
};

/** The host; CHECKs that there is one. */
struct host *host_get(void);

/** Makes `host` the one that host_get gives (NULL: none). [main thread] */
void host_set(struct host *host);

/** Makes this thread keep its mark in the shared slot `index`, when there is one. [any thread] */
void host_use_slot(const struct host *host, uint32_t index);

/** The plugin with this index; NULL for the core and for unknown ones. [any thread] */
struct plugin *host_plugin(uint32_t owner);

/** The plugin with this id that takes part (started or to be started), or NULL. */
struct plugin *host_plugin_find(struct dais_str id);

/** The plugin whose code runs on this thread, or NULL. [any thread] */
struct plugin *host_plugin_running(void);

/** Counts a call from the wrong place and logs it. [any thread] */
void host_misuse(const char *function);
