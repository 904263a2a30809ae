/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdio.h>

#include "card.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/svc/roomsource.h"
#include "plugin_config.h"
#include "service.h"
#include "store_rooms.h"
#include "told.h"

/** Bytes of a row that says what was changed. */
#define NOTICE_BYTES 128

static const struct dais_field CHANGE_EVENT_FIELDS[] = {
    CHAT_SETTINGS_FIELDS, WHO_ROOM_FIELDS(struct settings_change), DAIS_FIELD_END};
const struct dais_shape settings_change_event = DAIS_SHAPE(
    "ChatSettingsEvent", struct settings_change, CHANGE_EVENT_FIELDS);

struct told {
    struct dais_str room_id;
    struct chat_settings settings;
};

static const struct dais_field TOLD_FIELDS[] = {
    DAIS_FIELD_NAMED("roomId", struct told, room_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
                     "the room"),
    DAIS_FIELD_NESTED("settings", struct told, settings, DAIS_KIND_OBJECT, DAIS_FIELD_REQUIRED, 0,
                      &chat_settings_public_shape, "as they are now"),
    DAIS_FIELD_END,
};
const struct dais_shape settings_told = DAIS_SHAPE("ChatSettingsChanged", struct told, TOLD_FIELDS);

int32_t settings_get(const struct dais_caller *caller, const struct who_room *room)
{
    struct chat_verdict verdict = {0};
    const struct card *card = NULL;
    struct chat_sender sender;
    int32_t error = who_room(room, NULL, &card, &verdict);
    if (!error)
        error = who_moderates(caller, card, &sender, &verdict);
    if (error)
        return who_refused(caller, error, &verdict);
    return dais_caller_reply(caller, 200, &chat_settings_shape, &card->settings);
}

/* --- rows that tell of a change --- */

/** Says in the chat what is different for those who write. */
static void notice(const struct card *card, const char *text)
{
    int32_t error = service_say(card, dais_cstr(text));
    if (error) /* it counts, with or without the row */
        dais_logf(DAIS_WARN, "a change of a chat's settings was not told in it (%d)", (int)error);
}

static void notice_slow(const struct card *card)
{
    char text[NOTICE_BYTES];
    long long seconds = card->settings.slow_mode_seconds;
    snprintf(text, sizeof text, "Slow mode is on: one message every %lld second%s.", seconds,
             seconds == 1 ? "" : "s");
    notice(card, seconds > 0 ? text : "Slow mode is off.");
}

/** One sentence for both settings that say who may write. */
static const char *writers_notice(const struct chat_settings *now,
                                  const struct chat_settings *before)
{
    if (dais_str_eq(now->writers, dais_cstr("moderators")))
        return "Only moderators can write now.";
    if (dais_str_eq(now->writers, dais_cstr("speakers")))
        return now->followers_only ? "Only speakers who follow can write now."
                                   : "Only speakers can write now.";
    if (dais_str_eq(now->writers, dais_cstr("creators")))
        return now->followers_only ? "Only creators who follow can write now."
                                   : "Only creators can write now.";
    if (now->followers_only)
        return "Only followers can write now.";
    return dais_str_eq(now->writers, before->writers) ? "You need not follow any more to write."
                                                      : "Everyone can write again.";
}

/** Whether somebody may write who could not before, or the other way; moderators need not follow.
 */
static int is_for_others(const struct chat_settings *now, const struct chat_settings *before)
{
    if (!dais_str_eq(now->writers, before->writers))
        return 1;
    return now->followers_only != before->followers_only &&
           !dais_str_eq(now->writers, dais_cstr("moderators"));
}

/** One row for each mode that is another one than before. */
static void notices(const struct card *card, const struct chat_settings *before)
{
    const struct chat_settings *now = &card->settings;
    if (now->enabled != before->enabled)
        notice(card, now->enabled ? "The chat is on again." : "The chat is off.");
    if (now->slow_mode_seconds != before->slow_mode_seconds)
        notice_slow(card);
    if (is_for_others(now, before))
        notice(card, writers_notice(now, before));
}

/* --- changes --- */

/** Merges and stores, anew while others change the room; `*card` is then as it was before. */
static int32_t store_merged(const struct card **card, const struct chat_settings *change,
                            struct chat_verdict *verdict)
{
    const int64_t message_max = plugin_config()->text_max;
    const struct dais_str room_id = (*card)->id;
    int32_t error = DAIS_E_STATE;
    for (int tries = 0; tries < CARD_TRIES && error == DAIS_E_STATE; tries++) {
        card_drop(room_id);
        error = card_get(NULL, room_id, card);
        if (error)
            return error;
        struct chat_settings merged = (*card)->settings;
        if (merged.message_max > message_max)
            merged.message_max = message_max; /* the configuration allowed more once */
        chat_settings_merge(&merged, change);
        error = chat_settings_check(&merged, message_max, verdict);
        if (!error)
            error = store_room_set(room_id, (*card)->version, &merged);
    }
    return error == DAIS_E_STATE ? DAIS_E_UNAVAILABLE : error;
}

/** Stores and tells. With the room's lock. `*card` is the new one then. */
static int32_t change_locked(const struct card **card, const struct chat_settings *change,
                             struct chat_verdict *verdict)
{
    int32_t error = store_merged(card, change, verdict);
    if (error)
        return error;
    const struct chat_settings before = (*card)->settings;
    card_drop((*card)->id);
    error = card_get(NULL, (*card)->id, card);
    if (error)
        return error;
    const struct told told = {(*card)->id, (*card)->settings};
    told_room(*card, "chat:settings", &settings_told, &told);
    notices(*card, &before);
    return DAIS_OK;
}

/** Changes a room whose lock is held, gives that back, and answers. */
static int32_t change(const struct dais_caller *caller, const struct card *card,
                      struct dais_lock *lock, const struct chat_settings *change)
{
    struct chat_verdict verdict = {0};
    int32_t error = change_locked(&card, change, &verdict);
    dais_fiber->unlock(lock);
    if (error)
        return who_refused(caller, error, &verdict);
    return dais_caller_reply(caller, 200, &chat_settings_shape, &card->settings);
}

int32_t settings_patch(const struct dais_caller *caller, const struct settings_change *in)
{
    struct chat_verdict verdict = {0};
    const struct card *card = NULL;
    struct chat_sender sender;
    struct dais_lock *lock = NULL;
    int32_t error = who_room(&in->room, NULL, &card, &verdict);
    if (!error)
        error = who_locks(caller, &card, &sender, &verdict, &lock);
    return error ? who_refused(caller, error, &verdict) : change(caller, card, lock, &in->settings);
}

int32_t settings_mine(const struct dais_caller *caller, const struct chat_settings *settings)
{
    struct chat_verdict verdict = {0};
    struct dais_room_found found;
    const struct card *card = NULL;
    struct dais_lock *lock = NULL;
    const struct dais_identity *identity = dais_caller_identity(caller);
    if (!identity)
        return DAIS_E_UNAUTHENTICATED;
    int32_t error = DAIS_OK;
    if ((identity->roles & DAIS_ROLE_CREATOR) == 0)
        error = who_says(&verdict, DAIS_E_DENIED, NULL, "only approved creators have a stream");
    if (!error)
        error = dais_room_default("live", identity->user_id, &found);
    if (error == DAIS_E_NOT_FOUND)
        who_says(&verdict, error, NULL, "you have no stream yet");
    if (!error)
        error = card_get("live", found.id, &card);
    if (!error)
        error = dais_fiber->lock(card->id, &lock);
    return error ? who_refused(caller, error, &verdict) : change(caller, card, lock, settings);
}
