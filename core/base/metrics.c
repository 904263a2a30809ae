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
    struct metrics_row *row; /* a copy; shared by all numbers of the same cells */
    uint32_t cell;
    uint32_t bounds;
    bool is_again; /* an earlier number has the same cells */
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

/* Forgets the metrics from number `first` on. */
static void drop_from(uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < count; i++) {
        if (!state.metrics[i].is_again)
            mem_free(state.metrics[i].row);
    }
}

void metrics_fini(void)
{
    drop_from(0, atomic_exchange(&state.count, 0));
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

static bool is_same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool is_same(const struct metrics_row *a, const struct metrics_row *b)
{
    return a->kind == b->kind && strcmp(a->name, b->name) == 0 &&
           is_same_text(a->labels, b->labels);
}

/* Whether two rows of one name can be one metric. */
static bool fits(const struct metrics_row *row, const struct metric *metric)
{
    uint32_t bounds = count_bounds(row);
    return row->kind == metric->row->kind && bounds == metric->bounds &&
           (bounds == 0 || memcmp(row->bounds, metric->row->bounds, bounds * sizeof(int64_t)) == 0);
}

static char *put_text(char *to, const char *text, const char **ret_copy)
{
    if (!text)
        return to;
    *ret_copy = to;
    return stpcpy(to, text) + 1;
}

/* A copy of the row with all that it points to, in one block. */
static struct metrics_row *copy_row(const struct metrics_row *row, uint32_t bounds)
{
    size_t texts = strlen(row->name) + strlen(row->help ? row->help : "") +
                   strlen(row->labels ? row->labels : "") + 3;
    struct metrics_row *copy = mem_alloc(sizeof *copy + bounds * sizeof(int64_t) + texts);
    if (!copy)
        return NULL;
    *copy = *row;
    int64_t *limits = (int64_t *)(copy + 1);
    if (bounds > 0)
        memcpy(limits, row->bounds, bounds * sizeof *limits);
    copy->bounds = limits;
    char *to = put_text((char *)(limits + bounds), row->name, &copy->name);
    to = put_text(to, row->help ? row->help : "", &copy->help);
    put_text(to, row->labels, &copy->labels);
    return copy;
}

/* Makes `row` the metric `number`, after the ones below it. */
static int32_t add_row(const struct metrics_row *row, uint32_t number)
{
    for (uint32_t i = 0; i < number; i++) {
        const struct metric *other = &state.metrics[i];
        if (strcmp(other->row->name, row->name) != 0)
            continue;
        if (!fits(row, other))
            return DAIS_E_CONFLICT;
        if (!is_same_text(other->row->labels, row->labels))
            continue;
        state.metrics[number] = *other;
        state.metrics[number].is_again = true;
        return DAIS_OK;
    }
    uint32_t bounds = count_bounds(row);
    uint32_t need = row->kind == METRICS_HISTOGRAM ? bounds + 2 : 1;
    if (need > state.cells_max - state.cells)
        return DAIS_E_LIMIT;
    struct metrics_row *copy = copy_row(row, bounds);
    if (!copy)
        return DAIS_E_MEMORY;
    state.metrics[number] = (struct metric){.row = copy, .cell = state.cells, .bounds = bounds};
    state.cells += need;
    return DAIS_OK;
}

/* Where the same table stands already; `end` when nowhere. */
static uint32_t find_table(const struct metrics_row *rows, uint32_t count, uint32_t end)
{
    for (uint32_t first = 0; first + count <= end; first++) {
        uint32_t same = 0;
        while (same < count && is_same(&rows[same], state.metrics[first + same].row))
            same++;
        if (same == count)
            return first;
    }
    return end;
}

static int32_t register_locked(const struct metrics_row *rows, uint32_t count, uint32_t *ret_first)
{
    if (!state.metrics)
        return DAIS_E_STATE;
    const uint32_t end = atomic_load(&state.count), cells = state.cells;
    uint32_t first = find_table(rows, count, end);
    int32_t code = first == end && count > state.cells_max - end ? DAIS_E_LIMIT : DAIS_OK;
    uint32_t added = 0;
    while (first == end && code == DAIS_OK && added < count) {
        code = add_row(&rows[added], end + added);
        added += code == DAIS_OK;
    }
    if (code != DAIS_OK) {
        drop_from(end, end + added);
        state.cells = cells;
        return code;
    }
    atomic_store_explicit(&state.count, end + added, memory_order_release);
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

static void render_metric(struct strbuf *out, const struct metric *metric)
{
    const struct metrics_row *row = metric->row;
    if (row->kind == METRICS_HISTOGRAM) {
        render_histogram(out, metric);
        return;
    }
    strbuf_addz(out, row->name);
    render_labels(out, row->labels, NULL);
    if (row->divisor > 1)
        strbuf_addf(out, " %.9g\n", (double)read_metric(metric) / (double)row->divisor);
    else
        strbuf_addf(out, " %lld\n", (long long)read_metric(metric));
}

static bool is_first_of_its_name(uint32_t number)
{
    for (uint32_t i = 0; i < number; i++) {
        if (strcmp(state.metrics[i].row->name, state.metrics[number].row->name) == 0)
            return false;
    }
    return true;
}

void metrics_describe(void (*each)(const struct metrics_row *row, void *context), void *context)
{
    pthread_mutex_lock(&state.lock);
    uint32_t count = atomic_load(&state.count);
    for (uint32_t i = 0; i < count; i++) {
        if (is_first_of_its_name(i))
            each(state.metrics[i].row, context);
    }
    pthread_mutex_unlock(&state.lock);
}

/* The first of a name brings all others of that name with it, wherever they were registered. */
static void render_name(struct strbuf *out, uint32_t first, uint32_t count)
{
    static const char *const kinds[] = {"", "counter", "gauge", "histogram"};
    const struct metrics_row *row = state.metrics[first].row;
    if (!is_first_of_its_name(first))
        return;
    strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                kinds[row->kind]);
    for (uint32_t i = first; i < count; i++) {
        const struct metric *metric = &state.metrics[i];
        if (!metric->is_again && strcmp(metric->row->name, row->name) == 0)
            render_metric(out, metric);
    }
}

void metrics_render(struct strbuf *out)
{
    pthread_mutex_lock(&state.lock);
    uint32_t count = atomic_load(&state.count);
    for (uint32_t i = 0; i < count; i++)
        render_name(out, i, count);
    pthread_mutex_unlock(&state.lock);
}
