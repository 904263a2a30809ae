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

/** A message that is being edited. */
struct draft {
    const struct dais_caller *caller;
    const struct card *card;
    struct chat_sender sender;
    struct store_message message; /* as it was, then as it is */
};

/** Whether the message is his to edit, whatever the room says. */
static int32_t check_author(const struct dais_caller *caller, const struct store_message *message,
                            struct chat_verdict *verdict)
{
    const struct dais_identity *identity = dais_caller_identity(caller);
    if (!identity)
        return DAIS_E_UNAUTHENTICATED;
    if (!dais_str_eq(message->author.id, identity->user_id))
        return who_says(verdict, DAIS_E_DENIED, NULL, "only its author may edit a message");
    /* Gifts, joins: rows about him, in the words of others. */
    if (!dais_str_eq(message->type, dais_cstr("comment")))
        return who_says(verdict, DAIS_E_DENIED, NULL, "only what people write can be edited");
    return DAIS_OK;
}

/** Decides by the room whether, and by which text. */
static int32_t decide(struct draft *draft, struct dais_str *text, struct chat_verdict *verdict)
{
    const struct card *card = draft->card;
    char *masked = dais_mem->arena_alloc(dais_mem->arena_self(), text->len);
    if (!masked)
        return DAIS_E_MEMORY;
    int32_t error = who_of(draft->caller, card, &draft->sender);
    if (!error)
        error = chat_check_open((card->flags & DAIS_ROOM_OPEN) != 0, verdict);
    if (!error)
        error = chat_may_write(&card->settings, &draft->sender, verdict);
    if (!error)
        error = chat_may_edit(&card->settings, draft->message.created_ms, dais_fiber->unix_ms(),
                              verdict);
    return error ? error : chat_check_text(&card->settings, &draft->sender, text, masked, verdict);
}

/** Stores it in the operation and tells it. */
static int32_t store(struct draft *draft, struct dais_str text, struct chat_verdict *verdict)
{
    struct store_message *message = &draft->message;
    struct operations_edit value = {.id = message->id,
                                    .room_id = draft->card->id,
                                    .actor_id = message->author.id,
                                    .message = text};
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations_table[OPERATIONS_EDIT], NULL, &value);
    int32_t stored = DAIS_OK;
    if (!error)
        error = operations_amended(&draft->card->settings, &draft->sender, text, &value.message,
                                   verdict);
    if (!error)
        error = stored = store_edit(run.tx, value.id, value.actor_id, value.message, message);
    error = dais_operation_end(&run, error);
    if (stored == DAIS_E_DENIED)
        who_says(verdict, stored, NULL, "you may not write in this room at the moment");
    if (!error)
        told_edited(draft->card, message);
    return error;
}

/** With the room's lock: what it is decided by stays until it is told. */
static int32_t edit_locked(struct draft *draft, struct dais_str text, struct chat_verdict *verdict)
{
    int32_t error = card_get(NULL, draft->message.room_id, &draft->card);
    if (!error)
        error = decide(draft, &text, verdict);
    return error ? error : store(draft, text, verdict);
}

int32_t edit_message(const struct dais_caller *caller, const struct edit *in)
{
    struct chat_verdict verdict = {0};
    struct draft draft = {.caller = caller};
    struct dais_lock *lock = NULL;
    int32_t error = store_get(NULL, in->message_id, &draft.message);
    if (!error)
        error = check_author(caller, &draft.message, &verdict);
    if (!error)
        error = dais_fiber->lock(draft.message.room_id, &lock);
    if (!error) {
        error = edit_locked(&draft, in->message, &verdict);
        dais_fiber->unlock(lock);
    }
    if (error)
        return who_refused(caller, error, &verdict);
    return dais_caller_reply(caller, 200, &told_chat_message, &draft.message);
}
