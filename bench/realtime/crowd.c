/* SPDX-License-Identifier: MIT */
/*
 * The plugin that the benchmark and the hammer of the real-time layer talk to.
 *
 *   bench:join            enters a room; the answer says where its numbers stand
 *   bench:leave           leaves it
 *   bench:send            its argument, as it is, to the room "bench", as the event bench:message
 *   bench:send-droppable  the same, left out where a reader is slow
 *   bench:say             a number and a text to a room, as bench:message
 *   bench:count           how many there are
 */
#include "dais/dais.h"
#include "dais/rooms.h"

#define KIND "bench"
#define ROOM "room"

static const struct dais_room bench_room = {DAIS_STR_INIT(KIND), DAIS_STR_INIT(ROOM)};

struct room_name {
    uint64_t present;
    struct dais_str room;
    int64_t epoch;
    int64_t seq;
};

static const struct dais_field name_fields[] = {
    {"room", DAIS_KIND_STRING, 0, offsetof(struct room_name, room), 0, 1, 90, ROOM, NULL, NULL,
     NULL, "Its id"},
    DAIS_FIELD(struct room_name, epoch, DAIS_KIND_INT, 0, 0, INT64_MAX, "Of the last event seen"),
    DAIS_FIELD(struct room_name, seq, DAIS_KIND_INT, 0, 0, INT64_MAX, "Of the last event seen"),
    DAIS_FIELD_END,
};
static const struct dais_shape name_shape = DAIS_SHAPE("BenchRoom", struct room_name, name_fields);

struct state {
    uint64_t present;
    struct dais_str resumed;
    int64_t epoch;
    int64_t seq;
    int64_t viewers;
    int64_t members;
    int64_t replayed;
};

static const struct dais_field state_fields[] = {
    DAIS_FIELD(struct state, resumed, DAIS_KIND_STRING, 0, 0, 16, "fresh, replayed or resync"),
    DAIS_FIELD(struct state, epoch, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT64_MAX, "Of numbers"),
    DAIS_FIELD(struct state, seq, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT64_MAX, "Of the last"),
    DAIS_FIELD(struct state, viewers, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT64_MAX, "Distinct"),
    DAIS_FIELD(struct state, members, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT64_MAX, "Sockets"),
    DAIS_FIELD(struct state, replayed, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT64_MAX,
               "Events that were sent again"),
    DAIS_FIELD_END,
};
static const struct dais_shape state_shape = DAIS_SHAPE("BenchState", struct state, state_fields);

struct word {
    uint64_t present;
    struct dais_str room;
    int64_t number;
    struct dais_str text;
};

static const struct dais_field word_fields[] = {
    DAIS_FIELD(struct word, room, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 90, "Where"),
    DAIS_FIELD(struct word, number, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT64_MAX, "A number"),
    DAIS_FIELD(struct word, text, DAIS_KIND_STRING, 0, 0, 16384, "A text"),
    DAIS_FIELD_END,
};
static const struct dais_shape word_shape = DAIS_SHAPE("BenchWord", struct word, word_fields);

static struct dais_room room_of(struct dais_str id)
{
    struct dais_room room = bench_room;
    room.id = id;
    return room;
}

static struct state state_of(const struct dais_room_count *count)
{
    return (struct state){.epoch = (int64_t)count->epoch,
                          .seq = (int64_t)count->seq,
                          .viewers = count->viewers,
                          .members = count->members};
}

static int32_t join(struct dais_call *call, const void *data)
{
    static const char *const words[] = {"fresh", "replayed", "resync"};
    const struct room_name *name = data;
    struct dais_room_joined joined;
    const struct dais_room_join asked = {
        .room = room_of(name->room), .epoch = (uint64_t)name->epoch, .seq = (uint64_t)name->seq};
    int32_t error = dais_rooms->join(dais_events->socket(call), &asked, &joined);
    if (error)
        return error;
    struct state state = state_of(&joined.count);
    state.resumed = dais_cstr(words[joined.resumed]);
    state.replayed = joined.replayed;
    return dais_events->ack_fields(call, &state_shape, &state);
}

static int32_t leave(struct dais_call *call, const void *data)
{
    const struct room_name *name = data;
    struct dais_room room = room_of(name->room);
    return dais_rooms->leave(dais_events->socket(call), &room);
}

static int32_t count(struct dais_call *call, const void *data)
{
    const struct room_name *name = data;
    struct dais_room room = room_of(name->room);
    struct dais_room_count found;
    int32_t error = dais_rooms->count(&room, &found);
    if (error)
        return error;
    struct state state = state_of(&found);
    return dais_events->ack_fields(call, &state_shape, &state);
}

static int32_t emit(const struct dais_room *room, const struct dais_rendering *rendering,
                    uint32_t delivery)
{
    const struct dais_rendering renderings[] = {*rendering, {.event = NULL}};
    const struct dais_emit event = {.renderings = renderings, .delivery = delivery, .key = 1};
    return dais_rooms->emit(room, &event);
}

static int32_t send_as_it_is(struct dais_call *call, const void *data)
{
    const struct dais_rendering message = {.event = "bench:message",
                                           .json = dais_events->args(call)};
    (void)data;
    return emit(&bench_room, &message, DAIS_DURABLE);
}

static int32_t send_droppable(struct dais_call *call, const void *data)
{
    const struct dais_rendering message = {.event = "bench:message",
                                           .json = dais_events->args(call)};
    (void)data;
    return emit(&bench_room, &message, DAIS_DROPPABLE);
}

static int32_t say(struct dais_call *call, const void *data)
{
    const struct word *word = data;
    const struct dais_rendering message = {
        .event = "bench:message", .shape = &word_shape, .value = word};
    struct dais_room room = room_of(word->room);
    (void)call;
    return emit(&room, &message, DAIS_DURABLE);
}

static const struct dais_event events[] = {
    {.name = "bench:join",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &name_shape,
     .ack_shape = &state_shape,
     .handler = join,
     .summary = "Enters a room"},
    {.name = "bench:leave",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &name_shape,
     .handler = leave,
     .summary = "Leaves a room"},
    {.name = "bench:count",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &name_shape,
     .ack_shape = &state_shape,
     .handler = count,
     .summary = "How many there are"},
    {.name = "bench:send",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_EVENT_RAW,
     .handler = send_as_it_is,
     .summary = "To everybody, for certain"},
    {.name = "bench:send-droppable",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_EVENT_RAW,
     .handler = send_droppable,
     .summary = "To everybody who is quick enough"},
    {.name = "bench:say",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &word_shape,
     .handler = say,
     .summary = "A number to a room"},
    {.name = NULL},
};

static const struct dais_event_out documents[] = {
    {.name = "bench:message", .shape = &word_shape, .summary = "What somebody said"},
    {.name = "bench:viewers", .shape = &state_shape, .summary = "How many there are"},
    {.name = NULL},
};

static void tell(const struct dais_presence *change)
{
    if (change->what != DAIS_PRESENCE_COUNT)
        return;
    struct state state = state_of(&change->count);
    const struct dais_rendering message = {
        .event = "bench:viewers", .shape = &state_shape, .value = &state};
    int32_t error = emit(&change->room, &message, DAIS_REPLACEABLE);
    if (error)
        dais_logf(DAIS_WARN, "the count was not told");
}

static const struct dais_room_kind kinds[] = {
    {.name = KIND, .presence = tell, .summary = "Everybody may enter"},
    {.name = NULL},
};

static const struct dais_need needs[] = {
    DAIS_NEED_EVENTS, DAIS_NEED_ROOMS, DAIS_NEED_LOG, {NULL, NULL, 0, 0}};

static int32_t init(const struct dais_host *host)
{
    int32_t error = dais_rooms->kinds(kinds);
    (void)host;
    error = error ? error : dais_events->events(events);
    return error ? error : dais_events->documents(documents);
}

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "crowd",
    .version = "0.1.0",
    .summary = "Rooms for a crowd",
    .needs = needs,
    .init = init,
};
