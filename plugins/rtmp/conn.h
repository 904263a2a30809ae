/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The connections of encoders: one fiber each, from accept to close. It moves bytes between the
 * socket and the session (session.c), asks `streams` whose key it is, and gives media to the hub
 * (live.c). plugin.c registers what is declared here.
 */
#include "dais/field.h"
#include "dais/metrics.h"
#include "dais/net.h"

/** The plugin's section of the configuration. */
struct conn_config {
    uint64_t present;
    struct dais_str listen;
    int64_t port;
    int64_t tls_port;
    int64_t connections_max;
    int64_t handshake_timeout_ms;
    int64_t media_timeout_ms;
    int64_t message_bytes_max;
};

/** Set by `init`, constant afterwards. */
extern struct conn_config conn_config;

/** Rows of conn_metrics, counted from `conn_metrics_first`. */
enum conn_metric {
    CONN_PUBLISHERS,
    CONN_REFUSED,
    CONN_BROKEN,
    CONN_PACKETS_DROPPED,
};
extern uint32_t conn_metrics_first;

/** [setup] Opens the listeners that the configuration names. */
int32_t conn_listen(void);
