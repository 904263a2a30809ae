/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One plugin: its file, its descriptor, its state and what it has registered.
 *
 *   found → loaded (copied, opened, checked) → initialized → started → stopped
 *                    └──────── failed (with a reason), left out ────────┘
 *
 * plugin_file.c opens files, plugin_order.c sorts by services, plugin_life.c walks the life cycle.
 * What `init` registers is noted here first (registration.h); it becomes active when `init` has
 * succeeded. A plugin is never closed: its code stays mapped until the process ends.
 */
#include "base/owner.h"
#include "dais/abi.h"
#include "host/host.h"
#include "net/http.h"

#include <stdint.h>

struct config_plugin;
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

/** A plugin of this process. Lives from host_new to host_free. */
struct plugin {
    char id[PLUGIN_ID_BYTES_MAX + 1];
    char build_id[PLUGIN_BUILD_ID_BYTES_MAX + 1]; /* hexadecimal; "" when the file has none */
    char reason[PLUGIN_REASON_BYTES_MAX];         /* why it failed or is left out; "" otherwise */
    char problem[PLUGIN_REASON_BYTES_MAX];        /* what a setup function refused last */
    const char *data_dir;                         /* its folder below the data directory */
    const struct config_plugin *config;
    const struct dais_plugin *descriptor; /* NULL until loaded */
    struct registration *registered;      /* oldest first */
    struct registration *registered_last;
    struct http_owner http;       /* closed unless the plugin is started */
    uint32_t owner;               /* its index, from 1 */
    uint32_t generation;          /* rises with each load of this id */
    _Atomic uint32_t state;       /* enum plugin_state */
    _Atomic int32_t worker_error; /* of the first worker_start that failed */
    _Atomic uint64_t state_bytes; /* given out by state_alloc */
    _Atomic uint64_t misuses;     /* calls from a wrong place */
    uint8_t config_read;          /* it has read its section */
    uint8_t has_started;          /* its `start` succeeded: `stop` is due */
    uint8_t told;                 /* its failure has been reported */
};

/** The word for a state: "started", "failed", … Never NULL. */
const char *plugin_state_name(uint32_t state);

/** Why the plugin is left out; "" when it isn't. [any thread] */
const char *plugin_reason(const struct plugin *plugin);

/** Version for lists; "?" until loaded. */
const char *plugin_version(const struct plugin *plugin);

/** The mark under which code of this plugin runs; `callback` numbers a table row, 0: none. */
struct owner plugin_mark(const struct plugin *plugin, uint64_t callback);

/** Notes why the plugin is left out; the first reason stays. [main thread, worker 0] */
__attribute__((format(printf, 2, 3))) void plugin_fail(struct plugin *plugin, const char *format,
                                                       ...);
