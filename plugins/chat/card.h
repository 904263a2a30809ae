/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Cards: what every worker knows of a room without asking the database, its owner, settings and
 * moderators. Handlers decide by a card.
 *
 * A card is immutable and lies on a board for a second; then, or after card_drop, whoever needs it
 * next reads it anew. It may be older than the database: the statements that store something hold
 * only while the card's `version` is the room's, and give DAIS_E_STATE otherwise. Then drop the
 * card, get it again and decide again, CARD_TRIES times in all:
 *
 *     for (uint32_t tries = 0; error == DAIS_E_STATE && tries < CARD_TRIES; tries++) {
 *         card_drop(room_id);
 *         error = card_get(NULL, room_id, &card);
 *         …decide, store…
 *     }
 */
#include "chat.h"
#include "dais/rooms.h"
#include "dais/shared.h"

/** How often it is decided anew when others keep changing the room. */
#define CARD_TRIES 3

/** The board, for plugin.c. */
extern const struct dais_board card_boards[];
#define CARD_BOARDS 1

/** A room as it was at `version`. All views live as long as the card. */
struct card {
    struct dais_str kind;     /**< of its source: "live", "session" */
    struct dais_str id;       /**< uuid */
    struct dais_str owner_id; /**< uuid */
    struct dais_str title;
    struct dais_str cleared_through; /**< id: messages up to it are gone; absent: none are */
    int64_t version;
    uint32_t flags; /**< DAIS_ROOM_OPEN */
    uint32_t moderator_count;
    const struct dais_str *moderators; /**< ids in their order */
    struct chat_settings settings;
};

/**
 * [fiber] [suspends] The card of a room, of `kind` unless it is NULL; it stays valid as long as the
 * running fiber. Reads it when no worker has it. DAIS_E_NOT_FOUND: there is no such room (any more)
 * · DAIS_E_UNAVAILABLE, DAIS_E_TIMEOUT, DAIS_E_CANCELLED, DAIS_E_MEMORY: it cannot be known now.
 */
DAIS_CHECK_RESULT int32_t card_get(const char *kind, struct dais_str room_id,
                                   const struct card **ret_card);

/**
 * [fiber] Whoever asks next, on any worker, reads the room anew. To be called behind the commit of
 * every change of a room, its moderators, its clearing; nothing is wrong where it is late.
 */
void card_drop(struct dais_str room_id);

/** Whether `user_id` is among the room's own moderators. Its owner is not. */
int card_is_moderator(const struct card *card, struct dais_str user_id);

/** The source's room, in which members hear of chat. */
static inline struct dais_room card_room(const struct card *card)
{
    return (struct dais_room){card->kind, card->id};
}
