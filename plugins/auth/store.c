/* SPDX-License-Identifier: MIT */
#include "store.h"

#define USER_COLUMNS                                                                               \
    "u.id, u.uid, u.email, u.name, u.role, u.creator, "                                            \
    "to_char(u.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

enum {
    USER_ADD,
    USER_BY_EMAIL,
    USER_BY_ID,
    SESSION_OPEN,
    SESSION_END,
    SESSION_USER,
    SESSIONS_SWEEP,
};

const struct dais_statement store_statements[] = {
    [USER_ADD] = {"user_add",
                  "INSERT INTO auth.users AS u (email, name, role, password) "
                  "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING " USER_COLUMNS,
                  DAIS_LANE_BATCH, 4, 0, 0},
    [USER_BY_EMAIL] = {"user_by_email",
                       "SELECT " USER_COLUMNS ", u.password FROM auth.users u "
                       "WHERE lower(u.email) = lower($1)",
                       DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [USER_BY_ID] = {"user_by_id", "SELECT " USER_COLUMNS " FROM auth.users u WHERE u.id = $1",
                    DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SESSION_OPEN] = {"session_open",
                      "INSERT INTO auth.sessions (user_id, device, address, expires_at) "
                      "VALUES ($1, $2, $3, now() + $4 * interval '1 second') RETURNING id",
                      DAIS_LANE_BATCH, 4, 0, 0},
    [SESSION_END] = {"session_end",
                     "UPDATE auth.sessions SET ended_at = coalesce(ended_at, now()) WHERE id = $1",
                     DAIS_LANE_BATCH, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SESSION_USER] = {"session_user",
                      "SELECT " USER_COLUMNS " FROM auth.sessions s "
                      "JOIN auth.users u ON u.id = s.user_id "
                      "WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL "
                      "AND s.expires_at > now()",
                      DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SESSIONS_SWEEP] = {"sessions_sweep",
                        "DELETE FROM auth.sessions "
                        "WHERE coalesce(ended_at, expires_at) < now() - interval '30 days'",
                        DAIS_LANE_POOL, 0, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

static void user_take(const struct dais_rows *rows, struct store_user *ret_user)
{
    ret_user->id = dais_db->cell(rows, 0, 0);
    ret_user->uid = dais_db->cell_int(rows, 0, 1);
    ret_user->email = dais_db->cell(rows, 0, 2);
    ret_user->name = dais_db->cell(rows, 0, 3);
    ret_user->role = dais_db->cell(rows, 0, 4);
    ret_user->creator = dais_db->cell(rows, 0, 5);
    ret_user->created_at = dais_db->cell(rows, 0, 6);
}

int32_t store_user_add(const struct store_new_user *user, struct store_user *ret_user)
{
    const struct dais_param params[] = {dais_text(user->email), dais_text(user->name),
                                        dais_text(user->role), dais_text(user->hash)};
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->query(&store_statements[USER_ADD], params, 4, &rows);
    if (error)
        return error;
    if (dais_db->rows_count(rows) == 0)
        return DAIS_E_CONFLICT;
    user_take(rows, ret_user);
    return DAIS_OK;
}

static int32_t user_find(const struct dais_statement *statement, const struct dais_param *params,
                         struct store_user *ret_user, struct dais_rows **ret_rows)
{
    int32_t error = dais_db->query(statement, params, statement->params, ret_rows);
    if (error)
        return error;
    if (dais_db->rows_count(*ret_rows) == 0)
        return DAIS_E_NOT_FOUND;
    user_take(*ret_rows, ret_user);
    return DAIS_OK;
}

int32_t store_user_by_email(struct dais_str email, struct store_user *ret_user,
                            struct dais_str *ret_hash)
{
    const struct dais_param params[] = {dais_text(email)};
    struct dais_rows *rows = NULL;
    int32_t error = user_find(&store_statements[USER_BY_EMAIL], params, ret_user, &rows);
    if (!error)
        *ret_hash = dais_db->cell(rows, 0, 7);
    return error;
}

int32_t store_user_by_id(struct dais_str id, struct store_user *ret_user)
{
    const struct dais_param params[] = {dais_text(id)};
    struct dais_rows *rows = NULL;
    return user_find(&store_statements[USER_BY_ID], params, ret_user, &rows);
}

int32_t store_session_open(struct dais_str user_id, const struct store_new_session *session,
                           struct dais_str *ret_id)
{
    const struct dais_param params[] = {dais_text(user_id), dais_text(session->device),
                                        dais_text(session->address), dais_int(session->life_s)};
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->query(&store_statements[SESSION_OPEN], params, 4, &rows);
    if (!error)
        *ret_id = dais_db->cell(rows, 0, 0);
    return error;
}

int32_t store_session_end(struct dais_str id)
{
    const struct dais_param params[] = {dais_text(id)};
    return dais_db->query(&store_statements[SESSION_END], params, 1, NULL);
}

int32_t store_session_user(struct dais_str id, struct dais_str user_id, struct store_user *ret_user)
{
    const struct dais_param params[] = {dais_text(id), dais_text(user_id)};
    struct dais_rows *rows = NULL;
    return user_find(&store_statements[SESSION_USER], params, ret_user, &rows);
}

int32_t store_sessions_sweep(void)
{
    return dais_db->query(&store_statements[SESSIONS_SWEEP], NULL, 0, NULL);
}
