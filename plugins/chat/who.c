/* SPDX-License-Identifier: MIT */
#include "who.h"

#include "card.h"
#include "dais/fiber.h"
#include "plugin_metrics.h"

static const struct dais_field ID_FIELDS[] = {
    DAIS_FIELD(struct who_id, id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, 36,
               "the room, or the message"),
    DAIS_FIELD_END,
};
const struct dais_shape who_id_shape = DAIS_SHAPE("ChatId", struct who_id, ID_FIELDS);

int32_t who_room(const struct who_room *room, const char *kind, const struct card **ret_card,
                 struct chat_verdict *ret_verdict)
{
    const struct dais_str ids[] = {room->room_id, room->session_id, room->live_stream_id};
    struct dais_str id = {NULL, 0};
    int named = 0;
    *ret_verdict = (struct chat_verdict){.error = DAIS_OK};
    for (uint32_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (ids[i].ptr) {
            id = ids[i];
            named++;
        }
    }
    if (named != 1)
        return who_says(ret_verdict, DAIS_E_INVALID, "roomId",
                        "name the room by exactly one of roomId, sessionId and liveStreamId");
    int32_t error = card_get(room->live_stream_id.ptr ? "live" : kind, id, ret_card);
    if (error == DAIS_E_NOT_FOUND)
        who_says(ret_verdict, error, NULL, "there is no such room");
    return error;
}

int32_t who_of(const struct dais_caller *caller, const struct card *card,
               struct chat_sender *ret_sender)
{
    const struct dais_identity *identity = dais_caller_identity(caller);
    if (!identity)
        return DAIS_E_UNAUTHENTICATED;
    *ret_sender = (struct chat_sender){
        .roles = identity->roles,
        .owner = dais_str_eq(identity->user_id, card->owner_id) != 0,
        .moderator = card_is_moderator(card, identity->user_id) != 0,
    };
    return DAIS_OK;
}

int32_t who_moderates(const struct dais_caller *caller, const struct card *card,
                      struct chat_sender *ret_sender, struct chat_verdict *ret_verdict)
{
    int32_t error = who_of(caller, card, ret_sender);
    return error ? error : chat_may_moderate(ret_sender, ret_verdict);
}

int32_t who_owns(const struct dais_caller *caller, const struct card *card,
                 struct chat_sender *ret_sender, struct chat_verdict *ret_verdict)
{
    int32_t error = who_of(caller, card, ret_sender);
    return error ? error : chat_may_appoint(ret_sender, ret_verdict);
}

int32_t who_locks(const struct dais_caller *caller, const struct card **card,
                  struct chat_sender *ret_sender, struct chat_verdict *ret_verdict,
                  struct dais_lock **ret_lock)
{
    struct dais_lock *lock;
    int32_t error = who_moderates(caller, *card, ret_sender, ret_verdict);
    if (!error)
        error = dais_fiber->lock((*card)->id, &lock);
    if (error)
        return error;
    error = card_get(NULL, (*card)->id, card);
    if (!error)
        error = who_moderates(caller, *card, ret_sender, ret_verdict);
    if (error)
        dais_fiber->unlock(lock);
    else
        *ret_lock = lock;
    return error;
}

int32_t who_refused(const struct dais_caller *caller, int32_t error,
                    const struct chat_verdict *verdict)
{
    if (verdict->error != error || !verdict->detail)
        return error;
    plugin_metrics_count(PLUGIN_METRICS_REFUSED);
    return dais_caller_fail_later(caller, error, verdict->retry_ms, verdict->field,
                                  verdict->detail);
}
