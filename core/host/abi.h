/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The host's side of the plugin ABI: the root object and the table of interfaces by name.
 *
 * Each interface is one const struct, assembled in the abi_*.c file named after it from the
 * functions of the layers below. What a layer cannot know is added there: whether `init` runs,
 * which plugin calls. An interface, once released, is never changed here; a new version gets a new
 * row.
 */
#include "dais/abi.h"
#include "dais/bus.h"
#include "dais/cli.h"
#include "dais/config.h"
#include "dais/db.h"
#include "dais/events.h"
#include "dais/fiber.h"
#include "dais/hooks.h"
#include "dais/http.h"
#include "dais/log.h"
#include "dais/media.h"
#include "dais/mem.h"
#include "dais/metrics.h"
#include "dais/net.h"
#include "dais/random.h"
#include "dais/rooms.h"
#include "dais/services.h"
#include "dais/shared.h"
#include "dais/timers.h"

#include <stddef.h>
#include <stdint.h>

/** One interface of this host. */
struct abi_interface {
    const char *name; /**< "dais.http/1" */
    const void *table;
};

/** All interfaces; ends with a row whose name is NULL. [any] */
extern const struct abi_interface abi_interfaces[];

/** The host as plugins see it. */
extern const struct dais_host abi_host;

/** The table called `name`, or NULL. [any] */
const void *abi_find(const char *name);

/** Room for the list of versions of one interface. */
#define ABI_VERSIONS_BYTES 64u

/** Writes the versions of `name`'s interface that this host has: "/1, /2"; "" for none. */
void abi_versions(const char *name, char ret_text[ABI_VERSIONS_BYTES]);

extern const struct dais_bus_v1 abi_bus;
extern const struct dais_cli_v1 abi_cli;
extern const struct dais_config_v1 abi_config;
extern const struct dais_db_v1 abi_db;
extern const struct dais_events_v1 abi_events;
extern const struct dais_fiber_v1 abi_fiber;
extern const struct dais_hooks_v1 abi_hooks;
extern const struct dais_http_v1 abi_http;
extern const struct dais_log_v1 abi_log;
extern const struct dais_media_v1 abi_media;
extern const struct dais_mem_v1 abi_mem;
extern const struct dais_metrics_v1 abi_metrics;
extern const struct dais_net_v1 abi_net;
extern const struct dais_random_v1 abi_random;
extern const struct dais_rooms_v1 abi_rooms;
extern const struct dais_services_v1 abi_services;
extern const struct dais_shared_v1 abi_shared;
extern const struct dais_timers_v1 abi_timers;
