/* SPDX-License-Identifier: MIT */
/* The shapes of told.h: one store, three ways of writing it. */
#include "chat.h"
#include "store.h"
#include "told.h"

#define ROW(name, member, kind, flags, high, text)                                                 \
    DAIS_FIELD_NAMED(name, struct store_message, member, kind, flags, 0, high, text)
#define ID(name, member, flags, text) ROW(name, member, DAIS_KIND_UUID, flags, 36, text)
#define TEXT(name, member, flags, high, text) ROW(name, member, DAIS_KIND_STRING, flags, high, text)
#define BOOL(name, member, text) ROW(name, member, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 1, text)
#define TIME(name, member, flags, text) ROW(name, member, DAIS_KIND_TIME, flags, 40, text)
#define JSON(name, member, flags, text) ROW(name, member, DAIS_KIND_JSON, flags, 0, text)
#define NAME_MAX 200
#define URL_MAX 2000
#define TYPE_TEXT "comment, gift, system, join or leave"
#define CLIENT_ID_TEXT "the client's own name for it"
#define REACTIONS_TEXT "each emoji with its count, the oldest first"

#define REPLY(name, member, kind, flags, high, text)                                               \
    DAIS_FIELD_NAMED(name, struct store_reply, member, kind, flags, 0, high, text)
#define REPLY_ROWS(user_id_name, user_name_name)                                                   \
    REPLY("id", id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, "the message that is answered"),      \
        REPLY(user_id_name, user_id, DAIS_KIND_UUID, DAIS_FIELD_REQUIRED, 36, "who wrote it"),     \
        REPLY(user_name_name, user_name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, NAME_MAX,          \
              "that account's name"),                                                              \
        REPLY("message", text, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, STORE_REPLY_CHARACTERS,      \
              "how it begins"),                                                                    \
        DAIS_FIELD_END

static const struct dais_field REPLY_FIELDS[] = {REPLY_ROWS("userId", "userName")};
static const struct dais_shape REPLY_SHAPE = DAIS_SHAPE("ChatReply", struct store_reply,
                                                        REPLY_FIELDS);
static const struct dais_field SNAKE_REPLY_FIELDS[] = {REPLY_ROWS("user_id", "user_name")};
static const struct dais_shape SNAKE_REPLY = DAIS_SHAPE("LiveChatReply", struct store_reply,
                                                        SNAKE_REPLY_FIELDS);
#define REPLY_TO(name, shape)                                                                      \
    DAIS_FIELD_NESTED(name, struct store_message, reply, DAIS_KIND_OBJECT, 0, 0, shape,            \
                      "the message that it answers")

/** What 001 and 004 have in common; both spell in camelCase. */
#define AUTHOR_ROWS                                                                                \
    ID("userId", author.id, 0, "who wrote it; absent: the system"),                                \
        TEXT("userName", author.name, DAIS_FIELD_REQUIRED, NAME_MAX, "that account's name"),       \
        ROW("userUid", author.uid, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, UINT32_MAX, "its number"),  \
        TEXT("userAvatar", author.avatar_url, 0, URL_MAX, "address of its picture")
#define CONTENT_ROWS                                                                               \
    TEXT("type", type, DAIS_FIELD_REQUIRED, 20, TYPE_TEXT),                                        \
        TEXT("message", text, DAIS_FIELD_REQUIRED, CHAT_MESSAGE_MAX_MAX,                           \
             "plain text; never HTML"),                                                            \
        TEXT("clientMessageId", client_id, 0, 64, CLIENT_ID_TEXT),                                 \
        REPLY_TO("replyTo", &REPLY_SHAPE),                                                         \
        JSON("mentions", mentions, DAIS_FIELD_REQUIRED, "ids of the accounts that it mentions"),   \
        JSON("reactions", reactions, DAIS_FIELD_REQUIRED, REACTIONS_TEXT),                         \
        BOOL("isPinned", is_pinned, "a moderator pinned it"),                                      \
        BOOL("isEdited", is_edited, "its author changed it")
#define TIME_ROWS                                                                                  \
    TIME("createdAt", created_at, DAIS_FIELD_REQUIRED, "when it was written"),                     \
        TIME("editedAt", edited_at, 0, "when its author changed it last"),                         \
        JSON("data", data, 0, "what the plugin that wrote it adds")

static const struct dais_field CHAT_FIELDS[] = {
    ID("id", id, DAIS_FIELD_REQUIRED, "the message; later ones sort behind it"),
    ID("roomId", room_id, DAIS_FIELD_REQUIRED, "the room"),
    ID("sessionId", room_id, DAIS_FIELD_REQUIRED, "the room, by its other name"),
    AUTHOR_ROWS,
    CONTENT_ROWS,
    BOOL("isDelayed", is_delayed, "only its author and moderators see it yet"),
    TIME_ROWS,
    DAIS_FIELD_END,
};
const struct dais_shape told_chat_message = DAIS_SHAPE("ChatMessage", struct store_message,
                                                       CHAT_FIELDS);

static const struct dais_field LIVE_FIELDS[] = {
    ID("id", id, DAIS_FIELD_REQUIRED, "the message; later ones sort behind it"),
    ID("liveStreamId", room_id, DAIS_FIELD_REQUIRED, "the live stream"),
    AUTHOR_ROWS,
    CONTENT_ROWS,
    TIME_ROWS,
    DAIS_FIELD_END,
};
const struct dais_shape told_live_message = DAIS_SHAPE("LiveMessage", struct store_message,
                                                       LIVE_FIELDS);

static const struct dais_field USER_FIELDS[] = {
    ID("id", author.id, 0, "the account"),
    TEXT("name", author.name, DAIS_FIELD_REQUIRED, NAME_MAX, "its name"),
    TEXT("avatar_url", author.avatar_url, 0, URL_MAX, "address of its picture"),
    DAIS_FIELD_END,
};
static const struct dais_shape USER = DAIS_SHAPE("LiveChatUser", struct store_message, USER_FIELDS);

static const struct dais_field STREAM_FIELDS[] = {
    ID("id", id, DAIS_FIELD_REQUIRED, "the message; later ones sort behind it"),
    ID("stream_id", room_id, DAIS_FIELD_REQUIRED, "the live stream"),
    ID("user_id", author.id, 0, "who wrote it"),
    /* A part of the same struct: its rows find their members from where the message begins. */
    {"user", DAIS_KIND_OBJECT, DAIS_FIELD_REQUIRED, 0, 0, 0, 0, NULL, NULL, NULL, &USER,
     "who wrote it"},
    TEXT("type", type, DAIS_FIELD_REQUIRED, 20, TYPE_TEXT),
    TEXT("message", text, DAIS_FIELD_REQUIRED, CHAT_MESSAGE_MAX_MAX, "plain text; never HTML"),
    TIME("timestamp", created_at, DAIS_FIELD_REQUIRED, "when it was written"),
    TEXT("client_message_id", client_id, 0, 64, CLIENT_ID_TEXT),
    REPLY_TO("reply_to", &SNAKE_REPLY),
    JSON("mentions", mentions, DAIS_FIELD_REQUIRED, "ids of the accounts that it mentions"),
    JSON("reactions", reactions, DAIS_FIELD_REQUIRED, REACTIONS_TEXT),
    BOOL("is_pinned", is_pinned, "a moderator pinned it"),
    BOOL("is_edited", is_edited, "its author changed it"),
    TIME("edited_at", edited_at, 0, "when its author changed it last"),
    DAIS_FIELD_END,
};
const struct dais_shape told_stream_message = DAIS_SHAPE("LiveChatMessage", struct store_message,
                                                         STREAM_FIELDS);

/* --- what happens to messages, in rooms, and to people --- */

#define OF(type, name, member, kind, flags, high, text)                                            \
    DAIS_FIELD_NAMED(name, struct type, member, kind, flags, 0, high, text)
#define OF_ID(type, name, member, flags, text)                                                     \
    OF(type, name, member, DAIS_KIND_UUID, flags, 36, text)
#define OF_ROOM(type) OF_ID(type, "roomId", room_id, DAIS_FIELD_REQUIRED, "the room")
#define OF_MESSAGE OF_ID(told_event, "id", id, DAIS_FIELD_REQUIRED, "the message")

static const struct dais_field DELETED_FIELDS[] = {
    OF_MESSAGE,
    OF_ROOM(told_event),
    OF_ID(told_event, "by", by, 0, "who deleted it"),
    DAIS_FIELD_END,
};
const struct dais_shape told_deleted_shape = DAIS_SHAPE("ChatDeleted", struct told_event,
                                                        DELETED_FIELDS);

static const struct dais_field UNPINNED_FIELDS[] = {OF_MESSAGE, OF_ROOM(told_event),
                                                    DAIS_FIELD_END};
const struct dais_shape told_unpinned_shape = DAIS_SHAPE("ChatUnpinned", struct told_event,
                                                         UNPINNED_FIELDS);

static const struct dais_field REACTION_FIELDS[] = {
    OF_MESSAGE,
    OF_ROOM(told_event),
    OF(told_event, "reactions", reactions, DAIS_KIND_JSON, DAIS_FIELD_REQUIRED, 0, REACTIONS_TEXT),
    DAIS_FIELD_END,
};
const struct dais_shape told_reaction_shape = DAIS_SHAPE("ChatReaction", struct told_event,
                                                         REACTION_FIELDS);

static const struct dais_field TYPING_FIELDS[] = {
    OF_ROOM(told_typing),
    OF_ID(told_typing, "userId", user_id, DAIS_FIELD_REQUIRED, "who types"),
    OF(told_typing, "userName", user_name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, NAME_MAX,
       "that account's name"),
    OF(told_typing, "typing", typing, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 1,
       "whether it still does; say so for 5 seconds"),
    DAIS_FIELD_END,
};
const struct dais_shape told_typing_shape = DAIS_SHAPE("ChatTyping", struct told_typing,
                                                       TYPING_FIELDS);

static const struct dais_field CLEARED_FIELDS[] = {
    OF_ROOM(told_cleared),
    OF_ID(told_cleared, "clearedThrough", cleared_through, DAIS_FIELD_REQUIRED,
          "messages up to this one are gone, also those that come later"),
    OF_ID(told_cleared, "userId", user_id, 0, "only those of this account"),
    OF_ID(told_cleared, "from", from, 0, "only those from this id on; absent: from the first"),
    DAIS_FIELD_END,
};
const struct dais_shape told_cleared_shape = DAIS_SHAPE("ChatCleared", struct told_cleared,
                                                        CLEARED_FIELDS);

static const struct dais_field BARRED_FIELDS[] = {
    OF_ROOM(told_bar),
    OF(told_bar, "until", until, DAIS_KIND_TIME, 0, 40, "when the time-out ends; absent: a ban"),
    OF(told_bar, "reason", reason, DAIS_KIND_STRING, 0, 500, "what the moderator says"),
    DAIS_FIELD_END,
};
const struct dais_shape told_barred_shape = DAIS_SHAPE("ChatBarred", struct told_bar,
                                                       BARRED_FIELDS);

static const struct dais_field UNBARRED_FIELDS[] = {OF_ROOM(told_bar), DAIS_FIELD_END};
const struct dais_shape told_unbarred_shape = DAIS_SHAPE("ChatUnbarred", struct told_bar,
                                                         UNBARRED_FIELDS);
