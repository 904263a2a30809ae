/* SPDX-License-Identifier: MIT */
#include "plugin_metrics.h"

#include "dais/metrics.h"

static const struct dais_metric TABLE[PLUGIN_METRICS_COUNT + 1] = {
    [PLUGIN_METRICS_MESSAGES] = {"messages_total", DAIS_COUNTER, 0,
                                 "messages stored, those that the chat itself writes included"},
    [PLUGIN_METRICS_REFUSED] = {"refused_total", DAIS_COUNTER, 0,
                                "requests and events that a rule of a chat refused"},
    [PLUGIN_METRICS_UNTOLD] = {"untold_total", DAIS_COUNTER, 0,
                               "events that were not told, since too much was under way"},
    [PLUGIN_METRICS_COUNT] = {NULL, 0, 0, NULL},
};

static uint32_t first;

int32_t plugin_metrics_register(void)
{
    return dais_metrics->table(TABLE, &first);
}

void plugin_metrics_count(enum plugin_metrics_row row)
{
    dais_metrics->add(first + (uint32_t)row, 1);
}
