/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The end of generations that were replaced, or that never came to serve.
 *
 * A generation lives on while something of it is under way: requests of a table that lists it,
 * fibers that were made for it (connections, tasks), calls across plugins, media streams that it
 * observes. When nothing is left, `stop`, `worker_stop` and `fini` run and its memory is freed; its
 * code stays mapped. Background tasks may go on for limit reload_tasks_ms behind everything else,
 * then they are cancelled. The main thread looks every RETIRE_LOOK_MS.
 */
#include <stdint.h>

struct generation;
struct host;
struct plugin;

#define RETIRE_LOOK_MS 50

/** Nothing new leads to `generation` any more: ends it when that is possible. [main thread] */
void retire(struct host *host, struct generation *generation);

/** Looks at all that wait; gives in how many ms to look again, -1: none waits. [main thread] */
int retire_run(struct host *host);

/** Writes what holds the oldest generation of `plugin` that was replaced. [main thread] */
void retire_holder(struct host *host, const struct plugin *plugin, char *ret_text, uint32_t bytes);
