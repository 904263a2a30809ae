/* SPDX-License-Identifier: MIT */
/*
 * A plugin that uses dais.events/1 and dais.rooms/1 as they should be used, so that tests can see
 * the host do its part: who may send what, fields, answers, order, rooms, closing. With FAILING its
 * answers are errors of its own.
 */
#include "dais/dais.h"

#include <stdlib.h>

struct words {
    uint64_t present;
    struct dais_str text, to, dialect;
    int64_t number;
};

static const struct dais_field words_fields[] = {
    DAIS_FIELD(struct words, text, DAIS_KIND_STRING, 0, 1, 100, "What is said"),
    DAIS_FIELD(struct words, to, DAIS_KIND_STRING, 0, 1, 64, "A room, or a user"),
    DAIS_FIELD(struct words, dialect, DAIS_KIND_STRING, 0, 1, 16, "Of a member of a room"),
    DAIS_FIELD(struct words, number, DAIS_KIND_INT, 0, -100, 10000, "Of an error; milliseconds"),
    DAIS_FIELD_END,
};
static const struct dais_shape words_shape = DAIS_SHAPE("Words", struct words, words_fields);

struct heard {
    struct dais_str text, by, role;
};

static const struct dais_field heard_fields[] = {
    DAIS_FIELD(struct heard, text, DAIS_KIND_STRING, 0, 0, 100, "What was said"),
    DAIS_FIELD(struct heard, by, DAIS_KIND_STRING, 0, 0, 100, "Who said it"),
    DAIS_FIELD(struct heard, role, DAIS_KIND_STRING, 0, 0, 20, "Of whom"),
    DAIS_FIELD_END,
};
static const struct dais_shape heard_shape = DAIS_SHAPE("Heard", struct heard, heard_fields);

struct numbers {
    int64_t epoch, seq, viewers, members, resumed, replayed;
};

static const struct dais_field numbers_fields[] = {
    DAIS_FIELD(struct numbers, epoch, DAIS_KIND_INT, 0, 0, 0, "Of the room"),
    DAIS_FIELD(struct numbers, seq, DAIS_KIND_INT, 0, 0, 0, "Of its newest event"),
    DAIS_FIELD(struct numbers, viewers, DAIS_KIND_INT, 0, 0, 0, "Who are there"),
    DAIS_FIELD(struct numbers, members, DAIS_KIND_INT, 0, 0, 0, "Their sockets"),
    DAIS_FIELD(struct numbers, resumed, DAIS_KIND_INT, 0, 0, 0, "enum dais_resumed"),
    DAIS_FIELD(struct numbers, replayed, DAIS_KIND_INT, 0, 0, 0, "Events sent again"),
    DAIS_FIELD_END,
};
static const struct dais_shape numbers_shape = DAIS_SHAPE("Numbers", struct numbers,
                                                          numbers_fields);

static struct heard heard_by(struct dais_call *call, struct dais_str text)
{
    const struct dais_identity *identity = dais_events->identity(call);
    struct heard heard = {.text = text, .by = dais_events->viewer(call)};
    if (identity)
        heard.role = identity->role;
    return heard;
}

static int32_t say(struct dais_call *call, const void *data)
{
    const struct words *in = data;
#ifdef FAILING
    return DAIS_E_INTERNAL;
#endif
    struct heard heard = heard_by(call, in->text);
    return dais_events->ack_fields(call, &heard_shape, &heard);
}

static int32_t wait(struct dais_call *call, const void *data)
{
    const struct words *in = data;
    int32_t error = dais_fiber->sleep((uint64_t)in->number);
    return error ? error : say(call, data);
}

static int32_t fail(struct dais_call *call, const void *data)
{
    const struct words *in = data;
    if (in->text.len > 0)
        return dais_events->fail(call, (int32_t)in->number, "number", "it was asked for");
    return (int32_t)in->number;
}

static int32_t end_process(struct dais_call *call, const void *data)
{
    (void)call;
    (void)data;
    abort();
}

static int32_t leave_without_a_word(struct dais_call *call, const void *data)
{
    const struct words *in = data;
    return dais_events->close(dais_events->socket(call), (uint32_t)in->number);
}

/* --- to others --- */

/** An emission of one event with what was said, for every dialect. */
struct speech {
    struct heard heard;
    struct dais_rendering renderings[3];
    struct dais_emit emit;
};

static void write_speech(struct speech *speech, struct dais_call *call, struct dais_str text)
{
    speech->heard = heard_by(call, text);
    speech->renderings[0] = (struct dais_rendering){
        .event = "talk:heard", .shape = &heard_shape, .value = &speech->heard};
    speech->renderings[1] = (struct dais_rendering){
        .dialect = "short", .event = "t", .shape = &heard_shape, .value = &speech->heard};
    speech->renderings[2] = (struct dais_rendering){.event = NULL};
    speech->emit = (struct dais_emit){.renderings = speech->renderings, .delivery = DAIS_DURABLE};
}

static int32_t tell_all(struct dais_call *call, const void *data)
{
    struct speech speech;
    write_speech(&speech, call, ((const struct words *)data)->text);
    return dais_events->emit_all(NULL, &speech.emit);
}

static int32_t tell_user(struct dais_call *call, const void *data)
{
    struct speech speech;
    const struct words *in = data;
    write_speech(&speech, call, in->text);
    return dais_events->emit_user(in->to, &speech.emit);
}

static int32_t ask(struct dais_call *call, const void *data)
{
    struct speech speech;
    struct dais_str args;
    const struct words *in = data;
    write_speech(&speech, call, in->text);
    int32_t error = dais_events->ask(dais_events->socket(call), &speech.emit, 2000, &args);
    return error ? error : dais_events->ack_raw(call, args, NULL, 0);
}

/* --- rooms --- */

static struct dais_room room_of(const struct words *in)
{
    return (struct dais_room){dais_cstr("talk"), in->to};
}

static int32_t join(struct dais_call *call, const void *data)
{
    const struct words *in = data;
    struct dais_room_joined joined;
    struct dais_room_join wanted = {.room = room_of(in)};
    char dialect[17] = "";
    if (in->dialect.len > 0) {
        memcpy(dialect, in->dialect.ptr, in->dialect.len);
        wanted.dialect = dialect;
    }
    int32_t error = dais_rooms->join(dais_events->socket(call), &wanted, &joined);
    if (error)
        return error;
    const struct numbers numbers = {(int64_t)joined.count.epoch,
                                    (int64_t)joined.count.seq,
                                    joined.count.viewers,
                                    joined.count.members,
                                    joined.resumed,
                                    joined.replayed};
    return dais_events->ack_fields(call, &numbers_shape, &numbers);
}

static int32_t leave(struct dais_call *call, const void *data)
{
    const struct dais_room room = room_of(data);
    return dais_rooms->leave(dais_events->socket(call), &room);
}

static int32_t shout(struct dais_call *call, const void *data)
{
    struct speech speech;
    const struct words *in = data;
    const struct dais_room room = room_of(in);
    write_speech(&speech, call, in->text);
    return dais_rooms->emit(&room, &speech.emit);
}

static int32_t remove_viewer(struct dais_call *call, const void *data)
{
    const struct words *in = data;
    const struct dais_room room = room_of(in);
    (void)call;
    return dais_rooms->remove(&room, in->text, NULL);
}

/** Rooms whose name begins with "closed" let nobody in. */
static int32_t admit(const struct dais_room_entry *entry)
{
    static const char closed[] = "closed";
    if (entry->room.id.len >= sizeof closed - 1 &&
        memcmp(entry->room.id.ptr, closed, sizeof closed - 1) == 0)
        return DAIS_E_DENIED;
    return DAIS_OK;
}

/* --- a namespace for users only --- */

static int32_t connect_private(struct dais_call *call)
{
    return dais_events->identity(call) ? DAIS_OK : DAIS_E_UNAUTHENTICATED;
}

#define EVENT(NAME, ACCESS, HANDLER, SUMMARY)                                                      \
    {                                                                                              \
        .name = (NAME), .access = (ACCESS), .data_shape = &words_shape, .handler = (HANDLER),      \
        .summary = (SUMMARY)                                                                       \
    }

static const struct dais_event events[] = {
    {.name = "talk:say",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &words_shape,
     .ack_shape = &heard_shape,
     .handler = say,
     .summary = "Is heard by nobody else"},
    {.name = "talk:admin",
     .access = DAIS_ACCESS_ROLE,
     .roles = DAIS_ROLE_ADMIN,
     .data_shape = &words_shape,
     .handler = say,
     .summary = "For administrators"},
    {.name = "talk:say",
     .space = "/private",
     .access = DAIS_ACCESS_USER,
     .data_shape = &words_shape,
     .handler = say,
     .summary = "For users"},
    EVENT("talk:user", DAIS_ACCESS_USER, say, "For users"),
    EVENT("talk:wait", DAIS_ACCESS_PUBLIC, wait, "Is answered late"),
    EVENT("talk:fail", DAIS_ACCESS_PUBLIC, fail, "Fails"),
    EVENT("talk:crash", DAIS_ACCESS_PUBLIC, end_process, "Ends the process"),
    EVENT("talk:close", DAIS_ACCESS_PUBLIC, leave_without_a_word, "Ends the connection"),
    EVENT("talk:all", DAIS_ACCESS_PUBLIC, tell_all, "Tells everybody"),
    EVENT("talk:to", DAIS_ACCESS_PUBLIC, tell_user, "Tells one user"),
    EVENT("talk:ask", DAIS_ACCESS_PUBLIC, ask, "Asks who asks"),
    EVENT("talk:join", DAIS_ACCESS_PUBLIC, join, "Enters a room"),
    EVENT("talk:leave", DAIS_ACCESS_PUBLIC, leave, "Leaves it"),
    EVENT("talk:shout", DAIS_ACCESS_PUBLIC, shout, "Tells a room"),
    EVENT("talk:remove", DAIS_ACCESS_PUBLIC, remove_viewer, "Removes a viewer from a room"),
    {.name = NULL},
};

static const struct dais_event_out documents[] = {
    {.name = "talk:heard", .shape = &heard_shape, .summary = "Somebody said something"},
    {.name = NULL},
};

static const struct dais_space spaces[] = {
    {.name = "/private", .connect = connect_private, .summary = "For users only"},
    {.name = NULL},
};

static const struct dais_room_kind kinds[] = {
    {.name = "talk", .admit = admit, .summary = "Where people talk"},
    {.name = NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_events->spaces(spaces);
    if (!error)
        error = dais_events->events(events);
    if (!error)
        error = dais_events->documents(documents);
    return error ? error : dais_rooms->kinds(kinds);
}

static const struct dais_need needs[] = {
    DAIS_NEED_EVENTS,
    DAIS_NEED_ROOMS,
    DAIS_NEED_FIBER,
    {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "talk",
    .version = "1.0.0",
    .summary = "Says and hears",
    .needs = needs,
    .init = init,
};
