/* SPDX-License-Identifier: MIT */
#include "host/registration.h"

#include "base/check.h"
#include "host/plugin.h"
#include "host/state.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local struct generation *open_generation;

void registration_open(struct generation *generation)
{
    CHECK(!generation || !open_generation);
    open_generation = generation;
}

struct generation *registration_check(const char *function)
{
    if (!open_generation)
        host_misuse(function);
    return open_generation;
}

int32_t registration_add(struct generation *generation, enum registration_kind kind,
                         const void *table, struct dais_str detail)
{
    struct dais_arena *arena = &generation->arena;
    struct registration *record = arena_alloc(arena, sizeof *record);
    struct dais_str copy = arena_dup(arena, detail);
    if (!record || (detail.ptr && !copy.ptr))
        return DAIS_E_MEMORY;
    *record = (struct registration){.kind = kind, .table = table, .detail = copy};
    if (generation->registered_last)
        generation->registered_last->next = record;
    else
        generation->registered = record;
    generation->registered_last = record;
    return DAIS_OK;
}

int32_t registration_refuse(struct generation *generation, int32_t error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(generation->problem, sizeof generation->problem, format, args);
    va_end(args);
    return error;
}

const struct registration *registration_next(const struct generation *generation,
                                             enum registration_kind kind,
                                             const struct registration *after)
{
    const struct registration *record = after        ? after->next
                                        : generation ? generation->registered
                                                     : NULL;
    while (record && record->kind != kind)
        record = record->next;
    return record;
}
