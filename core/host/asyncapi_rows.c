/* SPDX-License-Identifier: MIT */
#include "host/asyncapi_rows.h"

#include "host/registration.h"
#include "host/state.h"
#include "realtime/events.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* --- the core's own --- */

struct auth {
    struct dais_str token, guest, resume;
};

static const struct dais_field auth_fields[] = {
    DAIS_FIELD(struct auth, token, DAIS_KIND_STRING, 0, 1, 4096, "An access token"),
    DAIS_FIELD(struct auth, guest, DAIS_KIND_STRING, 0, 1, SOCKET_GUEST_BYTES_MAX,
               "Without a token: a name that makes several connections one viewer"),
    {.name = "resume",
     .kind = DAIS_KIND_JSON,
     .offset = offsetof(struct auth, resume),
     .prose = "The last event seen of each room: {\"live:1\":{\"epoch\":5,\"seq\":12}}"},
    DAIS_FIELD_END,
};
static const struct dais_shape auth_shape = DAIS_SHAPE("Auth", struct auth, auth_fields);

static const struct dais_field refresh_fields[] = {
    DAIS_FIELD(struct auth, token, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 4096,
               "A fresh token of the same user"),
    DAIS_FIELD_END,
};
static const struct dais_shape refresh_shape = DAIS_SHAPE("AuthRefresh", struct auth,
                                                          refresh_fields);

struct expiring {
    int64_t expires_at;
};

static const struct dais_field expiring_fields[] = {
    DAIS_FIELD_NAMED("expiresAt", struct expiring, expires_at, DAIS_KIND_INT, DAIS_FIELD_REQUIRED,
                     0, 0, "Unix time at which the token ends, in seconds"),
    DAIS_FIELD_END,
};
static const struct dais_shape expiring_shape = DAIS_SHAPE("AuthExpiring", struct expiring,
                                                           expiring_fields);

struct resync {
    struct dais_str room;
    int64_t epoch, seq;
};

static const struct dais_field resync_fields[] = {
    DAIS_FIELD(struct resync, room, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 0, "Kind and id"),
    DAIS_FIELD(struct resync, epoch, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0,
               "Of the numbers from here on"),
    DAIS_FIELD(struct resync, seq, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0,
               "Of the newest event: what comes is behind it"),
    DAIS_FIELD_END,
};
static const struct dais_shape resync_shape = DAIS_SHAPE("RoomResync", struct resync,
                                                         resync_fields);

static const struct dais_event core_events[] = {
    {.name = "auth",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &auth_shape,
     .summary = "Says who one is, as the first message; Socket.IO says it with CONNECT"},
    {.name = "auth:refresh",
     .access = DAIS_ACCESS_USER,
     .data_shape = &refresh_shape,
     .summary = "Goes on with a fresh token"},
    {.name = NULL},
};

static const struct dais_event_out core_events_out[] = {
    {"auth:expiring", NULL, &expiring_shape, "The token ends soon: auth:refresh goes on"},
    {"auth:revoked", NULL, NULL, "The token counts no more; the connection is closed"},
    {"error", NULL, NULL, "An event without an id failed: its name, and a problem document"},
    {"room:resync", NULL, &resync_shape, "What was missed is not all there: ask for the state"},
    {NULL, NULL, NULL, NULL},
};

/* --- gathering --- */

/** "/admin" and "chat:send" as pieces of a key: letters, digits, '-', '_'; ':' and '/' are dots. */
static size_t add_piece(char *key, size_t len, const char *text)
{
    for (; *text && len + 4 < ASYNCAPI_KEY_BYTES; text++) {
        if (isalnum((unsigned char)*text) || *text == '-' || *text == '_')
            key[len++] = *text;
        else if (*text == ':' || *text == '/')
            key[len++] = '.';
        else
            len += (size_t)snprintf(key + len, 4, "x%02x", (unsigned)(unsigned char)*text);
    }
    key[len] = '\0';
    return len;
}

static void name_row(struct asyncapi_row *row)
{
    size_t len = add_piece(row->key, 0, row->in ? "in" : "out");
    if (strcmp(row->space, "/") != 0)
        len = add_piece(row->key, len, row->space);
    len = add_piece(row->key, len, "/");
    add_piece(row->key, len, row->name);
}

/** Several plugins may send the same event: it is told once. */
static bool is_there(const struct asyncapi_rows *rows, const struct asyncapi_row *row)
{
    for (uint32_t i = 0; i < rows->count; i++)
        if (strcmp(rows->items[i].key, row->key) == 0)
            return true;
    return false;
}

static void add(struct asyncapi_rows *rows, struct asyncapi_row row)
{
    row.space = row.space ? row.space : "/";
    name_row(&row);
    if (!row.in && is_there(rows, &row))
        return;
    if (rows->count == rows->limit)
        rows->error = DAIS_E_LIMIT;
    else
        rows->items[rows->count++] = row;
}

static void add_event(const struct events_row_info *info, void *context)
{
    const struct dais_event *event = info->event;
    add(context, (struct asyncapi_row){.name = event->name,
                                       .space = event->space,
                                       .owner = info->owner->id,
                                       .summary = event->summary,
                                       .shape = event->data_shape,
                                       .in = event,
                                       .rate_class = info->rate_class});
}

static void add_events_out(struct asyncapi_rows *rows, const char *owner,
                           const struct dais_event_out *table)
{
    for (const struct dais_event_out *row = table; row->name; row++)
        add(rows, (struct asyncapi_row){.name = row->name,
                                        .space = row->space,
                                        .owner = owner,
                                        .summary = row->summary,
                                        .shape = row->shape});
}

static void count_event(const struct events_row_info *info, void *context)
{
    uint32_t *count = context;
    (void)info;
    ++*count;
}

/** Calls `add_events_out` for the tables of all plugins that serve; without `rows` it counts. */
static uint32_t visit_events_out(struct asyncapi_rows *rows)
{
    uint32_t count = 0;
    const struct host *host = host_get();
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        const struct registration *record = NULL;
        const struct plugin *plugin = &host->plugins[owner];
        while ((record = registration_next(plugin->current, REGISTRATION_EVENTS_OUT, record)) !=
               NULL) {
            if (rows)
                add_events_out(rows, plugin->id, record->table);
            for (const struct dais_event_out *row = record->table; row->name; row++)
                count++;
        }
    }
    return count;
}

int32_t asyncapi_gather(struct dais_arena *arena, struct asyncapi_rows *ret_rows)
{
    uint32_t count = sizeof core_events / sizeof core_events[0] +
                     sizeof core_events_out / sizeof core_events_out[0];
    events_each(count_event, &count);
    count += visit_events_out(NULL);
    if (count > ASYNCAPI_ROWS_MAX)
        return DAIS_E_LIMIT;
    *ret_rows = (struct asyncapi_rows){.limit = count};
    ret_rows->items = arena_alloc(arena, count * sizeof *ret_rows->items);
    if (!ret_rows->items)
        return DAIS_E_MEMORY;
    for (const struct dais_event *row = core_events; row->name; row++)
        add_event(&(struct events_row_info){row, &host_get()->plugins[OWNER_CORE].out, "event"},
                  ret_rows);
    events_each(add_event, ret_rows);
    add_events_out(ret_rows, "core", core_events_out);
    visit_events_out(ret_rows);
    return ret_rows->error;
}
