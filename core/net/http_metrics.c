/* SPDX-License-Identifier: MIT */
#include "base/metrics.h"
#include "net/http_inner.h"

#include <stdio.h>

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
    [HTTP_METRIC_REFUSED_TOTAL] =
        {.name = "dais_http_connections_refused_total",
         .kind = METRICS_COUNTER,
         .help = "Connections and WebSockets refused because descriptors run out"},
    [HTTP_METRIC_LIMITED_TOTAL] = {.name = "dais_http_limited_total",
                                   .kind = METRICS_COUNTER,
                                   .help = "Requests answered 429 by their rate class"},
    [HTTP_METRIC_HELD] = {.name = "dais_http_handlers_running",
                          .kind = METRICS_GAUGE,
                          .help = "Requests whose handler runs on a fiber"},
    [HTTP_METRIC_DETACHED] = {.name = "dais_http_requests_detached",
                              .kind = METRICS_GAUGE,
                              .help = "Requests that wait for their answer without a fiber"},
    [HTTP_METRIC_UPGRADED_TOTAL] = {.name = "dais_http_upgrades_total",
                                    .kind = METRICS_COUNTER,
                                    .help = "Connections that left HTTP for another protocol"},
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
};

/* One histogram for each rate class; what no route answers counts to the first. */
static int32_t register_durations(struct http_server *server)
{
    int32_t code = DAIS_OK;
    for (uint32_t i = 0; i < HTTP_RATE_CLASSES_MAX && code == DAIS_OK; i++) {
        const char *name = server->hooks->rate_class_name ? server->hooks->rate_class_name(i)
                           : i == 0                       ? "all"
                                                          : NULL;
        char labels[64];
        struct metrics_row row = {.name = "dais_http_request_duration_seconds",
                                  .kind = METRICS_HISTOGRAM,
                                  .help = "From the complete request to its answer, by rate class",
                                  .labels = labels,
                                  .bounds = metrics_latency_bounds_us,
                                  .divisor = 1000000};
        server->durations[i] = server->durations[0];
        (void)snprintf(labels, sizeof labels, "class=\"%s\"", name ? name : "");
        if (name)
            code = metrics_register(&row, 1, &server->durations[i]);
    }
    return code;
}

int32_t http_metrics_register(struct http_server *server)
{
    int32_t code = metrics_register(rows, HTTP_METRIC_COUNT, &server->metrics);
    return code == DAIS_OK ? register_durations(server) : code;
}

void http_count_duration(const struct dais_req *req, uint64_t duration_us)
{
    const struct http_route *route = req->match.route;
    const struct http_server *server = req->worker->server;
    metrics_observe(server->durations[route ? route->rate : 0], (int64_t)duration_us);
}

void http_count(const struct http_server *server, enum http_metric metric, int64_t value)
{
    metrics_add(server->metrics + metric, value);
}
