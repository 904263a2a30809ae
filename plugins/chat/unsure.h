/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Messages of which it is not known whether they are stored: the connection to the database was
 * lost under the commit, or the client went away while it ran. Its author is told an error and may
 * send again with the same clientMessageId; so that the others hear of it, too, a task looks a
 * moment later and tells them if it is there.
 */
#include "dais/abi.h"

/** How many of them wait in this process at most; of more than that nobody looks. */
#define UNSURE_MAX 256

/** [fiber] Whether `error` of a statement or commit leaves it open. */
int unsure_is(int32_t error);

/** [fiber] Looks for the message `id` of `room_id` later. `delayed`: it would be held back, so that
 * release.c tells it to everybody. */
void unsure_add(struct dais_str id, struct dais_str room_id, int delayed);
