/* SPDX-License-Identifier: MIT */
#include "edit.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/svc/roomsource.h"
#include "operations.h"
#include "store.h"
#include "told.h"

#define TEXT_ROW                                                                                   \
    DAIS_FIELD(struct edit, message, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1,                     \
               CHAT_MESSAGE_MAX_MAX, "plain text")

static const struct dais_field EVENT_FIELDS[] = {
    DAIS_FIELD_NAMED("messageId", struct edit, message_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36,
                     36, "the message"),
    TEXT_ROW,
    DAIS_FIELD_END,
};
const struct dais_shape edit_event_shape = DAIS_SHAPE("ChatEditEvent", struct edit, EVENT_FIELDS);
static const struct dais_field BODY_FIELDS[] = {TEXT_ROW, DAIS_FIELD_END};
const struct dais_shape edit_body_shape = DAIS_SHAPE("ChatEdit", struct edit, BODY_FIELDS);

/** Decides whether, and by which text. */
static int32_t decide(const struct dais_caller *caller, const struct card *card,
                      const struct store_message *message, struct dais_str *text,
                      struct chat_verdict *verdict)
{
    const struct dais_identity *identity = dais_caller_identity(caller);
    struct chat_sender sender;
    char *masked = dais_mem->arena_alloc(dais_caller_arena(caller), text->len);
    int32_t error = who_of(caller, card, &sender);
    if (error)
        return error;
    if (!masked)
        return DAIS_E_MEMORY;
    if (!dais_str_eq(message->author.id, identity->user_id))
        return who_says(verdict, DAIS_E_DENIED, NULL, "only its author may edit a message");
    error = chat_check_open((card->flags & DAIS_ROOM_OPEN) != 0, verdict);
    if (!error)
        error = chat_may_edit(&card->settings, message->created_ms, dais_fiber->unix_ms(), verdict);
    return error ? error : chat_check_text(&card->settings, &sender, text, masked, verdict);
}

/** Stores it in the operation and tells it. With the room's lock. */
static int32_t store(const struct card *card, struct dais_str text, struct store_message *message,
                     struct chat_verdict *verdict)
{
    struct operations_edit value = {
        .id = message->id, .room_id = card->id, .actor_id = message->author.id, .message = text};
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations_table[OPERATIONS_EDIT], NULL, &value);
    int32_t stored = DAIS_OK;
    if (!error)
        error = stored = store_edit(run.tx, value.id, value.actor_id, value.message, message);
    error = dais_operation_end(&run, error);
    if (stored == DAIS_E_DENIED)
        who_says(verdict, stored, NULL, "you may not write in this room at the moment");
    if (!error)
        told_edited(card, message);
    return error;
}

int32_t edit_message(const struct dais_caller *caller, const struct edit *in)
{
    struct chat_verdict verdict = {0};
    struct store_message message;
    const struct card *card = NULL;
    struct dais_str text = in->message;
    struct dais_lock *lock = NULL;
    int32_t error = store_get(NULL, in->message_id, &message);
    if (!error)
        error = card_get(NULL, message.room_id, &card);
    if (!error)
        error = decide(caller, card, &message, &text, &verdict);
    if (!error)
        error = dais_fiber->lock(card->id, &lock);
    if (!error) {
        error = store(card, text, &message, &verdict);
        dais_fiber->unlock(lock);
    }
    if (error)
        return who_refused(caller, error, &verdict);
    return dais_caller_reply(caller, 200, &told_chat_message, &message);
}
