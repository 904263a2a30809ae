/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One value for each plugin, with the label `plugin`: what it has used and how it fares. The
 * accounts behind them are in base/owner.h; these are the metrics that a table of fixed labels
 * cannot hold.
 */
#include "base/metrics.h"
#include "base/str.h"

/** Appends them in Prometheus' text format. [any thread] */
void plugin_metrics_render(struct strbuf *out);

/** Calls `each` for every name. */
void plugin_metrics_describe(void (*each)(const struct metrics_row *row, void *context),
                             void *context);
