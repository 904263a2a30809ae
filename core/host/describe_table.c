/* SPDX-License-Identifier: MIT */
#include "host/describe_table.h"

void table_begin(struct table *table, struct strbuf *out, bool as_json)
{
    *table = (struct table){.out = out, .as_json = as_json};
    json_write_init(&table->json, out);
    if (as_json)
        json_open_object(&table->json);
}

void table_section(struct table *table, const char *name)
{
    if (table->as_json) {
        if (table->open)
            json_close_array(&table->json);
        json_key(&table->json, name);
        json_open_array(&table->json);
    } else {
        strbuf_addf(table->out, "%s%s\n", table->open ? "\n" : "", name);
    }
    table->open = true;
}

static void write_cell(struct table *table, const struct table_cell *cell)
{
    json_key(&table->json, cell->name);
    if (cell->is_number)
        json_add_int(&table->json, cell->number);
    else
        json_add_string(&table->json, cell->text);
}

void table_row(struct table *table, const struct table_cell *cells, uint32_t count)
{
    if (table->as_json)
        json_open_object(&table->json);
    for (uint32_t i = 0; i < count; i++) {
        const struct table_cell *cell = &cells[i];
        if (table->as_json)
            write_cell(table, cell);
        else if (cell->is_number)
            strbuf_addf(table->out, "  %s=%lld", cell->name, (long long)cell->number);
        else if (cell->text.len)
            strbuf_addf(table->out, "  %.*s", STR_ARG(cell->text));
    }
    if (table->as_json)
        json_close_object(&table->json);
    else
        strbuf_addc(table->out, '\n');
}

void table_end(struct table *table)
{
    if (!table->as_json)
        return;
    if (table->open)
        json_close_array(&table->json);
    json_close_object(&table->json);
}
