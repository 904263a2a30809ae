/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What chat counts for whoever runs it. plugin.c registers the table once; then whoever does a
 * thing counts it. Everything else about chat is counted by the core, under the plugin's name.
 */
#include "dais/abi.h"

enum metrics_row {
    METRICS_MESSAGES, /**< whoever knows that a message is stored: send.c, service.c, unsure.c */
    METRICS_REFUSED,  /**< who.c, once a rule has refused what a client asked for */
    METRICS_UNTOLD,   /**< told.c, once it has given up to tell of something */
    METRICS_COUNT
};

/** [setup] Registers the table; errors as dais_metrics->table. */
int32_t metrics_register(void);

/** [any] One more of `row`. */
void metrics_count(enum metrics_row row);
