/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.chat/1: rows that other plugins write into the chat of a room: a gift, something the system
 * says, who came and who left. Offered by `chat`.
 *
 * Such a row is a message with a type of its own. It is stored and told to the room as messages of
 * people are, and is part of the history; no rule of the room looks at it: whoever writes it has
 * decided. Call it behind the commit of what the row is about.
 */
#include "dais/services.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A row. Everything is borrowed for the call. */
struct dais_chat_row {
    const char *kind;        /**< of the room ("live"); NULL: of any kind */
    const char *type;        /**< "gift", "system", "join" or "leave" */
    struct dais_str room_id; /**< uuid */
    struct dais_str user_id; /**< uuid of whom it is about; absent: nobody */
    struct dais_str text;    /**< for people, plain text, at most 2,000 characters */
    struct dais_str data;    /**< JSON for programs, at most 4,096 bytes; absent: none */
    uint64_t reserved;       /**< 0 */
};

struct dais_chat_v1 {
    /**
     * [fiber] [suspends] Stores a row and tells it. `ret_id` (may be NULL) is its id, in the
     * fiber's arena. DAIS_E_NOT_FOUND: no such room or account · DAIS_E_INVALID: the type, the
     * text, the data · DAIS_E_UNAVAILABLE, DAIS_E_TIMEOUT, DAIS_E_CANCELLED: it may be stored, or
     * not.
     */
    int32_t (*post)(const struct dais_chat_row *row, struct dais_str *ret_id);
};

DAIS_SLOT const struct dais_chat_v1 *dais_chat;
#define DAIS_NEED_CHAT DAIS_NEED(chat, "dais.chat/1", 0)

/** [fiber] [suspends] Writes a row into a room; see struct dais_chat_v1. */
static inline int32_t dais_chat_post(const struct dais_chat_row *row, struct dais_str *ret_id)
{
    uint64_t entered = dais_services->enter(dais_chat);
    int32_t error = dais_chat->post(row, ret_id);
    dais_services->leave(entered);
    return error;
}

#ifdef __cplusplus
}
#endif
