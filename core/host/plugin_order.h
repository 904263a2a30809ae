/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who must start before whom: plugins in the order of the services that they need from each other.
 *
 * A plugin is left out, with its reason, when an interface or service that it needs is missing,
 * when the provider is left out, or when it is part of a cycle, which the reason names. What is
 * needed but optional orders plugins where it can and never leaves one out.
 *
 * Names are compared whole: one instance of a service ("dais.roomsource/1:live") is offered once,
 * and who needs it waits for its provider. Who asks all instances (instances.h) needs none of them
 * here: it starts whenever its own needs allow, and a provider may come or go by a reload.
 */
#include "dais/abi.h"

struct generation;
struct host;
struct plugin;

/** Sorts the loaded plugins of `host` into `host->order`. [main thread] */
void plugin_order(struct host *host);

/** The table that `generation` (NULL: none) offers as `name`, or NULL. */
const void *plugin_offered(const struct generation *generation, const char *name);

/** The plugin whose current generation offers `name`, or NULL. */
struct plugin *plugin_provider(const struct host *host, const char *name);

/** A plugin that is left out on purpose: quarantined, or by --safe. NULL: none is. */
const struct plugin *plugin_left_out(const struct host *host);

/**
 * Stores the addresses of interfaces and services in the slots of `generation`. Optional ones that
 * are missing get NULL. DAIS_E_INVALID after generation_fail. [main thread]
 */
DAIS_CHECK_RESULT int32_t plugin_fill_slots(struct host *host, struct generation *generation);

/**
 * Whether `next` fits to all others: what they need of its plugin is offered still, what it offers
 * nobody else does, no cycle. DAIS_E_INVALID after generation_fail. [main thread]
 */
DAIS_CHECK_RESULT int32_t plugin_order_check(const struct host *host, struct generation *next);

/** Sorts all plugins that take part into `host->order` anew. [parked] */
void plugin_order_started(struct host *host);
