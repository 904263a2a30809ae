/* SPDX-License-Identifier: MIT */
#include "host/instances.h"

#include "host/marks.h"
#include "host/state.h"

#include <stdlib.h>
#include <string.h>

/** One offer of a plugin. */
struct instance {
    const char *name; /* with the instance, if it has one */
    size_t base_len;  /* without it */
    const void *table;
    const struct plugin *plugin;
};

/* Sorted by service, plugin, instance. */
static struct {
    struct instance rows[MARKS_SERVICES_MAX];
    uint32_t count;
} all;

static int compare_base(const struct instance *row, const char *base, size_t len)
{
    size_t shorter = row->base_len < len ? row->base_len : len;
    int order = memcmp(row->name, base, shorter);
    if (order != 0 || row->base_len == len)
        return order;
    return row->base_len < len ? -1 : 1;
}

static int compare(const void *left, const void *right)
{
    const struct instance *a = left, *b = right;
    int order = compare_base(a, b->name, b->base_len);
    if (order == 0)
        order = strcmp(a->plugin->id, b->plugin->id);
    return order ? order : strcmp(a->name, b->name);
}

static void add(const struct plugin *plugin)
{
    const struct dais_plugin *descriptor = plugin_descriptor(plugin);
    const struct dais_offer *offer = descriptor ? descriptor->offers : NULL;
    for (; offer && offer->name && all.count < MARKS_SERVICES_MAX; offer++)
        all.rows[all.count++] = (struct instance){
            .name = offer->name,
            .base_len = strcspn(offer->name, ":"),
            .table = offer->table,
            .plugin = plugin,
        };
}

void instances_build(const struct host *host)
{
    all.count = 0;
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        if (!plugin_is_out(&host->plugins[owner]))
            add(&host->plugins[owner]);
    qsort(all.rows, all.count, sizeof all.rows[0], compare);
}

/** The first instance of the service, or where it would stand. */
static uint32_t find(const char *name, size_t len)
{
    uint32_t from = 0, to = all.count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (compare_base(&all.rows[middle], name, len) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

const void *instances_each(const char *name, uint32_t index)
{
    size_t len = strlen(name);
    for (uint32_t i = find(name, len); i < all.count; i++) {
        const struct instance *row = &all.rows[i];
        if (compare_base(row, name, len) != 0)
            return NULL;
        if (atomic_load_explicit(&row->plugin->state, memory_order_acquire) != PLUGIN_STARTED)
            continue;
        if (index-- == 0)
            return row->table;
    }
    return NULL;
}
