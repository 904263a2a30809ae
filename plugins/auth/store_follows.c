/* SPDX-License-Identifier: MIT */
#include "store_follows.h"

#include "dais/mem.h"

#define SINCE STORE_TIME("x.created_at")
#define CONTACTS(table, side, own)                                                                 \
    "SELECT u.id, u.uid, u.name, u.avatar_url, " SINCE ", x.n FROM " table                         \
    " x JOIN auth.users u ON u.id = x." side " WHERE x." own " = $1 "                              \
    "AND x.n < CASE WHEN $2::bigint = 0 THEN 9223372036854775807 ELSE $2::bigint END "             \
    "ORDER BY x.n DESC LIMIT $3::int"
#define FOLLOWERS CONTACTS("auth.follows", "follower_id", "followee_id")
#define FOLLOWING CONTACTS("auth.follows", "followee_id", "follower_id")
#define BLOCKS CONTACTS("auth.blocks", "blocked_id", "blocker_id")

enum {
    PAIR_LOCK,
    FOLLOW,
    UNFOLLOW,
    BLOCK,
    UNBLOCK,
    PART,
    CONTACTS_FIRST,
};

const struct dais_statement store_follows_statements[] = {
    [PAIR_LOCK] = {"pair_lock",
                   "SELECT pg_advisory_xact_lock(hashtextextended("
                   "least($1::uuid, $2::uuid)::text || greatest($1::uuid, $2::uuid)::text, 1)) "
                   "FROM auth.users WHERE id = $2",
                   DAIS_LANE_POOL, 2, 0, 0},
    [FOLLOW] = {"follow",
                "WITH kept_apart AS (SELECT FROM auth.blocks "
                "  WHERE (blocker_id = $1 AND blocked_id = $2) "
                "     OR (blocker_id = $2 AND blocked_id = $1)), "
                "added AS (INSERT INTO auth.follows (follower_id, followee_id) SELECT $1, $2 "
                "  WHERE NOT EXISTS (SELECT FROM kept_apart) ON CONFLICT DO NOTHING) "
                "SELECT 1 WHERE NOT EXISTS (SELECT FROM kept_apart)",
                DAIS_LANE_POOL, 2, 0, 0},
    [UNFOLLOW] = {"unfollow",
                  "DELETE FROM auth.follows WHERE follower_id = $1 AND followee_id = $2",
                  DAIS_LANE_POOL, 2, 0, 0},
    [BLOCK] = {"block",
               "INSERT INTO auth.blocks (blocker_id, blocked_id) VALUES ($1, $2) "
               "ON CONFLICT DO NOTHING",
               DAIS_LANE_POOL, 2, 0, 0},
    [UNBLOCK] = {"unblock", "DELETE FROM auth.blocks WHERE blocker_id = $1 AND blocked_id = $2",
                 DAIS_LANE_POOL, 2, 0, 0},
    [PART] = {"part",
              "DELETE FROM auth.follows WHERE (follower_id = $1 AND followee_id = $2) "
              "OR (follower_id = $2 AND followee_id = $1)",
              DAIS_LANE_POOL, 2, 0, 0},
    [CONTACTS_FIRST + STORE_FOLLOWERS] = {"followers", FOLLOWERS, DAIS_LANE_READ, 3,
                                          DAIS_STATEMENT_IDEMPOTENT, 0},
    [CONTACTS_FIRST + STORE_FOLLOWING] = {"following", FOLLOWING, DAIS_LANE_READ, 3,
                                          DAIS_STATEMENT_IDEMPOTENT, 0},
    [CONTACTS_FIRST +
        STORE_BLOCKS] = {"blocks", BLOCKS, DAIS_LANE_READ, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

/** One step between two accounts, of which $2 has to exist. */
typedef int32_t (*pair_fn)(struct dais_tx *tx, const struct dais_param *params);

static int32_t run(struct dais_tx *tx, uint32_t statement, const struct dais_param *params)
{
    return store_run(tx, &store_follows_statements[statement], params, NULL);
}

static int32_t follow(struct dais_tx *tx, const struct dais_param *params)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, &store_follows_statements[FOLLOW], params, &rows);
    return error == DAIS_E_NOT_FOUND ? DAIS_E_DENIED : error;
}

static int32_t unfollow(struct dais_tx *tx, const struct dais_param *params)
{
    return run(tx, UNFOLLOW, params);
}

static int32_t block(struct dais_tx *tx, const struct dais_param *params)
{
    int32_t error = run(tx, BLOCK, params);
    return error ? error : run(tx, PART, params);
}

static int32_t unblock(struct dais_tx *tx, const struct dais_param *params)
{
    return run(tx, UNBLOCK, params);
}

/** Runs `step` while nobody else changes what these two are to each other. */
static int32_t between(struct dais_str one, struct dais_str other, pair_fn step)
{
    const struct dais_param params[] = {dais_text(one), dais_text(other)};
    struct dais_tx *tx = NULL;
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = store_find(tx, &store_follows_statements[PAIR_LOCK], params, &rows);
    if (!error)
        error = step(tx, params);
    if (!error)
        return dais_db->commit(tx);
    dais_db->rollback(tx);
    return error;
}

int32_t store_follow(struct dais_str follower, struct dais_str followee)
{
    return between(follower, followee, follow);
}

int32_t store_unfollow(struct dais_str follower, struct dais_str followee)
{
    return between(follower, followee, unfollow);
}

int32_t store_block(struct dais_str blocker, struct dais_str blocked)
{
    return between(blocker, blocked, block);
}

int32_t store_unblock(struct dais_str blocker, struct dais_str blocked)
{
    return between(blocker, blocked, unblock);
}

int32_t store_contacts(enum store_follows_list list, struct dais_str user_id, int64_t before,
                       int64_t limit, struct store_contact_page *ret_page)
{
    const struct dais_param params[] = {dais_text(user_id), dais_int(before), dais_int(limit)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_follows_statements[CONTACTS_FIRST + list], params,
                              &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct store_contact *contacts = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                           (count + 1) * sizeof *contacts);
    if (!contacts)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        contacts[i] = (struct store_contact){
            .id = dais_db->cell(rows, i, 0),
            .uid = dais_db->cell_int(rows, i, 1),
            .name = dais_db->cell(rows, i, 2),
            .avatar_url = dais_db->cell(rows, i, 3),
            .since = dais_db->cell(rows, i, 4),
        };
    ret_page->contacts = (struct dais_list){contacts, count};
    ret_page->last_number = count > 0 ? dais_db->cell_int(rows, count - 1, 5) : 0;
    return DAIS_OK;
}
