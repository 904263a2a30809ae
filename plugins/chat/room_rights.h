/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Moderators and admins of the whole service who are in rooms of moderators, and lose that role:
 * the topic "identity.revoked" says whom to look at, and who is none any more is removed. Which
 * rooms somebody is in stands on a board, so that a reload does not forget it. Who moderates one
 * room is removed by whoever dismisses him (moderators.c).
 */
#include "dais/bus.h"
#include "dais/shared.h"

/** For plugin.c. */
extern const struct dais_board room_rights_boards[];
#define ROOM_RIGHTS_BOARDS 1
extern const struct dais_subscription room_rights_subscriptions[];

/** Rooms that are remembered of one account; of more the oldest is forgotten, and left when its
 * sockets leave. */
#define ROOM_RIGHTS_ROOMS_MAX 16

/** [fiber] Notes that the account is in a room of moderators because of its role. */
void room_rights_note(struct dais_str user_id, struct dais_str room_id);
