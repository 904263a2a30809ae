/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The two forms of a description: sections of rows, written as text for people or as JSON.
 *
 *     table_section(&table, "routes");
 *     table_row(&table, cells, count);  …
 *     table_end(&table);
 */
#include "base/json_write.h"
#include "base/str.h"

/** One value of a row; an absent text without a number is left out. */
struct table_cell {
    const char *name;
    struct dais_str text;
    int64_t number;
    bool is_number;
};

/** What is being written. */
struct table {
    struct strbuf *out;
    struct json_writer json;
    bool as_json;
    bool open; /* a section has begun */
};

static inline struct table_cell cell_text(const char *name, const char *text)
{
    return (struct table_cell){.name = name, .text = dais_cstr(text)};
}

static inline struct table_cell cell_number(const char *name, int64_t number)
{
    return (struct table_cell){.name = name, .number = number, .is_number = true};
}

/** Begins a description at the end of `out`. */
void table_begin(struct table *table, struct strbuf *out, bool as_json);

/** Begins a section; the one before is over. */
void table_section(struct table *table, const char *name);

/** Writes one row: an object, or a line. */
void table_row(struct table *table, const struct table_cell *cells, uint32_t count);

/** The description is complete. */
void table_end(struct table *table);
