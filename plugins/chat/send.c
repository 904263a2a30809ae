/* SPDX-License-Identifier: MIT */
#include "send.h"

#include "card.h"
#include "dais/fiber.h"
#include "dais/random.h"
#include "dais/svc/roomsource.h"
#include "operations.h"
#include "plugin_metrics.h"
#include "store.h"
#include "told.h"
#include "unsure.h"

#define COMMENT "comment"

#define MENTIONS_ROW                                                                               \
    DAIS_FIELD_NESTED(                                                                             \
        "mentions", struct send, mentions, DAIS_KIND_LIST, 0, SEND_MENTIONS_MAX, NULL,             \
        "ids of accounts; left out are those that do not exist, or have blocked the author")
#define MESSAGE_ROW(name, member, flags)                                                           \
    DAIS_FIELD_NAMED(name, struct send, member, DAIS_KIND_STRING, flags, 1, CHAT_MESSAGE_MAX_MAX,  \
                     "plain text")
#define CLIENT_ROW(name)                                                                           \
    DAIS_FIELD_NAMED(name, struct send, client_message_id, DAIS_KIND_STRING, 0, 1,                 \
                     SEND_CLIENT_ID_MAX, "the client's name for it: sent twice, stored once")
#define REPLY_ROW(name)                                                                            \
    DAIS_FIELD_NAMED(name, struct send, reply_to, DAIS_KIND_UUID, 0, 36, 36,                       \
                     "message of the same room that it answers")
#define CAMEL_ROWS CLIENT_ROW("clientMessageId"), REPLY_ROW("replyTo"), MENTIONS_ROW

static const struct dais_field EVENT_FIELDS[] = {
    WHO_ROOM_FIELDS(struct send),
    MESSAGE_ROW("message", message, DAIS_FIELD_REQUIRED),
    CAMEL_ROWS,
    DAIS_FIELD_END,
};
const struct dais_shape send_event_shape = DAIS_SHAPE("ChatSendEvent", struct send, EVENT_FIELDS);

static const struct dais_field CHAT_FIELDS[] = {
    MESSAGE_ROW("message", message, DAIS_FIELD_REQUIRED), CAMEL_ROWS, DAIS_FIELD_END};
const struct dais_shape send_chat_shape = DAIS_SHAPE("ChatSend", struct send, CHAT_FIELDS);

static const struct dais_field STREAM_FIELDS[] = {
    MESSAGE_ROW("message", message, DAIS_FIELD_REQUIRED),
    CLIENT_ROW("client_message_id"),
    REPLY_ROW("reply_to"),
    MENTIONS_ROW,
    DAIS_FIELD_END,
};
const struct dais_shape send_stream_shape = DAIS_SHAPE("LiveChatSend", struct send, STREAM_FIELDS);

#define CLAIMED_ROW(name)                                                                          \
    DAIS_FIELD_NAMED(name, struct send, claimed, DAIS_KIND_JSON, 0, 0, 4096,                       \
                     "not looked at: the token says who writes")
static const struct dais_field LIVE_FIELDS[] = {
    CLAIMED_ROW("userUid"),
    CLAIMED_ROW("userId"),
    CLAIMED_ROW("authorUid"),
    CLAIMED_ROW("userName"),
    CLAIMED_ROW("liveStreamId"),
    MESSAGE_ROW("message", message, 0),
    MESSAGE_ROW("content", content, 0),
    MESSAGE_ROW("text", text, 0),
    DAIS_FIELD_NAMED("type", struct send, type, DAIS_KIND_STRING, 0, 0, 20,
                     "not looked at: what clients send are comments"),
    CAMEL_ROWS,
    DAIS_FIELD_END,
};
const struct dais_shape send_live_shape = DAIS_SHAPE("LiveSend", struct send, LIVE_FIELDS);

/** A message on its way. */
struct draft {
    const struct dais_caller *caller;
    const struct dais_identity *author;
    const struct card *card;
    struct chat_sender sender;
    struct store_new made;
    struct dais_str written; /* the text as it came: each try decides by it anew */
    char *masked;            /* room for it with words masked */
    struct chat_verdict verdict;
    struct store_message message;
    char id[DAIS_UUID_BYTES];
};

/* --- what the client named --- */

/** Whether it has the form of an id; what is not an account is left out later. */
static int is_id(struct dais_str text)
{
    if (text.len != DAIS_UUID_BYTES - 1)
        return 0;
    for (uint64_t i = 0; i < text.len; i++) {
        int dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = text.ptr[i];
        int hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex)
            return 0;
    }
    return 1;
}

/** Looks up the message that is answered and who is mentioned, if anybody asks for that. */
static int32_t look_up(struct draft *draft, const struct send *in)
{
    const struct store_about about = {.room_id = draft->card->id,
                                      .author_id = draft->author->user_id,
                                      .reply_to = in->reply_to,
                                      .mentions = in->mentions.items,
                                      .mention_count = (uint32_t)in->mentions.count};
    if (!about.reply_to.ptr && about.mention_count == 0)
        return DAIS_OK;
    for (uint32_t i = 0; i < about.mention_count; i++) {
        if (!is_id(about.mentions[i]))
            return who_says(&draft->verdict, DAIS_E_INVALID, "mentions",
                            "mentions must be ids of accounts");
    }
    int32_t error = store_about(&about, &draft->made.reply, &draft->made.mentions,
                                &draft->made.mention_count);
    if (error == DAIS_E_NOT_FOUND)
        who_says(&draft->verdict, error, "replyTo", "there is no such message in this room");
    return error;
}

static struct dais_str text_of(const struct send *in)
{
    if (in->message.ptr)
        return in->message;
    return in->content.ptr ? in->content : in->text;
}

static int32_t begin(struct draft *draft, const struct send *in)
{
    draft->author = dais_caller_identity(draft->caller);
    draft->written = text_of(in);
    if (!draft->author)
        return DAIS_E_UNAUTHENTICATED;
    if (!draft->written.ptr)
        return who_says(&draft->verdict, DAIS_E_INVALID, "message", "message is missing");
    draft->masked = dais_mem->arena_alloc(dais_caller_arena(draft->caller), draft->written.len);
    dais_random->uuid7(draft->id);
    draft->made.id = dais_cstr(draft->id);
    draft->made.author_id = draft->author->user_id;
    draft->made.client_id = in->client_message_id;
    return draft->masked ? DAIS_OK : DAIS_E_MEMORY;
}

/* --- the rules --- */

static int32_t check_follow(struct draft *draft)
{
    const struct card *card = draft->card;
    int64_t seconds = 0;
    if (!chat_needs_follow(&card->settings, &draft->sender))
        return DAIS_OK;
    int32_t error = store_follow_age(draft->author->user_id, card->owner_id, &seconds);
    return error ? error : chat_check_follow(&card->settings, seconds, &draft->verdict);
}

/** Decides by the card; leaves in `made` what is to be stored. */
static int32_t decide(struct draft *draft)
{
    const struct chat_settings *settings = &draft->card->settings;
    struct chat_verdict *verdict = &draft->verdict;
    const struct chat_sender *sender = &draft->sender;
    draft->made.text = draft->written;
    int32_t error = who_of(draft->caller, draft->card, &draft->sender);
    if (!error)
        error = chat_check_open((draft->card->flags & DAIS_ROOM_OPEN) != 0, verdict);
    if (!error)
        error = chat_may_write(settings, sender, verdict);
    if (!error)
        error = chat_check_text(settings, sender, &draft->made.text, draft->masked, verdict);
    if (!error)
        error = check_follow(draft);
    draft->made.delay_ms = chat_delay_ms(settings, sender);
    draft->made.slow_ms = chat_slow_ms(settings, sender);
    return error;
}

/* --- storing --- */

/** Says why the database did not take it. DAIS_E_STATE: it is to be decided anew. */
static int32_t explain(struct draft *draft, int32_t error, const struct store_refusal *refusal)
{
    if (error == DAIS_E_LIMIT && refusal->retry_ms > 0)
        return chat_check_slow(refusal->retry_ms, &draft->verdict);
    if (error != DAIS_E_DENIED)
        return error;
    if (!refusal->is_barred)
        return who_says(&draft->verdict, error, NULL, "the owner of this room has blocked you");
    /* It is in force by the database's clock, which is not this one. */
    int64_t now_ms = dais_fiber->unix_ms(), until_ms = refusal->barred_until_ms;
    return chat_check_bar(until_ms, now_ms < until_ms ? now_ms : until_ms - 1, &draft->verdict);
}

/** Stores it in the operation. */
static int32_t store(struct draft *draft)
{
    struct store_new *made = &draft->made;
    struct operations_create value = {.id = made->id,
                                      .room_id = draft->card->id,
                                      .room_kind = draft->card->kind,
                                      .author_id = made->author_id,
                                      .author_name = draft->author->name,
                                      .type = dais_cstr(COMMENT),
                                      .message = made->text,
                                      .reply_to = made->reply.id,
                                      .client_message_id = made->client_id};
    struct store_refusal refusal = {0};
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations_table[OPERATIONS_CREATE], NULL, &value);
    int32_t added = DAIS_OK;
    if (!error)
        error = operations_amended(&draft->card->settings, &draft->sender, made->text,
                                   &value.message, &draft->verdict);
    if (!error) {
        made->text = value.message;
        error = added = store_add(run.tx, draft->card, made, &draft->message, &refusal);
    }
    error = dais_operation_end(&run, error);
    if (unsure_is(error) && !dais_operation_refused())
        unsure_add(made->id, draft->card->id, made->delay_ms > 0);
    return added ? explain(draft, added, &refusal) : error;
}

/** Decides and stores, by a newer card each time when somebody changed the room meanwhile. */
static int32_t decide_and_store(struct draft *draft)
{
    int32_t error = decide(draft);
    if (!error)
        error = store(draft);
    for (uint32_t tries = 1; error == DAIS_E_STATE && tries < CARD_TRIES; tries++) {
        card_drop(draft->card->id);
        error = card_get(NULL, draft->card->id, &draft->card);
        if (!error)
            error = decide(draft);
        if (!error)
            error = store(draft);
    }
    return error == DAIS_E_STATE ? DAIS_E_UNAVAILABLE : error;
}

/**
 * Answers a send that was not stored. If the client sent it before, and missed the answer, it gets
 * the message that is stored, whatever forbids another one now; nobody else hears of it again.
 */
static int32_t refuse(struct draft *draft, int32_t error, const struct dais_shape *answer)
{
    const struct dais_caller *caller = draft->caller;
    const struct store_new *made = &draft->made;
    if (!made->client_id.ptr || unsure_is(error))
        return who_refused(caller, error, &draft->verdict);
    const int is_used = error == DAIS_E_CONFLICT && !draft->verdict.detail &&
                        !dais_operation_refused();
    int32_t found = store_by_client(draft->card->id, made->author_id, made->client_id,
                                    &draft->message);
    if (!found)
        return dais_caller_reply(caller, 200, answer, &draft->message);
    if (is_used && found == DAIS_E_NOT_FOUND)
        return dais_caller_fail(caller, DAIS_E_CONFLICT, "clientMessageId",
                                "this message was sent before and is deleted");
    return is_used ? found : who_refused(caller, error, &draft->verdict);
}

int32_t send_message(const struct dais_caller *caller, const struct send *in,
                     const struct dais_shape *answer)
{
    struct draft draft = {.caller = caller};
    int32_t error = begin(&draft, in);
    if (!error)
        error = who_room(&in->room, NULL, &draft.card, &draft.verdict);
    if (error)
        return who_refused(caller, error, &draft.verdict);
    error = look_up(&draft, in);
    if (!error)
        error = decide_and_store(&draft);
    if (error)
        return refuse(&draft, error, answer);
    plugin_metrics_count(PLUGIN_METRICS_MESSAGES);
    told_message(draft.card, &draft.message);
    return dais_caller_reply(caller, 201, answer, &draft.message);
}
