/* SPDX-License-Identifier: MIT */
#include "data/statement.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"

#include <stdbool.h>
#include <string.h>

/* One registered table. Its address does not change while it lives: fibers hold records. */
struct table {
    const struct dais_statement *first; /* sorted by this */
    uint32_t count;
    char owner[STATEMENT_OWNER_BYTES_MAX + 1];
    struct statement records[];
};

/* What the statements of one index have in common; free without users. */
struct plan {
    const struct statement *sample; /* one of them */
    uint32_t users;
    uint32_t number;
};

static struct table *tables[STATEMENT_TABLES_MAX];
static uint32_t table_count;
static struct plan *plans; /* by index */
static uint32_t plan_count, plan_capacity, plan_last;
static struct statement_schema schemas[STATEMENT_OWNERS_MAX];
static uint32_t schema_count;

/* The last table that does not begin behind `row`; tables[result - 1], 0 for none. */
static uint32_t tables_up_to(const struct dais_statement *row)
{
    uint32_t low = 0, high = table_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if ((uintptr_t)tables[middle]->first <= (uintptr_t)row)
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
    const struct table *table = tables[position - 1];
    uintptr_t offset = (uintptr_t)row - (uintptr_t)table->first;
    uint64_t index = offset / sizeof *row;
    return index < table->count && offset % sizeof *row == 0 ? &table->records[index] : NULL;
}

uint32_t statement_count(void)
{
    return plan_count;
}

static bool is_valid(const struct dais_statement *row)
{
    return row->sql && row->sql[0] && row->lane >= DAIS_LANE_READ && row->lane <= DAIS_LANE_POOL &&
           row->params <= STATEMENT_PARAMS_MAX && (row->flags & ~DAIS_STATEMENT_IDEMPOTENT) == 0;
}

static bool is_taken(const char *name, const struct dais_statement *table, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0)
            return true;
    }
    return false;
}

/* The index of the same statement, of older code or newer; plan_count when there is none. */
static uint32_t plan_of(const char *owner, const struct dais_statement *row)
{
    for (uint32_t i = 0; i < plan_count; i++) {
        const struct statement *sample = plans[i].sample;
        if (plans[i].users > 0 && strcmp(sample->row->name, row->name) == 0 &&
            strcmp(sample->owner, owner) == 0 && strcmp(sample->row->sql, row->sql) == 0)
            return i;
    }
    return plan_count;
}

static uint32_t plans_in_use(void)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < plan_count; i++)
        used += plans[i].users > 0;
    return used;
}

static int32_t check_rows(const char *owner, const struct dais_statement *table,
                          uint32_t *ret_count)
{
    uint32_t count = 0, plans_needed = plans_in_use();
    for (; table[count].name; count++) {
        if (!is_valid(&table[count]))
            return DAIS_E_INVALID;
        if (is_taken(table[count].name, table, count))
            return DAIS_E_CONFLICT;
        plans_needed += plan_of(owner, &table[count]) == plan_count;
        if (plans_needed > (uint32_t)limit_get(LIMIT_DB_STATEMENTS))
            return DAIS_E_LIMIT;
    }
    *ret_count = count;
    return DAIS_OK;
}

static int32_t check(const char *owner, const struct dais_statement *table, uint32_t *ret_count)
{
    if (!owner || !table || strlen(owner) > STATEMENT_OWNER_BYTES_MAX)
        return DAIS_E_INVALID;
    uint32_t position = tables_up_to(table);
    if (position > 0 && tables[position - 1]->first == table)
        return DAIS_E_CONFLICT;
    int32_t code = check_rows(owner, table, ret_count);
    if (code == DAIS_OK && *ret_count > 0 && table_count == STATEMENT_TABLES_MAX)
        code = DAIS_E_LIMIT;
    return code;
}

int32_t statement_check(const char *owner, const struct dais_statement *table)
{
    uint32_t count = 0;
    return check(owner, table, &count);
}

/* Makes room for `count` plans more. */
static int32_t reserve_plans(uint32_t count)
{
    if (plan_count + count <= plan_capacity)
        return DAIS_OK;
    uint32_t capacity = plan_count + count + 64;
    struct plan *larger = mem_resize(plans, capacity * sizeof *plans);
    if (!larger)
        return DAIS_E_MEMORY;
    plans = larger;
    plan_capacity = capacity;
    return DAIS_OK;
}

/* An index that no statement has. There is room. */
static uint32_t free_plan(void)
{
    uint32_t index = 0;
    while (index < plan_count && plans[index].users > 0)
        index++;
    CHECK(index < plan_capacity);
    plan_count += index == plan_count;
    return index;
}

static void fill_record(struct statement *record, const struct dais_statement *row,
                        const char *owner)
{
    uint32_t index = plan_of(owner, row);
    *record = (struct statement){.row = row, .owner = owner};
    if (index == plan_count) {
        index = free_plan();
        plans[index] = (struct plan){.sample = record, .number = ++plan_last};
    }
    plans[index].users++;
    record->index = index;
    record->plan = plans[index].number;
}

int32_t statement_register(const char *owner, const struct dais_statement *table)
{
    uint32_t count = 0;
    int32_t code = check(owner, table, &count);
    if (code != DAIS_OK || count == 0)
        return code;
    struct table *entry = mem_zalloc(1, sizeof *entry + count * sizeof entry->records[0]);
    if (!entry || reserve_plans(count) != DAIS_OK) {
        mem_free(entry);
        return DAIS_E_MEMORY;
    }
    entry->first = table;
    entry->count = count;
    memcpy(entry->owner, owner, strlen(owner) + 1);
    for (uint32_t i = 0; i < count; i++)
        fill_record(&entry->records[i], &table[i], entry->owner);
    uint32_t position = tables_up_to(table);
    memmove(&tables[position + 1], &tables[position],
            (table_count - position) * sizeof(struct table *));
    tables[position] = entry;
    table_count++;
    return DAIS_OK;
}

/* Some record with this index. */
static const struct statement *record_of(uint32_t index)
{
    for (uint32_t t = 0; t < table_count; t++) {
        for (uint32_t i = 0; i < tables[t]->count; i++) {
            if (tables[t]->records[i].index == index)
                return &tables[t]->records[i];
        }
    }
    return NULL;
}

void statement_drop(const struct dais_statement *first)
{
    uint32_t position = tables_up_to(first);
    if (position == 0 || tables[position - 1]->first != first)
        return;
    struct table *table = tables[position - 1];
    table_count--;
    memmove(&tables[position - 1], &tables[position],
            (table_count - (position - 1)) * sizeof(struct table *));
    for (uint32_t i = 0; i < table->count; i++) {
        struct plan *plan = &plans[table->records[i].index];
        plan->users--;
        plan->sample = plan->users > 0 ? record_of(table->records[i].index) : NULL;
        CHECK(plan->users == 0 || plan->sample);
    }
    mem_free(table);
}

int32_t statement_schema_read(const char *owner, const struct dais_migration *table,
                              struct statement_schema *ret_schema)
{
    if (!owner || !table || !owner[0] || strlen(owner) > STATEMENT_OWNER_BYTES_MAX)
        return DAIS_E_INVALID;
    uint32_t count = 0;
    for (; table[count].version != 0; count++) {
        const struct dais_migration *row = &table[count];
        if (row->version != count + 1 || !row->name || !row->sql || row->contract > 1)
            return DAIS_E_INVALID;
    }
    *ret_schema = (struct statement_schema){.rows = table, .count = count};
    memcpy(ret_schema->owner, owner, strlen(owner) + 1);
    return DAIS_OK;
}

int32_t statement_register_schema(const char *owner, const struct dais_migration *table)
{
    struct statement_schema schema;
    int32_t code = statement_schema_read(owner, table, &schema);
    if (code != DAIS_OK)
        return code;
    for (uint32_t i = 0; i < schema_count; i++) {
        if (strcmp(schemas[i].owner, owner) == 0)
            return DAIS_E_CONFLICT;
    }
    if (schema_count == STATEMENT_OWNERS_MAX)
        return DAIS_E_LIMIT;
    schemas[schema_count++] = schema;
    return DAIS_OK;
}

const struct statement_schema *statement_schema_at(uint32_t index)
{
    return index < schema_count ? &schemas[index] : NULL;
}

void statement_clear(void)
{
    for (uint32_t i = 0; i < table_count; i++)
        mem_free(tables[i]);
    mem_free(plans);
    plans = NULL;
    table_count = plan_count = plan_capacity = schema_count = 0;
}
