/* SPDX-License-Identifier: MIT */
#include "dais/mem.h"
#include "store_rows.h"

enum { CLEAR, DUE, RELEASE };

const struct dais_statement store_live_statements[] = {
    [CLEAR] = {"clear",
               "UPDATE chat.rooms SET cleared_through = greatest(cleared_through, $2::uuid), "
               "version = version + 1 WHERE id = $1::uuid",
               DAIS_LANE_POOL, 2, 0, 0},
    [DUE] = {"due",
             "SELECT m.room_id FROM chat.messages m WHERE NOT m.is_released "
             "AND m.deleted_at IS NULL AND m.visible_at <= now() GROUP BY m.room_id "
             "LIMIT $1::bigint",
             DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    /* What is cleared counts as released, so that nobody looks at it again, but is not given. */
    [RELEASE] = {"release",
                 "WITH ready AS (SELECT m.id FROM chat.messages m WHERE m.room_id = $1::uuid "
                 "AND NOT m.is_released AND m.deleted_at IS NULL AND m.visible_at <= now() "
                 "ORDER BY m.id LIMIT $2::bigint FOR UPDATE), "
                 "changed AS (UPDATE chat.messages m SET is_released = true FROM ready x "
                 "WHERE m.id = x.id RETURNING m.*) "
                 "SELECT " STORE_MESSAGE_COLUMNS " FROM changed m" STORE_MESSAGE_JOINS
                 " WHERE " STORE_THERE " ORDER BY m.id",
                 DAIS_LANE_POOL, 2, 0, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

int32_t store_clear(struct dais_tx *tx, struct dais_str room_id, struct dais_str through)
{
    const struct dais_param params[] = {dais_text(room_id), dais_text(through)};
    uint64_t count = 0;
    int32_t error = store_touch(tx, &store_live_statements[CLEAR], params, &count);
    if (error)
        return error;
    return count == 0 ? DAIS_E_NOT_FOUND : DAIS_OK;
}

int32_t store_due(int64_t limit, struct store_ids *ret_rooms)
{
    const struct dais_param params[] = {dais_int(limit)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_live_statements[DUE], params, &rows);
    return error ? error : store_ids_take(rows, ret_rooms);
}

int32_t store_release(struct dais_str room_id, int64_t limit, struct store_list *ret_list)
{
    const struct dais_param params[] = {dais_text(room_id), dais_int(limit)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_live_statements[RELEASE], params, &rows);
    return error ? error : store_list_take(rows, ret_list);
}
