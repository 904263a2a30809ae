/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One loaded plugin: its file, its descriptor, its state and what it has registered.
 *
 *   found → loaded (copied, opened, checked) → initialized → started → stopped
 *                    └──────── failed (with a reason), left out ────────┘
 *
 * plugin_load.c opens files, plugin_order.c sorts by services, plugin_life.c walks the life cycle.
 * A plugin is never closed: its code stays mapped until the process ends.
 */
#include "dais/abi.h"
#include "host/host.h"

#include <stdint.h>

struct config_plugin;
struct report;

enum plugin_state {
    PLUGIN_FOUND = 0,
    PLUGIN_LOADED = 1,
    PLUGIN_INITIALIZED = 2,
    PLUGIN_STARTED = 3,
    PLUGIN_STOPPED = 4,
    PLUGIN_FAILED = 5,
    PLUGIN_QUARANTINED = 6
};

#define PLUGIN_ID_BYTES_MAX 40u
#define PLUGIN_REASON_BYTES_MAX 512u
#define PLUGIN_BUILD_ID_BYTES_MAX 64u

/** A plugin of this process. Lives from host_new to host_free. */
struct plugin {
    char id[PLUGIN_ID_BYTES_MAX + 1];
    char build_id[PLUGIN_BUILD_ID_BYTES_MAX + 1]; /**< hexadecimal; "" when the file has none */
    char reason[PLUGIN_REASON_BYTES_MAX];         /**< why it failed or is quarantined; "" otherwise */
    char assets_dir[4096];                        /**< folder of its static files, may not exist */
    const struct config_plugin *config;
    const struct dais_plugin *descriptor; /**< NULL until loaded */
    uint32_t owner;                       /**< index of the owner, from 1 */
    uint32_t generation;                  /**< rises with each load of this id */
    enum plugin_state state;
};

/** The word for a state: "started", "failed", … Never NULL. */
const char *plugin_state_name(enum plugin_state state);
