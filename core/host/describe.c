/* SPDX-License-Identifier: MIT */
#include "host/describe.h"

#include "host/abi.h"
#include "host/config.h"
#include "host/describe_hooks.h"
#include "host/describe_limits.h"
#include "host/describe_realtime.h"
#include "host/describe_table.h"
#include "host/plugin_crash.h"
#include "host/plugin_metrics.h"
#include "host/registration.h"
#include "host/roles.h"
#include "host/state.h"
#include "host/verbs.h"

#include <stdio.h>

#define CELLS(...)                                                                                 \
    (const struct table_cell[]){__VA_ARGS__},                                                      \
        sizeof((const struct table_cell[]){__VA_ARGS__}) / sizeof(struct table_cell)

static void count_own(const struct http_route_info *info, void *context)
{
    uint32_t *counts = context;
    if (info->owner->plugin < HOST_OWNERS_MAX)
        counts[info->owner->plugin]++;
}

static void count_routes(uint32_t ret_counts[HOST_OWNERS_MAX])
{
    http_each_route(host_get()->http, count_own, ret_counts);
}

void describe_plugins(struct strbuf *out)
{
    const struct host *host = host_get();
    uint32_t routes[HOST_OWNERS_MAX] = {0};
    count_routes(routes);
    strbuf_addf(out, "%-16s %-10s %-12s %10s %7s %7s %-12s  %s\n", "PLUGIN", "VERSION", "STATE",
                "GENERATION", "ROUTES", "CRASHES", "BUILD", "REASON");
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        const struct plugin *plugin = &host->plugins[owner];
        const struct host_crashes *crashes = plugin_crashes(plugin);
        strbuf_addf(out, "%-16s %-10s %-12s %10u %7u %7u %-12.12s  %s\n", plugin->id,
                    plugin_version(plugin), plugin_state_name(atomic_load(&plugin->state)),
                    plugin->current ? plugin->current->number : 0, routes[owner],
                    plugin_crash_count(plugin), plugin->current ? plugin->current->build_id : "",
                    plugin_remark(plugin));
        if (plugin_crash_count(plugin) > 0)
            strbuf_addf(out, "    last crash: %s\n", crashes->last);
    }
}

static void add_plugins(struct table *table)
{
    const struct host *host = host_get();
    uint32_t routes[HOST_OWNERS_MAX] = {0};
    count_routes(routes);
    table_section(table, "plugins");
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        const struct plugin *plugin = &host->plugins[owner];
        table_row(
            table,
            CELLS(cell_text("id", plugin->id), cell_text("version", plugin_version(plugin)),
                  cell_text("state", plugin_state_name(atomic_load(&plugin->state))),
                  cell_number("generation", plugin->current ? plugin->current->number : 0),
                  cell_text("buildId", plugin->current ? plugin->current->build_id : ""),
                  cell_number("routes", routes[owner]),
                  cell_number("crashes", plugin_crash_count(plugin)),
                  cell_text("lastCrash",
                            plugin_crashes(plugin) ? plugin_crashes(plugin)->last : NULL),
                  cell_text("summary",
                            plugin_descriptor(plugin) ? plugin_descriptor(plugin)->summary : NULL),
                  cell_text("reason", plugin_remark(plugin))));
    }
}

static void add_route(const struct http_route_info *info, void *context)
{
    const struct dais_route *route = info->route;
    char roles[ROLES_TEXT_BYTES];
    roles_text(route->roles, roles);
    table_row(context,
              CELLS(cell_text("method", route->method), cell_text("path", route->path),
                    cell_text("access", roles_access_name(route->access)),
                    cell_text("roles", roles), cell_text("plugin", info->owner->id),
                    cell_text("rate", info->rate_class), cell_text("summary", route->summary)));
}

static void add_keys(struct table *table, const char *prefix, const struct dais_shape *shape)
{
    for (const struct dais_field *field = shape->fields; field->name; field++) {
        char name[256];
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", field->name);
        table_row(table, CELLS(cell_text("key", name), cell_text("default", field->fallback),
                               cell_text("env", field->env), cell_text("prose", field->prose)));
    }
}

static void add_config(struct table *table)
{
    const struct host *host = host_get();
    table_section(table, "config");
    const struct config_section *section;
    for (uint32_t i = 0; (section = config_section_at(i)) != NULL; i++)
        add_keys(table, section->name, section->shape);
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        const struct plugin *plugin = &host->plugins[owner];
        const struct registration *record = NULL;
        char prefix[64];
        snprintf(prefix, sizeof prefix, "plugins.%s", plugin->id);
        while ((record = registration_next(plugin->current, REGISTRATION_CONFIG, record)) != NULL)
            add_keys(table, prefix, record->table);
    }
}

/** Adds the rows of one registered table of `plugin`. */
typedef void (*add_rows_fn)(struct table *table, const struct plugin *plugin,
                            const struct registration *record);

static void add_metric(const struct metrics_row *row, void *context)
{
    static const char *const kinds[] = {"?", "counter", "gauge", "histogram"};
    table_row(context, CELLS(cell_text("name", row->name), cell_text("kind", kinds[row->kind]),
                             cell_text("help", row->help)));
}

static void add_metrics(struct table *table)
{
    table_section(table, "metrics");
    metrics_describe(add_metric, table);
    plugin_metrics_describe(add_metric, table);
}

static void add_statements(struct table *table, const struct plugin *plugin,
                           const struct registration *record)
{
    static const char *const lanes[] = {"?", "read", "batch", "pool"};
    for (const struct dais_statement *row = record->table; row->name; row++)
        table_row(table,
                  CELLS(cell_text("plugin", plugin->id), cell_text("name", row->name),
                        cell_text("lane", lanes[row->lane <= DAIS_LANE_POOL ? row->lane : 0]),
                        cell_number("params", row->params)));
}

static void add_timers(struct table *table, const struct plugin *plugin,
                       const struct registration *record)
{
    for (const struct dais_timer *row = record->table; row->name; row++)
        table_row(table, CELLS(cell_text("plugin", plugin->id), cell_text("name", row->name),
                               cell_number("every_ms", row->every_ms)));
}

static void add_topics(struct table *table, const struct plugin *plugin,
                       const struct registration *record)
{
    for (const struct dais_subscription *row = record->table; row->topic; row++)
        table_row(table, CELLS(cell_text("plugin", plugin->id), cell_text("topic", row->topic)));
}

static void add_listener(struct table *table, const struct plugin *plugin,
                         const struct registration *record)
{
    const struct dais_listener *row = record->table;
    struct table_cell address = {.name = "address", .text = record->detail};
    table_row(table, CELLS(cell_text("plugin", plugin->id), cell_text("name", row->name), address));
}

static void add_secret(struct table *table, const struct plugin *plugin,
                       const struct registration *record)
{
    struct table_cell env = {.name = "env", .text = record->detail};
    table_row(table, CELLS(cell_text("plugin", plugin->id), cell_text("name", record->table), env));
}

static void add_verbs(struct table *table)
{
    struct verb_info info;
    uint32_t cursor = 0;
    table_section(table, "verbs");
    while (verb_next(&cursor, &info))
        table_row(table, CELLS(cell_text("words", info.verb->words),
                               cell_text("plugin", info.plugin ? info.plugin->id : "core"),
                               cell_text("summary", info.verb->summary)));
}

static void add_registered(struct table *table)
{
    static const struct {
        const char *name;
        enum registration_kind kind;
        add_rows_fn add;
    } sections[] = {
        {"statements", REGISTRATION_STATEMENTS, add_statements},
        {"timers", REGISTRATION_TIMERS, add_timers},
        {"topics", REGISTRATION_SUBSCRIPTIONS, add_topics},
        {"listeners", REGISTRATION_LISTENER, add_listener},
        {"secrets", REGISTRATION_SECRET, add_secret},
    };
    const struct host *host = host_get();
    for (uint32_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        table_section(table, sections[i].name);
        for (uint32_t owner = 1; owner < host->owner_count; owner++) {
            const struct plugin *plugin = &host->plugins[owner];
            const struct registration *record = NULL;
            while ((record = registration_next(plugin->current, sections[i].kind, record)) != NULL)
                sections[i].add(table, plugin, record);
        }
    }
}

static void describe(struct strbuf *out, bool as_json)
{
    struct table table;
    table_begin(&table, out, as_json);
    add_plugins(&table);
    table_section(&table, "routes");
    http_each_route(host_get()->http, add_route, &table);
    add_config(&table);
    describe_limits(&table);
    add_metrics(&table);
    add_registered(&table);
    describe_hooks(&table);
    describe_realtime(&table);
    add_verbs(&table);
    table_end(&table);
}

void describe_text(struct strbuf *out)
{
    describe(out, false);
}

void describe_json(struct strbuf *out)
{
    describe(out, true);
    strbuf_addc(out, '\n');
}
