/* SPDX-License-Identifier: MIT */
#include "dais/mem.h"
#include "store_rows.h"
#include "store_time.h"

enum { OLD, GONE_NEXT, GONE_MESSAGES, GONE_WROTE, GONE_REACTED, GONE_DONE, PACE, BARS, USER };

const struct dais_statement store_purge_statements[] = {
    [OLD] = {"purge_old",
             "DELETE FROM chat.messages WHERE id = ANY (ARRAY(SELECT m.id FROM chat.messages m "
             "WHERE m.id < $1::uuid ORDER BY m.id LIMIT $2::bigint))",
             DAIS_LANE_POOL, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [GONE_NEXT] = {"gone_next", "SELECT g.id, g.what FROM chat.gone g ORDER BY g.id LIMIT 1",
                   DAIS_LANE_READ, 0, DAIS_STATEMENT_IDEMPOTENT, 0},
    [GONE_MESSAGES] = {"gone_messages",
                       "DELETE FROM chat.messages WHERE id = ANY (ARRAY("
                       "(SELECT m.id FROM chat.messages m "
                       "WHERE m.room_id = $1::uuid AND m.deleted_at IS NULL LIMIT $2::bigint) "
                       "UNION ALL (SELECT d.id FROM chat.messages d "
                       "WHERE d.room_id = $1::uuid AND d.deleted_at IS NOT NULL LIMIT $2::bigint) "
                       "LIMIT $2::bigint))",
                       DAIS_LANE_POOL, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [GONE_WROTE] =
        {"gone_wrote",
         "DELETE FROM chat.messages WHERE id = ANY (ARRAY(SELECT m.id FROM chat.messages m "
         "WHERE m.author_id = $1::uuid LIMIT $2::bigint))",
         DAIS_LANE_POOL, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [GONE_REACTED] = {"gone_reacted",
                      "WITH gone AS (DELETE FROM chat.reactions x WHERE x.user_id = $1::uuid "
                      "AND (x.message_id, x.emoji) IN (SELECT y.message_id, y.emoji "
                      "FROM chat.reactions y WHERE y.user_id = $1::uuid LIMIT $2::bigint) "
                      "RETURNING x.message_id, x.emoji) "
                      "UPDATE chat.reaction_counts c SET count = c.count - 1 FROM gone g "
                      "WHERE c.message_id = g.message_id AND c.emoji = g.emoji",
                      DAIS_LANE_POOL, 2, 0, 0},
    [GONE_DONE] = {"gone_done", "DELETE FROM chat.gone WHERE id = $1::uuid", DAIS_LANE_POOL, 1,
                   DAIS_STATEMENT_IDEMPOTENT, 0},
    /* An hour is the longest turn. */
    [PACE] = {"purge_pace",
              "DELETE FROM chat.pace WHERE (room_id, user_id) IN "
              "(SELECT p.room_id, p.user_id FROM chat.pace p "
              "WHERE p.last_at < now() - interval '2 hours' LIMIT $1::bigint)",
              DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [BARS] = {"purge_bars",
              "DELETE FROM chat.bars WHERE (room_id, user_id) IN "
              "(SELECT b.room_id, b.user_id FROM chat.bars b "
              "WHERE b.until < now() - interval '1 hour' LIMIT $1::bigint) "
              "AND until < now() - interval '1 hour'",
              DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [USER] = {"user_gone",
              "WITH bars AS (DELETE FROM chat.bars WHERE user_id = $1::uuid), "
              "moderators AS (DELETE FROM chat.moderators WHERE user_id = $1::uuid), "
              "turns AS (DELETE FROM chat.pace WHERE user_id = $1::uuid), "
              "reports AS (DELETE FROM chat.reports WHERE reporter_id = $1::uuid) "
              "INSERT INTO chat.gone (id, what) VALUES ($1::uuid, 'user') ON CONFLICT DO NOTHING",
              DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

static int32_t touch(uint32_t statement, const struct dais_param *params, uint64_t *ret_count)
{
    return store_touch(NULL, &store_purge_statements[statement], params, ret_count);
}

int32_t store_purge_old(int64_t before_ms, int64_t limit, uint64_t *ret_count)
{
    char before[STORE_TIME_ID_BYTES];
    store_time_id(before_ms, before);
    const struct dais_param params[] = {dais_text(dais_cstr(before)), dais_int(limit)};
    return touch(OLD, params, ret_count);
}

/** A bite of what an account left behind; `*count` is below `limit` when that was the last. */
static int32_t purge_account(const struct dais_param *params, int64_t limit, uint64_t *count)
{
    int32_t error = touch(GONE_WROTE, params, count);
    if (error || *count >= (uint64_t)limit)
        return error;
    return touch(GONE_REACTED, params, count);
}

int32_t store_purge_gone(int64_t limit, uint64_t *ret_count)
{
    struct dais_rows *rows = NULL;
    uint64_t count = 0, done = 0;
    int32_t error = store_find(NULL, &store_purge_statements[GONE_NEXT], NULL, &rows);
    if (error == DAIS_E_NOT_FOUND) {
        *ret_count = 0;
        return DAIS_OK;
    }
    if (error)
        return error;
    const struct dais_param params[] = {dais_text(dais_db->cell(rows, 0, 0)), dais_int(limit)};
    if (dais_str_eq(dais_db->cell(rows, 0, 1), dais_cstr("user")))
        error = purge_account(params, limit, &count);
    else
        error = touch(GONE_MESSAGES, params, &count);
    if (!error && count < (uint64_t)limit)
        error = touch(GONE_DONE, params, &done);
    if (!error)
        *ret_count = done ? (uint64_t)limit : count; /* another one may wait */
    return error;
}

int32_t store_purge_over(int64_t limit, uint64_t *ret_count)
{
    const struct dais_param params[] = {dais_int(limit)};
    uint64_t turns = 0, bars = 0;
    int32_t error = touch(PACE, params, &turns);
    if (!error)
        error = touch(BARS, params, &bars);
    if (!error)
        *ret_count = turns > bars ? turns : bars;
    return error;
}

int32_t store_user_gone(struct dais_tx *tx, struct dais_str user_id)
{
    const struct dais_param params[] = {dais_text(user_id)};
    return store_run(tx, &store_purge_statements[USER], params, NULL);
}
