/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is done to messages that are there: pin, unpin, delete, clear.
 *
 * Each handler holds the room's lock from its statement until members were told, so that the last
 * event tells the state: dais_fiber->lock(room id), which everything takes that changes what a room
 * looks like. The statements carry their own conditions: of two who delete one does, and a message
 * that is gone is not pinned. Of what is done already nobody is told again.
 */
#include "dais/caller.h"
#include "dais/field.h"
#include "dais/hooks.h"

#include "who.h"

struct card;
struct store_message;

struct moderate_pin {
    uint64_t present;
    struct dais_str message_id;
    uint8_t pinned; /**< whether it is to be pinned; a body without the row says yes */
};
/** The body of a request: {pinned?}. */
extern const struct dais_shape moderate_pin_body;

struct moderate_delete {
    uint64_t present;
    struct dais_str message_id;
};
/** {messageId}, of chat:pin, chat:unpin and chat:delete; struct moderate_delete. */
extern const struct dais_shape moderate_message_event;

struct moderate_clear {
    uint64_t present;
    struct who_room room;
    struct dais_str user_id; /**< absent: of everybody */
};
extern const struct dais_shape moderate_clear_event; /**< {room, userId?} */
extern const struct dais_shape moderate_clear_query; /**< {userId?} */
extern const struct dais_shape moderate_cleared;     /**< answer: {clearedThrough} */

/**
 * [fiber] [suspends] Pins a message or takes the pin off; answers with the message. DENIED: not a
 * moderator · NOT_FOUND: no such message, or it is deleted · CONFLICT: it is held back still, or
 * too many are pinned.
 */
DAIS_CHECK_RESULT int32_t moderate_pin(const struct dais_caller *caller,
                                       const struct moderate_pin *in);

/** [fiber] [suspends] Deletes a message, its author or a moderator. DENIED · NOT_FOUND, also for
 * whoever comes second. */
DAIS_CHECK_RESULT int32_t moderate_delete(const struct dais_caller *caller,
                                          const struct moderate_delete *in);

/** [fiber] [suspends] Clears the room of all messages so far, or of those of one account; answers
 * with the id through which it is cleared. DENIED · NOT_FOUND: no such room. */
DAIS_CHECK_RESULT int32_t moderate_clear(const struct dais_caller *caller,
                                         const struct moderate_clear *in);

/* --- for others who take messages away, with the room's lock --- */

/**
 * [fiber] [suspends] Deletes a message in the operation chat.message.delete, which is a part of
 * `tx` if there is one. Tells nobody: told_deleted behind the commit. NOT_FOUND: it is gone
 * already.
 */
DAIS_CHECK_RESULT int32_t moderate_remove(struct dais_tx *tx, const struct store_message *message,
                                          struct dais_str actor);
