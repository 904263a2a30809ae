/* SPDX-License-Identifier: MIT */
#include "host/marks.h"

#include "data/bus.h"
#include "host/state.h"

/** Places for services: those of all live generations, with room between them. A power of two. */
#define PLACES 2048u
_Static_assert(MARKS_SERVICES_MAX <= PLACES / 4, "there is room between the services");

/*
 * A hash of addresses that the main thread changes while others read. A place that was given up
 * keeps an address, so that a search that passes it goes on, until another service takes it: the
 * address of a table never comes again, since code is never unmapped.
 */
static struct {
    _Atomic(const void *) tables[PLACES];
    _Atomic(struct generation *) generations[PLACES]; /* NULL: given up */
    uint32_t count;                                   /* of generations' services */
} services;

static uint32_t place_of(const void *table)
{
    uint64_t address = (uint64_t)(uintptr_t)table >> 4;
    return (uint32_t)(address * 0x9e3779b97f4a7c15ull >> 40) % PLACES;
}

/** Handlers of plugins that are left out are not called any more. */
static void call_subscription(uint32_t owner, const struct dais_subscription *row,
                              const struct dais_bus_event *event)
{
    const struct plugin *plugin = host_plugin(owner);
    if (!plugin) { /* the core's own */
        row->handle(event);
        return;
    }
    if (!plugin->current ||
        atomic_load_explicit(&plugin->state, memory_order_relaxed) == PLUGIN_FAILED)
        return;
    struct mark mark = mark_enter(plugin->current);
    mark_callback(row->topic);
    row->handle(event);
    mark_leave(&mark);
}

void marks_init(void)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        atomic_store(&services.tables[i], NULL);
        atomic_store(&services.generations[i], NULL);
    }
    services.count = 0;
    bus_caller(call_subscription);
}

/** The next place from `place` on that holds no service. */
static uint32_t free_place(uint32_t place)
{
    while (atomic_load(&services.generations[place]))
        place = (place + 1) % PLACES;
    return place;
}

int32_t marks_add(struct generation *generation)
{
    const struct dais_offer *offer = generation->descriptor->offers;
    for (; offer && offer->name; offer++) {
        if (services.count == MARKS_SERVICES_MAX)
            return DAIS_E_LIMIT;
        uint32_t place = free_place(place_of(offer->table));
        atomic_store(&services.generations[place], generation);
        atomic_store_explicit(&services.tables[place], offer->table, memory_order_release);
        services.count++;
    }
    return DAIS_OK;
}

void marks_drop(const struct generation *generation)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        if (atomic_load(&services.generations[i]) != generation)
            continue;
        atomic_store(&services.generations[i], NULL);
        services.count--;
    }
}

struct generation *marks_provider(const void *table)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        uint32_t place = (place_of(table) + i) % PLACES;
        const void *there = atomic_load_explicit(&services.tables[place], memory_order_acquire);
        if (there == table)
            return atomic_load_explicit(&services.generations[place], memory_order_acquire);
        if (!there)
            break;
    }
    return NULL;
}
