/* SPDX-License-Identifier: MIT */
#pragma once
/* What the files of this plugin share: its settings, metrics and the board of snapshots. */
#include <stdint.h>

#include "dais/metrics.h"
#include "dais/shared.h"

/** The plugin's section of the configuration; rows in plugin.c. Constant after `init`. */
struct hls_config {
    uint64_t present;
    int64_t segment_ms;
    int64_t segment_ms_max;
    int64_t window_segments;
    int64_t kept_segments;
    int64_t linger_s;
    int64_t stream_bytes_max;
    int64_t total_bytes_max;
};
extern struct hls_config hls_config;

/** Metrics by row of the table in plugin.c. */
enum hls_metric {
    HLS_METRIC_STREAMS,
    HLS_METRIC_WINDOW_BYTES,
    HLS_METRIC_SEGMENTS,
    HLS_METRIC_GAPS,
    HLS_METRIC_FORCED,
    HLS_METRIC_JUMPS,
    HLS_METRIC_PACKETS_DROPPED
};
extern uint32_t hls_metrics;

/** Adds to a metric. */
static inline void hls_count(enum hls_metric metric, int64_t value)
{
    dais_metrics->add(hls_metrics + (uint32_t)metric, value);
}

/** The snapshots (snapshot.h) by playback id, on every worker. */
extern const struct dais_board hls_board;

/** What discontinuities are counted from (sequence.h), under one key. */
extern const struct dais_board hls_sequence_board;
