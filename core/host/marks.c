/* SPDX-License-Identifier: MIT */
#include "host/marks.h"

#include "data/bus.h"
#include "host/state.h"

/** Services of one process; a call looks through them, so that they are few. */
#define SERVICES_MAX 32u

static struct {
    const void *tables[SERVICES_MAX];
    const struct plugin *plugins[SERVICES_MAX];
    uint32_t count;
} services;

/** Handlers of plugins that are left out are not called any more. */
static void call_subscription(uint32_t owner, const struct dais_subscription *row,
                              const struct dais_bus_event *event)
{
    const struct plugin *plugin = host_plugin(owner);
    if (!plugin) { /* the core's own */
        row->handle(event);
        return;
    }
    if (atomic_load_explicit(&plugin->state, memory_order_relaxed) == PLUGIN_FAILED)
        return;
    struct mark mark = mark_enter(plugin);
    row->handle(event);
    mark_leave(&mark);
}

void marks_init(void)
{
    struct host *host = host_get();
    services.count = 0;
    for (uint32_t i = 0; i < host->order_count; i++) {
        const struct dais_offer *offer = host->order[i]->descriptor->offers;
        for (; offer && offer->name && services.count < SERVICES_MAX; offer++) {
            services.tables[services.count] = offer->table;
            services.plugins[services.count++] = host->order[i];
        }
    }
    bus_caller(call_subscription);
}

const struct plugin *marks_provider(const void *table)
{
    for (uint32_t i = 0; i < services.count; i++)
        if (services.tables[i] == table)
            return services.plugins[i];
    return NULL;
}
