/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Boards: immutable objects that one worker makes and all workers read (dais/shared.h).
 *
 * Each worker has its own index of every board. board_put changes the caller's index at once and
 * sends one message to each other worker. A worker whose mail is full is not waited for: what it
 * should get stays with the sender, the newest object of each key only, and is sent again
 * some milliseconds later.
 */
#include "base/buf.h"
#include "dais/shared.h"

/** How many boards there may be. */
#define BOARDS_MAX 32u

/** [setup] Makes a board. DAIS_E_LIMIT, DAIS_E_CONFLICT when it exists. */
DAIS_CHECK_RESULT int32_t board_add(const struct dais_board *board);

/** [setup] Forgets all boards; no worker runs. */
void boards_reset(void);

/** Readies this worker; from the worker's start callback. */
DAIS_CHECK_RESULT int32_t board_worker_start(void);

/** Gives all references of this worker back; from the worker's stop callback. */
void board_worker_stop(void);

/** As dais_shared_v1.put, .remove and .get. */
DAIS_CHECK_RESULT int32_t board_put(const struct dais_board *board, struct dais_str key,
                                    struct dais_buf *object);
DAIS_CHECK_RESULT int32_t board_remove(const struct dais_board *board, struct dais_str key);
struct dais_buf *board_get(const struct dais_board *board, struct dais_str key);
