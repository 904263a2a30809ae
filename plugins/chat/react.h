/* SPDX-License-Identifier: MIT */
#pragma once
/* A reaction to a message: an emoji that somebody sets, or takes back. */
#include "dais/caller.h"
#include "dais/field.h"
#include "who.h"

struct react {
    uint64_t present;
    struct dais_str message_id;
    struct dais_str emoji;
    uint8_t value; /**< whether it is to be there */
};
extern const struct dais_shape react_event_shape;  /**< {messageId, emoji, value} */
extern const struct dais_shape react_body_shape;   /**< {emoji, value} */
extern const struct dais_shape react_answer_shape; /**< {messageId, reactions} */

/** [fiber] [suspends] Sets or takes back, tells chat:reaction if that changed something, and
 * answers with all counts. NOT_FOUND · INVALID: no emoji · DENIED: barred · CONFLICT: closed, off,
 * or the message has too many different ones. */
DAIS_CHECK_RESULT int32_t react_set(const struct dais_caller *caller, const struct react *in);
