/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Boards: immutable objects that one worker makes and all workers read (dais/shared.h).
 *
 * A board belongs to a plugin and has a name; the rows of several generations of the plugin's code
 * lead to the same one. Boards are never taken away: what lies there outlives the row.
 *
 * Each worker has its own index of every board. board_put changes the caller's index at once and
 * sends one message to each other worker. A worker whose mail is full is not waited for: what it
 * should get stays with the sender, the newest object of each key only, and is sent again
 * some milliseconds later.
 *
 * "[parked]": before the workers start, or while they are parked (park.h).
 */
#include "base/buf.h"
#include "dais/shared.h"

/** How many boards there may be. */
#define BOARDS_MAX 64u
/** How many rows may lead to them: those of all live generations. */
#define BOARD_ROWS_MAX 256u
/** Keys of all boards that a worker takes off later. */
#define BOARD_LATER_MAX 65536u
/** Longest name of a board, in bytes. */
#define BOARD_NAME_BYTES_MAX 63u

/**
 * What board_add would answer, without effect. DAIS_E_INVALID: no good name or bounds;
 * DAIS_E_CONFLICT: the plugin's board of this name has another layout; DAIS_E_LIMIT. [main thread]
 */
DAIS_CHECK_RESULT int32_t board_check(uint32_t plugin, const struct dais_board *row);

/**
 * Makes `row` lead to the board of this plugin and name, which is made when it is new. The row is
 * borrowed until board_drop. As board_check. [parked]
 */
DAIS_CHECK_RESULT int32_t board_add(uint32_t plugin, const struct dais_board *row);

/** Forgets a row (unknown: ignored); the board and what lies there stay. [parked] */
void board_drop(const struct dais_board *row);

/** [setup] Forgets all boards; no worker runs. */
void boards_reset(void);

/** Readies this worker; from the worker's start callback. */
DAIS_CHECK_RESULT int32_t board_worker_start(void);

/** Gives all references of this worker back; from the worker's stop callback. */
void board_worker_stop(void);

/** As dais_shared_v1.put, .remove, .remove_later and .get. */
DAIS_CHECK_RESULT int32_t board_put(const struct dais_board *board, struct dais_str key,
                                    struct dais_buf *object);
DAIS_CHECK_RESULT int32_t board_remove(const struct dais_board *board, struct dais_str key);
DAIS_CHECK_RESULT int32_t board_remove_later(const struct dais_board *board, struct dais_str key,
                                             struct dais_buf *object, uint64_t ms);
struct dais_buf *board_get(const struct dais_board *board, struct dais_str key);
