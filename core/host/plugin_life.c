/* SPDX-License-Identifier: MIT */
#include "host/plugin_life.h"

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "data/db.h"
#include "host/abi.h"
#include "host/activate.h"
#include "host/config.h"
#include "host/files.h"
#include "host/instances.h"
#include "host/marks.h"
#include "host/operations.h"
#include "host/page.h"
#include "host/plugin_file.h"
#include "host/plugin_order.h"
#include "host/registration.h"
#include "host/report.h"
#include "host/section.h"
#include "host/state.h"
#include "net/tcp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *quarantine_reason(const struct host *host, const char *id)
{
    for (uint32_t i = 0; i < host->options.quarantine_count; i++)
        if (strcmp(host->options.quarantine[i].id, id) == 0)
            return host->options.quarantine[i].reason;
    return NULL;
}

static const struct host_pinned *find_pinned(const struct host *host, const char *id)
{
    for (uint32_t i = 0; i < host->options.pinned_count; i++)
        if (strcmp(host->options.pinned[i].id, id) == 0)
            return &host->options.pinned[i];
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
    plugin->out.id = plugin->id;
    plugin->out.plugin = plugin->owner;
    atomic_store(&plugin->out.closed, 1);
    host->owner_count++;
    page_name(plugin->owner, plugin->id);
    return plugin_file_find(plugin);
}

/** Opens `path` as a generation of `plugin`, which it becomes the current one of. */
static int32_t open_first(struct plugin *plugin, const char *path)
{
    struct generation *generation = generation_new(plugin);
    if (!generation) {
        plugin_fail(plugin, "no memory to load it");
        return DAIS_E_MEMORY;
    }
    int32_t error = plugin_file_open(generation, path);
    if (!error) {
        plugin->current = generation;
        atomic_store(&plugin->state, PLUGIN_LOADED);
        return DAIS_OK;
    }
    memcpy(plugin->problem, generation->reason, sizeof plugin->problem);
    generation_free(generation);
    return error;
}

/** The copy that served before, after a crash of a newer one; else the configured file. */
static void open_plugin_file(struct host *host, struct plugin *plugin)
{
    const struct host_pinned *pinned = find_pinned(host, plugin->id);
    if (pinned && open_first(plugin, pinned->path) == DAIS_OK) {
        snprintf(plugin->note, sizeof plugin->note, "%s",
                 *pinned->reason ? pinned->reason : "an earlier copy");
        LOG_WARN("an earlier copy of a plugin serves", log_text("id", plugin->id),
                 log_text("path", pinned->path), log_text("reason", pinned->reason));
        return;
    }
    if (open_first(plugin, plugin->file) != DAIS_OK)
        plugin_fail(plugin, "%s", plugin->problem);
}

static void load_file(struct host *host, struct plugin *plugin)
{
    const char *reason = quarantine_reason(host, plugin->id);
    if (reason)
        leave_out(plugin, reason);
    else if (host->options.safe && plugin->config->path.ptr)
        leave_out(plugin, "the server was started without foreign plugins (--safe)");
    else
        open_plugin_file(host, plugin);
    if (!plugin_is_out(plugin) && !host->options.offline &&
        files_make_folder(plugin->data_dir, 0700) != DAIS_OK)
        plugin_fail(plugin, "%s cannot be made: %s", plugin->data_dir, strerror(errno));
}

/** Former code that was pinned runs on the schema of the newer one, which it may not know. */
static int32_t add_migrations(struct generation *generation)
{
    int32_t error = DAIS_OK;
    const struct registration *record = NULL;
    if (*generation->plugin->note)
        return DAIS_OK;
    while (!error &&
           (record = registration_next(generation, REGISTRATION_MIGRATIONS, record)) != NULL)
        error = db_migrations(generation->plugin->id, record->table);
    if (error)
        generation_fail(generation, "its migrations were refused: %s", error_title(error));
    return error;
}

/** What was registered in an `init` that succeeded begins to count. */
static int32_t activate(struct host *host, struct generation *generation)
{
    int32_t error = add_migrations(generation);
    if (!error)
        error = operations_check(host, generation);
    if (!error)
        error = activate_data(generation);
    if (!error)
        error = activate_calls(host, generation, NULL);
    return error;
}

/** A section that nobody read holds no keys. */
static int32_t check_config(struct host *host, struct generation *generation)
{
    const struct plugin *plugin = generation->plugin;
    uint32_t before = report_count(host->report);
    struct section section = {
        .file = host->options.config->file.ptr,
        .path = arena_printf(&generation->arena, "plugins.%s", plugin->id).ptr,
        .node = plugin->config->section,
        .others = config_plugin_keys,
        .report = host->report};
    if (!generation->config_read && section.path)
        section_unknown_keys(&section, NULL);
    return report_count(host->report) > before ? DAIS_E_INVALID : DAIS_OK;
}

int32_t plugin_life_init(struct host *host, struct generation *generation)
{
    if (plugin_fill_slots(host, generation) != DAIS_OK)
        return DAIS_E_INVALID;
    registration_open(generation);
    struct mark mark = mark_enter(generation);
    mark_callback("init");
    int32_t error = generation->descriptor->init(&abi_host);
    mark_leave(&mark);
    registration_open(NULL);
    generation->initialized = error == DAIS_OK;
    if (!error && check_config(host, generation) != DAIS_OK)
        generation_fail(generation, "its configuration is not valid");
    else if (error && *generation->problem)
        generation_fail(generation, "init failed: %s", generation->problem);
    else if (error)
        generation_fail(generation, "init failed: %s", error_name(error));
    return *generation->reason ? DAIS_E_INVALID : DAIS_OK;
}

/** Also one whose `init` failed keeps its routes, which tell why. */
static void init_plugin(struct host *host, struct plugin *plugin)
{
    struct generation *generation = plugin->current;
    int32_t error = plugin_life_init(host, generation);
    int32_t routes_error = activate_routes(host, generation);
    if (!error && !routes_error)
        error = activate(host, generation);
    if (error || routes_error)
        plugin_fail(plugin, "%s", generation->reason);
    else
        atomic_store(&plugin->state, PLUGIN_INITIALIZED);
}

/** A hook may need an operation of a plugin whose `init` comes later. */
static void check_required(struct host *host, struct plugin *plugin)
{
    if (atomic_load(&plugin->state) == PLUGIN_INITIALIZED &&
        operations_required(host, plugin->current) != DAIS_OK) {
        plugin->excused = plugin_left_out(host) != NULL;
        plugin_fail(plugin, "%s", plugin->current->reason);
    }
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
    marks_init();
    for (uint32_t i = 0; i < config->plugin_count; i++) {
        if (add_row(host, &config->plugins[i]) != DAIS_OK)
            plugin_fail(&host->plugins[host->owner_count - 1], "no memory to load it");
        else
            load_file(host, &host->plugins[host->owner_count - 1]);
    }
    plugin_order(host);
    for (uint32_t i = 0; i < host->order_count; i++)
        init_plugin(host, host->order[i]);
    for (uint32_t i = 0; i < host->order_count; i++)
        check_required(host, host->order[i]);
    drop_failed(host);
    instances_build(host);
}

static int providers_started(struct host *host, struct generation *generation)
{
    const struct dais_need *need = generation->descriptor->needs;
    for (; need && need->name; need++) {
        const struct plugin *provider = abi_find(need->name) || (need->flags & DAIS_NEED_OPTIONAL)
                                            ? NULL
                                            : plugin_provider(host, need->name);
        if (!provider || atomic_load(&provider->state) == PLUGIN_STARTED)
            continue;
        generation_fail(generation, "%s needs %s of %s, which did not start",
                        generation->plugin->id, need->name, provider->id);
        return 0;
    }
    return 1;
}

int32_t plugin_life_start_one(struct host *host, struct generation *generation)
{
    int32_t error = atomic_load(&generation->worker_error);
    if (error) {
        generation_fail(generation, "worker_start failed: %s", error_name(error));
        return error;
    }
    if (!providers_started(host, generation))
        return DAIS_E_UNAVAILABLE;
    if (generation->descriptor->start) {
        struct mark mark = mark_enter(generation);
        mark_callback("start");
        error = generation->descriptor->start();
        mark_leave(&mark);
    }
    if (error)
        generation_fail(generation, "start failed: %s", error_name(error));
    generation->has_started = error == DAIS_OK;
    return error;
}

/** Starts a plugin and opens its routes. */
static void start_plugin(struct host *host, struct plugin *plugin)
{
    struct generation *generation = plugin->current;
    if (plugin_life_start_one(host, generation) != DAIS_OK) {
        plugin_fail(plugin, "%s", generation->reason);
        return;
    }
    atomic_store(&plugin->state, PLUGIN_STARTED);
    atomic_store(&generation->http.closed, 0);
}

void plugin_life_start(struct host *host)
{
    for (uint32_t i = 0; i < host->order_count && !atomic_load(&host->stopping); i++)
        start_plugin(host, host->order[i]);
}

static void open_listeners(struct host *host, struct plugin *plugin)
{
    const struct generation *generation = plugin->current;
    const struct registration *record = NULL;
    while ((record = registration_next(generation, REGISTRATION_LISTENER, record)) != NULL) {
        int32_t error = tcp_listen(host->tcp, plugin->owner, generation->number, record->table,
                                   record->detail);
        if (error)
            plugin_fail(plugin, "cannot listen on %.*s: %s", STR_ARG(record->detail),
                        error_title(error));
    }
}

void plugin_life_listen(struct host *host)
{
    for (uint32_t i = 0; i < host->order_count; i++) {
        struct plugin *plugin = host->order[i];
        if (atomic_load(&plugin->state) != PLUGIN_STARTED)
            continue;
        page_serves(plugin->owner, plugin->current->number, plugin->current->path, 0);
        open_listeners(host, plugin);
    }
}

void plugin_life_stop_one(struct generation *generation)
{
    if (!generation->has_started)
        return;
    generation->has_started = 0;
    if (!generation->descriptor->stop)
        return;
    struct mark mark = mark_enter(generation);
    generation->descriptor->stop();
    mark_leave(&mark);
}

/** Calls `fn` for every generation of `plugin` that lives. */
static void each_generation(struct plugin *plugin, void (*fn)(struct generation *generation))
{
    for (uint32_t i = 0; i < GENERATIONS_MAX; i++) {
        struct generation *generation = atomic_load(&plugin->live[i]);
        if (generation)
            fn(generation);
    }
}

void plugin_life_stop(struct host *host)
{
    for (uint32_t i = host->order_count; i-- > 0;) {
        struct plugin *plugin = host->order[i];
        each_generation(plugin, plugin_life_stop_one);
        if (atomic_load(&plugin->state) == PLUGIN_STARTED)
            atomic_store(&plugin->state, PLUGIN_STOPPED);
    }
}

void plugin_life_fini_one(struct generation *generation)
{
    if (!generation->initialized)
        return;
    generation->initialized = 0;
    if (!generation->descriptor->fini)
        return;
    struct mark mark = mark_enter(generation);
    generation->descriptor->fini();
    mark_leave(&mark);
}

void plugin_life_fini(struct host *host)
{
    for (uint32_t i = host->order_count; i-- > 0;)
        each_generation(host->order[i], plugin_life_fini_one);
}

void plugin_life_free(struct host *host)
{
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        each_generation(&host->plugins[owner], generation_free);
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
        if (state == PLUGIN_FAILED && plugin->config->required && !plugin->excused) {
            report_add(host->report, "plugin %s: %s", plugin->id, plugin->reason);
            added++;
        } else {
            LOG_WARN("plugin left out", log_text("id", plugin->id),
                     log_text("reason", plugin->reason));
        }
    }
    return added;
}
