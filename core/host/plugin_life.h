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
 *
 * A plugin that fails is left out with a reason. Whether that keeps the server from starting is
 * said by its `required`, and by plugin_life_problems.
 */
#include "dais/error.h"

#include <stdint.h>

struct host;

/** [main thread, before the workers] */
void plugin_life_load(struct host *host);

/** On worker 0, once the schema is up. [fiber, suspends] */
void plugin_life_start(struct host *host);

/** A plugin whose listener is refused is left out. [main thread] */
void plugin_life_listen(struct host *host);

/** On worker 0. [fiber, suspends] */
void plugin_life_stop(struct host *host);

/** [main thread, after the workers] */
void plugin_life_fini(struct host *host);

/**
 * Adds a line to the host's report for each required plugin that is left out, and logs those that
 * the server does without, once each. Returns how many lines were added.
 */
uint32_t plugin_life_problems(struct host *host);
