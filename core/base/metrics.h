/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Metrics: tables of counters, gauges and histograms, rendered in Prometheus' text format 0.0.4.
 *
 * Layers register a table and remember the first number; row i is number first + i. A row with the
 * name and labels of an earlier one counts in the same cells, so that newer code goes on where the
 * older one stands. Each worker counts in cells of its own (metrics_thread_row), threads without a
 * row share row 0 atomically; reading adds the rows up, so a gauge must be raised and lowered by
 * the same amounts in all. Metrics are never taken away.
 */
#include "base/str.h"
#include "dais/error.h"

enum metrics_kind { METRICS_COUNTER = 1, METRICS_GAUGE = 2, METRICS_HISTOGRAM = 3 };

/** One row. Rows with the same name and other labels are one metric. */
struct metrics_row {
    const char *name; /* complete: "dais_http_requests_total" */
    enum metrics_kind kind;
    const char *help;      /* one line, with the unit */
    const char *labels;    /* NULL, or `lane="read"` */
    const int64_t *bounds; /* histograms: upper bounds, ascending, ended by 0; in `divisor` units */
    int64_t divisor;       /* values are divided by it when shown (1000 for ms → s); 0: not */
    int64_t (*read)(void); /* gauges and counters: called at reading instead of cells */
};

/** Upper bounds for latencies in microseconds, 100 µs to 10 s; use with divisor 1000000. */
extern const int64_t metrics_latency_bounds_us[];

/** Readies rows for `threads` worker threads; before metrics_add. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t metrics_init(uint32_t threads);

/** Forgets all tables and frees the cells. */
void metrics_fini(void);

/**
 * Registers `count` rows, which are copied. A table that was registered before gets the same
 * numbers again. DAIS_E_CONFLICT: one of the names is a metric of another kind or with other
 * bounds, DAIS_E_LIMIT past limit `metrics`, DAIS_E_MEMORY, DAIS_E_STATE before metrics_init;
 * nothing was registered then. Any thread, also while the workers run; takes a lock.
 */
DAIS_CHECK_RESULT int32_t metrics_register(const struct metrics_row *rows, uint32_t count,
                                           uint32_t *ret_first);

/** Gives this thread row 1 + `index`, which no other thread uses. */
void metrics_thread_row(uint32_t index);

/** Adds to a counter or gauge. About a nanosecond on a worker. */
void metrics_add(uint32_t metric, int64_t value);

/** Counts `value` into a histogram. */
void metrics_observe(uint32_t metric, int64_t value);

/** The sum over all rows of a counter or gauge; of a histogram the number of observations. */
int64_t metrics_read(uint32_t metric);

/** Calls `each` for the first row of every name, for documents. */
void metrics_describe(void (*each)(const struct metrics_row *row, void *context), void *context);

/** Appends all metrics to `out`. */
void metrics_render(struct strbuf *out);
