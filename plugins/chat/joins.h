/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Rows of type join and leave, in rooms whose setting showJoins is on: who comes to and leaves the
 * rooms of other plugins, as the core tells it (up to 200 viewers). Guests have no name and no row;
 * whoever comes and goes all the time is told once in a while.
 */
#include "dais/rooms.h"

/** How often somebody's coming, and leaving, is told at most, in milliseconds. */
#define JOINS_EVERY_MS 30000

extern const struct dais_room_watch joins_watches[];
