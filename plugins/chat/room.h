/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Rooms as clients of chat enter them. Members are those of the source's own room {kind, id}, which
 * other events enter, too (live:join, join-stream); the last join of a socket says in which dialect
 * it hears. Moderators who come by chat:join hear what only they may in "chat-moderators:<id>".
 */
#include "dais/caller.h"
#include "dais/field.h"
#include "dais/rooms.h"
#include "who.h"

/** chat:join and chat:leave. */
struct room_in {
    uint64_t present;
    struct who_room room;
    int64_t epoch; /**< of the last event that was seen; 0: none was */
    int64_t seq;
};
extern const struct dais_shape room_join_shape;  /**< {room, epoch?, seq?} */
extern const struct dais_shape room_leave_shape; /**< {room} */
extern const struct dais_shape room_state_shape; /**< answer, with all settings */

extern const struct dais_room_kind room_kinds[];

/** [fiber] [suspends] Enters, and answers with the state, as of before what comes as events. */
DAIS_CHECK_RESULT int32_t room_join(struct dais_call *call, const struct room_in *in);
/** [fiber] [suspends] Leaves; who was not in has left, too. */
DAIS_CHECK_RESULT int32_t room_leave(struct dais_call *call, const struct room_in *in);
/** [fiber] [suspends] Answers with the state. Guests, too. */
DAIS_CHECK_RESULT int32_t room_state(const struct dais_caller *caller, const struct who_room *room);
