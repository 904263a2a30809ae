/* SPDX-License-Identifier: MIT */
#include "data/metrics.h"

#include "base/log.h"

uint32_t data_metrics_first = UINT32_MAX;

static const struct metrics_row rows[DATA_METRIC_COUNT] = {
    [DATA_METRIC_READS] = {.name = "dais_db_statements_total",
                           .kind = METRICS_COUNTER,
                           .help = "Statements that were run, by lane.",
                           .labels = "lane=\"read\""},
    [DATA_METRIC_BATCHES] = {.name = "dais_db_statements_total",
                             .kind = METRICS_COUNTER,
                             .help = "Statements that were run, by lane.",
                             .labels = "lane=\"batch\""},
    [DATA_METRIC_POOLED] = {.name = "dais_db_statements_total",
                            .kind = METRICS_COUNTER,
                            .help = "Statements that were run, by lane.",
                            .labels = "lane=\"pool\""},
    [DATA_METRIC_ERRORS] = {.name = "dais_db_errors_total",
                            .kind = METRICS_COUNTER,
                            .help = "Statements that failed."},
    [DATA_METRIC_RERUNS] = {.name = "dais_db_reruns_total",
                            .kind = METRICS_COUNTER,
                            .help = "Statements run again after another one's error or a loss."},
    [DATA_METRIC_LOSSES] = {.name = "dais_db_losses_total",
                            .kind = METRICS_COUNTER,
                            .help = "Connections that were lost."},
    [DATA_METRIC_CANCELS] = {.name = "dais_db_cancels_total",
                             .kind = METRICS_COUNTER,
                             .help = "Statements nobody waited for, cancelled on the server."},
    [DATA_METRIC_CONNECTIONS] = {.name = "dais_db_connections",
                                 .kind = METRICS_GAUGE,
                                 .help = "Connections that are up."},
    [DATA_METRIC_WAITING] = {.name = "dais_db_waiting",
                             .kind = METRICS_GAUGE,
                             .help = "Statements on their way."},
    [DATA_METRIC_POOL_WAITING] = {.name = "dais_db_pool_waiting",
                                  .kind = METRICS_GAUGE,
                                  .help = "Fibers that wait for a plain connection."},
    [DATA_METRIC_SECONDS] = {.name = "dais_db_statement_seconds",
                             .kind = METRICS_HISTOGRAM,
                             .help = "Time from the call to the answer.",
                             .bounds = metrics_latency_bounds_us,
                             .divisor = 1000000},
};

void data_metrics_register(void)
{
    uint32_t first = UINT32_MAX;
    int32_t code = data_metrics_first == UINT32_MAX
                       ? metrics_register(rows, DATA_METRIC_COUNT, &first)
                       : DAIS_OK;
    if (data_metrics_first == UINT32_MAX && code == DAIS_OK)
        data_metrics_first = first;
    if (code != DAIS_OK && code != DAIS_E_STATE)
        LOG_WARN("no metrics of the database", log_code(code));
}
