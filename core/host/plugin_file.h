/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * From a plugin's file to its descriptor: find, read, judge, copy, open, check.
 *
 * The file is copied to <data>/run/plugins/<id>/<generation>-<build id>.so and opened from there,
 * since the loader answers a path that is open already with the old code, and since a file that is
 * mapped must not be overwritten. The copy stays for debuggers. [main thread, blocks]
 */
#include "dais/error.h"

struct plugin;

/** Copies of one plugin that are kept; older ones are removed. */
#define PLUGIN_COPIES_MAX 8u
/** A larger file is not taken for a plugin. */
#define PLUGIN_FILE_BYTES_MAX (256u << 20)

/**
 * Loads `plugin` (its `config` is set). On success it is PLUGIN_LOADED; otherwise PLUGIN_FAILED
 * with its reason, and DAIS_E_INVALID.
 */
DAIS_CHECK_RESULT int32_t plugin_load(struct plugin *plugin);
