/* SPDX-License-Identifier: MIT */
#include "react.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/svc/roomsource.h"
#include "store.h"
#include "told.h"

/** Characters of an emoji: people with tools, tones and joiners between them are long. */
#define EMOJI_MAX 32

#define REACT_ROWS                                                                                 \
    DAIS_FIELD(struct react, emoji, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, EMOJI_MAX,           \
               "one emoji"),                                                                       \
        DAIS_FIELD(struct react, value, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 0, 1,                 \
                   "true sets it, false takes it back"),                                           \
        DAIS_FIELD_END

static const struct dais_field EVENT_FIELDS[] = {
    DAIS_FIELD_NAMED("messageId", struct react, message_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36,
                     36, "the message"),
    REACT_ROWS,
};
const struct dais_shape react_event_shape = DAIS_SHAPE("ChatReactEvent", struct react,
                                                       EVENT_FIELDS);
static const struct dais_field BODY_FIELDS[] = {REACT_ROWS};
const struct dais_shape react_body_shape = DAIS_SHAPE("ChatReact", struct react, BODY_FIELDS);

struct answer {
    struct dais_str message_id;
    struct dais_str reactions;
};

static const struct dais_field ANSWER_FIELDS[] = {
    DAIS_FIELD_NAMED("messageId", struct answer, message_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED,
                     36, 36, "the message"),
    DAIS_FIELD(struct answer, reactions, DAIS_KIND_JSON, DAIS_FIELD_REQUIRED, 0, 0,
               "each emoji with its count, the oldest first"),
    DAIS_FIELD_END,
};
const struct dais_shape react_answer_shape = DAIS_SHAPE("ChatReactions", struct answer,
                                                        ANSWER_FIELDS);

static int32_t decide(const struct card *card, const struct react *in, struct chat_verdict *verdict)
{
    if (!chat_emoji_ok(in->emoji))
        return who_says(verdict, DAIS_E_INVALID, "emoji", "a reaction is one emoji");
    if (!card->settings.enabled)
        return who_says(verdict, DAIS_E_CONFLICT, NULL, "the chat of this room is off");
    return chat_check_open((card->flags & DAIS_ROOM_OPEN) != 0, verdict);
}

/** Stores and tells, one of a message at a time, so that the last event tells the counts. */
static int32_t store(const struct card *card, const struct store_reaction *reaction,
                     struct store_message *message)
{
    struct dais_lock *lock;
    uint8_t changed = 0;
    int32_t error = dais_fiber->lock(reaction->message_id, &lock);
    if (error)
        return error;
    error = store_react(reaction, message, &changed);
    if (!error && changed)
        told_reaction(card, message);
    dais_fiber->unlock(lock);
    return error;
}

static int32_t explain(int32_t error, struct chat_verdict *verdict)
{
    if (error == DAIS_E_DENIED)
        return who_says(verdict, error, NULL, "you may not react in this room at the moment");
    if (error == STORE_FULL)
        return who_says(verdict, DAIS_E_CONFLICT, "emoji",
                        "20 different emoji are enough for one message");
    return error;
}

int32_t react_set(const struct dais_caller *caller, const struct react *in)
{
    struct chat_verdict verdict = {0};
    struct store_message message;
    const struct card *card = NULL;
    const struct dais_identity *identity = dais_caller_identity(caller);
    if (!identity)
        return DAIS_E_UNAUTHENTICATED;
    int32_t error = store_get(NULL, in->message_id, &message);
    if (!error)
        error = card_get(NULL, message.room_id, &card);
    if (!error)
        error = decide(card, in, &verdict);
    if (!error) {
        const struct store_reaction reaction = {in->message_id, identity->user_id, in->emoji,
                                                in->value};
        error = explain(store(card, &reaction, &message), &verdict);
    }
    if (error)
        return who_refused(caller, error, &verdict);
    const struct answer answer = {message.id, message.reactions};
    return dais_caller_reply(caller, 200, &react_answer_shape, &answer);
}
