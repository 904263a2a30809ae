/* SPDX-License-Identifier: MIT */
#include "host/operations.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "host/delivery.h"
#include "host/plugin.h"
#include "host/registration.h"
#include "host/state.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_BYTES_MAX (16u << 20)

/* Written while the workers are parked. */
static struct operations *now;
static struct operations *replaced;

struct operations *operations_now(void)
{
    return now;
}

static uint32_t place_of(const struct operations *table, const void *row)
{
    uint64_t address = (uint64_t)(uintptr_t)row >> 3;
    return (uint32_t)(address * 0x9e3779b97f4a7c15ull >> 40) & table->mask;
}

const struct operation *operations_find(const struct operations *table,
                                        const struct dais_operation *row)
{
    if (!table || !table->places)
        return NULL;
    for (uint32_t place = place_of(table, row);; place = (place + 1) & table->mask) {
        const struct operation *there = table->places[place];
        if (!there || there->row == row)
            return there;
    }
}

uint32_t operations_attached(const struct dais_operation *row)
{
    const struct operation *operation = operations_find(now, row);
    return operation ? operation->attached : DAIS_ATTACHED; /* `before` refuses it */
}

static uint32_t hook_count(const struct operation *operation)
{
    return operation->before_count + operation->after_count + operation->committed_count;
}

void operations_hold(struct operations *table, const struct operation *operation)
{
    atomic_fetch_add_explicit(&table->users, 1, memory_order_relaxed);
    for (uint32_t i = 0; i < hook_count(operation); i++)
        if (operation->hooks[i].generation)
            atomic_fetch_add_explicit(generation_calls_here(operation->hooks[i].generation), 1,
                                      memory_order_relaxed);
}

void operations_release(struct operations *table, const struct operation *operation)
{
    for (uint32_t i = 0; i < hook_count(operation); i++)
        if (operation->hooks[i].generation)
            atomic_fetch_sub_explicit(generation_calls_here(operation->hooks[i].generation), 1,
                                      memory_order_release);
    atomic_fetch_sub_explicit(&table->users, 1, memory_order_release);
}

typedef void (*declared_fn)(void *arg, struct generation *generation,
                            const struct dais_operation *row);

static void each_row(struct generation *generation, void *arg, declared_fn fn)
{
    const struct registration *record = NULL;
    while ((record = registration_next(generation, REGISTRATION_OPERATIONS, record)))
        for (const struct dais_operation *row = record->table; row->name; row++)
            fn(arg, generation, row);
}

/** Calls `fn` for every operation row of all generations that live. */
static void each_declared(struct host *host, void *arg, declared_fn fn)
{
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        for (uint32_t i = 0; i < GENERATIONS_MAX; i++)
            each_row(atomic_load(&host->plugins[owner].live[i]), arg, fn);
}

static void count_row(void *arg, struct generation *generation, const struct dais_operation *row)
{
    (*(uint32_t *)arg)++;
}

static void add_row(void *arg, struct generation *generation, const struct dais_operation *row)
{
    struct operations *table = arg;
    struct operation *operation = &table->rows[table->count];
    if (table->count == OPERATIONS_MAX || operations_find(table, row))
        return;
    table->count++;
    *operation = (struct operation){
        .row = row, .owner = generation->plugin, .generation = generation};
    uint32_t place = place_of(table, row);
    while (table->places[place])
        place = (place + 1) & table->mask;
    table->places[place] = operation;
}

/** What is attached to one operation while it is collected. */
struct collection {
    struct operations *table;
    struct operation *operation;
    struct operation_hook *hooks;
    uint32_t count;
};

static void note_unfit(const struct collection *to, const struct plugin *plugin,
                       const struct dais_hook *row, const char *problem)
{
    LOG_WARN("hook not attached", log_text("id", plugin->id), log_text("hook", row->name),
             log_text("operation", to->operation->row->name), log_text("reason", problem));
}

static void collect_row(struct collection *to, struct plugin *plugin, struct generation *generation,
                        const struct dais_hook *row)
{
    char problem[VALUE_PROBLEM_BYTES_MAX] = "too many hooks";
    struct operation_hook *hook = &to->hooks[to->count];
    if (strcmp(row->operation, to->operation->row->name) != 0)
        return;
    *hook = (struct operation_hook){.row = row, .plugin = plugin, .generation = generation};
    hook->timeout_ms = row->timeout_ms ? row->timeout_ms : DAIS_HOOK_TIMEOUT_MS;
    int32_t error = to->count == OPERATION_HOOKS_MAX ? DAIS_E_LIMIT : DAIS_OK;
    if (!error)
        error = value_map(to->operation->row->value, row->value, &to->table->arena, &hook->map,
                          problem);
    if (!error && row->when == DAIS_HOOK_AFTER_COMMIT)
        error = delivery_subscribe(plugin, row->name, &hook->subscriber);
    if (error)
        note_unfit(to, plugin, row, problem);
    else
        to->count++;
}

static void collect_plugin(struct collection *to, struct plugin *plugin)
{
    struct generation *current = plugin->current;
    const struct registration *record = NULL;
    while ((record = registration_next(current, REGISTRATION_HOOKS, record)))
        for (const struct dais_hook *row = record->table; row->name; row++)
            collect_row(to, plugin, current, row);
    const struct dais_hook *noted = plugin_is_out(plugin) ? operations_noted(plugin->owner) : NULL;
    if (registration_next(current, REGISTRATION_HOOKS, NULL))
        return;
    for (; noted && noted->name; noted++)
        collect_row(to, plugin, NULL, noted);
}

/** Kind, then priority, then plugin, then the order of registration. */
static int compare(const void *left, const void *right)
{
    const struct operation_hook *a = left, *b = right;
    if (a->row->when != b->row->when)
        return a->row->when < b->row->when ? -1 : 1;
    if (a->row->priority != b->row->priority)
        return a->row->priority < b->row->priority ? -1 : 1;
    int order = strcmp(a->plugin->id, b->plugin->id);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

static void conclude(struct operation *operation, const struct operation_hook *hook)
{
    operation->attached |= DAIS_ATTACHED;
    if (!(hook->row->flags & DAIS_HOOK_WITHOUT_TX))
        operation->attached |= DAIS_ATTACHED_TX;
    if (hook->row->when == DAIS_HOOK_BEFORE)
        operation->before_count++;
    else if (hook->row->when == DAIS_HOOK_AFTER)
        operation->after_count++;
    else
        operation->committed_count++;
}

static void attach_all(struct host *host, struct operations *table, struct operation *operation)
{
    static struct operation_hook room[OPERATION_HOOKS_MAX + 1];
    struct collection to = {.table = table, .operation = operation, .hooks = room};
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        collect_plugin(&to, &host->plugins[owner]);
    if (to.count == 0)
        return;
    qsort(room, to.count, sizeof room[0], compare);
    struct operation_hook *hooks = arena_alloc(&table->arena, to.count * sizeof *hooks);
    CHECK(hooks);
    memcpy(hooks, room, to.count * sizeof *hooks);
    for (uint32_t i = 0; i < to.count; i++)
        conclude(operation, &hooks[i]);
    operation->hooks = hooks;
    operation->subscribers = delivery_array(operation, &table->arena);
}

static struct operations *make_table(struct host *host)
{
    uint32_t rows = 0, places = 64;
    struct operations *table = mem_zalloc(1, sizeof *table);
    CHECK(table);
    arena_init(&table->arena, TABLE_BYTES_MAX);
    each_declared(host, &rows, count_row);
    rows = rows < OPERATIONS_MAX ? rows : OPERATIONS_MAX;
    while (places < rows * 4)
        places *= 2;
    table->mask = places - 1;
    table->places = arena_alloc(&table->arena, places * sizeof *table->places);
    table->rows = arena_alloc(&table->arena, (rows + 1) * sizeof *table->rows);
    CHECK(table->places && table->rows);
    each_declared(host, table, add_row);
    for (uint32_t i = 0; i < table->count; i++)
        attach_all(host, table, &table->rows[i]);
    return table;
}

static void free_table(struct operations *table)
{
    arena_reset(&table->arena);
    mem_free(table);
}

/** Tables that no run holds any more. */
static void free_unused(void)
{
    struct operations **link = &replaced;
    while (*link) {
        struct operations *table = *link;
        if (atomic_load_explicit(&table->users, memory_order_acquire) > 0) {
            link = &table->next;
            continue;
        }
        *link = table->next;
        free_table(table);
    }
}

void operations_rebuild(struct host *host)
{
    struct operations *before = now;
    now = make_table(host);
    delivery_rebind(host);
    if (before) {
        before->next = replaced;
        replaced = before;
    }
    free_unused();
}

void operations_fini(void)
{
    if (now)
        free_table(now);
    now = NULL;
    free_unused();
    CHECK(!replaced);
    delivery_fini();
}
