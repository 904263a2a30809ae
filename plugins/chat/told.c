/* SPDX-License-Identifier: MIT */
#include "told.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "plugin_metrics.h"
#include "store.h"

/** How clients of the party dialect join: they hear live:message instead of chat:message. */
#define LIVE "live"
/** How often, and after how many milliseconds, telling is tried again; each wait doubles. */
#define TRIES_MAX 6
#define FIRST_WAIT_MS 10

static const struct dais_rendering END = {.dialect = NULL, .event = NULL};

/* --- telling --- */

/** Where an event goes: a room, or the sockets of a user. */
struct to {
    struct dais_room room;
    struct dais_str user_id; /* absent: to the room */
};

static int32_t to_emit(const struct to *to, const struct dais_emit *emit)
{
    return to->user_id.ptr ? dais_events->emit_user(to->user_id, emit)
                           : dais_rooms->emit(&to->room, emit);
}

/** Tells, and tries again while too much is under way. What clients may miss is not tried again. */
static void tell(const struct to *to, const struct dais_emit *emit)
{
    int32_t error = to_emit(to, emit);
    uint64_t wait_ms = FIRST_WAIT_MS;
    for (int tries = 1; error == DAIS_E_LIMIT && tries < TRIES_MAX; tries++, wait_ms *= 2) {
        if (emit->delivery == DAIS_DROPPABLE || dais_fiber->sleep(wait_ms))
            break;
        error = to_emit(to, emit);
    }
    if (!error || emit->delivery == DAIS_DROPPABLE)
        return;
    plugin_metrics_count(PLUGIN_METRICS_UNTOLD);
    dais_logf(DAIS_WARN, "event %s of a chat was not told (%d)", emit->renderings->event,
              (int)error);
}

static struct to to_room(const struct card *card)
{
    return (struct to){.room = card_room(card)};
}

static struct to to_moderators(const struct card *card)
{
    return (struct to){.room = {dais_cstr(TOLD_MODERATORS), card->id}};
}

static struct to to_user(struct dais_str user_id)
{
    return (struct to){.user_id = user_id};
}

static void tell_one(const struct to *to, const char *event, const struct dais_shape *shape,
                     const void *value)
{
    const struct dais_rendering renderings[] = {{.event = event, .shape = shape, .value = value},
                                                END};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    tell(to, &emit);
}

void told_room(const struct card *card, const char *event, const struct dais_shape *shape,
               const void *value)
{
    const struct to to = to_room(card);
    tell_one(&to, event, shape, value);
}

void told_moderators(const struct card *card, const char *event, const struct dais_shape *shape,
                     const void *value)
{
    const struct to to = to_moderators(card);
    tell_one(&to, event, shape, value);
}

void told_user(struct dais_str user_id, const char *event, const struct dais_shape *shape,
               const void *value)
{
    const struct to to = to_user(user_id);
    tell_one(&to, event, shape, value);
}

/** What happens to a message: to everybody, or to those who see it while it is held back. */
static void tell_of(const struct card *card, const struct store_message *message,
                    const struct dais_emit *emit)
{
    if (message->is_released) {
        const struct to room = to_room(card);
        tell(&room, emit);
        return;
    }
    const struct to moderators = to_moderators(card);
    const struct to author = to_user(message->author.id);
    tell(&moderators, emit);
    tell(&author, emit);
}

static void tell_event(const struct card *card, const struct store_message *message,
                       const char *event, const struct dais_shape *shape, const void *value)
{
    const struct dais_rendering renderings[] = {{.event = event, .shape = shape, .value = value},
                                                END};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    tell_of(card, message, &emit);
}

/* --- messages --- */

/** Bytes of an id, as the database writes it. */
#define ID_BYTES 36u

/** The next id in what the database wrote: ["<id>", "<id>"]. Absent behind the last one. */
static struct dais_str next_mention(struct dais_str *rest)
{
    const char *quote = rest->len > ID_BYTES ? memchr(rest->ptr, '"', rest->len) : NULL;
    if (!quote || rest->len - (uint64_t)(quote + 1 - rest->ptr) <= ID_BYTES)
        return dais_str(NULL, 0);
    const char *end = quote + 1 + ID_BYTES + 1;
    rest->len -= (uint64_t)(end - rest->ptr);
    rest->ptr = end;
    return dais_str(quote + 1, ID_BYTES);
}

/** Everybody who is mentioned hears of it on all sockets; not the author. */
static void tell_mentioned(const struct store_message *message)
{
    const struct dais_rendering renderings[] = {
        {.event = "chat:mention", .shape = &told_chat_message, .value = message},
        {.dialect = LIVE, .event = "chat:mention", .shape = &told_live_message, .value = message},
        END};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    struct dais_str rest = message->mentions;
    for (struct dais_str id = next_mention(&rest); id.ptr; id = next_mention(&rest)) {
        const struct to mentioned = to_user(id);
        if (!dais_str_eq(id, message->author.id))
            tell(&mentioned, &emit);
    }
}

void told_message(const struct card *card, const struct store_message *message)
{
    const struct dais_rendering renderings[] = {
        {.event = "chat:message", .shape = &told_chat_message, .value = message},
        {.dialect = LIVE, .event = "live:message", .shape = &told_live_message, .value = message},
        END};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    tell_of(card, message, &emit);
    if (message->is_released)
        tell_mentioned(message);
}

void told_edited(const struct card *card, const struct store_message *message)
{
    tell_event(card, message, "chat:edited", &told_chat_message, message);
}

void told_deleted(const struct card *card, const struct store_message *message, struct dais_str by)
{
    const struct told_event told = {.id = message->id, .room_id = card->id, .by = by};
    tell_event(card, message, "chat:deleted", &told_deleted_shape, &told);
}

void told_pinned(const struct card *card, const struct store_message *message)
{
    const struct told_event told = {.id = message->id, .room_id = card->id};
    if (message->is_pinned)
        tell_event(card, message, "chat:pinned", &told_chat_message, message);
    else
        tell_event(card, message, "chat:unpinned", &told_unpinned_shape, &told);
}

/** A number for each message, so that its counts take the place of its own former ones. */
static uint32_t key_of(struct dais_str id)
{
    uint32_t key = 2166136261u;
    for (uint64_t i = 0; i < id.len; i++)
        key = (key ^ (uint8_t)id.ptr[i]) * 16777619u;
    return key;
}

void told_reaction(const struct card *card, const struct store_message *message)
{
    const struct told_event told = {
        .id = message->id, .room_id = card->id, .reactions = message->reactions};
    const struct dais_rendering renderings[] = {
        {.event = "chat:reaction", .shape = &told_reaction_shape, .value = &told}, END};
    const struct dais_emit emit = {
        .renderings = renderings, .delivery = DAIS_REPLACEABLE, .key = key_of(message->id)};
    tell_of(card, message, &emit);
}

/* --- rooms and people --- */

void told_typing(const struct card *card, const struct told_typing *typing, dais_handle except)
{
    const struct dais_rendering renderings[] = {
        {.event = "chat:typing", .shape = &told_typing_shape, .value = typing}, END};
    const struct dais_emit emit = {
        .renderings = renderings, .delivery = DAIS_DROPPABLE, .except = except};
    const struct to room = to_room(card);
    tell(&room, &emit);
}

void told_cleared(const struct card *card, const struct told_cleared *told)
{
    told_room(card, "chat:cleared", &told_cleared_shape, told);
}

void told_barred(const struct card *card, struct dais_str user_id, struct dais_str until,
                 struct dais_str reason)
{
    const struct told_bar told = {card->id, until, reason};
    told_user(user_id, "chat:barred", &told_barred_shape, &told);
}

void told_unbarred(const struct card *card, struct dais_str user_id)
{
    const struct told_bar told = {.room_id = card->id};
    told_user(user_id, "chat:unbarred", &told_unbarred_shape, &told);
}
