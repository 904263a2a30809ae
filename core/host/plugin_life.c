/* SPDX-License-Identifier: MIT */
#include "host/plugin_life.h"

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "data/bus.h"
#include "data/db.h"
#include "host/abi.h"
#include "host/config.h"
#include "host/files.h"
#include "host/marks.h"
#include "host/page.h"
#include "host/plugin_file.h"
#include "host/plugin_order.h"
#include "host/registration.h"
#include "host/report.h"
#include "host/section.h"
#include "host/state.h"
#include "media/hub.h"
#include "net/tcp.h"

#include <errno.h>
#include <string.h>

static const char starting[] = "The server is starting";

static const char *quarantine_reason(const struct host *host, const char *id)
{
    for (uint32_t i = 0; i < host->options.quarantine_count; i++)
        if (strcmp(host->options.quarantine[i].id, id) == 0)
            return host->options.quarantine[i].reason;
    return NULL;
}

static void leave_out(struct plugin *plugin, const char *reason)
{
    plugin_fail(plugin, "%s", reason);
    atomic_store(&plugin->state, PLUGIN_QUARANTINED);
}

/** Makes the row of one configured plugin; nothing of it is read yet. */
static int32_t add_row(struct host *host, const struct config_plugin *config)
{
    struct plugin *plugin = &host->plugins[host->owner_count];
    memcpy(plugin->id, config->id.ptr, config->id.len);
    plugin->config = config;
    plugin->owner = host->owner_count;
    plugin->http.id = plugin->id;
    plugin->http.plugin = plugin->owner;
    atomic_store(&plugin->http.closed_reason, starting);
    atomic_store(&plugin->http.closed, 1);
    plugin->data_dir =
        arena_printf(&host->arena, "%s/plugins/%s", host->options.data_dir, plugin->id).ptr;
    host->owner_count++;
    page_name(plugin->owner, plugin->id);
    return plugin->data_dir ? DAIS_OK : DAIS_E_MEMORY;
}

static void load_file(struct host *host, struct plugin *plugin)
{
    const char *reason = quarantine_reason(host, plugin->id);
    if (reason)
        leave_out(plugin, reason);
    else if (host->options.safe && plugin->config->path.ptr)
        leave_out(plugin, "the server was started without foreign plugins (--safe)");
    else if (plugin_load(plugin) == DAIS_OK && !host->options.offline &&
             files_make_folder(plugin->data_dir, 0700) != DAIS_OK)
        plugin_fail(plugin, "%s cannot be made: %s", plugin->data_dir, strerror(errno));
}

static int32_t activate_subscriptions(const struct plugin *plugin)
{
    int32_t error = DAIS_OK;
    const struct registration *record = NULL;
    while (!error &&
           (record = registration_next(plugin, REGISTRATION_SUBSCRIPTIONS, record)) != NULL)
        error = bus_subscribe(plugin->owner, record->table);
    return error;
}

static int32_t activate_observers(const struct plugin *plugin)
{
    int32_t error = DAIS_OK;
    const struct owner owner = plugin_mark(plugin, 0);
    const struct registration *record = NULL;
    while (!error && (record = registration_next(plugin, REGISTRATION_OBSERVER, record)) != NULL)
        error = hub_observe(&owner, record->table);
    return error;
}

static int32_t activate_migrations(const struct plugin *plugin)
{
    int32_t error = DAIS_OK;
    const struct registration *record = NULL;
    while (!error && (record = registration_next(plugin, REGISTRATION_MIGRATIONS, record)) != NULL)
        error = db_migrations(plugin->id, record->table);
    return error;
}

/** What was registered in an `init` that succeeded begins to count. */
static void activate(struct plugin *plugin)
{
    int32_t error = activate_migrations(plugin);
    const char *what = "migrations";
    if (!error) {
        error = activate_subscriptions(plugin);
        what = "bus subscriptions";
    }
    if (!error) {
        error = activate_observers(plugin);
        what = "media observers";
    }
    if (error)
        plugin_fail(plugin, "its %s were refused: %s", what, error_title(error));
    else
        atomic_store(&plugin->state, PLUGIN_INITIALIZED);
}

/** A section that nobody read holds no keys. */
static int32_t check_config(struct host *host, struct plugin *plugin)
{
    uint32_t before = report_count(host->report);
    struct section section = {.file = host->options.config->file.ptr,
                              .path = arena_printf(&host->arena, "plugins.%s", plugin->id).ptr,
                              .node = plugin->config->section,
                              .others = config_plugin_keys,
                              .report = host->report};
    if (!plugin->config_read && section.path)
        section_unknown_keys(&section, NULL);
    return report_count(host->report) > before ? DAIS_E_INVALID : DAIS_OK;
}

static void init_plugin(struct host *host, struct plugin *plugin)
{
    if (plugin_fill_slots(host, plugin) != DAIS_OK)
        return;
    registration_open(plugin);
    struct mark mark = mark_enter(plugin);
    int32_t error = plugin->descriptor->init(&abi_host);
    mark_leave(&mark);
    registration_open(NULL);
    if (!error && check_config(host, plugin) != DAIS_OK)
        plugin_fail(plugin, "its configuration is not valid");
    else if (error && *plugin->problem)
        plugin_fail(plugin, "init failed: %s", plugin->problem);
    else if (error)
        plugin_fail(plugin, "init failed: %s", error_name(error));
    else
        activate(plugin);
}

/** Keeps the order of those that got through. */
static void drop_failed(struct host *host)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < host->order_count; i++)
        if (atomic_load(&host->order[i]->state) == PLUGIN_INITIALIZED)
            host->order[kept++] = host->order[i];
    host->order_count = kept;
}

void plugin_life_load(struct host *host)
{
    const struct config *config = host->options.config;
    for (uint32_t i = 0; i < config->plugin_count; i++) {
        if (add_row(host, &config->plugins[i]) != DAIS_OK)
            plugin_fail(&host->plugins[host->owner_count - 1], "no memory to load it");
        else
            load_file(host, &host->plugins[host->owner_count - 1]);
    }
    plugin_order(host);
    for (uint32_t i = 0; i < host->order_count; i++)
        init_plugin(host, host->order[i]);
    drop_failed(host);
    marks_init();
}

/** Opens the routes of a plugin that has started. */
static void open_plugin(struct plugin *plugin)
{
    plugin->has_started = 1;
    atomic_store(&plugin->state, PLUGIN_STARTED);
    atomic_store(&plugin->http.closed, 0);
}

static int providers_started(struct host *host, struct plugin *plugin)
{
    const struct dais_need *need = plugin->descriptor->needs;
    for (; need && need->name; need++) {
        const struct plugin *provider = abi_find(need->name) || (need->flags & DAIS_NEED_OPTIONAL)
                                            ? NULL
                                            : plugin_provider(host, need->name);
        if (!provider || atomic_load(&provider->state) == PLUGIN_STARTED)
            continue;
        plugin_fail(plugin, "%s needs %s of %s, which did not start", plugin->id, need->name,
                    provider->id);
        return 0;
    }
    return 1;
}

static void start_plugin(struct host *host, struct plugin *plugin)
{
    int32_t error = atomic_load(&plugin->worker_error);
    if (error) {
        plugin_fail(plugin, "worker_start failed: %s", error_name(error));
        return;
    }
    if (!providers_started(host, plugin))
        return;
    if (plugin->descriptor->start) {
        struct mark mark = mark_enter(plugin);
        error = plugin->descriptor->start();
        mark_leave(&mark);
    }
    if (error)
        plugin_fail(plugin, "start failed: %s", error_name(error));
    else
        open_plugin(plugin);
}

void plugin_life_start(struct host *host)
{
    for (uint32_t i = 0; i < host->order_count && !atomic_load(&host->stopping); i++)
        start_plugin(host, host->order[i]);
}

void plugin_life_listen(struct host *host)
{
    for (uint32_t i = 0; i < host->order_count; i++) {
        struct plugin *plugin = host->order[i];
        const struct registration *record = NULL;
        if (atomic_load(&plugin->state) != PLUGIN_STARTED)
            continue;
        while ((record = registration_next(plugin, REGISTRATION_LISTENER, record)) != NULL) {
            int32_t error = tcp_listen(host->tcp, plugin->owner, plugin->generation, record->table,
                                       record->detail);
            if (error)
                plugin_fail(plugin, "cannot listen on %.*s: %s", STR_ARG(record->detail),
                            error_title(error));
        }
    }
}

void plugin_life_stop(struct host *host)
{
    for (uint32_t i = host->order_count; i-- > 0;) {
        struct plugin *plugin = host->order[i];
        if (!plugin->has_started)
            continue;
        if (plugin->descriptor->stop) {
            struct mark mark = mark_enter(plugin);
            plugin->descriptor->stop();
            mark_leave(&mark);
        }
        if (atomic_load(&plugin->state) == PLUGIN_STARTED)
            atomic_store(&plugin->state, PLUGIN_STOPPED);
    }
}

void plugin_life_fini(struct host *host)
{
    for (uint32_t i = host->order_count; i-- > 0;) {
        struct plugin *plugin = host->order[i];
        if (!plugin->descriptor->fini)
            continue;
        struct mark mark = mark_enter(plugin);
        plugin->descriptor->fini();
        mark_leave(&mark);
    }
}

uint32_t plugin_life_problems(struct host *host)
{
    uint32_t added = 0;
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        struct plugin *plugin = &host->plugins[owner];
        uint32_t state = atomic_load(&plugin->state);
        if ((state != PLUGIN_FAILED && state != PLUGIN_QUARANTINED) || plugin->told)
            continue;
        plugin->told = 1;
        if (state == PLUGIN_FAILED && plugin->config->required) {
            report_add(host->report, "plugin %s: %s", plugin->id, plugin->reason);
            added++;
        } else {
            LOG_WARN("plugin left out", log_text("id", plugin->id),
                     log_text("reason", plugin->reason));
        }
    }
    return added;
}
