/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Trying a plugin's new file in a process of its own before the server opens it: constructors and
 * `init` of a file that crashes take only that process with them.
 *
 * The process is `dais trial`, hidden from people: all plugins by the files that serve, the new one
 * by its copy, everything offline (host.h). What it says is of no interest, only whether it lives.
 */
#include "dais/error.h"
#include "host/host.h"

/** Bytes of the list of files. */
#define TRIAL_TEXT_BYTES_MAX (64u << 10)

/** Notes the configuration file (NULL: none) that trials read. Before trial_run. [main thread] */
void trial_config(const char *path);

/** host_options.trial. */
DAIS_CHECK_RESULT int32_t trial_run(const struct host_pinned *files, uint32_t count,
                                    uint64_t timeout_ms, char ret_problem[HOST_PROBLEM_BYTES]);
