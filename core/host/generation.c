/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "base/mem.h"
#include "host/plugin.h"

#include <stdarg.h>
#include <stdio.h>

static const char starting[] = "The server is starting";

/** The next number whose place is free; 0: all live. */
static uint32_t next_number(struct plugin *plugin)
{
    for (uint32_t i = 1; i <= GENERATIONS_MAX; i++)
        if (!atomic_load(&plugin->live[(plugin->generations + i) % GENERATIONS_MAX]))
            return plugin->generations + i;
    return 0;
}

struct generation *generation_new(struct plugin *plugin)
{
    uint32_t number = next_number(plugin);
    struct generation *generation = number ? mem_zalloc_aligned(64, sizeof *generation) : NULL;
    if (!generation)
        return NULL;
    plugin->generations = number;
    generation->plugin = plugin;
    generation->number = number;
    arena_init(&generation->arena, GENERATION_ARENA_BYTES_MAX);
    generation->http.id = plugin->id;
    generation->http.plugin = plugin->owner;
    generation->http.generation = number;
    atomic_store(&generation->http.closed_reason, starting);
    atomic_store(&generation->http.closed, 1);
    atomic_store(&plugin->live[number % GENERATIONS_MAX], generation);
    return generation;
}

void generation_free(struct generation *generation)
{
    if (!generation)
        return;
    atomic_store(&generation->plugin->live[generation->number % GENERATIONS_MAX], NULL);
    arena_reset(&generation->arena);
    mem_free(generation);
}

uint32_t generation_count(const struct plugin *plugin)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < GENERATIONS_MAX; i++)
        count += atomic_load(&plugin->live[i]) != NULL;
    return count;
}

void generation_fail(struct generation *generation, const char *format, ...)
{
    if (*generation->reason)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(generation->reason, sizeof generation->reason, format, args);
    va_end(args);
}

const char *generation_version(const struct generation *generation)
{
    const struct dais_plugin *descriptor = generation ? generation->descriptor : NULL;
    return descriptor && descriptor->version ? descriptor->version : "?";
}

struct owner generation_mark(const struct generation *generation, uint64_t callback)
{
    return (struct owner){.plugin = generation->plugin->owner,
                          .generation = generation->number,
                          .callback = callback};
}

struct generation *generation_find(struct plugin *plugin, uint32_t number)
{
    struct generation *generation = atomic_load_explicit(&plugin->live[number % GENERATIONS_MAX],
                                                         memory_order_acquire);
    return generation && generation->number == number ? generation : NULL;
}

uint32_t generation_calls(const struct generation *generation)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i <= WORKERS_MAX; i++)
        sum += atomic_load_explicit(&generation->calls[i].count, memory_order_acquire);
    return sum;
}
