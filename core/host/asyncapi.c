/* SPDX-License-Identifier: MIT */
#include "host/asyncapi.h"

#include "base/json_write.h"
#include "base/shape.h"
#include "host/asyncapi_rows.h"
#include "host/openapi.h"
#include "host/registration.h"
#include "host/roles.h"
#include "host/state.h"
#include "realtime/socket.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA_BYTES_MAX (1u << 20)
/** Namespaces, "/" included. */
#define SPACES_MAX (1u + SOCKET_SPACES_MAX)

/** One channel of sockets: `/ws`, or a namespace of Socket.IO. */
struct channel {
    const char *space;
    bool envelope; /* `/ws` */
    char key[ASYNCAPI_KEY_BYTES];
};

struct document {
    struct json_writer json;
    struct dais_arena *arena;
    struct asyncapi_rows rows;
    struct channel channels[1 + SPACES_MAX];
    uint32_t channel_count;
    int32_t error;
};

/* --- pieces --- */

static void add_text(struct json_writer *json, const char *key, const char *text)
{
    json_key(json, key);
    json_add_stringz(json, text);
}

static void open_object(struct json_writer *json, const char *key)
{
    json_key(json, key);
    json_open_object(json);
}

/** {"$ref":"#/…"} */
__attribute__((format(printf, 2, 3))) static void add_ref(struct json_writer *json,
                                                          const char *format, ...)
{
    char path[2 * ASYNCAPI_KEY_BYTES + 64];
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    json_open_object(json);
    add_text(json, "$ref", path);
    json_close_object(json);
}

/** The schema of `shape`; of anything without one. */
static void add_schema(struct document *document, const struct dais_shape *shape)
{
    struct strbuf out;
    strbuf_init_in(&out, document->arena, SCHEMA_BYTES_MAX);
    int32_t error = shape ? shape_schema(shape, &out) : DAIS_OK;
    document->error = error ? error : document->error;
    json_add_raw(&document->json, error || !shape ? dais_cstr("{}") : strbuf_view(&out));
}

static bool is_in(const struct channel *channel, const struct asyncapi_row *row)
{
    return strcmp(channel->space, row->space) == 0;
}

/** "ws.in.chat.send": the message of a row in a channel's form. */
static void name_message(const struct channel *channel, const char *prefix,
                         const struct asyncapi_row *row, char ret_key[2 * ASYNCAPI_KEY_BYTES])
{
    snprintf(ret_key, 2 * ASYNCAPI_KEY_BYTES, "%s%s.%s", prefix,
             channel->envelope ? "ws" : "socketio", row->key);
}

/* --- messages --- */

/** {"const":…} of a text. */
static void add_const(struct json_writer *json, const char *key, const char *text)
{
    open_object(json, key);
    add_text(json, "const", text);
    json_close_object(json);
}

static void add_truth(struct json_writer *json, bool value)
{
    open_object(json, "ok");
    json_key(json, "const");
    json_add_bool(json, value);
    json_close_object(json);
}

static void add_required(struct json_writer *json, const char *const *names)
{
    json_key(json, "required");
    json_open_array(json);
    for (; *names; names++)
        json_add_stringz(json, *names);
    json_close_array(json);
}

/** What `/ws` puts around the data of an event. */
static void add_envelope(struct document *document, const struct asyncapi_row *row)
{
    static const char *const required[] = {"event", NULL};
    struct json_writer *json = &document->json;
    json_open_object(json);
    add_text(json, "type", "object");
    open_object(json, "properties");
    add_const(json, "event", row->name);
    json_key(json, "data");
    add_schema(document, row->shape);
    if (row->in) {
        json_key(json, "id");
        json_add_raw(json, dais_cstr("{\"type\":[\"string\",\"integer\"]}"));
    } else {
        json_key(json, "room");
        json_add_raw(json, dais_cstr("{\"type\":\"string\"}"));
        json_key(json, "epoch");
        json_add_raw(json, dais_cstr("{\"type\":\"integer\"}"));
        json_key(json, "seq");
        json_add_raw(json, dais_cstr("{\"type\":\"integer\"}"));
    }
    json_close_object(json);
    add_required(json, required);
    json_close_object(json);
}

/** One of the two forms of an answer. */
static void add_outcome(struct document *document, const struct channel *channel,
                        const struct asyncapi_row *row, bool done)
{
    static const char *const of_envelope[] = {"event", "id", "ok", NULL};
    struct json_writer *json = &document->json;
    json_open_object(json);
    add_text(json, "type", "object");
    open_object(json, "properties");
    if (channel->envelope) {
        add_const(json, "event", "ack");
        json_key(json, "id");
        json_add_raw(json, dais_cstr("{\"type\":[\"string\",\"integer\"]}"));
    }
    add_truth(json, done);
    json_key(json, done ? "data" : "error");
    if (done)
        add_schema(document, row->in->ack_shape);
    else
        add_ref(json, "#/components/schemas/Problem");
    json_close_object(json);
    add_required(json, channel->envelope ? of_envelope : of_envelope + 2);
    json_close_object(json);
}

/** An event with arguments of any number and kind is no object. */
static bool is_raw(const struct asyncapi_row *row)
{
    return row->in && row->in->flags & DAIS_EVENT_RAW;
}

static void add_payload(struct document *document, const struct channel *channel,
                        const struct asyncapi_row *row)
{
    json_key(&document->json, "payload");
    if (channel->envelope)
        add_envelope(document, row);
    else
        add_schema(document, row->shape);
}

static void add_message(struct document *document, const struct channel *channel,
                        const struct asyncapi_row *row)
{
    char key[2 * ASYNCAPI_KEY_BYTES];
    struct json_writer *json = &document->json;
    name_message(channel, "", row, key);
    open_object(json, key);
    add_text(json, "name", row->name);
    if (row->summary)
        add_text(json, "summary", row->summary);
    if (is_raw(row)) {
        json_key(json, "x-dais-raw");
        json_add_bool(json, true);
    }
    add_payload(document, channel, row);
    json_close_object(json);
}

/** The answer to an event; that to a raw one is whatever its handler makes it. */
static void add_answer(struct document *document, const struct channel *channel,
                       const struct asyncapi_row *row)
{
    char key[2 * ASYNCAPI_KEY_BYTES];
    struct json_writer *json = &document->json;
    name_message(channel, "ack.", row, key);
    open_object(json, key);
    add_text(json, "name", "ack");
    open_object(json, "payload");
    if (!is_raw(row)) {
        json_key(json, "oneOf");
        json_open_array(json);
        add_outcome(document, channel, row, true);
        add_outcome(document, channel, row, false);
        json_close_array(json);
    }
    json_close_object(json);
    json_close_object(json);
}

/** Calls `each` for every row of every channel of sockets. */
static void visit(struct document *document, void (*each)(struct document *, const struct channel *,
                                                          const struct asyncapi_row *))
{
    for (uint32_t i = 0; i < document->channel_count; i++)
        for (uint32_t j = 0; j < document->rows.count; j++)
            if (is_in(&document->channels[i], &document->rows.items[j]))
                each(document, &document->channels[i], &document->rows.items[j]);
}

static void add_messages(struct document *document, const struct channel *channel,
                         const struct asyncapi_row *row)
{
    add_message(document, channel, row);
    if (row->in)
        add_answer(document, channel, row);
}

static void add_components(struct document *document)
{
    struct json_writer *json = &document->json;
    open_object(json, "components");
    open_object(json, "schemas");
    json_key(json, "Problem");
    add_schema(document, &openapi_problem);
    json_close_object(json);
    open_object(json, "securitySchemes");
    open_object(json, "bearer");
    add_text(json, "type", "http");
    add_text(json, "scheme", "bearer");
    add_text(json, "bearerFormat", "JWT");
    json_close_object(json);
    json_close_object(json);
    open_object(json, "messages");
    visit(document, add_messages);
    json_close_object(json);
    json_close_object(json);
}

/* --- channels --- */

static void add_message_refs(struct document *document, const struct channel *channel)
{
    struct json_writer *json = &document->json;
    char key[2 * ASYNCAPI_KEY_BYTES];
    open_object(json, "messages");
    for (uint32_t i = 0; i < document->rows.count; i++) {
        const struct asyncapi_row *row = &document->rows.items[i];
        if (!is_in(channel, row))
            continue;
        name_message(channel, "", row, key);
        json_key(json, row->key);
        add_ref(json, "#/components/messages/%s", key);
        if (!row->in)
            continue;
        char own[ASYNCAPI_KEY_BYTES + 8];
        snprintf(own, sizeof own, "ack.%s", row->key);
        name_message(channel, "ack.", row, key);
        json_key(json, own);
        add_ref(json, "#/components/messages/%s", key);
    }
    json_close_object(json);
}

static void add_channel(struct document *document, const struct channel *channel)
{
    struct json_writer *json = &document->json;
    open_object(json, channel->key);
    add_text(json, "address", channel->envelope ? "/ws" : "/socket.io/");
    add_text(json, "title", channel->envelope ? "WebSocket" : "Socket.IO");
    add_text(json, "description",
             channel->envelope
                 ? "One JSON object a message. Token by ?token=, Authorization, or first message"
                 : "Socket.IO v5 on Engine.IO v4: polling and WebSocket. Token in auth.token");
    if (!channel->envelope)
        add_text(json, "x-dais-namespace", channel->space);
    add_message_refs(document, channel);
    json_close_object(json);
}

static void add_endpoint(struct document *document, const struct dais_endpoint *row)
{
    struct json_writer *json = &document->json;
    struct dais_str key = arena_printf(document->arena, "endpoint%s", row->path);
    if (!key.ptr) {
        document->error = DAIS_E_MEMORY;
        return;
    }
    while (key.len > 1 && key.ptr[key.len - 1] == '/')
        key.len--;
    char *at = arena_cstr(document->arena, key);
    for (char *c = at; c && *c; c++)
        *c = *c == '/' ? '.' : *c;
    open_object(json, at ? at : "endpoint");
    add_text(json, "address", row->path);
    if (row->summary)
        add_text(json, "description", row->summary);
    add_text(json, "x-dais-protocol",
             row->protocol == DAIS_ENDPOINT_ENGINEIO ? "engine.io" : "websocket");
    json_close_object(json);
}

static void add_endpoints(struct document *document)
{
    const struct host *host = host_get();
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        const struct registration *record = NULL;
        const struct generation *generation = host->plugins[owner].current;
        while ((record = registration_next(generation, REGISTRATION_ENDPOINTS, record)) != NULL)
            for (const struct dais_endpoint *row = record->table; row->path; row++)
                add_endpoint(document, row);
    }
}

static void add_channels(struct document *document)
{
    open_object(&document->json, "channels");
    for (uint32_t i = 0; i < document->channel_count; i++)
        add_channel(document, &document->channels[i]);
    add_endpoints(document);
    json_close_object(&document->json);
}

/** `/ws`, "/", and what other namespaces there are, in the order in which they come up. */
static void find_channels(struct document *document)
{
    static const struct channel first[] = {{"/", true, "ws"}, {"/", false, "socketio"}};
    memcpy(document->channels, first, sizeof first);
    document->channel_count = 2;
    for (uint32_t i = 0; i < document->rows.count; i++) {
        const char *space = document->rows.items[i].space;
        uint32_t at = 1;
        while (at < document->channel_count && strcmp(document->channels[at].space, space) != 0)
            at++;
        if (at < document->channel_count || at == 1 + SPACES_MAX)
            continue;
        struct channel *channel = &document->channels[document->channel_count++];
        *channel = (struct channel){.space = space};
        snprintf(channel->key, sizeof channel->key, "socketio.%s", space + (*space == '/'));
        for (char *c = channel->key; *c; c++)
            *c = *c == '/' ? '.' : *c;
    }
}

/* --- operations --- */

static void add_access(struct json_writer *json, const struct asyncapi_row *row)
{
    const struct dais_event *event = row->in;
    add_text(json, "x-dais-access", roles_access_name(event->access));
    json_key(json, "x-dais-roles");
    json_open_array(json);
    for (uint32_t role = 1; role != 0 && role <= DAIS_ROLE_CREATOR; role <<= 1)
        if (event->roles & role)
            json_add_stringz(json, roles_name(role));
    json_close_array(json);
    add_text(json, "x-dais-rate-class", row->rate_class);
    if (event->access == DAIS_ACCESS_PUBLIC)
        return;
    json_key(json, "security");
    json_open_array(json);
    add_ref(json, "#/components/securitySchemes/bearer");
    json_close_array(json);
}

/** "channel" and "messages": one of the messages of a channel. */
static void add_place(struct json_writer *json, const struct channel *channel, const char *prefix,
                      const struct asyncapi_row *row)
{
    json_key(json, "channel");
    add_ref(json, "#/channels/%s", channel->key);
    json_key(json, "messages");
    json_open_array(json);
    add_ref(json, "#/channels/%s/messages/%s%s", channel->key, prefix, row->key);
    json_close_array(json);
}

static void add_operation(struct document *document, const struct channel *channel,
                          const struct asyncapi_row *row)
{
    char key[2 * ASYNCAPI_KEY_BYTES];
    struct json_writer *json = &document->json;
    name_message(channel, "", row, key);
    open_object(json, key);
    add_text(json, "action", row->in ? "receive" : "send");
    add_place(json, channel, "", row);
    if (row->summary)
        add_text(json, "summary", row->summary);
    json_key(json, "tags");
    json_open_array(json);
    json_open_object(json);
    add_text(json, "name", row->owner);
    json_close_object(json);
    json_close_array(json);
    if (row->in) {
        add_access(json, row);
        open_object(json, "reply");
        add_place(json, channel, "ack.", row);
        json_close_object(json);
    }
    json_close_object(json);
}

static void add_info(struct json_writer *json)
{
    add_text(json, "asyncapi", "3.0.0");
    open_object(json, "info");
    add_text(json, "title", "Dais");
    add_text(json, "version", DAIS_VERSION);
    add_text(json, "description",
             "Real-time events of this server and of the plugins that run in it");
    json_close_object(json);
    add_text(json, "defaultContentType", "application/json");
}

int32_t asyncapi_write(struct dais_arena *arena, struct strbuf *out)
{
    struct document *document = arena_alloc(arena, sizeof *document);
    if (!document)
        return DAIS_E_MEMORY;
    *document = (struct document){.arena = arena};
    int32_t error = asyncapi_gather(arena, &document->rows);
    if (error)
        return error;
    find_channels(document);
    json_write_init(&document->json, out);
    json_open_object(&document->json);
    add_info(&document->json);
    add_channels(document);
    open_object(&document->json, "operations");
    visit(document, add_operation);
    json_close_object(&document->json);
    add_components(document);
    json_close_object(&document->json);
    return document->error ? document->error : strbuf_error(out);
}
