/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What goes for good: messages that are older than the configuration says, what accounts leave
 * behind, and rooms that are no longer. All in small bites, so that nobody who writes waits.
 */
#include "dais/hooks.h"

/** How often each looks, in milliseconds. */
#define PURGE_GONE_EVERY_MS 1000
#define PURGE_OLD_EVERY_MS 60000

/** On user.delete and stream.delete. */
extern const struct dais_hook purge_hooks[];

/** [fiber] [suspends] One turn, for a timer: what removed rooms and accounts left behind. */
void purge_gone(void);
/** [fiber] [suspends] One turn, for a timer: what is too old. */
void purge_old(void);
