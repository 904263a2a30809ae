/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The life of plugins: from the rows of the configuration to started, and back.
 *
 *   plugin_life_load      files, order of services, `init`; what was registered becomes active
 *   plugin_life_start     `start` of each, in order, and its routes open
 *   plugin_life_listen    the listeners of those that started
 *   plugin_life_stop      `stop` of each, in reverse
 *   plugin_life_fini      `fini` of each, in reverse
 *   plugin_life_free      the memory of all generations
 *
 * The functions for one generation are those that a reload uses too.
 *
 * A plugin that fails is left out with a reason. Whether that keeps the server from starting is
 * said by its `required`, and by plugin_life_problems.
 */
#include "dais/error.h"

#include <stdint.h>

struct generation;
struct host;

/** While the server serves, a `start` or `stop` that waits for longer is cancelled: the main thread
 * waits for it. */
#define PLUGIN_LIFE_WAIT_MS 30000u

/** [main thread, before the workers] */
void plugin_life_load(struct host *host);

/**
 * Fills the slots of a generation that is open and runs its `init`, as part of plugin_life_load and
 * of a reload. DAIS_E_INVALID after generation_fail. [main thread]
 */
DAIS_CHECK_RESULT int32_t plugin_life_init(struct host *host, struct generation *generation);

/** Runs its `start`. An error after generation_fail. On worker 0. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t plugin_life_start_one(struct host *host, struct generation *generation);

/** Runs its `stop` when that is due. On worker 0. [fiber, suspends] */
void plugin_life_stop_one(struct generation *generation);

/** Runs its `fini` when that is due. [main thread] */
void plugin_life_fini_one(struct generation *generation);

/** On worker 0, once the schema is up. [fiber, suspends] */
void plugin_life_start(struct host *host);

/** A plugin whose listener is refused is left out. [main thread] */
void plugin_life_listen(struct host *host);

/** On worker 0. [fiber, suspends] */
void plugin_life_stop(struct host *host);

/** [main thread, after the workers] */
void plugin_life_fini(struct host *host);

/** Frees all generations, after everything that leads to them is gone. [main thread] */
void plugin_life_free(struct host *host);

/**
 * Adds a line to the host's report for each required plugin that is left out, and logs those that
 * the server does without, once each. Returns how many lines were added.
 */
uint32_t plugin_life_problems(struct host *host);
