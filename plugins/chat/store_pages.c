/* SPDX-License-Identifier: MIT */
#include "dais/mem.h"
#include "store_rows.h"

enum { GET, BY_CLIENT, PAGE, PINS };

const struct dais_statement store_page_statements[] = {
    [GET] = {"get",
             "SELECT " STORE_MESSAGE_COLUMNS " FROM chat.messages m" STORE_MESSAGE_JOINS
             " WHERE m.id = $1::uuid AND " STORE_THERE,
             DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [BY_CLIENT] = {"by_client",
                   "SELECT " STORE_MESSAGE_COLUMNS " FROM chat.messages m" STORE_MESSAGE_JOINS
                   " WHERE m.author_id = $1::uuid AND m.room_id = $2::uuid "
                   "AND m.client_id = $3::text AND " STORE_THERE,
                   DAIS_LANE_READ, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    /* The bound inside is a constant (STORE_PAGE_MAX and the one that tells of more): with it the
     * plan walks the index whatever the room holds. */
    [PAGE] = {"page",
              "SELECT " STORE_MESSAGE_COLUMNS " FROM (SELECT n.* FROM chat.messages n "
              "LEFT JOIN auth.users_public a ON a.id = n.author_id "
              "WHERE n.room_id = $1::uuid AND n.id < coalesce($2::uuid, " STORE_ID_MAX ") "
              "AND n.id > coalesce((SELECT x.cleared_through FROM chat.rooms x "
              "WHERE x.id = $1::uuid), " STORE_ID_MIN ") AND n.deleted_at IS NULL "
              "AND (n.is_released OR $3::int = 1 OR n.author_id = $4::uuid) "
              "AND (n.author_id IS NULL OR a.id IS NOT NULL) "
              "ORDER BY n.id DESC LIMIT 101) m" STORE_MESSAGE_JOINS
              " ORDER BY m.id DESC LIMIT $5::bigint",
              DAIS_LANE_READ, 5, DAIS_STATEMENT_IDEMPOTENT, 0},
    [PINS] = {"pins",
              "SELECT " STORE_MESSAGE_COLUMNS " FROM chat.messages m" STORE_MESSAGE_JOINS
              " WHERE m.room_id = $1::uuid AND m.pinned_at IS NOT NULL AND " STORE_THERE
              " ORDER BY m.pinned_at, m.id",
              DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

int32_t store_get(struct dais_tx *tx, struct dais_str id, struct store_message *ret_message)
{
    const struct dais_param params[] = {dais_text(id)};
    return store_message_find(tx, &store_page_statements[GET], params, ret_message);
}

int32_t store_by_client(struct dais_str room_id, struct dais_str author_id,
                        struct dais_str client_id, struct store_message *ret_message)
{
    const struct dais_param params[] = {dais_text(author_id), dais_text(room_id),
                                        dais_text(client_id)};
    return store_message_find(NULL, &store_page_statements[BY_CLIENT], params, ret_message);
}

static void turn_over(struct store_message *items, uint32_t count)
{
    for (uint32_t i = 0; i < count / 2; i++) {
        struct store_message first = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = first;
    }
}

int32_t store_page(const struct store_page *page, struct store_list *ret_list, uint8_t *ret_more)
{
    int64_t limit = page->limit > STORE_PAGE_MAX ? STORE_PAGE_MAX : page->limit;
    const struct dais_param params[] = {dais_text(page->room_id), dais_text(page->before),
                                        dais_int(page->sees_all), dais_text(page->viewer),
                                        dais_int(limit + 1)};
    struct dais_rows *rows = NULL;
    struct store_list list;
    int32_t error = store_run(NULL, &store_page_statements[PAGE], params, &rows);
    if (!error)
        error = store_list_take(rows, &list);
    if (error)
        return error;
    *ret_more = list.count > (uint64_t)limit;
    if (*ret_more)
        list.count--; /* the oldest, which comes last */
    turn_over(list.items, list.count);
    *ret_list = list;
    return DAIS_OK;
}

int32_t store_pins(struct dais_str room_id, struct store_list *ret_list)
{
    const struct dais_param params[] = {dais_text(room_id)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_page_statements[PINS], params, &rows);
    return error ? error : store_list_take(rows, ret_list);
}
