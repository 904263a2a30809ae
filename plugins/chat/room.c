/* SPDX-License-Identifier: MIT */
#include "room.h"

#include "card.h"
#include "dais/fiber.h"
#include "history.h"
#include "live_rights.h"
#include "store.h"
#include "store_moderation.h"
#include "told.h"

/** The dialect of chat's own clients: chat:message. */
#define DIALECT "chat"

static const struct dais_field JOIN_FIELDS[] = {
    WHO_ROOM_FIELDS(struct room_in),
    DAIS_FIELD(struct room_in, epoch, DAIS_KIND_INT, 0, 0, INT64_MAX,
               "of the last event that was seen, to get what was missed"),
    DAIS_FIELD(struct room_in, seq, DAIS_KIND_INT, 0, 0, INT64_MAX, "of that event"),
    DAIS_FIELD_END,
};
const struct dais_shape room_join_shape = DAIS_SHAPE("ChatJoin", struct room_in, JOIN_FIELDS);
static const struct dais_field LEAVE_FIELDS[] = {WHO_ROOM_FIELDS(struct room_in), DAIS_FIELD_END};
const struct dais_shape room_leave_shape = DAIS_SHAPE("ChatLeave", struct room_in, LEAVE_FIELDS);

/* --- the state --- */

struct barred {
    uint64_t present; /* 0: the caller is not */
    struct dais_str until;
    struct dais_str reason;
};

/** What the caller is in the room. */
struct you {
    struct dais_str user_id;
    struct barred barred;
    struct dais_str follows; /* JSON: true or false; absent: it does not matter here */
    uint8_t is_moderator;
    uint8_t is_owner;
};

struct state {
    struct dais_str room;
    struct dais_str kind;
    struct dais_str id;
    struct dais_str title;
    struct chat_settings settings;
    struct dais_list pinned;
    struct you you;
    int64_t viewers;
    int64_t epoch;
    int64_t seq;
};

static const struct dais_field BARRED_FIELDS[] = {
    DAIS_FIELD(struct barred, until, DAIS_KIND_TIME, 0, 0, 40, "absent: for good"),
    DAIS_FIELD(struct barred, reason, DAIS_KIND_STRING, 0, 0, 500, "what the moderator said"),
    DAIS_FIELD_END,
};
static const struct dais_shape BARRED = DAIS_SHAPE("ChatYourBar", struct barred, BARRED_FIELDS);

static const struct dais_field YOU_FIELDS[] = {
    DAIS_FIELD_NAMED("userId", struct you, user_id, DAIS_KIND_UUID, 0, 0, 36, "absent: a guest"),
    DAIS_FIELD_NAMED("isModerator", struct you, is_moderator, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED,
                     0, 1, "moderates this room"),
    DAIS_FIELD_NAMED("isOwner", struct you, is_owner, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 0, 1,
                     "owns this room"),
    DAIS_FIELD_NESTED("barred", struct you, barred, DAIS_KIND_OBJECT, 0, 0, &BARRED,
                      "there while the caller may not write"),
    DAIS_FIELD(struct you, follows, DAIS_KIND_JSON, 0, 0, 0,
               "follows the owner; there while only followers may write"),
    DAIS_FIELD_END,
};
static const struct dais_shape YOU = DAIS_SHAPE("ChatYou", struct you, YOU_FIELDS);

#define STATE_ROWS(settings_shape)                                                                 \
    DAIS_FIELD(struct state, room, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 80,                   \
               "the room's name, to resume it by"),                                                \
        DAIS_FIELD(struct state, kind, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 32,               \
                   "live, session …"),                                                             \
        DAIS_FIELD(struct state, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 0, 36, "the room"),      \
        DAIS_FIELD(struct state, title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 200,             \
                   "what it is called"),                                                           \
        DAIS_FIELD_NESTED("settings", struct state, settings, DAIS_KIND_OBJECT,                    \
                          DAIS_FIELD_REQUIRED, 0, settings_shape,                                  \
                          "how the chat is set; blocked words for moderators alone"),              \
        DAIS_FIELD_NESTED("pinned", struct state, pinned, DAIS_KIND_LIST, DAIS_FIELD_REQUIRED,     \
                          STORE_PINS_MAX, &told_chat_message, "the oldest pin first"),             \
        DAIS_FIELD_NESTED("you", struct state, you, DAIS_KIND_OBJECT, DAIS_FIELD_REQUIRED, 0,      \
                          &YOU, "what the caller is here"),                                        \
        DAIS_FIELD(struct state, viewers, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT32_MAX,        \
                   "who watches now, each viewer once"),                                           \
        DAIS_FIELD(struct state, epoch, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT64_MAX,          \
                   "of the room's numbers"),                                                       \
        DAIS_FIELD(struct state, seq, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, INT64_MAX,            \
                   "of its newest event"),                                                         \
        DAIS_FIELD_END

static const struct dais_field STATE_FIELDS[] = {STATE_ROWS(&chat_settings_shape)};
const struct dais_shape room_state_shape = DAIS_SHAPE("ChatRoom", struct state, STATE_FIELDS);
static const struct dais_field PUBLIC_FIELDS[] = {STATE_ROWS(&chat_settings_public_shape)};
static const struct dais_shape PUBLIC_STATE = DAIS_SHAPE("ChatPublicRoom", struct state,
                                                         PUBLIC_FIELDS);

static int32_t fill_bar(const struct card *card, struct you *you)
{
    struct store_bar bar;
    int32_t error = store_bar_of(card->id, you->user_id, &bar);
    if (!error)
        you->barred = (struct barred){1, bar.until, bar.reason};
    return error == DAIS_E_NOT_FOUND ? DAIS_OK : error;
}

static int32_t fill_follows(const struct card *card, const struct chat_sender *sender,
                            struct you *you)
{
    int64_t seconds;
    if (!chat_needs_follow(&card->settings, sender))
        return DAIS_OK;
    int32_t error = store_follow_age(you->user_id, card->owner_id, &seconds);
    if (!error)
        you->follows = dais_cstr(seconds < 0 ? "false" : "true");
    return error;
}

static int32_t fill_you(const struct dais_caller *caller, const struct card *card, struct you *you)
{
    const struct dais_identity *identity = dais_caller_identity(caller);
    struct chat_sender sender;
    if (!identity)
        return DAIS_OK;
    int32_t error = who_of(caller, card, &sender);
    if (error)
        return error;
    you->user_id = identity->user_id;
    you->is_owner = sender.owner;
    you->is_moderator = chat_is_moderator(&sender) != 0;
    error = fill_bar(card, you);
    return error ? error : fill_follows(card, &sender, you);
}

/** Reads what stands behind the numbers, and answers. */
static int32_t answer(const struct dais_caller *caller, const struct card *card,
                      const struct dais_room_count *count)
{
    struct store_list pins = {NULL, 0};
    struct state state = {.room = history_room_name(card),
                          .kind = card->kind,
                          .id = card->id,
                          .title = card->title,
                          .settings = card->settings,
                          .viewers = count->viewers,
                          .epoch = (int64_t)count->epoch,
                          .seq = (int64_t)count->seq};
    int32_t error = fill_you(caller, card, &state.you);
    if (!error)
        error = store_pins(card->id, &pins);
    if (error)
        return error;
    state.pinned = (struct dais_list){pins.items, pins.count};
    return dais_caller_reply(caller, 200,
                             state.you.is_moderator ? &room_state_shape : &PUBLIC_STATE, &state);
}

int32_t room_state(const struct dais_caller *caller, const struct who_room *room)
{
    struct chat_verdict verdict;
    const struct card *card;
    struct dais_room_count count;
    int32_t error = who_room(room, NULL, &card, &verdict);
    if (error)
        return who_refused(caller, error, &verdict);
    const struct dais_room named = card_room(card);
    error = dais_rooms->count(&named, &count);
    return error ? error : answer(caller, card, &count);
}

/* --- members --- */

static struct dais_room moderators_of(const struct card *card)
{
    return (struct dais_room){dais_cstr(TOLD_MODERATORS), card->id};
}

/** Moderators hear more, in a room of their own. */
static int32_t join_moderators(const struct dais_caller *caller, const struct card *card)
{
    const struct dais_room_join join = {.room = moderators_of(card), .dialect = DIALECT};
    struct dais_room_joined joined;
    struct chat_sender sender;
    if (!dais_caller_identity(caller))
        return DAIS_OK;
    int32_t error = who_of(caller, card, &sender);
    if (error || !chat_is_moderator(&sender))
        return error;
    error = dais_rooms->join(dais_events->socket(caller->call), &join, &joined);
    if (!error && !sender.owner && !sender.moderator)
        live_rights_note(dais_caller_identity(caller)->user_id, card->id);
    return error == DAIS_E_DENIED ? DAIS_OK : error; /* no longer one, meanwhile */
}

int32_t room_join(struct dais_call *call, const struct room_in *in)
{
    const struct dais_caller caller = dais_caller_socket(call);
    struct chat_verdict verdict;
    const struct card *card;
    struct dais_room_joined joined;
    int32_t error = who_room(&in->room, NULL, &card, &verdict);
    if (error)
        return who_refused(&caller, error, &verdict);
    const struct dais_room_join join = {.room = card_room(card),
                                        .dialect = DIALECT,
                                        .epoch = (uint64_t)in->epoch,
                                        .seq = (uint64_t)in->seq};
    error = dais_rooms->join(dais_events->socket(call), &join, &joined);
    if (!error)
        error = dais_events->speak(call, DIALECT);
    if (!error)
        error = join_moderators(&caller, card);
    return error ? error : answer(&caller, card, &joined.count);
}

static int32_t leave(struct dais_call *call, const struct dais_room *room)
{
    int32_t error = dais_rooms->leave(dais_events->socket(call), room);
    return error == DAIS_E_NOT_FOUND ? DAIS_OK : error;
}

int32_t room_leave(struct dais_call *call, const struct room_in *in)
{
    const struct dais_caller caller = dais_caller_socket(call);
    struct chat_verdict verdict;
    const struct card *card;
    int32_t error = who_room(&in->room, NULL, &card, &verdict);
    if (error)
        return who_refused(&caller, error, &verdict);
    const struct dais_room room = card_room(card), moderators = moderators_of(card);
    error = leave(call, &moderators);
    return error ? error : leave(call, &room);
}

static int32_t admit(const struct dais_room_entry *entry)
{
    const struct card *card;
    if (!entry->identity)
        return DAIS_E_DENIED;
    int32_t error = card_get(NULL, entry->room.id, &card);
    if (error)
        return error;
    const struct chat_sender sender = {
        .roles = entry->identity->roles,
        .owner = dais_str_eq(entry->identity->user_id, card->owner_id) != 0,
        .moderator = card_is_moderator(card, entry->identity->user_id) != 0,
    };
    return chat_is_moderator(&sender) ? DAIS_OK : DAIS_E_DENIED;
}

const struct dais_room_kind room_kinds[] = {
    {.name = TOLD_MODERATORS, .admit = admit, .summary = "Who moderates a room's chat"},
    {.name = NULL},
};
