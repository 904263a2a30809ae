/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The guard over new code: when it fails often within limit reload_guard_ms after the swap, the
 * file that served before it is loaded again. A crash is the supervisor's matter, which starts the
 * next process with that file pinned.
 */

struct host;

/** Looks at the plugins that were reloaded lately; in how many ms to look again, -1: at none.
 * [main thread] */
int guard_run(struct host *host);
