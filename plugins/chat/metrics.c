/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include "dais/metrics.h"

static const struct dais_metric TABLE[METRICS_COUNT + 1] = {
    [METRICS_MESSAGES] = {"messages_total", DAIS_COUNTER, 0,
                          "messages stored, those that the chat itself writes included"},
    [METRICS_REFUSED] = {"refused_total", DAIS_COUNTER, 0,
                         "requests and events that a rule of a chat refused"},
    [METRICS_UNTOLD] = {"untold_total", DAIS_COUNTER, 0,
                        "events that were not told, since too much was under way"},
    [METRICS_COUNT] = {NULL, 0, 0, NULL},
};

static uint32_t first;

int32_t metrics_register(void)
{
    return dais_metrics->table(TABLE, &first);
}

void metrics_count(enum metrics_row row)
{
    dais_metrics->add(first + (uint32_t)row, 1);
}
