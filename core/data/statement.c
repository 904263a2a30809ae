/* SPDX-License-Identifier: MIT */
#include "data/statement.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

/* One registered table. */
struct table {
    const struct dais_statement *first; /* sorted by this */
    uint32_t count;
    struct statement *records;
    char owner[STATEMENT_OWNER_BYTES_MAX + 1];
};

static struct table tables[STATEMENT_OWNERS_MAX];
static uint32_t table_count;
static uint32_t record_count;
static struct statement_schema schemas[STATEMENT_OWNERS_MAX];
static uint32_t schema_count;

/* The last table that does not begin behind `row`; tables[result - 1], 0 for none. */
static uint32_t tables_up_to(const struct dais_statement *row)
{
    uint32_t low = 0, high = table_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if ((uintptr_t)tables[middle].first <= (uintptr_t)row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct statement *statement_find(const struct dais_statement *row)
{
    uint32_t position = tables_up_to(row);
    if (position == 0)
        return NULL;
    const struct table *table = &tables[position - 1];
    uintptr_t offset = (uintptr_t)row - (uintptr_t)table->first;
    uint64_t index = offset / sizeof *row;
    return index < table->count && offset % sizeof *row == 0 ? &table->records[index] : NULL;
}

uint32_t statement_count(void)
{
    return record_count;
}

static uint32_t is_valid(const struct dais_statement *row)
{
    return row->sql && row->sql[0] && row->lane >= DAIS_LANE_READ && row->lane <= DAIS_LANE_POOL &&
           row->params <= STATEMENT_PARAMS_MAX && (row->flags & ~DAIS_STATEMENT_IDEMPOTENT) == 0;
}

/* Whether `owner` has a statement of this name, among the first `count` rows of `table` or before.
 */
static uint32_t is_taken(const char *owner, const char *name, const struct dais_statement *table,
                         uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0)
            return 1;
    }
    for (uint32_t t = 0; t < table_count; t++) {
        for (uint32_t i = 0; strcmp(tables[t].owner, owner) == 0 && i < tables[t].count; i++) {
            if (strcmp(tables[t].first[i].name, name) == 0)
                return 1;
        }
    }
    return 0;
}

static int32_t check_rows(const char *owner, const struct dais_statement *table,
                          uint32_t *ret_count)
{
    uint32_t count = 0;
    for (; table[count].name; count++) {
        if (!is_valid(&table[count]))
            return DAIS_E_INVALID;
        if (is_taken(owner, table[count].name, table, count))
            return DAIS_E_CONFLICT;
        if (record_count + count >= (uint32_t)limit_get(LIMIT_DB_STATEMENTS))
            return DAIS_E_LIMIT;
    }
    *ret_count = count;
    return DAIS_OK;
}

int32_t statement_register(const char *owner, const struct dais_statement *table)
{
    if (!owner || !table || strlen(owner) > STATEMENT_OWNER_BYTES_MAX)
        return DAIS_E_INVALID;
    uint32_t count = 0;
    int32_t code = check_rows(owner, table, &count);
    if (code != DAIS_OK || count == 0)
        return code;
    if (table_count == STATEMENT_OWNERS_MAX)
        return DAIS_E_LIMIT;
    struct statement *records = mem_zalloc(count, sizeof *records);
    if (!records)
        return DAIS_E_MEMORY;
    uint32_t position = tables_up_to(table);
    memmove(&tables[position + 1], &tables[position],
            (table_count - position) * sizeof tables[position]);
    struct table *entry = &tables[position];
    *entry = (struct table){.first = table, .count = count, .records = records};
    memcpy(entry->owner, owner, strlen(owner) + 1);
    table_count++;
    for (uint32_t i = 0; i < count; i++)
        records[i] = (struct statement){.row = &table[i], .index = record_count++};
    /* The owner's copy moves with its table, so all records are pointed at it again. */
    for (uint32_t t = 0; t < table_count; t++) {
        for (uint32_t i = 0; i < tables[t].count; i++)
            tables[t].records[i].owner = tables[t].owner;
    }
    return DAIS_OK;
}

int32_t statement_register_schema(const char *owner, const struct dais_migration *table)
{
    if (!owner || !table || !owner[0] || strlen(owner) > STATEMENT_OWNER_BYTES_MAX)
        return DAIS_E_INVALID;
    uint32_t count = 0;
    for (; table[count].version != 0; count++) {
        const struct dais_migration *row = &table[count];
        if (row->version != count + 1 || !row->name || !row->sql || row->contract > 1)
            return DAIS_E_INVALID;
    }
    for (uint32_t i = 0; i < schema_count; i++) {
        if (strcmp(schemas[i].owner, owner) == 0)
            return DAIS_E_CONFLICT;
    }
    if (schema_count == STATEMENT_OWNERS_MAX)
        return DAIS_E_LIMIT;
    struct statement_schema *schema = &schemas[schema_count++];
    *schema = (struct statement_schema){.rows = table, .count = count};
    memcpy(schema->owner, owner, strlen(owner) + 1);
    return DAIS_OK;
}

const struct statement_schema *statement_schema_at(uint32_t index)
{
    return index < schema_count ? &schemas[index] : NULL;
}

void statement_clear(void)
{
    for (uint32_t i = 0; i < table_count; i++)
        mem_free(tables[i].records);
    table_count = record_count = schema_count = 0;
}
