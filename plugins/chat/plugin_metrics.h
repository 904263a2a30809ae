/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What chat counts for whoever runs it. plugin.c registers the table once; then whoever does a
 * thing counts it. Everything else about chat is counted by the core, under the plugin's name.
 */
#include "dais/abi.h"

enum plugin_metrics_row {
    PLUGIN_METRICS_MESSAGES, /**< whoever knows that a message is stored: send.c, service.c,
                                unsure.c */
    PLUGIN_METRICS_REFUSED,  /**< who.c, once a rule has refused what a client asked for */
    PLUGIN_METRICS_UNTOLD,   /**< told.c, once it has given up to tell of something */
    PLUGIN_METRICS_COUNT
};

/** [setup] Registers the table; errors as dais_metrics->table. */
int32_t plugin_metrics_register(void);

/** [any] One more of `row`. */
void plugin_metrics_count(enum plugin_metrics_row row);
