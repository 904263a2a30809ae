/* SPDX-License-Identifier: MIT */
#include "base/metrics.h"
#include "net/http_inner.h"

static const struct metrics_row rows[HTTP_METRIC_COUNT] = {
    [HTTP_METRIC_CONNECTIONS] = {.name = "dais_http_connections",
                                 .kind = METRICS_GAUGE,
                                 .help = "Open connections"},
    [HTTP_METRIC_CONNECTIONS_TOTAL] = {.name = "dais_http_connections_total",
                                       .kind = METRICS_COUNTER,
                                       .help = "Accepted connections"},
    [HTTP_METRIC_CUT_TOTAL] = {.name = "dais_http_connections_cut_total",
                               .kind = METRICS_COUNTER,
                               .help = "Connections ended for sending or reading too slowly"},
    [HTTP_METRIC_CROWDED_TOTAL] = {.name = "dais_http_connections_crowded_total",
                                   .kind = METRICS_COUNTER,
                                   .help = "Connections closed because their address has too many"},
    [HTTP_METRIC_LIMITED_TOTAL] = {.name = "dais_http_limited_total",
                                   .kind = METRICS_COUNTER,
                                   .help = "Requests answered 429 by their rate class"},
    [HTTP_METRIC_HELD] = {.name = "dais_http_handlers_running",
                          .kind = METRICS_GAUGE,
                          .help = "Requests whose handler runs on a fiber"},
    [HTTP_METRIC_1XX] = {.name = "dais_http_responses_total",
                         .kind = METRICS_COUNTER,
                         .help = "Answers by class of status",
                         .labels = "class=\"1xx\""},
    [HTTP_METRIC_2XX] = {.name = "dais_http_responses_total",
                         .kind = METRICS_COUNTER,
                         .help = "Answers by class of status",
                         .labels = "class=\"2xx\""},
    [HTTP_METRIC_3XX] = {.name = "dais_http_responses_total",
                         .kind = METRICS_COUNTER,
                         .help = "Answers by class of status",
                         .labels = "class=\"3xx\""},
    [HTTP_METRIC_4XX] = {.name = "dais_http_responses_total",
                         .kind = METRICS_COUNTER,
                         .help = "Answers by class of status",
                         .labels = "class=\"4xx\""},
    [HTTP_METRIC_5XX] = {.name = "dais_http_responses_total",
                         .kind = METRICS_COUNTER,
                         .help = "Answers by class of status",
                         .labels = "class=\"5xx\""},
    [HTTP_METRIC_GONE] = {.name = "dais_http_clients_gone_total",
                          .kind = METRICS_COUNTER,
                          .help = "Clients that left before their answer"},
    [HTTP_METRIC_BODY_BYTES] = {.name = "dais_http_body_bytes_total",
                                .kind = METRICS_COUNTER,
                                .help = "Bytes of answered bodies"},
    [HTTP_METRIC_MISUSE] = {.name = "dais_http_misuse_total",
                            .kind = METRICS_COUNTER,
                            .help = "Second or missing replies of handlers"},
    [HTTP_METRIC_DURATION] = {.name = "dais_http_request_duration_seconds",
                              .kind = METRICS_HISTOGRAM,
                              .help = "From the complete request to its answer, in seconds",
                              .bounds = metrics_latency_bounds_us,
                              .divisor = 1000000},
};

int32_t http_metrics_register(uint32_t *ret_first)
{
    return metrics_register(rows, HTTP_METRIC_COUNT, ret_first);
}

void http_count(const struct http_server *server, enum http_metric metric, int64_t value)
{
    metrics_add(server->metrics + metric, value);
}
