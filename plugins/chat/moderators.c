/* SPDX-License-Identifier: MIT */
#include "moderators.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/rooms.h"
#include "store.h"
#include "store_rooms.h"
#include "told.h"

static const struct dais_field SET_EVENT_FIELDS[] = {
    WHO_ROOM_FIELDS(struct moderators_set),
    DAIS_FIELD_NAMED("userId", struct moderators_set, user_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED,
                     36, 36, "the account"),
    DAIS_FIELD(struct moderators_set, value, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 0, 0,
               "whether it is to be a moderator"),
    DAIS_FIELD_END,
};
const struct dais_shape moderators_set_event = DAIS_SHAPE("ChatModeratorChange",
                                                          struct moderators_set, SET_EVENT_FIELDS);

static const struct dais_field MODERATOR_FIELDS[] = {
    DAIS_FIELD_NAMED("userId", struct store_moderator, user_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED,
                     36, 36, "the account"),
    DAIS_FIELD_NAMED("userName", struct store_moderator, name, DAIS_KIND_STRING,
                     DAIS_FIELD_REQUIRED, 0, 200, "its name"),
    DAIS_FIELD_NAMED("userAvatar", struct store_moderator, avatar_url, DAIS_KIND_STRING, 0, 0, 2048,
                     "its picture"),
    DAIS_FIELD_NAMED("by", struct store_moderator, added_by, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED,
                     36, 36, "account that appointed it"),
    DAIS_FIELD_NAMED("createdAt", struct store_moderator, created_at, DAIS_KIND_TIME,
                     DAIS_FIELD_REQUIRED, 0, 40, "since when"),
    DAIS_FIELD_END,
};
static const struct dais_shape MODERATOR = DAIS_SHAPE("ChatModerator", struct store_moderator,
                                                      MODERATOR_FIELDS);

struct page {
    struct dais_list moderators;
};

static const struct dais_field PAGE_FIELDS[] = {
    DAIS_FIELD_NESTED("moderators", struct page, moderators, DAIS_KIND_LIST, DAIS_FIELD_REQUIRED,
                      STORE_MODERATORS_MAX, &MODERATOR, "by name"),
    DAIS_FIELD_END,
};
const struct dais_shape moderators_page = DAIS_SHAPE("ChatModerators", struct page, PAGE_FIELDS);

struct change {
    struct dais_str room_id;
    struct dais_str user_id;
    uint8_t value;
};

static const struct dais_field CHANGE_FIELDS[] = {
    DAIS_FIELD_NAMED("roomId", struct change, room_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
                     "the room"),
    DAIS_FIELD_NAMED("userId", struct change, user_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
                     "the account"),
    DAIS_FIELD(struct change, value, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 0, 0,
               "whether it is a moderator now"),
    DAIS_FIELD_END,
};
const struct dais_shape moderators_told = DAIS_SHAPE("ChatModeratorChanged", struct change,
                                                     CHANGE_FIELDS);

/** Who is a moderator no longer hears no more of what only they hear. */
static void expel(const struct card *card, struct dais_str user_id)
{
    const struct dais_room room = {dais_cstr(TOLD_MODERATORS), card->id};
    int32_t error = dais_rooms->remove(&room, user_id, NULL);
    if (error)
        dais_logf(DAIS_WARN, "a former moderator was not removed from his room (%d)", (int)error);
}

/** Stores it and tells it. With the room's lock. */
static int32_t appoint(const struct card *card, const struct store_appoint *who,
                       struct chat_verdict *verdict)
{
    uint8_t changed = 0;
    int32_t error = store_moderator_set(who, &changed);
    if (error == DAIS_E_NOT_FOUND)
        return who_says(verdict, error, "userId", "there is no such account");
    if (error == STORE_FULL)
        return who_says(verdict, DAIS_E_CONFLICT, NULL, "the room has 100 moderators already");
    if (error || !changed)
        return error;
    const struct change change = {card->id, who->user_id, who->value};
    card_drop(card->id);
    if (!who->value)
        expel(card, who->user_id);
    told_user(who->user_id, "chat:moderator", &moderators_told, &change);
    told_moderators(card, "chat:moderator", &moderators_told, &change);
    return DAIS_OK;
}

int32_t moderators_set(const struct dais_caller *caller, const struct moderators_set *in)
{
    struct chat_verdict verdict = {0};
    const struct card *card = NULL;
    struct chat_sender sender;
    struct dais_lock *lock = NULL;
    int32_t error = who_room(&in->room, NULL, &card, &verdict);
    if (!error)
        error = who_owns(caller, card, &sender, &verdict);
    if (!error)
        error = dais_fiber->lock(card->id, &lock);
    if (!error) {
        const struct store_appoint who = {card->id, in->user_id,
                                          dais_caller_identity(caller)->user_id, in->value};
        error = appoint(card, &who, &verdict);
        dais_fiber->unlock(lock);
    }
    return error ? who_refused(caller, error, &verdict) : dais_caller_done(caller);
}

int32_t moderators_list(const struct dais_caller *caller, const struct who_room *room)
{
    struct chat_verdict verdict = {0};
    const struct card *card = NULL;
    struct chat_sender sender;
    struct store_moderator *items = NULL;
    uint32_t count = 0;
    int32_t error = who_room(room, NULL, &card, &verdict);
    if (!error)
        error = who_owns(caller, card, &sender, &verdict);
    if (!error)
        error = store_moderators(card->id, &items, &count);
    if (error)
        return who_refused(caller, error, &verdict);
    const struct page page = {{items, count}};
    return dais_caller_reply(caller, 200, &moderators_page, &page);
}
