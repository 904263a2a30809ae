/* SPDX-License-Identifier: MIT */
#include "host/describe_realtime.h"

#include "host/describe_table.h"
#include "host/registration.h"
#include "host/roles.h"
#include "host/state.h"
#include "realtime/events.h"
#include "realtime/room.h"

#define CELLS(...)                                                                                 \
    (const struct table_cell[]){__VA_ARGS__},                                                      \
        sizeof((const struct table_cell[]){__VA_ARGS__}) / sizeof(struct table_cell)

static const char *space_of(const char *space)
{
    return space ? space : "/";
}

static void add_event(const struct events_row_info *info, void *context)
{
    const struct dais_event *row = info->event;
    char roles[ROLES_TEXT_BYTES];
    roles_text(row->roles, roles);
    table_row(context,
              CELLS(cell_text("event", row->name), cell_text("space", space_of(row->space)),
                    cell_text("access", roles_access_name(row->access)), cell_text("roles", roles),
                    cell_text("plugin", info->owner->id), cell_text("rate", info->rate_class),
                    cell_text("summary", row->summary)));
}

static void add_kind(const struct room_kind_info *info, void *context)
{
    const struct dais_room_kind *row = info->kind;
    table_row(context, CELLS(cell_text("kind", row->name), cell_text("plugin", info->owner->id),
                             cell_number("membersMax", row->members_max),
                             cell_text("summary", row->summary)));
}

static void add_watch(const struct room_watch_info *info, void *context)
{
    table_row(context,
              CELLS(cell_text("kind", info->watch->kind), cell_text("plugin", info->owner->id),
                    cell_text("summary", info->watch->summary)));
}

static void add_spaces(struct table *table, const struct plugin *plugin, const void *rows)
{
    for (const struct dais_space *row = rows; row->name; row++)
        table_row(table, CELLS(cell_text("space", row->name), cell_text("plugin", plugin->id),
                               cell_text("summary", row->summary)));
}

static void add_events_out(struct table *table, const struct plugin *plugin, const void *rows)
{
    for (const struct dais_event_out *row = rows; row->name; row++)
        table_row(table,
                  CELLS(cell_text("event", row->name), cell_text("space", space_of(row->space)),
                        cell_text("plugin", plugin->id), cell_text("summary", row->summary)));
}

static void add_endpoints(struct table *table, const struct plugin *plugin, const void *rows)
{
    for (const struct dais_endpoint *row = rows; row->path; row++)
        table_row(
            table,
            CELLS(cell_text("path", row->path),
                  cell_text("protocol",
                            row->protocol == DAIS_ENDPOINT_ENGINEIO ? "engine.io" : "websocket"),
                  cell_text("plugin", plugin->id), cell_text("summary", row->summary)));
}

/** The rows of one kind of table, of all plugins. */
static void add_registered(struct table *table, enum registration_kind kind,
                           void (*add)(struct table *, const struct plugin *, const void *))
{
    const struct host *host = host_get();
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        const struct registration *record = NULL;
        const struct plugin *plugin = &host->plugins[owner];
        while ((record = registration_next(plugin->current, kind, record)) != NULL)
            add(table, plugin, record->table);
    }
}

void describe_realtime(struct table *table)
{
    table_section(table, "spaces");
    add_registered(table, REGISTRATION_SPACES, add_spaces);
    table_section(table, "events");
    events_each(add_event, table);
    table_section(table, "events_out");
    add_registered(table, REGISTRATION_EVENTS_OUT, add_events_out);
    table_section(table, "endpoints");
    add_registered(table, REGISTRATION_ENDPOINTS, add_endpoints);
    table_section(table, "rooms");
    room_each_kind(add_kind, table);
    table_section(table, "watches");
    room_each_watch(add_watch, table);
}
