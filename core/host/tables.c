/* SPDX-License-Identifier: MIT */
#include "host/tables.h"

#include "host/registration.h"
#include "host/state.h"
#include "realtime/events.h"
#include "realtime/raw_service.h"
#include "realtime/room.h"

int32_t tables_new(struct host *host, struct tables *ret_tables)
{
    struct tables made = {0};
    int32_t error = http_table_new(host->http, &made.routes);
    if (!error)
        error = events_table_new(&made.events);
    if (!error)
        error = room_table_new(&made.rooms);
    if (error)
        tables_free(&made);
    *ret_tables = made;
    return error;
}

static int32_t add_routes(struct tables *tables, struct http_owner *owner, const void *table)
{
    return http_table_routes(tables->routes, owner, table);
}

static int32_t add_statics(struct tables *tables, struct http_owner *owner, const void *table)
{
    return http_table_statics(tables->routes, owner, table);
}

static int32_t add_spaces(struct tables *tables, struct http_owner *owner, const void *table)
{
    return events_table_spaces(tables->events, owner, table);
}

static int32_t add_events(struct tables *tables, struct http_owner *owner, const void *table)
{
    return events_table_events(tables->events, owner, table);
}

static int32_t add_endpoints(struct tables *tables, struct http_owner *owner, const void *table)
{
    return events_table_endpoints(tables->events, owner, table);
}

/** The paths of endpoints; why not, where HTTP does not know. */
static const char *path_problem;

static const char *tell_path_problem(void)
{
    return path_problem ? path_problem : http_problem();
}

static int32_t add_paths(struct tables *tables, struct http_owner *owner, const void *table)
{
    int32_t error = DAIS_OK;
    const struct http_endpoint *endpoint;
    path_problem = NULL;
    for (const struct dais_endpoint *row = table; row->path && !error; row++) {
        error = raw_endpoint(row, &endpoint);
        if (error)
            path_problem = "a path is too long, or this process has had too many of them";
        else
            error = http_table_endpoint(tables->routes, owner, endpoint);
    }
    return error;
}

static int32_t add_kinds(struct tables *tables, struct http_owner *owner, const void *table)
{
    return room_table_kinds(tables->rooms, owner, table);
}

static int32_t add_watches(struct tables *tables, struct http_owner *owner, const void *table)
{
    return room_table_watches(tables->rooms, owner, table);
}

/** What goes into which table, and who tells why it does not. */
static const struct step {
    enum registration_kind kind;
    int32_t (*add)(struct tables *tables, struct http_owner *owner, const void *table);
    const char *what;
    const char *(*problem)(void);
} steps[] = {
    {REGISTRATION_ROUTES, add_routes, "routes", http_problem},
    {REGISTRATION_STATICS, add_statics, "static files", http_problem},
    {REGISTRATION_SPACES, add_spaces, "spaces", events_problem},
    {REGISTRATION_EVENTS, add_events, "events", events_problem},
    {REGISTRATION_ENDPOINTS, add_endpoints, "endpoints", events_problem},
    {REGISTRATION_ENDPOINTS, add_paths, "endpoints", tell_path_problem},
    {REGISTRATION_ROOM_KINDS, add_kinds, "kinds of rooms", room_problem},
    {REGISTRATION_ROOM_WATCHES, add_watches, "watches of rooms", room_problem},
};

int32_t tables_add(struct tables *tables, struct generation *generation, const char **ret_what,
                   const char **ret_problem)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const struct registration *record = NULL;
        while ((record = registration_next(generation, steps[i].kind, record)) != NULL) {
            int32_t error = steps[i].add(tables, &generation->http, record->table);
            if (!error)
                continue;
            *ret_what = steps[i].what;
            *ret_problem = steps[i].problem();
            return error;
        }
    }
    return DAIS_OK;
}

void tables_use(struct host *host, struct tables *tables)
{
    http_table_use(host->http, tables->routes);
    events_use(tables->events);
    room_use(tables->rooms);
    *tables = (struct tables){0};
}

void tables_free(struct tables *tables)
{
    http_table_free(tables->routes);
    events_table_free(tables->events);
    room_table_free(tables->rooms);
    *tables = (struct tables){0};
}
