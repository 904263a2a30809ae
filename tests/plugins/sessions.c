/* SPDX-License-Identifier: MIT */
/*
 * Stands in for event sessions: rooms of the kind "session", which exist as long as their row does
 * and are open until they are closed. Offers "dais.roomsource/1:session", so that tests see what
 * plugins do in rooms that are no streams.
 */
#include "dais/dais.h"

#define KIND "session"

enum { OWNER, ADD, GET, FIRST, CLOSE, REMOVE };

#define COLUMNS "id, owner_id, title, closed"

static const struct dais_statement STATEMENTS[] = {
    [OWNER] = {"owner", "SELECT owner_id FROM sessions.sessions WHERE id = $1", DAIS_LANE_READ, 1,
               DAIS_STATEMENT_IDEMPOTENT, 0},
    [ADD] = {"add",
             "INSERT INTO sessions.sessions (owner_id, title) VALUES ($1, $2) RETURNING " COLUMNS,
             DAIS_LANE_POOL, 2, 0, 0},
    [GET] = {"get", "SELECT " COLUMNS " FROM sessions.sessions WHERE id::text = $1", DAIS_LANE_READ,
             1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [FIRST] = {"first",
               "SELECT " COLUMNS " FROM sessions.sessions WHERE owner_id::text = $1 "
               "ORDER BY created_at, id LIMIT 1",
               DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [CLOSE] = {"close", "UPDATE sessions.sessions SET closed = true WHERE id = $1", DAIS_LANE_POOL,
               1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [REMOVE] = {"remove", "DELETE FROM sessions.sessions WHERE id = $1", DAIS_LANE_POOL, 1,
                DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

static const struct dais_migration MIGRATIONS[] = {
    {1, 0, "sessions",
     "CREATE TABLE sessions.sessions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
     " owner_id uuid NOT NULL, title text NOT NULL, closed boolean NOT NULL DEFAULT false,"
     " created_at timestamptz NOT NULL DEFAULT clock_timestamp())"},
    {0, 0, NULL, NULL},
};

/* --- which there are --- */

static int32_t query(uint32_t statement, struct dais_str id, struct dais_room_found *ret_room)
{
    const struct dais_param params[] = {dais_text(id)};
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->query(&STATEMENTS[statement], params, 1, &rows);
    if (error)
        return error;
    if (dais_db->rows_count(rows) == 0)
        return DAIS_E_NOT_FOUND;
    int closed = dais_str_eq(dais_db->cell(rows, 0, 3), dais_cstr("t"));
    *ret_room = (struct dais_room_found){.kind = dais_cstr(KIND),
                                         .id = dais_db->cell(rows, 0, 0),
                                         .owner_id = dais_db->cell(rows, 0, 1),
                                         .title = dais_db->cell(rows, 0, 2),
                                         .flags = closed ? 0 : DAIS_ROOM_OPEN};
    return DAIS_OK;
}

static int32_t find(struct dais_str id, struct dais_room_found *ret_room)
{
    return query(GET, id, ret_room);
}

static int32_t default_of(struct dais_str user_id, struct dais_room_found *ret_room)
{
    return query(FIRST, user_id, ret_room);
}

static const struct dais_roomsource_v1 SOURCE = {KIND, find, default_of};

/* --- routes --- */

struct session {
    uint64_t present;
    struct dais_str id, owner_id, title;
};

#define ID                                                                                         \
    DAIS_FIELD(struct session, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 0, 0, "Of the session")
#define TITLE                                                                                      \
    DAIS_FIELD(struct session, title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 200, "Its title")

static const struct dais_field MADE_FIELDS[] = {TITLE, DAIS_FIELD_END};
static const struct dais_shape MADE = DAIS_SHAPE("SessionMade", struct session, MADE_FIELDS);
static const struct dais_field PATH_FIELDS[] = {ID, DAIS_FIELD_END};
static const struct dais_shape PATH = DAIS_SHAPE("SessionPath", struct session, PATH_FIELDS);
static const struct dais_field SESSION_FIELDS[] = {
    ID, TITLE,
    DAIS_FIELD_NAMED("ownerId", struct session, owner_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 0, 0,
                     "Whose it is"),
    DAIS_FIELD_END};
static const struct dais_shape SESSION = DAIS_SHAPE("Session", struct session, SESSION_FIELDS);

struct how {
    uint64_t present;
    uint8_t remove;
};

static const struct dais_field HOW_FIELDS[] = {
    DAIS_FIELD(struct how, remove, DAIS_KIND_BOOL, 0, 0, 0, "Not only closed: gone"),
    DAIS_FIELD_END};
static const struct dais_shape HOW = DAIS_SHAPE("SessionEnd", struct how, HOW_FIELDS);

static int32_t make(struct dais_req *req, const struct dais_input *input)
{
    const struct session *asked = input->body;
    const struct dais_param params[] = {dais_text(dais_http->identity(req)->user_id),
                                        dais_text(asked->title)};
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->query(&STATEMENTS[ADD], params, 2, &rows);
    if (error)
        return error;
    const struct session made = {.id = dais_db->cell(rows, 0, 0),
                                 .owner_id = dais_db->cell(rows, 0, 1),
                                 .title = dais_db->cell(rows, 0, 2)};
    return dais_http->reply_fields(req, 201, &SESSION, &made);
}

static int32_t end(struct dais_req *req, const struct dais_input *input)
{
    const struct session *asked = input->path;
    const struct how *how = input->query;
    const struct dais_param params[] = {dais_text(asked->id)};
    int32_t error = dais_db->query(&STATEMENTS[how->remove ? REMOVE : CLOSE], params, 1, NULL);
    if (!error)
        error = dais_bus->publish(DAIS_TOPIC_ROOM_CHANGED, asked->id, dais_str(NULL, 0));
    return error ? error : dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

static const struct dais_route ROUTES[] = {
    {.method = "POST",
     .path = "/api/sessions",
     .access = DAIS_ACCESS_USER,
     .status = 201,
     .body_shape = &MADE,
     .answer_shape = &SESSION,
     .handler = make,
     .summary = "Make a session"},
    {.method = "DELETE",
     .path = "/api/sessions/:id",
     .access = DAIS_ACCESS_OWNER,
     .roles = DAIS_ROLE_ADMIN,
     .owner = &STATEMENTS[OWNER],
     .status = 204,
     .path_shape = &PATH,
     .query_shape = &HOW,
     .handler = end,
     .summary = "Close a session, or remove it"},
    {.method = NULL},
};

/* --- who is there --- */

struct entry {
    uint64_t present;
    struct dais_str session_id, room;
    int64_t epoch, seq, viewers;
};

#define SESSION_ID                                                                                 \
    DAIS_FIELD_NAMED("sessionId", struct entry, session_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED,   \
                     0, 0, "Of the session")
#define VIEWERS                                                                                    \
    DAIS_FIELD(struct entry, viewers, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT32_MAX,            \
               "How many are there")

static const struct dais_field ENTRY_FIELDS[] = {SESSION_ID, DAIS_FIELD_END};
static const struct dais_shape ENTRY = DAIS_SHAPE("SessionEntry", struct entry, ENTRY_FIELDS);
static const struct dais_field COUNT_FIELDS[] = {SESSION_ID, VIEWERS, DAIS_FIELD_END};
static const struct dais_shape COUNT = DAIS_SHAPE("SessionCount", struct entry, COUNT_FIELDS);
static const struct dais_field JOINED_FIELDS[] = {
    DAIS_FIELD(struct entry, room, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 140, "To resume it"),
    DAIS_FIELD(struct entry, epoch, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Of its numbers"),
    DAIS_FIELD(struct entry, seq, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Of its last event"),
    VIEWERS, DAIS_FIELD_END};
static const struct dais_shape JOINED = DAIS_SHAPE("SessionJoined", struct entry, JOINED_FIELDS);

static int32_t admit(const struct dais_room_entry *entry)
{
    struct dais_room_found room;
    return find(entry->room.id, &room);
}

static void presence(const struct dais_presence *change)
{
    const struct entry told = {.session_id = change->room.id, .viewers = change->count.viewers};
    const struct dais_rendering renderings[] = {
        {.event = "viewers:count", .shape = &COUNT, .value = &told}, {.event = NULL}};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_REPLACEABLE};
    if (change->what == DAIS_PRESENCE_COUNT && dais_rooms->emit(&change->room, &emit))
        dais_logf(DAIS_WARN, "how many are in a session was not told");
}

static int32_t join(struct dais_call *call, const void *data)
{
    struct entry entry = *(const struct entry *)data;
    char name[sizeof KIND ":" + 36] = KIND ":";
    const struct dais_room_join join = {.room = {dais_cstr(KIND), entry.session_id},
                                        .dialect = KIND};
    struct dais_room_joined joined;
    int32_t error = dais_rooms->join(dais_events->socket(call), &join, &joined);
    if (error)
        return error;
    memcpy(name + sizeof KIND, entry.session_id.ptr, entry.session_id.len);
    entry.room = dais_cstr(name);
    entry.epoch = (int64_t)joined.count.epoch;
    entry.seq = (int64_t)joined.count.seq;
    entry.viewers = joined.count.viewers;
    return dais_events->ack_fields(call, &JOINED, &entry);
}

static int32_t leave(struct dais_call *call, const void *data)
{
    const struct dais_room room = {dais_cstr(KIND), ((const struct entry *)data)->session_id};
    return dais_rooms->leave(dais_events->socket(call), &room);
}

static const struct dais_event EVENTS[] = {
    {.name = "session:join",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &ENTRY,
     .ack_shape = &JOINED,
     .handler = join,
     .summary = "Be in a session"},
    {.name = "session:leave",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &ENTRY,
     .handler = leave,
     .summary = "Be in it no longer"},
    {.name = NULL},
};

static const struct dais_event_out DOCUMENTS[] = {
    {"viewers:count", NULL, &COUNT, "How many are in a session"}, {NULL, NULL, NULL, NULL}};

static const struct dais_room_kind KINDS[] = {
    {.name = KIND, .admit = admit, .presence = presence, .summary = "Who is in a session"},
    {.name = NULL},
};

/* --- the plugin --- */

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_db->migrations(MIGRATIONS);
    if (!error)
        error = dais_db->statements(STATEMENTS);
    if (!error)
        error = dais_http->routes(ROUTES);
    if (!error)
        error = dais_events->events(EVENTS);
    if (!error)
        error = dais_events->documents(DOCUMENTS);
    return error ? error : dais_rooms->kinds(KINDS);
}

static const struct dais_need NEEDS[] = {DAIS_NEED_BUS,   DAIS_NEED_DB,      DAIS_NEED_EVENTS,
                                         DAIS_NEED_HTTP,  DAIS_NEED_LOG,     DAIS_NEED_MEM,
                                         DAIS_NEED_ROOMS, {NULL, NULL, 0, 0}};

static const struct dais_offer OFFERS[] = {{DAIS_ROOMSOURCE ":" KIND, &SOURCE}, {NULL, NULL}};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "sessions",
    .version = "1.0.0",
    .needs = NEEDS,
    .offers = OFFERS,
    .init = init,
};
