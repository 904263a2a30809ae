/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The history of a room, page by page, in three dialects. Each page says where the room's numbered
 * events stood before it was read: a client that joins with that epoch and seq misses nothing in
 * between (dais/rooms.h).
 */
#include "dais/caller.h"
#include "dais/field.h"
#include "who.h"

/** Messages of a page. */
#define HISTORY_LIMIT_MAX 100

struct history_query {
    uint64_t present;
    int64_t limit;
    struct dais_str before; /**< id: only older messages */
};
extern const struct dais_shape history_query_shape;

extern const struct dais_shape history_chat_page;   /**< 001 */
extern const struct dais_shape history_live_page;   /**< 004 */
extern const struct dais_shape history_stream_page; /**< 002 */

/** [fiber] [suspends] Answers with a page in `answer`, one of the three. Guests, too. NOT_FOUND: no
 * such room. */
DAIS_CHECK_RESULT int32_t history_page(const struct dais_caller *caller,
                                       const struct who_room *room,
                                       const struct history_query *query,
                                       const struct dais_shape *answer);

/** [fiber] The name by which clients resume a room, "live:<id>", in the fiber's arena; absent
 * without memory. */
struct dais_str history_room_name(const struct card *card);
