/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The metrics of this layer. Registered by db_open once per process; without metrics_init (some
 * tests) nothing is counted.
 */
#include "base/metrics.h"

enum data_metric {
    DATA_METRIC_READS,
    DATA_METRIC_BATCHES,
    DATA_METRIC_POOLED,
    DATA_METRIC_ERRORS,
    DATA_METRIC_RERUNS,
    DATA_METRIC_LOSSES,
    DATA_METRIC_CANCELS,
    DATA_METRIC_CONNECTIONS,
    DATA_METRIC_WAITING,
    DATA_METRIC_POOL_WAITING,
    DATA_METRIC_SECONDS,
    DATA_METRIC_COUNT
};

/** The number of the first row, or UINT32_MAX while nothing is registered. */
extern uint32_t data_metrics_first;

/** Registers the rows unless they are. [main thread] */
void data_metrics_register(void);

/** Counts. */
static inline void data_metric_add(enum data_metric metric, int64_t value)
{
    if (data_metrics_first != UINT32_MAX)
        metrics_add(data_metrics_first + (uint32_t)metric, value);
}

/** The time that a statement took, in microseconds. */
static inline void data_metric_time(uint64_t us)
{
    if (data_metrics_first != UINT32_MAX)
        metrics_observe(data_metrics_first + (uint32_t)DATA_METRIC_SECONDS, (int64_t)us);
}
