/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What clients are told: the shapes of messages in three dialects, and one function for each event.
 *
 * All functions run behind the commit of what they tell, and return nothing: what is stored stays,
 * also when telling fails. When too much is under way (DAIS_E_LIMIT) they wait and try again, a few
 * times for half a second in all, and then log it: a client that comes back, or reads the history,
 * has it. So they may suspend.
 *
 * Who hears: members of the room, in the dialect with which they joined. While a message is held
 * back (is_released 0: chat delay) its author and the room "chat-moderators:<id>" alone, whatever
 * happens to it; once it is released (told_message with is_released 1) everybody, so that its
 * author and moderators hear of it twice, with isDelayed true and then false.
 */
#include "dais/events.h"
#include "dais/rooms.h"
#include "dais/types.h"

struct card;
struct store_message;

/** The kind of the rooms in which moderators hear more. */
#define TOLD_MODERATORS "chat-moderators"

/** A message as answers and events have it, over struct store_message. */
extern const struct dais_shape told_chat_message;   /**< 001: ChatMessage */
extern const struct dais_shape told_live_message;   /**< 004: LiveMessage */
extern const struct dais_shape told_stream_message; /**< 002: LiveChatMessage, snake_case */

/** What happens to one message: {id, roomId, by?} and {id, roomId, reactions}. */
struct told_event {
    struct dais_str id;
    struct dais_str room_id;
    struct dais_str by;        /**< chat:deleted: account that deleted it */
    struct dais_str reactions; /**< chat:reaction: JSON, [{emoji, count}] */
};
extern const struct dais_shape told_deleted_shape;
extern const struct dais_shape told_unpinned_shape;
extern const struct dais_shape told_reaction_shape;

struct told_typing {
    struct dais_str room_id;
    struct dais_str user_id;
    struct dais_str user_name;
    uint8_t typing;
};
extern const struct dais_shape told_typing_shape;

struct told_cleared {
    struct dais_str room_id;
    struct dais_str cleared_through; /**< id: messages up to it are gone, also those yet to come */
    struct dais_str user_id;         /**< absent: of everybody */
    struct dais_str from;            /**< id: those before it stay; absent: none stays */
};
extern const struct dais_shape told_cleared_shape;

/** Of chat:barred and chat:unbarred, to the user. */
struct told_bar {
    struct dais_str room_id;
    struct dais_str until;  /**< time-out: when it ends; absent: for good */
    struct dais_str reason; /**< absent: none was given */
};
extern const struct dais_shape told_barred_shape;
extern const struct dais_shape told_unbarred_shape;

/* --- events, behind the commit; all [fiber] [suspends] --- */

/** A new message, or one that is released: chat:message, live:message; chat:mention to those who
 * are mentioned. */
void told_message(const struct card *card, const struct store_message *message);
/** chat:edited */
void told_edited(const struct card *card, const struct store_message *message);
/** chat:deleted, by the account `by` */
void told_deleted(const struct card *card, const struct store_message *message, struct dais_str by);
/** chat:pinned, or chat:unpinned when it is no longer */
void told_pinned(const struct card *card, const struct store_message *message);
/** chat:reaction with `message->reactions` */
void told_reaction(const struct card *card, const struct store_message *message);
/** chat:typing, to all but the socket `except`; left out where a client is slow. */
void told_typing(const struct card *card, const struct told_typing *typing, dais_handle except);
/** chat:cleared */
void told_cleared(const struct card *card, const struct told_cleared *told);
/** chat:barred to all sockets of the user */
void told_barred(const struct card *card, struct dais_str user_id, struct dais_str until,
                 struct dais_str reason);
/** chat:unbarred to all sockets of the user */
void told_unbarred(const struct card *card, struct dais_str user_id);

/* --- for events whose shapes others own (chat:settings, chat:report, chat:bars) --- */

/** To all members of the room: durable, or replaceable with `key` not 0. */
void told_room(const struct card *card, const char *event, const struct dais_shape *shape,
               const void *value);
/** To the moderators who joined with chat:join. */
void told_moderators(const struct card *card, const char *event, const struct dais_shape *shape,
                     const void *value);
/** To all sockets of a user. */
void told_user(struct dais_str user_id, const char *event, const struct dais_shape *shape,
               const void *value);
