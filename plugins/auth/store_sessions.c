/* SPDX-License-Identifier: MIT */
#include "store_sessions.h"

#include "dais/mem.h"

#define OPEN "s.ended_at IS NULL AND s.expires_at > now()"
#define CREATED STORE_TIME("s.created_at")
#define LAST_SEEN STORE_TIME("s.last_seen_at")
#define EXPIRES STORE_TIME("s.expires_at")
#define KEY_CREATED STORE_TIME("k.created_at")
#define KEY_EXPIRES STORE_TIME("k.expires_at")
#define KEY_LAST_USED STORE_TIME("k.last_used_at")
#define KEY_COLUMNS "k.id, k.name, k.scopes, " KEY_CREATED ", " KEY_EXPIRES ", " KEY_LAST_USED
#define IS_STALE(column) "(coalesce(" column ", '-infinity') < now() - interval '1 minute')"
#define SESSION_STALE IS_STALE("s.last_seen_at")
#define KEY_STALE IS_STALE("k.last_used_at")

/* Rows that another worker is writing at the moment are seen already. */
#define NOTED(table, column, stale)                                                                \
    "WITH mine AS (SELECT t.id FROM " table " t WHERE t.id = ANY ($1::uuid[]) AND " stale          \
    " ORDER BY t.id FOR NO KEY UPDATE SKIP LOCKED) "                                               \
    "UPDATE " table " t SET " column " = now() FROM mine WHERE t.id = mine.id"
#define SESSIONS_NOTED NOTED("auth.sessions", "last_seen_at", IS_STALE("t.last_seen_at"))
#define KEYS_NOTED NOTED("auth.api_keys", "last_used_at", IS_STALE("t.last_used_at"))

enum {
    OPEN_SESSION,
    PUSH_OUT,
    SESSION_CALLER,
    SESSIONS_LIST,
    SESSION_END,
    SESSIONS_END,
    SESSIONS_SWEEP,
    SEEN_SESSIONS,
    SEEN_KEYS,
    KEY_LOCK,
    KEY_ADD,
    KEY_CALLER,
    KEYS_LIST,
    KEY_DELETE,
    KEYS_DELETE,
};

const struct dais_statement store_sessions_statements[] = {
    /* The account's row is held, so that who changes the password sees the session and ends it. */
    [OPEN_SESSION] = {"session_open",
                      "INSERT INTO auth.sessions (user_id, device, address, expires_at) "
                      "SELECT u.id, $2, $3, now() + $4 * interval '1 second' FROM auth.users u "
                      "WHERE u.id = $1 AND u.disabled_at IS NULL "
                      "AND ($5::text IS NULL OR u.password = $5) FOR SHARE RETURNING id",
                      DAIS_LANE_POOL, 5, 0, 0},
    [PUSH_OUT] = {"session_push_out",
                  "UPDATE auth.sessions SET ended_at = now() WHERE id IN "
                  "(SELECT s.id FROM auth.sessions s WHERE s.user_id = $1 AND " OPEN
                  " ORDER BY s.created_at DESC, s.id OFFSET $2::int FOR UPDATE) "
                  "AND ended_at IS NULL RETURNING id",
                  DAIS_LANE_POOL, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SESSION_CALLER] = {"session_caller",
                        "SELECT " STORE_USER_COLUMNS ", s.id, " SESSION_STALE "::int "
                        "FROM auth.sessions s JOIN auth.users u ON u.id = s.user_id "
                        "WHERE s.id = $1 AND s.user_id = $2 AND u.disabled_at IS NULL AND " OPEN,
                        DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SESSIONS_LIST] = {"sessions_list",
                       "SELECT s.id, s.device, s.address, " CREATED ", " LAST_SEEN ", " EXPIRES
                       " FROM auth.sessions s WHERE s.user_id = $1 AND " OPEN
                       " ORDER BY s.created_at DESC, s.id LIMIT 1000",
                       DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SESSION_END] = {"session_end",
                     "UPDATE auth.sessions s SET ended_at = now() "
                     "WHERE s.id = $1 AND s.user_id = $2 AND " OPEN " RETURNING 1",
                     DAIS_LANE_POOL, 2, 0, 0},
    [SESSIONS_END] = {"sessions_end",
                      "UPDATE auth.sessions s SET ended_at = now() WHERE s.user_id = $1 "
                      "AND s.id IS DISTINCT FROM $2::uuid AND " OPEN,
                      DAIS_LANE_POOL, 2, 0, 0},
    [SESSIONS_SWEEP] = {"sessions_sweep",
                        "DELETE FROM auth.sessions "
                        "WHERE coalesce(ended_at, expires_at) < now() - interval '30 days'",
                        DAIS_LANE_POOL, 0, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SEEN_SESSIONS] = {"seen_sessions", SESSIONS_NOTED, DAIS_LANE_POOL, 1,
                       DAIS_STATEMENT_IDEMPOTENT, 0},
    [SEEN_KEYS] = {"seen_keys", KEYS_NOTED, DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [KEY_LOCK] = {"key_lock", "SELECT 1 FROM auth.users WHERE id = $1 FOR NO KEY UPDATE",
                  DAIS_LANE_POOL, 1, 0, 0},
    [KEY_ADD] = {"key_add",
                 "INSERT INTO auth.api_keys AS k (user_id, name, hash, scopes, expires_at) "
                 "SELECT $1, $2, $3, $4::int, now() + $5 * interval '1 second' "
                 "WHERE (SELECT count(*) FROM auth.api_keys WHERE user_id = $1) < $6::int "
                 "RETURNING " KEY_COLUMNS,
                 DAIS_LANE_POOL, 6, 0, 0},
    [KEY_CALLER] = {"key_caller",
                    "SELECT " STORE_USER_COLUMNS ", k.id, " KEY_STALE "::int, k.scopes, "
                    "floor(extract(epoch FROM k.expires_at))::bigint "
                    "FROM auth.api_keys k JOIN auth.users u ON u.id = k.user_id "
                    "WHERE k.hash = $1 AND u.disabled_at IS NULL AND k.expires_at > now()",
                    DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [KEYS_LIST] = {"keys_list",
                   "SELECT " KEY_COLUMNS " FROM auth.api_keys k WHERE k.user_id = $1 "
                   "ORDER BY k.created_at, k.id",
                   DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [KEY_DELETE] = {"key_delete",
                    "DELETE FROM auth.api_keys WHERE id = $1 AND user_id = $2 RETURNING 1",
                    DAIS_LANE_POOL, 2, 0, 0},
    [KEYS_DELETE] = {"keys_delete", "DELETE FROM auth.api_keys WHERE user_id = $1", DAIS_LANE_POOL,
                     1, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

/** Room for `count` items; no items have room too, so that NULL means a failure. */
static void *items_new(uint32_t count, uint64_t bytes)
{
    return dais_mem->arena_alloc(dais_mem->arena_self(), (count + 1) * bytes);
}

/** Ends the oldest sessions of an account beyond its bound. */
static int32_t push_out(struct dais_str user_id, int64_t sessions_max, struct dais_list *ret_pushed)
{
    const struct dais_param params[] = {dais_text(user_id), dais_int(sessions_max)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_sessions_statements[PUSH_OUT], params, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct dais_str *ids = items_new(count, sizeof *ids);
    if (!ids)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        ids[i] = dais_db->cell(rows, i, 0);
    *ret_pushed = (struct dais_list){ids, count};
    return DAIS_OK;
}

int32_t store_session_open(struct dais_str user_id, const struct store_new_session *session,
                           struct dais_str *ret_id, struct dais_list *ret_pushed)
{
    const struct dais_param params[] = {dais_text(user_id), dais_text(session->device),
                                        dais_text(session->address), dais_int(session->life_s),
                                        dais_text(session->hash)};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_sessions_statements[OPEN_SESSION], params, &rows);
    if (error)
        return error;
    error = push_out(user_id, session->sessions_max, ret_pushed);
    if (!error)
        *ret_id = dais_db->cell(rows, 0, 0);
    return error;
}

static int32_t caller_find(uint32_t statement, const struct dais_param *params,
                           struct store_caller *ret_caller)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_sessions_statements[statement], params, &rows);
    if (error)
        return error;
    store_user_take(rows, 0, &ret_caller->user);
    ret_caller->id = dais_db->cell(rows, 0, STORE_USER_COLUMN_COUNT);
    ret_caller->is_stale = dais_db->cell_int(rows, 0, STORE_USER_COLUMN_COUNT + 1) != 0;
    ret_caller->scopes = dais_db->cell_int(rows, 0, STORE_USER_COLUMN_COUNT + 2);
    ret_caller->expires_s = dais_db->cell_int(rows, 0, STORE_USER_COLUMN_COUNT + 3);
    return DAIS_OK;
}

int32_t store_session_caller(struct dais_str id, struct dais_str user_id,
                             struct store_caller *ret_caller)
{
    const struct dais_param params[] = {dais_text(id), dais_text(user_id)};
    return caller_find(SESSION_CALLER, params, ret_caller);
}

int32_t store_sessions_list(struct dais_str user_id, struct dais_list *ret_list)
{
    const struct dais_param params[] = {dais_text(user_id)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_sessions_statements[SESSIONS_LIST], params, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct store_session *sessions = items_new(count, sizeof *sessions);
    if (!sessions)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        sessions[i] = (struct store_session){
            .id = dais_db->cell(rows, i, 0),
            .device = dais_db->cell(rows, i, 1),
            .address = dais_db->cell(rows, i, 2),
            .created_at = dais_db->cell(rows, i, 3),
            .last_seen_at = dais_db->cell(rows, i, 4),
            .expires_at = dais_db->cell(rows, i, 5),
        };
    *ret_list = (struct dais_list){sessions, count};
    return DAIS_OK;
}

int32_t store_session_end(struct dais_tx *tx, struct dais_str id, struct dais_str user_id)
{
    const struct dais_param params[] = {dais_text(id), dais_text(user_id)};
    struct dais_rows *rows = NULL;
    return store_find(tx, &store_sessions_statements[SESSION_END], params, &rows);
}

int32_t store_sessions_end(struct dais_tx *tx, struct dais_str user_id, struct dais_str keep,
                           int64_t *ret_count)
{
    const struct dais_param params[] = {dais_text(user_id), dais_text(keep)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(tx, &store_sessions_statements[SESSIONS_END], params, &rows);
    if (!error)
        *ret_count = (int64_t)dais_db->rows_affected(rows);
    return error;
}

int32_t store_seen(enum store_seen_kind kind, struct dais_str ids)
{
    const struct dais_param params[] = {dais_text(ids)};
    uint32_t statement = kind == STORE_SEEN_SESSION ? SEEN_SESSIONS : SEEN_KEYS;
    return store_run(NULL, &store_sessions_statements[statement], params, NULL);
}

int32_t store_sessions_sweep(void)
{
    return store_run(NULL, &store_sessions_statements[SESSIONS_SWEEP], NULL, NULL);
}

static struct store_key key_take(const struct dais_rows *rows, uint32_t row)
{
    return (struct store_key){
        .id = dais_db->cell(rows, row, 0),
        .name = dais_db->cell(rows, row, 1),
        .scopes = dais_db->cell_int(rows, row, 2),
        .created_at = dais_db->cell(rows, row, 3),
        .expires_at = dais_db->cell(rows, row, 4),
        .last_used_at = dais_db->cell(rows, row, 5),
    };
}

/** The account's row is held, so that two keys made at once are counted one after the other. */
static int32_t key_add_in(struct dais_tx *tx, const struct store_new_key *key,
                          struct dais_rows **ret_rows)
{
    const struct dais_param owner[] = {dais_text(key->user_id)};
    int32_t error = store_find(tx, &store_sessions_statements[KEY_LOCK], owner, ret_rows);
    if (error)
        return error;
    const struct dais_param params[] = {dais_text(key->user_id), dais_text(key->name),
                                        dais_bytes(key->hash),   dais_int(key->scopes),
                                        dais_int(key->life_s),   dais_int(key->keys_max)};
    error = store_find(tx, &store_sessions_statements[KEY_ADD], params, ret_rows);
    return error == DAIS_E_NOT_FOUND ? DAIS_E_LIMIT : error;
}

int32_t store_key_add(const struct store_new_key *key, struct store_key *ret_key)
{
    struct dais_tx *tx = NULL;
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = key_add_in(tx, key, &rows);
    if (error) {
        dais_db->rollback(tx);
        return error;
    }
    *ret_key = key_take(rows, 0);
    return dais_db->commit(tx);
}

int32_t store_key_caller(struct dais_str hash, struct store_caller *ret_caller)
{
    const struct dais_param params[] = {dais_bytes(hash)};
    return caller_find(KEY_CALLER, params, ret_caller);
}

int32_t store_keys_list(struct dais_str user_id, struct dais_list *ret_list)
{
    const struct dais_param params[] = {dais_text(user_id)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_sessions_statements[KEYS_LIST], params, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct store_key *keys = items_new(count, sizeof *keys);
    if (!keys)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        keys[i] = key_take(rows, i);
    *ret_list = (struct dais_list){keys, count};
    return DAIS_OK;
}

int32_t store_key_delete(struct dais_tx *tx, struct dais_str id, struct dais_str user_id)
{
    const struct dais_param params[] = {dais_text(id), dais_text(user_id)};
    struct dais_rows *rows = NULL;
    return store_find(tx, &store_sessions_statements[KEY_DELETE], params, &rows);
}

int32_t store_keys_delete(struct dais_tx *tx, struct dais_str user_id)
{
    const struct dais_param params[] = {dais_text(user_id)};
    return store_run(tx, &store_sessions_statements[KEYS_DELETE], params, NULL);
}
