/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * From a plugin's file to its descriptor: read, judge, copy, open, check.
 *
 * The file is copied to <data>/run/plugins/<id>/<generation>-<build id>.so and opened from there,
 * since the loader answers a path that is open already with the old code, and since a file that is
 * mapped must not be overwritten. The copy stays for debuggers, and for the way back after a reload
 * that went wrong. [main thread, blocks]
 */
#include "dais/error.h"

struct generation;
struct plugin;

/** Copies of one plugin that are kept; older ones are removed. */
#define PLUGIN_COPIES_MAX 16u
/** A larger file is not taken for a plugin. */
#define PLUGIN_FILE_BYTES_MAX (256u << 20)

/** Finds the plugin's file by its configuration and makes its folder. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t plugin_file_find(struct plugin *plugin);

/**
 * Opens `path` for `generation`, which then has its descriptor. Otherwise its reason is set:
 * DAIS_E_INVALID.
 */
DAIS_CHECK_RESULT int32_t plugin_file_open(struct generation *generation, const char *path);
