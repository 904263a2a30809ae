/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who types: told to the others in the room, at most every few seconds for each user, room and
 * worker, and left out wherever a client is slow. What is too much is not an error, it is not told.
 */
#include "dais/caller.h"
#include "dais/field.h"
#include "who.h"

/** How often somebody's typing in a room is told at most, in milliseconds. */
#define TYPING_EVERY_MS 3000

struct typing {
    uint64_t present;
    struct who_room room;
    uint8_t typing;
};
extern const struct dais_shape typing_event_shape; /**< {room, typing} */
extern const struct dais_shape typing_body_shape;  /**< {typing} */

/** [fiber] [suspends] Tells chat:typing to all but the caller's socket. DENIED: barred, or not
 * among the writers · CONFLICT: closed, off · NOT_FOUND. */
DAIS_CHECK_RESULT int32_t typing_tell(const struct dais_caller *caller, const struct typing *in);
