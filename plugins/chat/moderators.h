/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who moderates a room beside its owner and those who moderate the whole service. Its owner, and
 * admins, appoint them. Who is one no longer leaves the room of the moderators at once.
 */
#include "dais/caller.h"
#include "dais/field.h"

#include "who.h"

struct moderators_set {
    uint64_t present;
    struct who_room room;
    struct dais_str user_id;
    uint8_t value; /**< whether the account is to be a moderator */
};
extern const struct dais_shape moderators_set_event; /**< {room, userId, value} */

extern const struct dais_shape moderators_page; /**< answer: {moderators:[…]} */
extern const struct dais_shape moderators_told; /**< event chat:moderator: {roomId, userId, value}
                                                 */

/** [fiber] [suspends] Appoints or dismisses; again is no error. DENIED: neither owner nor admin ·
 * NOT_FOUND: no such room or account · CONFLICT: there are too many. */
DAIS_CHECK_RESULT int32_t moderators_set(const struct dais_caller *caller,
                                         const struct moderators_set *in);

/** [fiber] [suspends] Who they are, by name. DENIED · NOT_FOUND: no such room. */
DAIS_CHECK_RESULT int32_t moderators_list(const struct dais_caller *caller,
                                          const struct who_room *room);
