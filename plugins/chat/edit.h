/* SPDX-License-Identifier: MIT */
#pragma once
/* An author changes the text of a message, within the room's window. */
#include "dais/caller.h"
#include "dais/field.h"
#include "who.h"

struct edit {
    uint64_t present;
    struct dais_str message_id;
    struct dais_str message;
};
extern const struct dais_shape edit_event_shape; /**< {messageId, message} */
extern const struct dais_shape edit_body_shape;  /**< {message} */

/** [fiber] [suspends] Edits, tells chat:edited and answers with the message. NOT_FOUND · DENIED:
 * not its author, no message of people, too late, barred, not among the writers · CONFLICT: closed,
 * off · INVALID: the text. */
DAIS_CHECK_RESULT int32_t edit_message(const struct dais_caller *caller, const struct edit *in);
