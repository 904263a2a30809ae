/* SPDX-License-Identifier: MIT */
#include "live_room.h"

#include "dais/log.h"
#include "live_card.h"
#include "live_told.h"

#define KIND "live"
#define DIRECTORY "directory"
/** Dialects: events are named, and streams called, as these clients expect it. */
#define STREAM "stream"
#define LIVE "live"

static const struct dais_rendering END = {.dialect = NULL, .event = NULL};

static void noted(int32_t error)
{
    if (error)
        dais_logf(DAIS_WARN, "an event of a stream was not sent (%d)", (int)error);
}

static struct dais_room room_of(struct dais_str id)
{
    return (struct dais_room){dais_cstr(KIND), id};
}

/** Both names of a stream: from its card, or from the database where it is not live. */
static int32_t find(struct dais_str id, struct dais_str name, struct live_told *ret_told)
{
    const struct live_card *card = id.ptr ? live_card_by_id(id) : live_card_by_name(name);
    struct dais_arena *arena = dais_mem->arena_self();
    ret_told->is_live = card != NULL;
    if (card) {
        ret_told->id = dais_mem->arena_dup(arena, dais_cstr(card->id));
        ret_told->playback_id = dais_mem->arena_dup(arena, dais_cstr(card->playback_id));
        return ret_told->id.ptr && ret_told->playback_id.ptr ? DAIS_OK : DAIS_E_MEMORY;
    }
    struct store_stream row = {0}, *rows = &row;
    const struct store_page page = {.playback_id = name, .limit = 1};
    uint32_t count = 1;
    int32_t error = id.ptr ? store_get(id, &row) : store_list(&page, &rows, &count);
    if (error)
        return error;
    if (count == 0)
        return DAIS_E_NOT_FOUND;
    ret_told->id = rows->id;
    ret_told->playback_id = rows->playback_id;
    ret_told->is_live = dais_str_eq(rows->status, dais_cstr("live"));
    return DAIS_OK;
}

/* --- what clients send --- */

/** Writes the name by which clients resume the room. */
static int32_t name_room(struct live_told *told)
{
    static const char prefix[] = KIND ":";
    const uint64_t skip = sizeof prefix - 1;
    char *text = dais_mem->arena_alloc(dais_mem->arena_self(), skip + told->id.len);
    if (!text)
        return DAIS_E_MEMORY;
    memcpy(text, prefix, skip);
    memcpy(text + skip, told->id.ptr, told->id.len);
    told->room = dais_str(text, skip + told->id.len);
    return DAIS_OK;
}

/** Joins in a dialect, which also the events are in that come to this client alone. */
static int32_t join(struct dais_call *call, const char *dialect, struct live_told *told)
{
    const struct dais_room_join join = {.room = room_of(told->id), .dialect = dialect};
    struct dais_room_joined joined;
    int32_t error = dais_rooms->join(dais_events->socket(call), &join, &joined);
    if (!error)
        error = dais_events->speak(call, dialect);
    if (error)
        return error;
    told->viewers = joined.count.viewers;
    told->epoch = (int64_t)joined.count.epoch;
    told->seq = (int64_t)joined.count.seq;
    return name_room(told);
}

static int32_t leave(struct dais_call *call, const struct live_told *told)
{
    const struct dais_room room = room_of(told->id);
    int32_t error = dais_rooms->leave(dais_events->socket(call), &room);
    return error == DAIS_E_NOT_FOUND ? DAIS_OK : error;
}

/** Says to this client alone what its dialect has an event for. */
static void say(struct dais_call *call, const char *event, const struct dais_shape *shape,
                const void *value)
{
    const struct dais_rendering renderings[] = {{.event = event, .shape = shape, .value = value},
                                                END};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    noted(dais_events->emit_socket(dais_events->socket(call), &emit));
}

static int32_t join_stream(struct dais_call *call, const void *data)
{
    const struct live_told_key *key = data;
    struct live_told told = {0};
    int32_t error = find(dais_str(NULL, 0), key->stream_key, &told);
    if (error == DAIS_E_NOT_FOUND) {
        const struct live_told_refusal refusal = {dais_cstr("there is no such stream"),
                                                  key->stream_key, dais_cstr("STREAM_NOT_FOUND")};
        say(call, "stream-error", &live_told_refusal, &refusal);
        return dais_events->fail(call, error, "streamKey", "there is no such stream");
    }
    if (!error)
        error = join(call, STREAM, &told);
    if (error)
        return error;
    say(call, "stream-joined", &live_told_joined, &told);
    return dais_events->ack_fields(call, &live_told_joined, &told);
}

static int32_t leave_stream(struct dais_call *call, const void *data)
{
    const struct live_told_key *key = data;
    struct live_told told = {0};
    int32_t error = find(dais_str(NULL, 0), key->stream_key, &told);
    return error ? error : leave(call, &told);
}

static int32_t live_join(struct dais_call *call, const void *data)
{
    const struct live_told_id *live = data;
    struct live_told told = {0};
    int32_t error = find(live->live_stream_id, dais_str(NULL, 0), &told);
    if (!error)
        error = join(call, LIVE, &told);
    return error ? error : dais_events->ack_fields(call, &live_told_live_joined, &told);
}

static int32_t live_leave(struct dais_call *call, const void *data)
{
    const struct live_told_id *live = data;
    const struct live_told told = {.id = live->live_stream_id};
    return leave(call, &told);
}

static int32_t live_browse(struct dais_call *call, const void *data)
{
    const struct dais_room_join join = {.room = {dais_cstr(DIRECTORY), dais_cstr("all")}};
    struct dais_room_joined joined;
    (void)data;
    return dais_rooms->join(dais_events->socket(call), &join, &joined);
}

const struct dais_event live_room_events[] = {
    {.name = "join-stream",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &live_told_stream_key,
     .ack_shape = &live_told_joined,
     .handler = join_stream,
     .summary = "Watch a stream by its public name"},
    {.name = "leave-stream",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &live_told_stream_key,
     .handler = leave_stream,
     .summary = "Watch it no longer"},
    {.name = "live:join",
     .access = DAIS_ACCESS_USER,
     .data_shape = &live_told_live_id,
     .ack_shape = &live_told_live_joined,
     .handler = live_join,
     .summary = "Watch a stream by its id"},
    {.name = "live:leave",
     .access = DAIS_ACCESS_USER,
     .data_shape = &live_told_live_id,
     .handler = live_leave,
     .summary = "Watch it no longer"},
    {.name = "live:browse",
     .access = DAIS_ACCESS_PUBLIC,
     .handler = live_browse,
     .summary = "Hear how many watch each stream"},
    {.name = NULL},
};

const struct dais_event_out live_room_documents[] = {
    {"stream-joined", NULL, &live_told_joined, "This client watches a stream now"},
    {"stream-error", NULL, &live_told_refusal, "What this client asked for cannot be done"},
    {"stream-ended", NULL, &live_told_stream_ended, "The stream has ended"},
    {"viewer-joined", NULL, &live_told_viewer, "Somebody came"},
    {"viewer-left", NULL, &live_told_viewer, "Somebody left"},
    {"viewers:count", NULL, &live_told_count, "How many watch, at most once a second"},
    {"live:created", NULL, &live_told_created, "A stream is live; everybody hears it"},
    {"live:ended", NULL, &live_told_ended, "A stream has ended; everybody hears it"},
    {"live:viewer:joined", NULL, &live_told_live_viewer, "Somebody came"},
    {"live:viewer:left", NULL, &live_told_live_viewer, "Somebody left"},
    {NULL, NULL, NULL, NULL},
};

/* --- who is there --- */

/** Rooms are for streams that exist, whoever asks to enter. */
static int32_t admit(const struct dais_room_entry *entry)
{
    struct live_told told = {0};
    return find(entry->room.id, dais_str(NULL, 0), &told);
}

static void tell_viewer(const struct dais_presence *change, const struct live_told *told)
{
    int came = change->what == DAIS_PRESENCE_JOINED;
    const struct dais_rendering renderings[] = {
        {.dialect = STREAM,
         .event = came ? "viewer-joined" : "viewer-left",
         .shape = &live_told_viewer,
         .value = told},
        {.dialect = LIVE,
         .event = came ? "live:viewer:joined" : "live:viewer:left",
         .shape = &live_told_live_viewer,
         .value = told},
        END};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DROPPABLE};
    noted(dais_rooms->emit(&change->room, &emit));
}

/** A number for each stream, so that a count takes the place of its own stream's former one. */
static uint32_t key_of(struct dais_str id)
{
    uint32_t key = 2166136261u;
    for (uint64_t i = 0; i < id.len; i++)
        key = (key ^ (uint8_t)id.ptr[i]) * 16777619u;
    return key;
}

static void tell_count(const struct dais_presence *change, const struct live_told *told)
{
    const struct dais_room directory = {dais_cstr(DIRECTORY), dais_cstr("all")};
    const struct dais_rendering renderings[] = {
        {.event = "viewers:count", .shape = &live_told_count, .value = told}, END};
    const struct dais_emit emit = {
        .renderings = renderings, .delivery = DAIS_REPLACEABLE, .key = key_of(change->room.id)};
    live_card_count(change->room.id, change->count.viewers);
    noted(dais_rooms->emit(&change->room, &emit));
    noted(dais_rooms->emit(&directory, &emit));
}

static void presence(const struct dais_presence *change)
{
    struct live_told told = {0};
    int32_t error = find(change->room.id, dais_str(NULL, 0), &told);
    told.viewer = change->viewer;
    told.viewers = change->count.viewers;
    told.peak = change->count.peak;
    if (error) /* it was removed, or the database is away: the next change tells */
        return;
    if (change->what == DAIS_PRESENCE_COUNT)
        tell_count(change, &told);
    else
        tell_viewer(change, &told);
}

const struct dais_room_kind live_room_kinds[] = {
    {.name = KIND, .admit = admit, .presence = presence, .summary = "Who watches a stream"},
    {.name = DIRECTORY, .summary = "Who looks at the list of streams"},
    {.name = NULL},
};

/* --- what everybody hears --- */

static void tell_all(const char *event, const struct dais_shape *shape,
                     const struct live_told *told)
{
    const struct dais_rendering renderings[] = {{.event = event, .shape = shape, .value = told},
                                                END};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    noted(dais_events->emit_all(NULL, &emit));
}

void live_room_created(const struct store_stream *stream)
{
    const struct live_told told = {.id = stream->id,
                                   .playback_id = stream->playback_id,
                                   .title = stream->title,
                                   .status = stream->status,
                                   .started_at = stream->started_at};
    tell_all("live:created", &live_told_created, &told);
}

void live_room_ended(struct dais_str id, struct dais_str playback_id)
{
    const struct live_told told = {.id = id, .playback_id = playback_id};
    const struct dais_room room = room_of(id);
    const struct dais_rendering renderings[] = {{.dialect = STREAM,
                                                 .event = "stream-ended",
                                                 .shape = &live_told_stream_ended,
                                                 .value = &told},
                                                END};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    noted(dais_rooms->emit(&room, &emit));
    tell_all("live:ended", &live_told_ended, &told);
}
