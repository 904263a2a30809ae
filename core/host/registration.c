/* SPDX-License-Identifier: MIT */
#include "host/registration.h"

#include "base/check.h"
#include "host/plugin.h"
#include "host/state.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local struct plugin *open_plugin;

struct plugin *registration_plugin(void)
{
    return open_plugin;
}

void registration_open(struct plugin *plugin)
{
    CHECK(!plugin || !open_plugin);
    open_plugin = plugin;
}

struct plugin *registration_check(const char *function)
{
    if (!open_plugin)
        host_misuse(function);
    return open_plugin;
}

int32_t registration_add(struct plugin *plugin, enum registration_kind kind, const void *table,
                         struct dais_str detail)
{
    struct dais_arena *arena = &host_get()->arena;
    struct registration *record = arena_alloc(arena, sizeof *record);
    struct dais_str copy = arena_dup(arena, detail);
    if (!record || (detail.ptr && !copy.ptr))
        return DAIS_E_MEMORY;
    *record = (struct registration){.kind = kind, .table = table, .detail = copy};
    if (plugin->registered_last)
        plugin->registered_last->next = record;
    else
        plugin->registered = record;
    plugin->registered_last = record;
    return DAIS_OK;
}

int32_t registration_refuse(struct plugin *plugin, int32_t error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(plugin->problem, sizeof plugin->problem, format, args);
    va_end(args);
    return error;
}

const struct registration *registration_next(const struct plugin *plugin,
                                             enum registration_kind kind,
                                             const struct registration *after)
{
    const struct registration *record = after ? after->next : plugin->registered;
    while (record && record->kind != kind)
        record = record->next;
    return record;
}
