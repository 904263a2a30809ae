/* SPDX-License-Identifier: MIT */
#include "base/metrics.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define THREADS_MAX 256u

const int64_t metrics_latency_bounds_us[] = {100,     250,     500,     1000,     2500,   5000,
                                             10000,   25000,   50000,   100000,   250000, 500000,
                                             1000000, 2500000, 5000000, 10000000, 0};

/* A registered row and its cells. A histogram has one for each bound, one above them, one for the
 * sum. */
struct metric {
    const struct metrics_row *row;
    uint32_t cell;
    uint32_t bounds;
};

typedef _Atomic int64_t cell_value;

static struct {
    pthread_mutex_t lock; /* of registering and reading */
    struct metric *metrics;
    cell_value *rows[THREADS_MAX + 1]; /* 0: threads without a row of their own */
    uint32_t rows_count;
    uint32_t cells_max;
    uint32_t cells;
    _Atomic uint32_t count;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local cell_value *own_row;

int32_t metrics_init(uint32_t threads)
{
    CHECK(threads <= THREADS_MAX && !state.metrics);
    state.cells_max = (uint32_t)limit_get(LIMIT_METRICS);
    state.metrics = mem_zalloc(state.cells_max, sizeof *state.metrics);
    bool failed = !state.metrics;
    state.rows_count = threads + 1;
    for (uint32_t i = 0; i < state.rows_count && !failed; i++) {
        state.rows[i] = mem_zalloc_aligned(64, state.cells_max * sizeof *state.rows[i]);
        failed = !state.rows[i];
    }
    if (!failed)
        return DAIS_OK;
    metrics_fini();
    return DAIS_E_MEMORY;
}

void metrics_fini(void)
{
    atomic_store(&state.count, 0);
    for (uint32_t i = 0; i < state.rows_count; i++) {
        mem_free(state.rows[i]);
        state.rows[i] = NULL;
    }
    mem_free(state.metrics);
    state.metrics = NULL;
    state.rows_count = state.cells = 0;
    own_row = NULL;
}

static uint32_t count_bounds(const struct metrics_row *row)
{
    uint32_t bounds = 0;
    if (row->kind == METRICS_HISTOGRAM) {
        CHECK(row->bounds && row->divisor > 0);
        while (row->bounds[bounds])
            bounds++;
    }
    return bounds;
}

static int32_t register_locked(const struct metrics_row *rows, uint32_t count, uint32_t *ret_first)
{
    if (!state.metrics)
        return DAIS_E_STATE;
    uint32_t first = atomic_load(&state.count);
    uint32_t cells = state.cells;
    if (count > state.cells_max - first)
        return DAIS_E_LIMIT;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bounds = count_bounds(&rows[i]);
        uint32_t need = rows[i].kind == METRICS_HISTOGRAM ? bounds + 2 : 1;
        if (need > state.cells_max - cells)
            return DAIS_E_LIMIT;
        state.metrics[first + i] = (struct metric){&rows[i], cells, bounds};
        cells += need;
    }
    state.cells = cells;
    atomic_store_explicit(&state.count, first + count, memory_order_release);
    *ret_first = first;
    return DAIS_OK;
}

int32_t metrics_register(const struct metrics_row *rows, uint32_t count, uint32_t *ret_first)
{
    pthread_mutex_lock(&state.lock);
    int32_t code = register_locked(rows, count, ret_first);
    pthread_mutex_unlock(&state.lock);
    return code;
}

void metrics_thread_row(uint32_t index)
{
    own_row = index + 1 < state.rows_count ? state.rows[index + 1] : NULL;
}

static void add_to_cell(uint32_t cell, int64_t value)
{
    if (!own_row) {
        atomic_fetch_add_explicit(&state.rows[0][cell], value, memory_order_relaxed);
        return;
    }
    /* The only writer needs no locked instruction. */
    int64_t before = atomic_load_explicit(&own_row[cell], memory_order_relaxed);
    atomic_store_explicit(&own_row[cell], before + value, memory_order_relaxed);
}

static const struct metric *find(uint32_t number)
{
    if (number >= atomic_load_explicit(&state.count, memory_order_acquire))
        return NULL;
    return &state.metrics[number];
}

void metrics_add(uint32_t metric, int64_t value)
{
    const struct metric *found = find(metric);
    if (found)
        add_to_cell(found->cell, value);
}

void metrics_observe(uint32_t metric, int64_t value)
{
    const struct metric *found = find(metric);
    if (!found || found->row->kind != METRICS_HISTOGRAM)
        return;
    uint32_t bucket = 0;
    while (bucket < found->bounds && value > found->row->bounds[bucket])
        bucket++;
    add_to_cell(found->cell + bucket, 1);
    add_to_cell(found->cell + found->bounds + 1, value);
}

static int64_t sum_cell(uint32_t cell)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < state.rows_count; i++)
        sum += atomic_load_explicit(&state.rows[i][cell], memory_order_relaxed);
    return sum;
}

static int64_t read_metric(const struct metric *metric)
{
    if (metric->row->read)
        return metric->row->read();
    if (metric->row->kind != METRICS_HISTOGRAM)
        return sum_cell(metric->cell);
    int64_t count = 0;
    for (uint32_t i = 0; i <= metric->bounds; i++)
        count += sum_cell(metric->cell + i);
    return count;
}

int64_t metrics_read(uint32_t metric)
{
    const struct metric *found = find(metric);
    return found ? read_metric(found) : 0;
}

static void render_labels(struct strbuf *out, const char *labels, const char *more)
{
    if (!labels && !more)
        return;
    strbuf_addf(out, "{%s%s%s}", labels ? labels : "", labels && more ? "," : "", more ? more : "");
}

static void render_histogram(struct strbuf *out, const struct metric *metric)
{
    const struct metrics_row *row = metric->row;
    const double divisor = (double)row->divisor;
    int64_t count = 0;
    for (uint32_t i = 0; i <= metric->bounds; i++) {
        char text[48];
        struct strbuf bound;
        strbuf_init_on(&bound, text, sizeof text);
        if (i == metric->bounds)
            strbuf_addz(&bound, "le=\"+Inf\"");
        else
            strbuf_addf(&bound, "le=\"%.9g\"", (double)row->bounds[i] / divisor);
        count += sum_cell(metric->cell + i);
        strbuf_addf(out, "%s_bucket", row->name);
        render_labels(out, row->labels, strbuf_cstr(&bound));
        strbuf_addf(out, " %lld\n", (long long)count);
    }
    strbuf_addf(out, "%s_sum", row->name);
    render_labels(out, row->labels, NULL);
    strbuf_addf(out, " %.9g\n", (double)sum_cell(metric->cell + metric->bounds + 1) / divisor);
    strbuf_addf(out, "%s_count", row->name);
    render_labels(out, row->labels, NULL);
    strbuf_addf(out, " %lld\n", (long long)count);
}

static void render_metric(struct strbuf *out, const struct metric *metric, const char *name_before)
{
    static const char *const kinds[] = {"", "counter", "gauge", "histogram"};
    const struct metrics_row *row = metric->row;
    if (!name_before || strcmp(name_before, row->name) != 0)
        strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                    kinds[row->kind]);
    if (row->kind == METRICS_HISTOGRAM) {
        render_histogram(out, metric);
        return;
    }
    strbuf_addz(out, row->name);
    render_labels(out, row->labels, NULL);
    strbuf_addf(out, " %lld\n", (long long)read_metric(metric));
}

void metrics_render(struct strbuf *out)
{
    pthread_mutex_lock(&state.lock);
    const char *name_before = NULL;
    uint32_t count = atomic_load(&state.count);
    for (uint32_t i = 0; i < count; i++) {
        render_metric(out, &state.metrics[i], name_before);
        name_before = state.metrics[i].row->name;
    }
    pthread_mutex_unlock(&state.lock);
}
