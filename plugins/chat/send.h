/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A message is sent: rules by the room's card, the operation chat.message.create, one statement,
 * then everybody hears of it, then the answer. README.md walks through it.
 */
#include "dais/caller.h"
#include "dais/field.h"
#include "who.h"

/** Bounds of what a client names. */
#define SEND_MENTIONS_MAX 10
#define SEND_CLIENT_ID_MAX 64

struct send {
    uint64_t present;
    struct who_room room;
    struct dais_str message;
    struct dais_str client_message_id; /**< absent: what comes twice is two messages */
    struct dais_str reply_to;          /**< absent: none */
    struct dais_list mentions;         /**< of struct dais_str */
    struct dais_str content;           /**< other names of `message` in 004 */
    struct dais_str text;
    struct dais_str type;    /**< 004: not looked at, clients write comments */
    struct dais_str claimed; /**< 004: who it is from, as the client says; the token counts */
};
extern const struct dais_shape send_event_shape;  /**< chat:send {room, message, …} */
extern const struct dais_shape send_chat_shape;   /**< body, 001 */
extern const struct dais_shape send_stream_shape; /**< body, 002: snake_case */
extern const struct dais_shape send_live_shape;   /**< body, 004: message, content or text */

/**
 * [fiber] [suspends] Sends a message and answers with it, in `answer` (told.h): 201, or 200 with
 * the stored one when client_message_id was sent before. INVALID: the text, a mention · NOT_FOUND:
 * no such room, or no such message to answer · CONFLICT: closed, off, or sent before and deleted
 * since · DENIED: barred, blocked, not a follower, not among the writers · LIMIT: slow mode · what
 * a hook said.
 */
DAIS_CHECK_RESULT int32_t send_message(const struct dais_caller *caller, const struct send *in,
                                       const struct dais_shape *answer);
