/* SPDX-License-Identifier: MIT */
#include "host/describe_limits.h"

#include "base/limits.h"
#include "host/config.h"
#include "host/describe_table.h"
#include "host/state.h"

#include <stdio.h>

#define NAME_BYTES 64u

/** One line of the table. */
struct line {
    const char *name;
    int64_t value, initial, min, max;
    const char *unit, *prose;
};

static void add_line(struct table *table, const struct line *line)
{
    const struct table_cell cells[] = {
        cell_text("name", line->name),         cell_number("value", line->value),
        cell_number("default", line->initial), cell_number("min", line->min),
        cell_number("max", line->max),         cell_text("unit", line->unit),
        cell_text("prose", line->prose),
    };
    table_row(table, cells, sizeof cells / sizeof cells[0]);
}

static void add_limits(struct table *table)
{
    for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++) {
        const struct limit_row *row = limit_describe((enum limit)limit);
        const struct line line = {.name = row->name,
                                  .value = limit_get((enum limit)limit),
                                  .initial = row->initial,
                                  .min = row->min,
                                  .max = row->max,
                                  .unit = row->unit,
                                  .prose = row->prose};
        add_line(table, &line);
    }
}

/* The default of an allowance is the active profile's. */
static void add_class(struct table *table, const struct rates *rates, uint32_t rate_class)
{
    const struct rates_row *row = rates_row(rate_class);
    char name[NAME_BYTES], unit[NAME_BYTES];
    snprintf(unit, sizeof unit, "%s/min", row->unit);
    for (uint32_t scope = 0; scope < RATES_SCOPES; scope++) {
        const struct line line = {.name = name,
                                  .value = rates->per_minute[rate_class][scope],
                                  .initial = row->per_minute[rates->profile][scope],
                                  .min = 0,
                                  .max = RATES_MAX,
                                  .unit = unit,
                                  .prose = row->prose};
        snprintf(name, sizeof name, "rates.%s.%s", row->name, rates_scope_name(scope));
        add_line(table, &line);
    }
}

void describe_limits(struct table *table)
{
    const struct rates *rates = &host_get()->options.config->rates;
    table_section(table, "limits");
    add_limits(table);
    const struct table_cell profile[] = {
        cell_text("name", "rates.profile"),
        cell_text("value", rates_profile_name(rates->profile)),
        cell_text("prose", "Where the allowances below come from; 0 is any number"),
    };
    table_row(table, profile, sizeof profile / sizeof profile[0]);
    for (uint32_t rate_class = 0; rate_class < RATES_CLASSES; rate_class++)
        add_class(table, rates, rate_class);
}
