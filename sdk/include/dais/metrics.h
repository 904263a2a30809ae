/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.metrics/1: counters and gauges, shown at /metrics in the text format of Prometheus as
 * dais_<plugin>_<name>. Each worker counts for itself; reading adds up.
 */
#include "dais/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum dais_metric_kind { DAIS_COUNTER = 1, DAIS_GAUGE = 2 };

/** One metric. Names follow Prometheus: base units, counters end in _total. */
struct dais_metric {
    const char *name; /**< "publishers", "input_bytes_total" */
    uint32_t kind;    /**< enum dais_metric_kind */
    uint32_t reserved;
    const char *help;
};

struct dais_metrics_v1 {
    /**
     * [setup] Registers a table that ends with a row whose name is NULL; the metrics are
     * `*ret_first` + their row.
     */
    int32_t (*table)(const struct dais_metric *table, uint32_t *ret_first);
    /** [any] Adds to a counter or a gauge; a gauge's workers are added up. */
    void (*add)(uint32_t metric, int64_t value);
};

DAIS_SLOT const struct dais_metrics_v1 *dais_metrics;
#define DAIS_NEED_METRICS DAIS_NEED(metrics, "dais.metrics/1", 0)

#ifdef __cplusplus
}
#endif
