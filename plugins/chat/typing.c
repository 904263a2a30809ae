/* SPDX-License-Identifier: MIT */
#include "typing.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/svc/roomsource.h"
#include "store_moderation.h"
#include "told.h"
#include "worker.h"

#define TYPING_ROW                                                                                 \
    {                                                                                              \
        "typing", DAIS_KIND_BOOL, 0, (uint32_t)offsetof(struct typing, typing), 0, 0, 0, "true",   \
            NULL, NULL, NULL, "false: no longer"                                                   \
    }

static const struct dais_field EVENT_FIELDS[] = {WHO_ROOM_FIELDS(struct typing), TYPING_ROW,
                                                 DAIS_FIELD_END};
const struct dais_shape typing_event_shape = DAIS_SHAPE("ChatTypingEvent", struct typing,
                                                        EVENT_FIELDS);
static const struct dais_field BODY_FIELDS[] = {TYPING_ROW, DAIS_FIELD_END};
const struct dais_shape typing_body_shape = DAIS_SHAPE("ChatTypingBody", struct typing,
                                                       BODY_FIELDS);

static int32_t decide(const struct dais_caller *caller, const struct card *card,
                      struct chat_verdict *verdict)
{
    struct chat_sender sender;
    int32_t error = who_of(caller, card, &sender);
    if (!error)
        error = chat_check_open((card->flags & DAIS_ROOM_OPEN) != 0, verdict);
    return error ? error : chat_may_write(&card->settings, &sender, verdict);
}

/** Asked at most as often as there are turns. */
static int32_t check_bar(const struct card *card, struct dais_str user_id,
                         struct chat_verdict *verdict)
{
    struct store_bar bar;
    int32_t error = store_bar_of(card->id, user_id, &bar);
    if (error == DAIS_E_NOT_FOUND)
        return DAIS_OK;
    return error ? error : chat_check_bar(bar.until_ms, dais_fiber->unix_ms(), verdict);
}

int32_t typing_tell(const struct dais_caller *caller, const struct typing *in)
{
    struct chat_verdict verdict;
    const struct card *card;
    int32_t error = who_room(&in->room, NULL, &card, &verdict);
    if (!error)
        error = decide(caller, card, &verdict);
    if (error)
        return who_refused(caller, error, &verdict);
    const struct dais_identity *identity = dais_caller_identity(caller);
    struct dais_str user_id = identity->user_id;
    uint64_t key = turns_key(card->id.ptr, card->id.len, user_id.ptr, user_id.len);
    if (!turns_take(&worker_self()->typing, key, dais_fiber->now_ms(), TYPING_EVERY_MS, in->typing))
        return dais_caller_done(caller);
    error = check_bar(card, user_id, &verdict);
    if (error) {
        turns_give_back(&worker_self()->typing, key); /* he is told each time */
        return who_refused(caller, error, &verdict);
    }
    const struct told_typing told = {card->id, user_id, identity->name, in->typing};
    told_typing(card, &told, dais_caller_socket_handle(caller));
    return dais_caller_done(caller);
}
