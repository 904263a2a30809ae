/* SPDX-License-Identifier: MIT */
/* dais.log/1 and dais.metrics/1. */
#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/shape.h"
#include "host/abi.h"
#include "host/registration.h"
#include "host/state.h"

#include <string.h>

/** Values of one line; more are cut. */
#define LOG_VALUES_MAX 16u
/** Rows of one table. */
#define METRIC_ROWS_MAX 256u

_Static_assert((int)DAIS_DEBUG == (int)LOG_LEVEL_DEBUG && (int)DAIS_ERROR == (int)LOG_LEVEL_ERROR,
               "levels of the ABI are those of the log");

static uint32_t enabled(uint32_t level)
{
    return level <= LOG_LEVEL_ERROR && log_enabled((enum log_level)level);
}

static void write_line(uint32_t level, struct dais_str event, const struct dais_log_value *values,
                       uint32_t count)
{
    struct log_field fields[LOG_VALUES_MAX];
    if (!enabled(level))
        return;
    uint32_t kept = count < LOG_VALUES_MAX ? count : LOG_VALUES_MAX;
    for (uint32_t i = 0; i < kept; i++)
        fields[i] = log_str(values[i].name, values[i].value);
    log_write((enum log_level)level, event, fields, kept);
}

const struct dais_log_v1 abi_log = {.enabled = enabled, .write = write_line};

static int is_metric_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < 80 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static uint32_t count_rows(const struct dais_metric *table)
{
    uint32_t count = 0;
    while (count < METRIC_ROWS_MAX && table[count].name && is_metric_name(table[count].name) &&
           (table[count].kind == DAIS_COUNTER || table[count].kind == DAIS_GAUGE))
        count++;
    return table[count].name ? 0 : count;
}

static int32_t copy_rows(struct generation *generation, const struct dais_metric *table,
                         uint32_t count, struct metrics_row **ret_rows)
{
    struct dais_arena *arena = &generation->arena;
    struct metrics_row *rows = arena_alloc(arena, count * sizeof *rows);
    for (uint32_t i = 0; rows && i < count; i++) {
        rows[i].name = arena_printf(arena, "dais_%s_%s", generation->plugin->id, table[i].name).ptr;
        rows[i].kind = table[i].kind == DAIS_COUNTER ? METRICS_COUNTER : METRICS_GAUGE;
        rows[i].help = table[i].help ? table[i].help : "";
        if (!rows[i].name)
            return DAIS_E_MEMORY;
    }
    *ret_rows = rows;
    return rows ? DAIS_OK : DAIS_E_MEMORY;
}

static int32_t table(const struct dais_metric *rows, uint32_t *ret_first)
{
    struct metrics_row *copies;
    struct generation *generation = registration_check("metrics.table");
    if (!generation)
        return DAIS_E_STATE;
    uint32_t count = count_rows(rows);
    if (count == 0)
        return registration_refuse(generation, DAIS_E_INVALID,
                                   "metrics: a table is empty or has a row without a good name "
                                   "and kind");
    int32_t error = copy_rows(generation, rows, count, &copies);
    if (!error)
        error = metrics_register(copies, count, ret_first);
    if (error)
        return registration_refuse(generation, error, "metrics: %s", error_title(error));
    return registration_add(generation, REGISTRATION_METRICS, rows, dais_str(NULL, 0));
}

const struct dais_metrics_v1 abi_metrics = {.table = table, .add = metrics_add};
