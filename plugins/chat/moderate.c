/* SPDX-License-Identifier: MIT */
#include "moderate.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/random.h"
#include "operations.h"
#include "store.h"
#include "told.h"

static const struct dais_field PIN_BODY_FIELDS[] = {
    {"pinned", DAIS_KIND_BOOL, 0, (uint32_t)offsetof(struct moderate_pin, pinned), 0, 0, 0, "true",
     NULL, NULL, NULL, "false takes the pin off"},
    DAIS_FIELD_END,
};
const struct dais_shape moderate_pin_body = DAIS_SHAPE("ChatPin", struct moderate_pin,
                                                       PIN_BODY_FIELDS);

static const struct dais_field MESSAGE_EVENT_FIELDS[] = {
    DAIS_FIELD_NAMED("messageId", struct moderate_delete, message_id, DAIS_KIND_UUID,
                     DAIS_FIELD_REQUIRED, 36, 36, "the message"),
    DAIS_FIELD_END,
};
const struct dais_shape moderate_message_event = DAIS_SHAPE(
    "ChatMessageNamed", struct moderate_delete, MESSAGE_EVENT_FIELDS);

#define CLEAR_FIELDS                                                                               \
    DAIS_FIELD_NAMED("userId", struct moderate_clear, user_id, DAIS_KIND_UUID, 0, 36, 36,          \
                     "only what this account wrote"),                                              \
        DAIS_FIELD_END

static const struct dais_field CLEAR_EVENT_FIELDS[] = {WHO_ROOM_FIELDS(struct moderate_clear),
                                                       CLEAR_FIELDS};
const struct dais_shape moderate_clear_event = DAIS_SHAPE("ChatClearEvent", struct moderate_clear,
                                                          CLEAR_EVENT_FIELDS);
static const struct dais_field CLEAR_QUERY_FIELDS[] = {CLEAR_FIELDS};
const struct dais_shape moderate_clear_query = DAIS_SHAPE("ChatClear", struct moderate_clear,
                                                          CLEAR_QUERY_FIELDS);

struct cleared {
    struct dais_str through;
};

static const struct dais_field CLEARED_FIELDS[] = {
    DAIS_FIELD_NAMED("clearedThrough", struct cleared, through, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED,
                     36, 36, "messages up to this id are gone"),
    DAIS_FIELD_END,
};
const struct dais_shape moderate_cleared = DAIS_SHAPE("ChatClearResult", struct cleared,
                                                      CLEARED_FIELDS);

/* --- pins --- */

/** Pins what `in` says in an operation and tells it. With the room's lock. */
static int32_t pin(const struct card *card, const struct moderate_pin *in, struct dais_str actor,
                   struct store_message *ret_message)
{
    struct operations_pin value = {
        .id = in->message_id, .room_id = card->id, .actor_id = actor, .pinned = in->pinned};
    struct dais_operation_run run;
    uint8_t changed = 0;
    int32_t error = dais_operation_begin(&run, &operations_table[OPERATIONS_PIN], NULL, &value);
    if (!error)
        error = store_pin(run.tx, in->message_id, in->pinned, ret_message, &changed);
    error = dais_operation_end(&run, error);
    if (!error && changed)
        told_pinned(card, ret_message);
    return error;
}

/** In words, what the statement says in codes. */
static int32_t pin_explain(int32_t error, struct chat_verdict *verdict)
{
    if (dais_operation_refused())
        return error;
    if (error == DAIS_E_CONFLICT)
        return who_says(verdict, error, NULL, "the message is not shown to everybody yet");
    if (error == STORE_FULL)
        return who_says(verdict, DAIS_E_CONFLICT, NULL,
                        "5 messages are pinned already; take the pin off one of them");
    return error;
}

int32_t moderate_pin(const struct dais_caller *caller, const struct moderate_pin *in)
{
    struct chat_verdict verdict = {0};
    struct store_message message;
    const struct card *card = NULL;
    struct chat_sender sender;
    struct dais_lock *lock = NULL;
    int32_t error = store_get(NULL, in->message_id, &message);
    if (!error)
        error = card_get(NULL, message.room_id, &card);
    if (!error)
        error = who_locks(caller, &card, &sender, &verdict, &lock);
    if (!error) {
        error = pin(card, in, dais_caller_identity(caller)->user_id, &message);
        dais_fiber->unlock(lock);
        error = pin_explain(error, &verdict);
    }
    if (error)
        return who_refused(caller, error, &verdict);
    return dais_caller_reply(caller, 200, &told_chat_message, &message);
}

/* --- deletes --- */

int32_t moderate_remove(struct dais_tx *tx, const struct store_message *message,
                        struct dais_str actor)
{
    struct operations_delete value = {.id = message->id,
                                      .room_id = message->room_id,
                                      .actor_id = actor,
                                      .author_id = message->author.id};
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations_table[OPERATIONS_DELETE], tx, &value);
    if (!error)
        error = store_remove(run.tx, message->id, actor);
    return dais_operation_end(&run, error);
}

/** Whether the caller may: the author, or a moderator of the room. */
static int32_t may_delete(const struct dais_caller *caller, const struct card *card,
                          struct dais_str author_id, struct chat_verdict *verdict)
{
    struct chat_sender sender;
    int32_t error = who_of(caller, card, &sender);
    if (error)
        return error;
    int is_author = dais_str_eq(author_id, dais_caller_identity(caller)->user_id);
    return chat_may_delete(&sender, is_author, verdict);
}

/** Deletes and tells it. With the room's lock: nobody changes now who may delete the message, and
 * whether it is held back, by which it is told to some or to all. */
static int32_t delete_locked(const struct dais_caller *caller, const struct store_message *found,
                             struct chat_verdict *verdict)
{
    struct dais_str actor = dais_caller_identity(caller)->user_id;
    struct store_message message;
    const struct card *card;
    int32_t error = card_get(NULL, found->room_id, &card);
    if (!error)
        error = may_delete(caller, card, found->author.id, verdict);
    if (!error)
        error = store_get(NULL, found->id, &message);
    if (!error)
        error = moderate_remove(NULL, &message, actor);
    if (!error)
        told_deleted(card, &message, actor);
    return error;
}

int32_t moderate_delete(const struct dais_caller *caller, const struct moderate_delete *in)
{
    struct chat_verdict verdict = {0};
    struct store_message message;
    const struct card *card = NULL;
    struct dais_lock *lock = NULL;
    int32_t error = store_get(NULL, in->message_id, &message);
    if (!error)
        error = card_get(NULL, message.room_id, &card);
    if (!error)
        error = may_delete(caller, card, message.author.id, &verdict);
    if (!error)
        error = dais_fiber->lock(card->id, &lock);
    if (!error) {
        error = delete_locked(caller, &message, &verdict);
        dais_fiber->unlock(lock);
    }
    return error ? who_refused(caller, error, &verdict) : dais_caller_done(caller);
}

/* --- clears --- */

static int32_t clear_all(const struct card *card, struct dais_str through)
{
    int32_t error = store_clear(NULL, card->id, through);
    if (error)
        return error;
    card_drop(card->id);
    const struct told_cleared told = {.room_id = card->id, .cleared_through = through};
    told_cleared(card, &told);
    return DAIS_OK;
}

static int32_t clear_user(const struct card *card, struct dais_str user_id, struct dais_str by,
                          struct dais_str through)
{
    const struct store_wrote wrote = {
        .room_id = card->id, .author_id = user_id, .through = through};
    const struct told_cleared told = {
        .room_id = card->id, .cleared_through = through, .user_id = user_id};
    struct store_removed removed;
    int32_t error = store_remove_of(&wrote, by, &removed);
    if (!error || removed.count > 0) /* what is not done yet is done when he asks again */
        told_cleared(card, &told);
    return error;
}

int32_t moderate_clear(const struct dais_caller *caller, const struct moderate_clear *in)
{
    char through[DAIS_UUID_BYTES];
    struct cleared answer = {{through, sizeof through - 1}};
    struct chat_verdict verdict = {0};
    const struct card *card = NULL;
    struct chat_sender sender;
    struct dais_lock *lock = NULL;
    int32_t error = who_room(&in->room, NULL, &card, &verdict);
    if (!error)
        error = who_locks(caller, &card, &sender, &verdict, &lock);
    if (!error) {
        dais_random->uuid7(through);
        error = in->user_id.ptr ? clear_user(card, in->user_id,
                                             dais_caller_identity(caller)->user_id, answer.through)
                                : clear_all(card, answer.through);
        dais_fiber->unlock(lock);
    }
    if (error)
        return who_refused(caller, error, &verdict);
    return dais_caller_reply(caller, 200, &moderate_cleared, &answer);
}
