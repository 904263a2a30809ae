/* SPDX-License-Identifier: MIT */
#include "store_moderation.h"

#include "dais/mem.h"
#include "store_rows.h"

#define BAR_TIMES STORE_TIME("b.until") ", b.reason, b.barred_by, " STORE_TIME("b.created_at")
#define BAR_COLUMNS "b.user_id, u.name, " BAR_TIMES ", " STORE_MS("b.until") ", b.n"
#define IN_FORCE "(b.until IS NULL OR b.until > now())"
#define REPORT_TIMES STORE_TIME("p.resolved_at") ", " STORE_TIME("p.created_at")
#define REPORT_COLUMNS                                                                             \
    "p.id, p.room_id, p.message_id, m.text, m.author_id, a.name, p.reporter_id, u.name, "          \
    "p.reason, p.note, p.status, p.resolved_by, " REPORT_TIMES
#define REPORT_JOINS                                                                               \
    " JOIN chat.messages m ON m.id = p.message_id "                                                \
    "LEFT JOIN auth.users_public a ON a.id = m.author_id "                                         \
    "LEFT JOIN auth.users_public u ON u.id = p.reporter_id"
#define REPORTS_PAGE                                                                               \
    "SELECT " REPORT_COLUMNS " FROM chat.reports p" REPORT_JOINS " WHERE p.room_id = $1::uuid "    \
    "AND p.id < coalesce($2::uuid, " STORE_ID_MAX ")"
#define NEWEST " ORDER BY p.id DESC LIMIT $3::bigint"

#define NEW_REPORTER_BARRED STORE_BARRED("m.room_id", "$3::uuid")
#define REPORTER_BARRED STORE_BARRED("m.room_id", "$2::uuid")

enum { BAR, UNBAR, BAR_OF, BARS, REPORT, REPORT_WHY, REPORT_GET, REPORTS, REPORTS_OPEN, RESOLVE };

const struct dais_statement store_moderation_statements[] = {
    [BAR] = {"bar",
             "WITH b AS (INSERT INTO chat.bars AS x (room_id, user_id, until, reason, barred_by) "
             "SELECT r.id, u.id, CASE WHEN $3::bigint > 0 THEN now() + $3::bigint * "
             "interval '1 second' END, $4::text, $5::uuid FROM chat.rooms r, auth.users_public u "
             "WHERE r.id = $1::uuid AND u.id = $2::uuid "
             "ON CONFLICT (room_id, user_id) DO UPDATE SET until = excluded.until, "
             "reason = excluded.reason, barred_by = excluded.barred_by, created_at = now() "
             "RETURNING x.*) SELECT " BAR_COLUMNS " FROM b JOIN auth.users_public u "
             "ON u.id = b.user_id",
             DAIS_LANE_POOL, 5, 0, 0},
    [UNBAR] = {"unbar",
               "WITH gone AS (DELETE FROM chat.bars WHERE room_id = $1::uuid "
               "AND user_id = $2::uuid RETURNING until) "
               "SELECT 1 FROM gone b WHERE " IN_FORCE,
               DAIS_LANE_POOL, 2, 0, 0},
    [BAR_OF] = {"bar_of",
                "SELECT " BAR_COLUMNS " FROM chat.bars b "
                "LEFT JOIN auth.users_public u ON u.id = b.user_id "
                "WHERE b.room_id = $1::uuid AND b.user_id = $2::uuid AND " IN_FORCE,
                DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [BARS] = {"bars",
              "SELECT " BAR_COLUMNS " FROM chat.bars b "
              "JOIN auth.users_public u ON u.id = b.user_id WHERE b.room_id = $1::uuid "
              "AND b.n < CASE WHEN $2::bigint = 0 THEN 9223372036854775807 ELSE $2::bigint END "
              "AND " IN_FORCE " ORDER BY b.n DESC LIMIT $3::bigint",
              DAIS_LANE_READ, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    [REPORT] = {"report",
                "WITH p AS (INSERT INTO chat.reports (id, room_id, message_id, reporter_id, "
                "reason, note) SELECT $1::uuid, m.room_id, m.id, $3::uuid, $4::text, $5::text "
                "FROM chat.messages m JOIN chat.rooms r ON r.id = m.room_id "
                "WHERE m.id = $2::uuid AND m.is_released AND " STORE_KEPT
                " AND NOT " NEW_REPORTER_BARRED " AND (SELECT count(*) FROM chat.reports o "
                "WHERE o.room_id = m.room_id AND o.status = 'open') < $6::bigint "
                "ON CONFLICT (message_id, reporter_id) DO NOTHING RETURNING *) "
                "SELECT " REPORT_COLUMNS " FROM p" REPORT_JOINS,
                DAIS_LANE_POOL, 6, 0, 0},
    [REPORT_WHY] = {"report_why",
                    "SELECT (m.is_released AND " STORE_KEPT ")::int, " REPORTER_BARRED "::int, "
                    "(SELECT p.id FROM chat.reports p WHERE p.message_id = m.id "
                    "AND p.reporter_id = $2::uuid) FROM chat.messages m "
                    "JOIN chat.rooms r ON r.id = m.room_id WHERE m.id = $1::uuid",
                    DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [REPORT_GET] = {"report_get",
                    "SELECT " REPORT_COLUMNS " FROM chat.reports p" REPORT_JOINS
                    " WHERE p.id = $1::uuid",
                    DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [REPORTS] = {"reports", REPORTS_PAGE NEWEST, DAIS_LANE_READ, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    [REPORTS_OPEN] = {"reports_open", REPORTS_PAGE " AND p.status = 'open'" NEWEST, DAIS_LANE_READ,
                      3, DAIS_STATEMENT_IDEMPOTENT, 0},
    /* Rows are locked in their order, so that two who resolve do not wait for each other. */
    [RESOLVE] = {"report_resolve",
                 "WITH mine AS (SELECT message_id FROM chat.reports WHERE id = $1::uuid), "
                 "same AS (SELECT o.id FROM chat.reports o, mine WHERE "
                 "o.message_id = mine.message_id AND o.status = 'open' ORDER BY o.id "
                 "FOR UPDATE OF o), "
                 "done AS (UPDATE chat.reports p SET status = $2::text, resolved_by = $3::uuid, "
                 "resolved_at = now() FROM same WHERE p.id = same.id RETURNING p.id) "
                 "SELECT 1 FROM done WHERE id = $1::uuid",
                 DAIS_LANE_POOL, 3, 0, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

static struct store_bar bar_take(const struct dais_rows *rows, uint32_t row)
{
    return (struct store_bar){
        .user_id = dais_db->cell(rows, row, 0),
        .user_name = dais_db->cell(rows, row, 1),
        .until = dais_db->cell(rows, row, 2),
        .reason = dais_db->cell(rows, row, 3),
        .by = dais_db->cell(rows, row, 4),
        .created_at = dais_db->cell(rows, row, 5),
        .until_ms = dais_db->cell_int(rows, row, 6),
        .number = dais_db->cell_int(rows, row, 7),
    };
}

static int32_t bar_find(struct dais_tx *tx, uint32_t statement, const struct dais_param *params,
                        struct store_bar *ret_bar)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, &store_moderation_statements[statement], params, &rows);
    if (!error)
        *ret_bar = bar_take(rows, 0);
    return error;
}

int32_t store_bar_put(struct dais_tx *tx, const struct store_bar_new *bar,
                      struct store_bar *ret_bar)
{
    const struct dais_param params[] = {dais_text(bar->room_id), dais_text(bar->user_id),
                                        dais_int(bar->seconds), dais_text(bar->reason),
                                        dais_text(bar->by)};
    return bar_find(tx, BAR, params, ret_bar);
}

int32_t store_bar_remove(struct dais_tx *tx, struct dais_str room_id, struct dais_str user_id)
{
    const struct dais_param params[] = {dais_text(room_id), dais_text(user_id)};
    struct dais_rows *rows = NULL;
    return store_find(tx, &store_moderation_statements[UNBAR], params, &rows);
}

int32_t store_bar_of(struct dais_str room_id, struct dais_str user_id, struct store_bar *ret_bar)
{
    const struct dais_param params[] = {dais_text(room_id), dais_text(user_id)};
    return bar_find(NULL, BAR_OF, params, ret_bar);
}

int32_t store_bars(struct dais_str room_id, int64_t before, int64_t limit,
                   struct store_bar **ret_items, uint32_t *ret_count)
{
    const struct dais_param params[] = {dais_text(room_id), dais_int(before), dais_int(limit)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_moderation_statements[BARS], params, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct store_bar *items = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                    (count + 1) * sizeof *items);
    if (!items)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        items[i] = bar_take(rows, i);
    *ret_items = items;
    *ret_count = count;
    return DAIS_OK;
}

static struct store_report report_take(const struct dais_rows *rows, uint32_t row)
{
    return (struct store_report){
        .id = dais_db->cell(rows, row, 0),
        .room_id = dais_db->cell(rows, row, 1),
        .message_id = dais_db->cell(rows, row, 2),
        .message = dais_db->cell(rows, row, 3),
        .author_id = dais_db->cell(rows, row, 4),
        .author_name = dais_db->cell(rows, row, 5),
        .reporter_id = dais_db->cell(rows, row, 6),
        .reporter_name = dais_db->cell(rows, row, 7),
        .reason = dais_db->cell(rows, row, 8),
        .note = dais_db->cell(rows, row, 9),
        .status = dais_db->cell(rows, row, 10),
        .resolved_by = dais_db->cell(rows, row, 11),
        .resolved_at = dais_db->cell(rows, row, 12),
        .created_at = dais_db->cell(rows, row, 13),
    };
}

static int32_t report_find(struct dais_tx *tx, uint32_t statement, const struct dais_param *params,
                           struct store_report *ret_report)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, &store_moderation_statements[statement], params, &rows);
    if (!error)
        *ret_report = report_take(rows, 0);
    return error;
}

/** Why REPORT has added nothing: DAIS_OK when this account has reported the message before. */
static int32_t report_why(const struct store_report_new *report, struct store_report *ret_report)
{
    const struct dais_param params[] = {dais_text(report->message_id),
                                        dais_text(report->reporter_id)};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_moderation_statements[REPORT_WHY], params, &rows);
    if (error)
        return error;
    if (!dais_db->cell_int(rows, 0, 0))
        return DAIS_E_NOT_FOUND;
    if (dais_db->cell_int(rows, 0, 1))
        return DAIS_E_DENIED;
    struct dais_str id = dais_db->cell(rows, 0, 2);
    return id.ptr ? store_report_get(NULL, id, ret_report) : STORE_FULL;
}

int32_t store_report_add(const struct store_report_new *report, struct store_report *ret_report,
                         uint8_t *ret_added)
{
    const struct dais_param params[] = {
        dais_text(report->id),     dais_text(report->message_id), dais_text(report->reporter_id),
        dais_text(report->reason), dais_text(report->note),       dais_int(STORE_REPORTS_OPEN_MAX)};
    int32_t error = report_find(NULL, REPORT, params, ret_report);
    uint8_t added = !error;
    if (error == DAIS_E_NOT_FOUND)
        error = report_why(report, ret_report);
    if (!error)
        *ret_added = added;
    return error;
}

int32_t store_report_get(struct dais_tx *tx, struct dais_str id, struct store_report *ret_report)
{
    const struct dais_param params[] = {dais_text(id)};
    return report_find(tx, REPORT_GET, params, ret_report);
}

int32_t store_reports(const struct store_report_page *page, struct store_report **ret_items,
                      uint32_t *ret_count)
{
    const struct dais_param params[] = {dais_text(page->room_id), dais_text(page->before),
                                        dais_int(page->limit)};
    uint32_t statement = page->open_only ? REPORTS_OPEN : REPORTS;
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_moderation_statements[statement], params, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct store_report *items = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                       (count + 1) * sizeof *items);
    if (!items)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        items[i] = report_take(rows, i);
    *ret_items = items;
    *ret_count = count;
    return DAIS_OK;
}

int32_t store_report_resolve(struct dais_tx *tx, struct dais_str id, struct dais_str status,
                             struct dais_str by)
{
    const struct dais_param params[] = {dais_text(id), dais_text(status), dais_text(by)};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, &store_moderation_statements[RESOLVE], params, &rows);
    return error == DAIS_E_NOT_FOUND ? DAIS_E_CONFLICT : error;
}
