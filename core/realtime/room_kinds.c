/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "realtime/room_inner.h"

#include <stdarg.h>
#include <stdio.h>

#define PROBLEM_BYTES 256u

struct room_table {
    struct room_kind_info rows[ROOM_KINDS_MAX];
    uint32_t count;
    struct room_watch watches[ROOM_WATCHES_MAX];
    uint32_t watch_count;
};

/* Written before the workers start and while they stand still. */
static struct {
    struct room_kind kinds[ROOM_KINDS_MAX];
    uint32_t count;
    struct room_table *table;
} all;

static _Thread_local char problem[PROBLEM_BYTES];

const char *room_problem(void)
{
    return problem;
}

static int32_t complain(int32_t code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int32_t complain(int32_t code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem, sizeof problem, format, args);
    va_end(args);
    return code;
}

int32_t room_table_new(struct room_table **ret_table)
{
    struct room_table *table = mem_zalloc(1, sizeof *table);
    if (!table)
        return DAIS_E_MEMORY;
    *ret_table = table;
    return DAIS_OK;
}

void room_table_free(struct room_table *table)
{
    mem_free(table);
}

static bool is_kind_name(struct dais_str name)
{
    for (uint64_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!good)
            return false;
    }
    return name.len > 0 && name.len <= DAIS_ROOM_KIND_BYTES_MAX;
}

int32_t room_kinds_check(const struct dais_room_kind *rows)
{
    if (!rows)
        return complain(DAIS_E_INVALID, "room kinds: there is no table");
    for (const struct dais_room_kind *row = rows; row->name; row++) {
        if (!is_kind_name(dais_cstr(row->name)))
            return complain(DAIS_E_INVALID, "room kind %s: the name is not allowed", row->name);
        if (row->flags)
            return complain(DAIS_E_INVALID, "room kind %s: unknown flags", row->name);
    }
    return DAIS_OK;
}

static int32_t add(struct room_table *table, struct http_owner *owner,
                   const struct dais_room_kind *row)
{
    for (uint32_t i = 0; i < table->count; i++) {
        if (strcmp(table->rows[i].kind->name, row->name) == 0)
            return complain(DAIS_E_CONFLICT, "room kind %s: %s has it already", row->name,
                            table->rows[i].owner->id);
    }
    if (table->count == ROOM_KINDS_MAX)
        return complain(DAIS_E_LIMIT, "room kind %s: there are too many", row->name);
    table->rows[table->count++] = (struct room_kind_info){.kind = row, .owner = owner};
    return DAIS_OK;
}

int32_t room_table_kinds(struct room_table *table, struct http_owner *owner,
                         const struct dais_room_kind *rows)
{
    int32_t code = room_kinds_check(rows);
    for (const struct dais_room_kind *row = rows; code == DAIS_OK && row->name; row++)
        code = add(table, owner, row);
    return code;
}

int32_t room_watches_check(const struct dais_room_watch *rows)
{
    if (!rows)
        return complain(DAIS_E_INVALID, "watches: there is no table");
    for (const struct dais_room_watch *row = rows; row->kind; row++) {
        if (!is_kind_name(dais_cstr(row->kind)))
            return complain(DAIS_E_INVALID, "watch of %s: no kind is called that", row->kind);
        if (row->flags || !row->presence)
            return complain(DAIS_E_INVALID, "watch of %s: %s", row->kind,
                            row->flags ? "unknown flags" : "it has no function");
    }
    return DAIS_OK;
}

static int32_t watch(struct room_table *table, struct http_owner *owner,
                     const struct dais_room_watch *row)
{
    for (uint32_t i = 0; i < table->watch_count; i++) {
        const struct room_watch_info *info = &table->watches[i].info;
        if (info->owner == owner && strcmp(info->watch->kind, row->kind) == 0)
            return complain(DAIS_E_CONFLICT, "watch of %s: there are two", row->kind);
    }
    if (table->watch_count == ROOM_WATCHES_MAX)
        return complain(DAIS_E_LIMIT, "watch of %s: there are too many", row->kind);
    table->watches[table->watch_count++] = (struct room_watch){.info = {row, owner}};
    return DAIS_OK;
}

int32_t room_table_watches(struct room_table *table, struct http_owner *owner,
                           const struct dais_room_watch *rows)
{
    int32_t code = room_watches_check(rows);
    for (const struct dais_room_watch *row = rows; code == DAIS_OK && row->kind; row++)
        code = watch(table, owner, row);
    return code;
}

struct room_kind *room_kind_find(struct dais_str name)
{
    for (uint32_t i = 0; i < all.count; i++) {
        if (str_eqz(name, all.kinds[i].name))
            return &all.kinds[i];
    }
    return NULL;
}

/* The place of a kind, for good. When all are taken by other names the kind stays unknown. */
static void place(const struct room_kind_info *info)
{
    struct room_kind *kind = room_kind_find(dais_cstr(info->kind->name));
    if (!kind && all.count < ROOM_KINDS_MAX) {
        kind = &all.kinds[all.count++];
        memcpy(kind->name, info->kind->name, strlen(info->kind->name) + 1);
    }
    if (!kind)
        return;
    kind->row = info->kind;
    kind->owner = info->owner;
}

/* A kind that no plugin ever had has no rooms. Placed from the last to the first, so that the list
 * has them in the order of the table. */
static void place_watch(struct room_watch *watch)
{
    struct room_kind *kind = room_kind_find(dais_cstr(watch->info.watch->kind));
    if (!kind)
        return;
    watch->next = kind->watches;
    kind->watches = watch;
}

void room_use(struct room_table *table)
{
    for (uint32_t i = 0; i < all.count; i++) {
        all.kinds[i].row = NULL;
        all.kinds[i].owner = NULL;
        all.kinds[i].watches = NULL;
    }
    for (uint32_t i = 0; table && i < table->count; i++)
        place(&table->rows[i]);
    for (uint32_t i = table ? table->watch_count : 0; i-- > 0;)
        place_watch(&table->watches[i]);
    room_table_free(all.table);
    all.table = table;
}

void rooms_fini(void)
{
    room_use(NULL);
    memset(&all, 0, sizeof all);
}

void room_each_kind(void (*visit)(const struct room_kind_info *info, void *context), void *context)
{
    for (uint32_t i = 0; all.table && i < all.table->count; i++)
        visit(&all.table->rows[i], context);
}

void room_each_watch(void (*visit)(const struct room_watch_info *info, void *context),
                     void *context)
{
    for (uint32_t i = 0; all.table && i < all.table->watch_count; i++)
        visit(&all.table->watches[i].info, context);
}

bool room_owner_is_open(const struct http_owner *owner)
{
    return !atomic_load_explicit(&owner->closed, memory_order_acquire);
}

bool room_kind_is_open(const struct room_kind *kind)
{
    return kind->row && room_owner_is_open(kind->owner);
}

struct owner room_owner_mark(const struct http_owner *owner, const char *callback)
{
    return (struct owner){.plugin = owner->plugin,
                          .generation = owner->generation,
                          .callback = owner_callback(callback)};
}

/* An `admit` on a fiber of its own; on the stack of the one that joins. */
struct admission {
    const struct dais_room_kind *row;
    const struct dais_room_entry *entry;
    struct fiber_wait *wait;
    int32_t code;
};

static void run_admit(void *arg)
{
    struct admission *admission = arg;
    int32_t code = admission->row->admit(admission->entry);
    admission->code = code > 0 ? DAIS_E_INTERNAL : code;
    fiber_resume(admission->wait, DAIS_OK);
}

/* Waits until it is over, whatever becomes of the fiber that joins: it uses that one's memory. */
static int32_t await(struct admission *admission, dais_handle fiber)
{
    int32_t code = fiber_suspend(admission->wait, FIBER_FOREVER);
    if (code == DAIS_OK)
        return admission->code;
    int32_t asked = fiber_cancel(fiber, DAIS_E_CANCELLED);
    CHECK(asked == DAIS_OK);
    struct fiber_wait rest;
    fiber_mask();
    fiber_wait_init(&rest);
    admission->wait = &rest;
    int32_t ended = fiber_suspend(&rest, FIBER_FOREVER);
    CHECK(ended == DAIS_OK);
    fiber_unmask();
    return code;
}

int32_t room_kind_admit(const struct room_kind *kind, const struct dais_room_entry *entry)
{
    if (!kind->row->admit)
        return DAIS_OK;
    struct owner mine = owner_get(), theirs = room_owner_mark(kind->owner, kind->row->name);
    if (mine.plugin == theirs.plugin && mine.generation == theirs.generation) {
        int32_t code = kind->row->admit(entry);
        return code > 0 ? DAIS_E_INTERNAL : code;
    }
    /* Another plugin's code: on a fiber that counts as its own, so that a reload waits for it. */
    struct fiber_wait wait;
    struct admission admission = {.row = kind->row, .entry = entry, .wait = &wait};
    struct fiber_spec spec = {.name = "room admit",
                              .fn = run_admit,
                              .arg = &admission,
                              .owner = theirs,
                              .deadline_ms = (uint64_t)limit_get(LIMIT_HTTP_HANDLER_MS)};
    dais_handle fiber = 0;
    fiber_wait_init(&wait);
    int32_t code = fiber_spawn(&spec, &fiber);
    return code == DAIS_OK ? await(&admission, fiber) : code;
}
