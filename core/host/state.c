/* SPDX-License-Identifier: MIT */
#include "host/state.h"

#include "base/check.h"
#include "base/log.h"
#include "base/str.h"
#include "loop/worker.h"

#include <stdarg.h>
#include <stdio.h>

static struct host *the_host;

struct host *host_get(void)
{
    CHECK_MSG(the_host != NULL, "there is no host");
    return the_host;
}

void host_set(struct host *host)
{
    CHECK(!host || !the_host);
    the_host = host;
}

void host_use_slot(const struct host *host, uint32_t index)
{
    const struct host_options *options = &host->options;
    uint32_t ledger = index < OWNER_LEDGERS_MAX ? index : OWNER_LEDGERS_MAX - 1;
    owner_ledger_use(ledger, index < WORKERS_MAX ? OWNER_THREAD_LOOP : OWNER_THREAD_JOBS);
    if (options->slots && index < options->slot_count)
        owner_slot_use(&options->slots[index]);
    if (options->thread_start)
        options->thread_start(index);
}

struct plugin *host_plugin(uint32_t owner)
{
    if (!the_host || owner == OWNER_CORE || owner >= the_host->owner_count)
        return NULL;
    return &the_host->plugins[owner];
}

struct plugin *host_plugin_find(struct dais_str id)
{
    for (uint32_t owner = 1; owner < the_host->owner_count; owner++)
        if (str_eqz(id, the_host->plugins[owner].id))
            return &the_host->plugins[owner];
    return NULL;
}

struct plugin *host_plugin_running(void)
{
    return host_plugin(owner_get().plugin);
}

void host_misuse(const char *function)
{
    struct plugin *plugin = host_plugin_running();
    if (plugin)
        atomic_fetch_add_explicit(&plugin->misuses, 1, memory_order_relaxed);
    LOG_WARN("function called from the wrong place", log_text("function", function));
}

const char *plugin_state_name(uint32_t state)
{
    static const char *const names[] = {
        [PLUGIN_FOUND] = "found",
        [PLUGIN_LOADED] = "loaded",
        [PLUGIN_INITIALIZED] = "ready",
        [PLUGIN_STARTED] = "started",
        [PLUGIN_STOPPED] = "stopped",
        [PLUGIN_FAILED] = "failed",
        [PLUGIN_QUARANTINED] = "quarantined",
    };
    CHECK(state < sizeof names / sizeof names[0]);
    return names[state];
}

const char *plugin_reason(const struct plugin *plugin)
{
    uint32_t state = atomic_load(&plugin->state);
    return state == PLUGIN_FAILED || state == PLUGIN_QUARANTINED ? plugin->reason : "";
}

const char *plugin_remark(const struct plugin *plugin)
{
    return *plugin_reason(plugin) ? plugin_reason(plugin) : plugin->note;
}

const char *plugin_version(const struct plugin *plugin)
{
    return generation_version(plugin->current);
}

int plugin_is_out(const struct plugin *plugin)
{
    uint32_t state = atomic_load(&plugin->state);
    return state == PLUGIN_FAILED || state == PLUGIN_QUARANTINED || state == PLUGIN_FOUND;
}

static void close_owner(struct http_owner *owner, const char *reason)
{
    atomic_store(&owner->closed_reason, reason);
    atomic_store(&owner->closed, 1);
}

void plugin_fail(struct plugin *plugin, const char *format, ...)
{
    if (atomic_load(&plugin->state) == PLUGIN_FAILED)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(plugin->reason, sizeof plugin->reason, format, args);
    va_end(args);
    close_owner(&plugin->out, plugin->reason);
    if (plugin->current)
        close_owner(&plugin->current->http, plugin->reason);
    atomic_store(&plugin->state, PLUGIN_FAILED);
}
