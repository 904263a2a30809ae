/* SPDX-License-Identifier: MIT */
#include "host/describe_hooks.h"

#include "host/describe_table.h"
#include "host/operations.h"
#include "host/plugin.h"

#include <stdio.h>

#define ROWS_BYTES 512u

/** The generation that serves, not one that is being replaced. */
static bool is_current(const struct operation *operation)
{
    return operation->generation == operation->owner->current;
}

/** "title, description, id*": a star marks what hooks cannot change. */
static void name_rows(const struct dais_shape *shape, char ret_text[ROWS_BYTES])
{
    size_t len = 0;
    ret_text[0] = '\0';
    for (const struct dais_field *row = shape->fields; row->name && len < ROWS_BYTES; row++)
        len += (size_t)snprintf(ret_text + len, ROWS_BYTES - len, "%s%s%s", len ? ", " : "",
                                row->name, row->flags & DAIS_FIELD_FIXED ? "*" : "");
}

static void add_operation(struct table *table, const struct operation *operation)
{
    char rows[ROWS_BYTES];
    const struct dais_operation *row = operation->row;
    name_rows(row->value, rows);
    const struct table_cell cells[] = {
        cell_text("operation", row->name), cell_text("plugin", operation->owner->id),
        cell_text("key", row->key), cell_text("rows", rows), cell_text("summary", row->summary)};
    table_row(table, cells, sizeof cells / sizeof cells[0]);
}

static const char *policy_of(const struct operation_hook *hook)
{
    if (hook->row->when == DAIS_HOOK_AFTER_COMMIT)
        return "retried";
    return hook->row->policy == DAIS_FAIL_CLOSED ? "closed" : "open";
}

static void add_hook(struct table *table, const struct operation *operation,
                     const struct operation_hook *hook)
{
    static const char *const whens[] = {"?", "before", "after", "after_commit"};
    const char *reason = plugin_reason(hook->plugin);
    const struct table_cell cells[] = {
        cell_text("operation", operation->row->name), cell_text("when", whens[hook->row->when]),
        cell_number("priority", hook->row->priority), cell_text("plugin", hook->plugin->id),
        cell_text("name", hook->row->name),           cell_text("policy", policy_of(hook)),
        cell_number("timeoutMs", hook->timeout_ms),   cell_text("summary", hook->row->summary),
        cell_text("out", *reason ? reason : NULL),
    };
    table_row(table, cells, sizeof cells / sizeof cells[0]);
}

void describe_hooks(struct table *table)
{
    const struct operations *all = operations_now();
    table_section(table, "operations");
    for (uint32_t i = 0; all && i < all->count; i++)
        if (is_current(&all->rows[i]))
            add_operation(table, &all->rows[i]);
    table_section(table, "hooks");
    for (uint32_t i = 0; all && i < all->count; i++) {
        const struct operation *operation = &all->rows[i];
        uint32_t count = operation->before_count + operation->after_count +
                         operation->committed_count;
        for (uint32_t hook = 0; is_current(operation) && hook < count; hook++)
            add_hook(table, operation, &operation->hooks[hook]);
    }
}
