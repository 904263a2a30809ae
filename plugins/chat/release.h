/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Delayed chat: messages whose time has come are shown to everybody.
 *
 * A message that is held back is a row with a time. A task on one worker looks for rows that are
 * due, claims them room by room under the room's lock, and tells them; a claim is one statement, so
 * each is told once, whoever looks, and what was deleted meanwhile is told to nobody. After a
 * restart it goes on with what is due by then.
 */

/** How often the task looks, in milliseconds. */
#define RELEASE_EVERY_MS 250

/** [fiber] [suspends] One turn, for a timer. */
void release_run(void);
