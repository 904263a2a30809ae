/* SPDX-License-Identifier: MIT */
#pragma once
/* The plugin's section of the configuration, read once in `init`. */
#include "dais/error.h"
#include "dais/types.h"

/** The section as it stands in dais.yaml. */
struct plugin_config {
    uint64_t present;
    int64_t text_max;     /**< characters that a room's `messageMax` may be at most */
    int64_t history_days; /**< how long messages are kept; 0: for ever */
};

/** [setup] Reads the section. DAIS_E_INVALID after the errors were reported. */
DAIS_CHECK_RESULT int32_t plugin_config_read(void);

/** [any] What was read. */
const struct plugin_config *plugin_config(void);
