/* SPDX-License-Identifier: MIT */
#include "store_creators.h"

#include "dais/mem.h"

#define CREATED STORE_TIME("r.created_at")
#define REVIEWED STORE_TIME("r.reviewed_at")
#define COLUMNS                                                                                    \
    "r.id, r.user_id, u.name, r.status, r.message, r.note, r.reviewer_id, " CREATED ", " REVIEWED  \
    ", r.n"
#define PAGE                                                                                       \
    " AND r.n < CASE WHEN $2::bigint = 0 THEN 9223372036854775807 ELSE $2::bigint END "            \
    "ORDER BY r.n DESC LIMIT $3::int"
#define FROM "FROM auth.creator_requests r JOIN auth.users u ON u.id = r.user_id "

enum { ADD, LATEST, ALL, BY_STATUS, REVIEW, GET, SET, CLOSE };

const struct dais_statement store_creators_statements[] = {
    [ADD] = {"request_add",
             "WITH u AS (UPDATE auth.users a SET creator = 'pending' WHERE a.id = $1 "
             "  AND (a.creator = 'none' OR (a.creator = 'rejected' AND NOT EXISTS "
             "    (SELECT FROM auth.creator_requests o WHERE o.user_id = a.id "
             "     AND o.status = 'rejected' "
             "     AND o.reviewed_at > now() - $3::int * interval '1 day'))) "
             "  RETURNING a.id, a.name), "
             "r AS (INSERT INTO auth.creator_requests (user_id, message) SELECT id, $2 FROM u "
             "  RETURNING *) SELECT " COLUMNS " FROM r JOIN u ON u.id = r.user_id",
             DAIS_LANE_POOL, 3, 0, 0},
    [LATEST] = {"request_latest",
                "SELECT " COLUMNS " " FROM "WHERE r.user_id = $1 ORDER BY r.n DESC LIMIT 1",
                DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [ALL] = {"requests_all", "SELECT " COLUMNS " " FROM "WHERE $1::text IS NULL" PAGE,
             DAIS_LANE_READ, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    [BY_STATUS] = {"requests_by_status", "SELECT " COLUMNS " " FROM "WHERE r.status = $1" PAGE,
                   DAIS_LANE_READ, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    [REVIEW] = {"request_review",
                "WITH r AS (UPDATE auth.creator_requests SET status = $2, note = $3, "
                "    reviewer_id = $4, reviewed_at = now() "
                "  WHERE id = $1 AND status = 'pending' RETURNING *), "
                "u AS (UPDATE auth.users a SET creator = $2 FROM r WHERE a.id = r.user_id "
                "  RETURNING a.id, a.name) SELECT " COLUMNS " FROM r JOIN u ON u.id = r.user_id",
                DAIS_LANE_POOL, 4, 0, 0},
    [GET] = {"request_get", "SELECT " COLUMNS " " FROM "WHERE r.id = $1", DAIS_LANE_READ, 1,
             DAIS_STATEMENT_IDEMPOTENT, 0},
    [SET] = {"creator_set", "UPDATE auth.users SET creator = $2 WHERE id = $1 RETURNING 1",
             DAIS_LANE_POOL, 2, 0, 0},
    [CLOSE] = {"request_close",
               "UPDATE auth.creator_requests SET reviewer_id = $3, reviewed_at = now(), "
               "  status = CASE WHEN $2 = 'approved' THEN 'approved' ELSE 'rejected' END "
               "WHERE user_id = $1 AND status = 'pending'",
               DAIS_LANE_POOL, 3, 0, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

static struct store_request request_take(const struct dais_rows *rows, uint32_t row)
{
    return (struct store_request){
        .id = dais_db->cell(rows, row, 0),
        .user_id = dais_db->cell(rows, row, 1),
        .name = dais_db->cell(rows, row, 2),
        .status = dais_db->cell(rows, row, 3),
        .message = dais_db->cell(rows, row, 4),
        .note = dais_db->cell(rows, row, 5),
        .reviewer_id = dais_db->cell(rows, row, 6),
        .created_at = dais_db->cell(rows, row, 7),
        .reviewed_at = dais_db->cell(rows, row, 8),
    };
}

static int32_t request_find(struct dais_tx *tx, uint32_t statement, const struct dais_param *params,
                            struct store_request *ret_request)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, &store_creators_statements[statement], params, &rows);
    if (!error)
        *ret_request = request_take(rows, 0);
    return error;
}

int32_t store_request_add(struct dais_str user_id, struct dais_str message, int64_t wait_days,
                          struct store_request *ret_request)
{
    const struct dais_param params[] = {dais_text(user_id), dais_text(message),
                                        dais_int(wait_days)};
    int32_t error = request_find(NULL, ADD, params, ret_request);
    return error == DAIS_E_NOT_FOUND ? DAIS_E_CONFLICT : error;
}

int32_t store_request_latest(struct dais_str user_id, struct store_request *ret_request)
{
    const struct dais_param params[] = {dais_text(user_id)};
    return request_find(NULL, LATEST, params, ret_request);
}

int32_t store_requests(struct dais_str status, int64_t before, int64_t limit,
                       struct store_request_page *ret_page)
{
    const struct dais_param params[] = {dais_text(status), dais_int(before), dais_int(limit)};
    struct dais_rows *rows = NULL;
    uint32_t statement = status.ptr ? BY_STATUS : ALL;
    int32_t error = store_run(NULL, &store_creators_statements[statement], params, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct store_request *requests = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                           (count + 1) * sizeof *requests);
    if (!requests)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        requests[i] = request_take(rows, i);
    ret_page->requests = (struct dais_list){requests, count};
    ret_page->last_number = count > 0 ? dais_db->cell_int(rows, count - 1, 9) : 0;
    return DAIS_OK;
}

int32_t store_review(struct dais_tx *tx, const struct store_review *review,
                     struct store_request *ret_request)
{
    const struct dais_param params[] = {dais_text(review->request_id), dais_text(review->status),
                                        dais_text(review->note), dais_text(review->reviewer_id)};
    int32_t error = request_find(tx, REVIEW, params, ret_request);
    if (error != DAIS_E_NOT_FOUND)
        return error;
    struct store_request decided;
    error = request_find(tx, GET, params, &decided);
    return error ? error : DAIS_E_CONFLICT;
}

int32_t store_creator_set(struct dais_tx *tx, struct dais_str user_id, struct dais_str status,
                          struct dais_str reviewer_id)
{
    const struct dais_param params[] = {dais_text(user_id), dais_text(status),
                                        dais_text(reviewer_id)};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, &store_creators_statements[SET], params, &rows);
    return error ? error : store_run(tx, &store_creators_statements[CLOSE], params, NULL);
}
