/* SPDX-License-Identifier: MIT */
#include "host/plugin_order.h"

#include "host/abi.h"
#include "host/plugin.h"
#include "host/state.h"

#include <stdio.h>
#include <string.h>

/** How far the walk has come with each plugin. */
enum mark { MARK_NEW = 0, MARK_OPEN, MARK_DONE };

/** One walk over all plugins; the path is the chain of needs that is being followed. */
struct walk {
    struct host *host;
    uint8_t marks[HOST_OWNERS_MAX];
    uint32_t path_count;
    struct plugin *path[HOST_OWNERS_MAX];
    const char *needs[HOST_OWNERS_MAX]; /* what path[i] needs of path[i + 1] */
};

const void *plugin_offered(const struct generation *generation, const char *name)
{
    const struct dais_plugin *descriptor = generation ? generation->descriptor : NULL;
    const struct dais_offer *offer = descriptor ? descriptor->offers : NULL;
    while (offer && offer->name && strcmp(offer->name, name) != 0)
        offer++;
    return offer && offer->name ? offer->table : NULL;
}

struct plugin *plugin_provider(const struct host *host, const char *name)
{
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        if (plugin_offered(host->plugins[owner].current, name))
            return (struct plugin *)(uintptr_t)&host->plugins[owner];
    return NULL;
}

/** Another version of the service that somebody offers, or NULL. */
static const char *other_version(const struct host *host, const char *name, const char **ret_id)
{
    size_t base = strcspn(name, "/");
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        const struct plugin *plugin = &host->plugins[owner];
        const struct dais_plugin *descriptor = plugin_descriptor(plugin);
        const struct dais_offer *offer = descriptor ? descriptor->offers : NULL;
        for (; offer && offer->name; offer++) {
            if (strcspn(offer->name, "/") != base || strncmp(offer->name, name, base) != 0)
                continue;
            *ret_id = plugin->id;
            return offer->name + base;
        }
    }
    return NULL;
}

const struct plugin *plugin_left_out(const struct host *host)
{
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        if (atomic_load(&host->plugins[owner].state) == PLUGIN_QUARANTINED)
            return &host->plugins[owner];
    return NULL;
}

/** Says what was needed and what there is instead. */
static void fail_missing(const struct host *host, struct generation *generation, const char *name)
{
    char versions[ABI_VERSIONS_BYTES];
    const char *id = NULL, *self = generation->plugin->id;
    const char *version = generation_version(generation);
    abi_versions(name, versions);
    const char *other = other_version(host, name, &id);
    const struct plugin *out = plugin_left_out(host);
    if (*versions)
        generation_fail(generation, "%s %s needs %s; this host has %s", self, version, name,
                        versions);
    else if (other)
        generation_fail(generation, "%s %s needs %s; %s offers %s", self, version, name, id, other);
    else if (out) /* whose file is not looked at, so that it may well be the one */
        generation_fail(generation, "%s %s needs %s, which nobody offers while %s is left out",
                        self, version, name, out->id);
    else
        generation_fail(generation, "%s %s needs %s, which no enabled plugin offers", self, version,
                        name);
}

static void fail_without_provider(struct generation *generation, const char *name,
                                  const struct plugin *provider)
{
    generation_fail(generation, "%s %s needs %s of %s, which is left out", generation->plugin->id,
                    generation_version(generation), name, provider->id);
}

/** Every plugin of the chain from `first` on is part of the cycle that `plugin` closes. */
static void fail_cycle(struct walk *walk, const struct plugin *first)
{
    char text[PLUGIN_REASON_BYTES_MAX];
    uint32_t from = 0;
    size_t len = 0;
    while (walk->path[from] != first)
        from++;
    for (uint32_t i = from; i < walk->path_count && len < sizeof text; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s needs %s of ", walk->path[i]->id,
                                walk->needs[i]);
    if (len < sizeof text)
        snprintf(text + len, sizeof text - len, "%s", first->id);
    for (uint32_t i = from; i < walk->path_count; i++)
        plugin_fail(walk->path[i], "its services form a cycle: %s", text);
}

static void visit(struct walk *walk, struct plugin *plugin);

/** Follows one need; where it cannot be met the plugin is left out. */
static void follow(struct walk *walk, struct plugin *plugin, const struct dais_need *need)
{
    int optional = (need->flags & DAIS_NEED_OPTIONAL) != 0;
    if (abi_find(need->name))
        return;
    struct plugin *provider = plugin_provider(walk->host, need->name);
    if (!provider) {
        if (!optional) {
            fail_missing(walk->host, plugin->current, need->name);
            plugin->excused = plugin_left_out(walk->host) != NULL;
            plugin_fail(plugin, "%s", plugin->current->reason);
        }
        return;
    }
    walk->needs[walk->path_count - 1] = need->name;
    if (walk->marks[provider->owner] == MARK_OPEN) {
        if (!optional)
            fail_cycle(walk, provider);
        return;
    }
    visit(walk, provider);
    if (!plugin_is_out(provider) || optional)
        return;
    fail_without_provider(plugin->current, need->name, provider);
    plugin->excused = provider->excused;
    plugin_fail(plugin, "%s", plugin->current->reason);
}

/** Providers first, then the plugin itself. Its depth is at most the number of plugins. */
static void visit(struct walk *walk, struct plugin *plugin)
{
    if (walk->marks[plugin->owner] != MARK_NEW || plugin_is_out(plugin))
        return;
    walk->marks[plugin->owner] = MARK_OPEN;
    walk->path[walk->path_count++] = plugin;
    const struct dais_need *need = plugin_descriptor(plugin)->needs;
    for (; need && need->name && !plugin_is_out(plugin); need++)
        follow(walk, plugin, need);
    walk->path_count--;
    walk->marks[plugin->owner] = MARK_DONE;
    if (!plugin_is_out(plugin))
        walk->host->order[walk->host->order_count++] = plugin;
}

/** A service is offered once. */
static void refuse_twins(struct host *host)
{
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        struct plugin *plugin = &host->plugins[owner];
        const struct dais_plugin *descriptor = plugin_descriptor(plugin);
        const struct dais_offer *offer = descriptor ? descriptor->offers : NULL;
        for (; offer && offer->name; offer++) {
            const struct plugin *first = plugin_provider(host, offer->name);
            if (first != plugin && !plugin_is_out(first))
                plugin_fail(plugin, "offers %s, which %s offers already", offer->name, first->id);
        }
    }
}

void plugin_order(struct host *host)
{
    struct walk walk = {.host = host};
    refuse_twins(host);
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        visit(&walk, &host->plugins[owner]);
}

/** The table of an interface, or of a service that a started or starting plugin offers. */
static const void *find_table(const struct host *host, const char *name,
                              const struct plugin **ret_provider)
{
    const void *table = abi_find(name);
    *ret_provider = table ? NULL : plugin_provider(host, name);
    if (*ret_provider && !plugin_is_out(*ret_provider))
        table = plugin_offered((*ret_provider)->current, name);
    return table;
}

int32_t plugin_fill_slots(struct host *host, struct generation *generation)
{
    const struct plugin *provider;
    const struct dais_need *need = generation->descriptor->needs;
    for (; need && need->name; need++) {
        const void *table = find_table(host, need->name, &provider);
        if (provider == generation->plugin)
            table = plugin_offered(generation, need->name);
        if (!table && !(need->flags & DAIS_NEED_OPTIONAL)) {
            if (provider)
                fail_without_provider(generation, need->name, provider);
            else
                fail_missing(host, generation, need->name);
            return DAIS_E_INVALID;
        }
        *need->slot = table;
    }
    return DAIS_OK;
}

/* --- while the server serves --- */

/** Whether `user` takes part and cannot do without the service `name`. */
static int requires(const struct plugin *user, const char *name)
{
    const struct dais_plugin *descriptor = plugin_descriptor(user);
    const struct dais_need *need = descriptor ? descriptor->needs : NULL;
    if (plugin_is_out(user))
        return 0;
    for (; need && need->name; need++)
        if (!(need->flags & DAIS_NEED_OPTIONAL) && strcmp(need->name, name) == 0)
            return 1;
    return 0;
}

/** What the generation before offers and others need must be offered again. */
static int32_t check_kept(const struct host *host, struct generation *next)
{
    const struct plugin *plugin = next->plugin;
    const struct dais_plugin *before = plugin_descriptor(plugin);
    const struct dais_offer *offer = before ? before->offers : NULL;
    for (; offer && offer->name; offer++) {
        if (plugin_offered(next, offer->name))
            continue;
        for (uint32_t owner = 1; owner < host->owner_count; owner++) {
            const struct plugin *user = &host->plugins[owner];
            if (user == plugin || !requires(user, offer->name))
                continue;
            generation_fail(next, "%s %s no longer offers %s, which %s needs", plugin->id,
                            generation_version(next), offer->name, user->id);
            return DAIS_E_INVALID;
        }
    }
    return DAIS_OK;
}

static int32_t check_twins(const struct host *host, struct generation *next)
{
    const struct dais_offer *offer = next->descriptor->offers;
    for (; offer && offer->name; offer++)
        for (uint32_t owner = 1; owner < host->owner_count; owner++) {
            const struct plugin *other = &host->plugins[owner];
            if (other == next->plugin || plugin_is_out(other) ||
                !plugin_offered(other->current, offer->name))
                continue;
            generation_fail(next, "offers %s, which %s offers already", offer->name, other->id);
            return DAIS_E_INVALID;
        }
    return DAIS_OK;
}

/** A search for `target` along the needs of others. */
struct chase {
    const struct host *host;
    const struct generation *target;
    uint8_t seen[HOST_OWNERS_MAX];
};

/** Whether `generation` needs, over others or not, a service of the target. Depth: plugins. */
static int leads_to_target(struct chase *chase, const struct generation *generation)
{
    const struct dais_need *need = generation->descriptor->needs;
    for (; need && need->name; need++) {
        if ((need->flags & DAIS_NEED_OPTIONAL) || abi_find(need->name))
            continue;
        if (plugin_offered(chase->target, need->name))
            return 1;
        const struct plugin *provider = plugin_provider(chase->host, need->name);
        if (!provider || chase->seen[provider->owner])
            continue;
        chase->seen[provider->owner] = 1;
        if (leads_to_target(chase, provider->current))
            return 1;
    }
    return 0;
}

int32_t plugin_order_check(const struct host *host, struct generation *next)
{
    struct chase chase = {.host = host, .target = next};
    int32_t error = check_kept(host, next);
    if (!error)
        error = check_twins(host, next);
    if (!error && leads_to_target(&chase, next)) {
        generation_fail(next, "%s %s needs a service that needs it", next->plugin->id,
                        generation_version(next));
        error = DAIS_E_INVALID;
    }
    return error;
}

/** As visit, without judging anybody. */
static void visit_started(struct walk *walk, struct plugin *plugin)
{
    const struct dais_need *need = plugin_descriptor(plugin)->needs;
    if (walk->marks[plugin->owner] != MARK_NEW || plugin_is_out(plugin))
        return;
    walk->marks[plugin->owner] = MARK_OPEN;
    for (; need && need->name; need++) {
        struct plugin *provider = abi_find(need->name) ? NULL
                                                       : plugin_provider(walk->host, need->name);
        if (provider)
            visit_started(walk, provider);
    }
    walk->host->order[walk->host->order_count++] = plugin;
}

void plugin_order_started(struct host *host)
{
    struct walk walk = {.host = host};
    host->order_count = 0;
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        if (host->plugins[owner].current)
            visit_started(&walk, &host->plugins[owner]);
}
