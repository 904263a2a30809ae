/* SPDX-License-Identifier: MIT */
#include "store.h"

const struct dais_statement store_statements[] = {
    [STORE_COUNT] = {"count",
                     "INSERT INTO chat_filter.rooms (room_id, messages, last_at)"
                     " VALUES ($1, 1, clock_timestamp())"
                     " ON CONFLICT (room_id) DO UPDATE SET"
                     " messages = rooms.messages + 1, last_at = clock_timestamp()",
                     DAIS_LANE_POOL, 1, 0, 0},
    [STORE_GET] = {"get",
                   "SELECT json_build_object('roomId', room_id, 'messages', messages,"
                   " 'lastAt', last_at) FROM chat_filter.rooms WHERE room_id = $1",
                   DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

int32_t store_count(struct dais_tx *tx, struct dais_str room_id)
{
    const struct dais_param params[] = {dais_text(room_id)};
    return dais_db->tx_query(tx, &store_statements[STORE_COUNT], params, 1, NULL);
}
