/* SPDX-License-Identifier: MIT */
/*
 * A plugin that lives in rooms of others: finds them, watches them, joins and emits; its handler of
 * notes is one for HTTP and sockets. VERSION is what it says of itself.
 */
#include "dais/dais.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

/* --- which rooms there are --- */

struct question {
    uint64_t present;
    struct dais_str id, user, kind;
};

static const struct dais_field QUESTION_FIELDS[] = {
    DAIS_FIELD(struct question, id, DAIS_KIND_STRING, 0, 0, 100, "Of a room"),
    DAIS_FIELD(struct question, user, DAIS_KIND_STRING, 0, 0, 100, "Whose default room"),
    DAIS_FIELD(struct question, kind, DAIS_KIND_STRING, 0, 0, 32, "Of that kind"),
    DAIS_FIELD_END,
};
static const struct dais_shape QUESTION = DAIS_SHAPE("Question", struct question, QUESTION_FIELDS);

struct found {
    struct dais_str kind, id, owner_id, title;
    uint8_t open;
};

static const struct dais_field FOUND_FIELDS[] = {
    DAIS_FIELD(struct found, kind, DAIS_KIND_STRING, 0, 0, 32, "Of rooms"),
    DAIS_FIELD(struct found, id, DAIS_KIND_STRING, 0, 0, 100, "Of the room"),
    DAIS_FIELD_NAMED("ownerId", struct found, owner_id, DAIS_KIND_STRING, 0, 0, 100, "Whose"),
    DAIS_FIELD(struct found, title, DAIS_KIND_STRING, 0, 0, 200, "Its title"),
    DAIS_FIELD(struct found, open, DAIS_KIND_BOOL, 0, 0, 0, "Whether people may talk"),
    DAIS_FIELD_END,
};
static const struct dais_shape FOUND = DAIS_SHAPE("Found", struct found, FOUND_FIELDS);

static const char *text_of(struct dais_req *req, struct dais_str text)
{
    return text.ptr ? dais_mem->arena_dup(dais_http->arena(req), text).ptr : NULL;
}

static int32_t answer_room(struct dais_req *req, const struct dais_room_found *room)
{
    const struct found found = {.kind = room->kind,
                                .id = room->id,
                                .owner_id = room->owner_id,
                                .title = room->title,
                                .open = (room->flags & DAIS_ROOM_OPEN) != 0};
    return dais_http->reply_fields(req, 200, &FOUND, &found);
}

static int32_t find(struct dais_req *req, const struct dais_input *input)
{
    const struct question *asked = input->query;
    struct dais_room_found room;
    const char *kind = text_of(req, asked->kind);
    int32_t error = asked->user.ptr ? dais_room_default(kind, asked->user, &room)
                                    : dais_room_find(kind, asked->id, &room);
    return error ? error : answer_room(req, &room);
}

/** The kinds in the order in which they are asked. */
static int32_t list(struct dais_req *req, const struct dais_input *input)
{
    char *text = dais_mem->arena_alloc(dais_http->arena(req), 1024);
    const struct dais_roomsource_v1 *source;
    uint64_t len = 0;
    (void)input;
    if (!text)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; (source = dais_services->each(DAIS_ROOMSOURCE, i)) != NULL; i++) {
        struct dais_str kind = dais_cstr(source->kind);
        memcpy(text + len, kind.ptr, kind.len);
        len += kind.len;
        text[len++] = ' ';
    }
    return dais_http->reply(req, 200, "text/plain", dais_str(text, len));
}

/* --- ids --- */

static int32_t make_ids(struct dais_req *req, const struct dais_input *input)
{
    enum { COUNT = 1000 };
    char *text = dais_mem->arena_alloc(dais_http->arena(req), COUNT * DAIS_UUID_BYTES);
    (void)input;
    if (!text)
        return DAIS_E_MEMORY;
    for (uint64_t i = 0; i < COUNT; i++) {
        dais_random->uuid7(text + i * DAIS_UUID_BYTES);
        text[(i + 1) * DAIS_UUID_BYTES - 1] = '\n';
    }
    return dais_http->reply(req, 200, "text/plain", dais_str(text, COUNT * DAIS_UUID_BYTES));
}

/* --- one handler for HTTP and sockets --- */

struct note {
    uint64_t present;
    struct dais_str text, by;
    uint8_t socket;
    int64_t retry_ms;
};

static const struct dais_field NOTE_FIELDS[] = {
    DAIS_FIELD(struct note, text, DAIS_KIND_STRING, 0, 1, 100, "What is noted"),
    DAIS_FIELD_NAMED("retryMs", struct note, retry_ms, DAIS_KIND_INT, 0, 0, 100000,
                     "When it may be tried again"),
    DAIS_FIELD_END,
};
static const struct dais_shape NOTE = DAIS_SHAPE("Note", struct note, NOTE_FIELDS);
static const struct dais_field NOTED_FIELDS[] = {
    DAIS_FIELD(struct note, text, DAIS_KIND_STRING, 0, 0, 100, "What was noted"),
    DAIS_FIELD(struct note, by, DAIS_KIND_STRING, DAIS_FIELD_NULLABLE, 0, 40, "By whom"),
    DAIS_FIELD_END,
};
static const struct dais_shape NOTED = DAIS_SHAPE("Noted", struct note, NOTED_FIELDS);

static int32_t noted(const struct dais_caller *caller, struct dais_str text)
{
    const struct dais_identity *identity = dais_caller_identity(caller);
    const struct note note = {
        .text = dais_mem->arena_dup(dais_caller_arena(caller), text),
        .by = identity ? identity->user_id : dais_str(NULL, 0),
    };
    int is_socket = dais_caller_socket_handle(caller) != 0;
    if (is_socket != (caller->call != NULL))
        return DAIS_E_INTERNAL;
    return dais_caller_reply(caller, 201, &NOTED, &note);
}

static int32_t note(const struct dais_caller *caller, const struct note *note)
{
    if (!note->text.ptr)
        return dais_caller_done(caller);
    if (dais_str_eq(note->text, dais_cstr("wrong")))
        return dais_caller_fail(caller, DAIS_E_CONFLICT, "text", "it is wrong");
    if (dais_str_eq(note->text, dais_cstr("soon")))
        return dais_caller_fail_later(caller, DAIS_E_LIMIT, (uint64_t)note->retry_ms, "text",
                                      "not yet");
    if (dais_str_eq(note->text, dais_cstr("closed")))
        return dais_caller_fail_later(caller, DAIS_E_DENIED, (uint64_t)note->retry_ms, NULL,
                                      "not now");
    return dais_str_eq(note->text, dais_cstr("error")) ? DAIS_E_GONE : noted(caller, note->text);
}

static int32_t note_request(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_caller caller = dais_caller_http(req);
    return note(&caller, input->body);
}

static int32_t note_event(struct dais_call *call, const void *data)
{
    const struct dais_caller caller = dais_caller_socket(call);
    return note(&caller, data);
}

/* --- in rooms of others --- */

struct place {
    uint64_t present;
    struct dais_str kind, id;
};

static const struct dais_field PLACE_FIELDS[] = {
    DAIS_FIELD(struct place, kind, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 32, "Of a room"),
    DAIS_FIELD(struct place, id, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 90, "Of a room"),
    DAIS_FIELD_END,
};
static const struct dais_shape PLACE = DAIS_SHAPE("Place", struct place, PLACE_FIELDS);

static struct dais_room room_of(const void *data)
{
    const struct place *place = data;
    return (struct dais_room){place->kind, place->id};
}

static int32_t join(struct dais_call *call, const void *data)
{
    const struct dais_room_join join = {.room = room_of(data), .dialect = "asker"};
    struct dais_room_joined joined;
    return dais_rooms->join(dais_events->socket(call), &join, &joined);
}

static int32_t has(struct dais_call *call, const void *data)
{
    const struct dais_room room = room_of(data);
    return dais_rooms->has(&room, dais_events->socket(call));
}

static int32_t say(const struct dais_room *room, const char *event)
{
    const struct dais_rendering renderings[] = {
        {.event = event, .json = DAIS_STR_INIT(TEXT(VERSION))}, {.event = NULL}};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    return dais_rooms->emit(room, &emit);
}

static int32_t speak(struct dais_call *call, const void *data)
{
    const struct dais_room room = room_of(data);
    (void)call;
    return say(&room, "asker:said");
}

static void presence(const struct dais_presence *change)
{
    if (change->what == DAIS_PRESENCE_JOINED && say(&change->room, "asker:saw"))
        dais_logf(DAIS_WARN, "who came was not told");
}

static const struct dais_room_watch WATCHES[] = {
    {.kind = "live", .presence = presence, .summary = "Says who came"},
    {.kind = "north", .presence = presence, .summary = "Says who came"},
    {.kind = "south", .presence = presence, .summary = "Says who came"},
    {.kind = NULL},
};

/* --- the plugin --- */

#define GET_ROUTE(url, query, function)                                                            \
    {                                                                                              \
        .method = "GET", .path = url, .access = DAIS_ACCESS_PUBLIC, .status = 200,                 \
        .query_shape = query, .handler = function, .summary = "A test"                             \
    }

static const struct dais_route ROUTES[] = {
    GET_ROUTE("/asker/room", &QUESTION, find),
    GET_ROUTE("/asker/sources", NULL, list),
    GET_ROUTE("/asker/ids", NULL, make_ids),
    {.method = "PATCH",
     .path = "/asker/note",
     .access = DAIS_ACCESS_PUBLIC,
     .status = 201,
     .body_shape = &NOTE,
     .answer_shape = &NOTED,
     .handler = note_request,
     .summary = "Note something"},
    {.method = NULL},
};

static const struct dais_event EVENTS[] = {
    {.name = "asker:note",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &NOTE,
     .handler = note_event,
     .summary = "Note something"},
    {.name = "asker:join",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &PLACE,
     .handler = join,
     .summary = "Enter a room"},
    {.name = "asker:has",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &PLACE,
     .handler = has,
     .summary = "Be in a room"},
    {.name = "asker:say",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &PLACE,
     .handler = speak,
     .summary = "Say something in a room"},
    {.name = NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_http->routes(ROUTES);
    if (!error)
        error = dais_events->events(EVENTS);
    return error ? error : dais_rooms->observe(WATCHES);
}

static const struct dais_need NEEDS[] = {DAIS_NEED_EVENTS,   DAIS_NEED_HTTP,    DAIS_NEED_LOG,
                                         DAIS_NEED_MEM,      DAIS_NEED_RANDOM,  DAIS_NEED_ROOMS,
                                         DAIS_NEED_SERVICES, {NULL, NULL, 0, 0}};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "asker",
    .version = TEXT(VERSION) ".0.0",
    .needs = NEEDS,
    .init = init,
};
