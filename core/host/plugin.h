/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One plugin, and the generations of its code that live in this process.
 *
 * A plugin is a row of the configuration: its id, its folder, whether it takes part. A generation
 * is one loaded file: descriptor, configuration as that code read it, and what its `init`
 * registered.
 *
 *   plugin      found → loaded → initialized → started → stopped
 *                  └──── failed, quarantined: left out, with a reason; a reload brings it back
 *   generation  opened → initialized → on the workers → started → current → retiring → gone
 *
 * plugin_file.c opens files, plugin_order.c sorts by services, plugin_life.c walks through the
 * first start, reload.c through later generations, retire.c ends those that were replaced. What
 * `init` registers is only noted (registration.h); activate.c makes it count. Code is never closed:
 * it stays mapped until the process ends.
 */
#include "base/arena.h"
#include "base/owner.h"
#include "dais/abi.h"
#include "host/host.h"
#include "loop/worker.h"
#include "net/http.h"

#include <stdint.h>

struct config_plugin;
struct dais_event;
struct plugin;
struct registration;

enum plugin_state {
    PLUGIN_FOUND = 0,
    PLUGIN_LOADED,
    PLUGIN_INITIALIZED,
    PLUGIN_STARTED,
    PLUGIN_STOPPED,
    PLUGIN_FAILED,
    PLUGIN_QUARANTINED
};

#define PLUGIN_ID_BYTES_MAX 40u
#define PLUGIN_REASON_BYTES_MAX 400u
#define PLUGIN_BUILD_ID_BYTES_MAX 64u
/** Generations of one plugin that live at the same time; limit plugin_generations is below it. */
#define GENERATIONS_MAX 16u
/** Memory for everything that one generation registers and reads at its start. */
#define GENERATION_ARENA_BYTES_MAX (16u << 20)

/** Calls into one generation that are under way on one thread's worker; a cache line for itself. */
struct generation_calls {
    _Alignas(64) _Atomic uint32_t count;
};

/** One loaded file of a plugin. Made and freed by the main thread. */
struct generation {
    struct plugin *plugin;
    uint32_t number;                              /* from 1; rises with each load of this id */
    char build_id[PLUGIN_BUILD_ID_BYTES_MAX + 1]; /* hexadecimal */
    char path[HOST_PAGE_PATH_BYTES];              /* of the file that is open; "" before */
    char reason[PLUGIN_REASON_BYTES_MAX];         /* why it cannot serve; "" otherwise */
    char problem[PLUGIN_REASON_BYTES_MAX];        /* what a setup function refused last */
    const struct dais_plugin *descriptor;         /* NULL until opened */
    struct dais_arena arena;         /* what it registered; used by the main thread alone */
    struct registration *registered; /* oldest first */
    struct registration *registered_last;
    struct http_owner http;            /* closed unless it has started */
    _Atomic int32_t worker_error;      /* of the first worker_start that failed */
    uint64_t swapped_ms;               /* clock_ms when it began to serve; 0: at the start */
    char former[HOST_PAGE_PATH_BYTES]; /* the file to go back to when it fails; "": none */
    uint64_t errors_seen[4];           /* guard.c: errors at the last looks, newest first */
    uint64_t tasks_until_ms; /* retire.c: when its last tasks are cancelled; 0: not yet so far */
    uint8_t retiring;        /* replaced, or never came to serve */
    uint8_t config_read;     /* it has read its section */
    uint8_t initialized;     /* its `init` succeeded: `fini` is due */
    uint8_t has_data;        /* activate_data was done */
    uint8_t on_workers;      /* its `worker_start` ran: `worker_stop` is due */
    uint8_t has_started;     /* its `start` succeeded: `stop` is due */
    struct generation_calls calls[WORKERS_MAX + 1]; /* by worker; the last one: other threads */
};

/** A plugin of this process. Lives from host_new to host_free. */
struct plugin {
    char id[PLUGIN_ID_BYTES_MAX + 1];
    char reason[PLUGIN_REASON_BYTES_MAX];  /* why it failed or is left out; "" otherwise */
    char problem[PLUGIN_REASON_BYTES_MAX]; /* why its file could not be opened last */
    char note[PLUGIN_REASON_BYTES_MAX]; /* what `plugin list` adds while it serves; "" for none */
    const char *data_dir;               /* its folder below the data directory */
    const char *file;                   /* the configured file, or the bundled one */
    const struct config_plugin *config;
    /* The one that serves, or that failed at the start; NULL: none was opened. Changes while the
     * workers are parked, so that they and the main thread read it plainly. */
    struct generation *current;
    /* All that live, the current one included, at number % GENERATIONS_MAX. */
    _Atomic(struct generation *) live[GENERATIONS_MAX];
    struct http_owner out; /* of routes and events noted earlier, while nothing is loaded; closed */
    struct dais_route *noted; /* see plugin_routes.c; two rows for each */
    uint32_t noted_count;
    struct dais_event *noted_events; /* as noted */
    uint32_t noted_event_count;
    uint32_t owner;               /* its index, from 1 */
    uint32_t generations;         /* numbers given out */
    _Atomic uint32_t state;       /* enum plugin_state */
    _Atomic uint64_t state_bytes; /* given out by state_alloc */
    _Atomic uint64_t misuses;     /* calls from a wrong place */
    uint8_t told;                 /* its failure has been reported */
    uint8_t excused; /* it fails since others are left out on purpose: no reason not to serve */
};

/** The word for a state: "started", "failed", … Never NULL. */
const char *plugin_state_name(uint32_t state);

/** Why the plugin is left out; "" when it isn't. [any thread] */
const char *plugin_reason(const struct plugin *plugin);

/** What lists say behind it: why it is left out, or which file serves instead of the configured
 * one;
 * "" otherwise. [main thread, worker without giving way] */
const char *plugin_remark(const struct plugin *plugin);

/** Version for lists; "?" until loaded. [main thread, worker without giving way] */
const char *plugin_version(const struct plugin *plugin);

/** The descriptor of the current generation, or NULL. As plugin_version. */
static inline const struct dais_plugin *plugin_descriptor(const struct plugin *plugin)
{
    return plugin->current ? plugin->current->descriptor : NULL;
}

/** Whether the plugin does not take part: failed, quarantined or never loaded. */
int plugin_is_out(const struct plugin *plugin);

/** Notes why the plugin is left out; the first reason stays. [main thread, worker 0] */
__attribute__((format(printf, 2, 3))) void plugin_fail(struct plugin *plugin, const char *format,
                                                       ...);

/**
 * A new generation of `plugin` with the next number that is free. NULL without memory, or when
 * GENERATIONS_MAX live. [main thread]
 */
struct generation *generation_new(struct plugin *plugin);

/** Frees it and all that it registered; nothing may lead to it any more. [main thread] */
void generation_free(struct generation *generation);

/** Notes why the generation cannot serve; the first reason stays. [main thread, worker 0] */
__attribute__((format(printf, 2, 3))) void generation_fail(struct generation *generation,
                                                           const char *format, ...);

/** Version of its code; "?" until opened. */
const char *generation_version(const struct generation *generation);

/** The mark under which its code runs; `callback` as owner_callback gives it, 0: not known. */
struct owner generation_mark(const struct generation *generation, uint64_t callback);

/** How many generations of `plugin` live. [main thread] */
uint32_t generation_count(const struct plugin *plugin);

/** The live generation `number` of `plugin`, or NULL. [any thread while something keeps it alive]
 */
struct generation *generation_find(struct plugin *plugin, uint32_t number);

/** The counter of calls for this thread. [any thread] */
static inline _Atomic uint32_t *generation_calls_here(struct generation *generation)
{
    return &generation->calls[worker_self() ? worker_index() : WORKERS_MAX].count;
}

/** Calls into it that are under way. [main thread] */
uint32_t generation_calls(const struct generation *generation);
