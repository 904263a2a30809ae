/* SPDX-License-Identifier: MIT */
#pragma once
/* Somebody cheers in a room: written once, for requests and for events. */
#include "dais/caller.h"

/** What the client gives. */
struct cheer {
    uint64_t present;
    struct dais_str room_id;
    struct dais_str word;
};
extern const struct dais_shape cheer_path;  /**< {roomId} */
extern const struct dais_shape cheer_body;  /**< {word} */
extern const struct dais_shape cheer_event; /**< {roomId, word} */

/** The answer, and what everybody in the room hears: {id, roomId, userId, word}. */
extern const struct dais_shape cheer_told;

/** [fiber] [suspends] Checks, stores, tells the room, answers. */
int32_t cheer_add(const struct dais_caller *caller, const struct cheer *in);
