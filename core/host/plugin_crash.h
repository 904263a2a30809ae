/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the supervisor knows about a plugin's crashes, for lists and metrics, and the verb
 * `dais plugin release NAME`, which lets a plugin back in.
 */
#include "dais/cli.h"
#include "host/host.h"

struct plugin;

/** Its crashes; NULL when there were none before this process. [any thread] */
const struct host_crashes *plugin_crashes(const struct plugin *plugin);

/** How many there were since it was released, or the supervisor began. [any thread] */
uint32_t plugin_crash_count(const struct plugin *plugin);

/** The input of the verb. */
extern const struct dais_shape plugin_release_shape;

/**
 * As dais_verb.run: the supervisor forgets the plugin's crashes and its pinned copy; when it is
 * left out, or an earlier copy serves, the configured file is loaded. [fiber, suspends]
 */
int32_t plugin_release(struct dais_cli *cli, const void *input);
