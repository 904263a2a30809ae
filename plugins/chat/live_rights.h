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
extern const struct dais_board live_rights_boards[];
#define LIVE_RIGHTS_BOARDS 1
extern const struct dais_subscription live_rights_subscriptions[];

/** Rooms that are remembered of one account; of more the oldest is forgotten, and left when its
 * sockets leave. */
#define LIVE_RIGHTS_ROOMS_MAX 16

/** [fiber] Notes that the account is in a room of moderators because of its role. */
void live_rights_note(struct dais_str user_id, struct dais_str room_id);
