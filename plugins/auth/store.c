/* SPDX-License-Identifier: MIT */
#include "store.h"

#include "dais/mem.h"

#define BY_EMAIL "WHERE lower(u.email) = lower($1)"

/* Another administrator who can log in. */
#define OTHER_ADMIN                                                                                \
    "EXISTS (SELECT FROM auth.users o WHERE o.role = 'admin' AND o.disabled_at IS NULL "           \
    "        AND o.id <> u.id)"
#define IS_ADMIN "(u.role = 'admin' AND u.disabled_at IS NULL)"

/* A page by number: $1 and $2 are the filters, $3 the last number of the page before, $4 rows. */
#define PAGE_BY_NUMBER                                                                             \
    " AND u.uid < coalesce($3::bigint, 9223372036854775807) ORDER BY u.uid DESC LIMIT $4::int"
#define LIST "SELECT " STORE_USER_COLUMNS ", '' FROM auth.users u WHERE "

/*
 * A page of a search: two ranges of two indexes, each no longer than a page, merged. $1 is what to
 * search for, $2 and $3 the filters, $4 and $5 the last row of the page before, $6 rows. Nobody
 * comes twice: whose address fits does not come by the name. A range begins by one comparison
 * alone; beside a second one the index would be read from that one's beginning.
 */
#define IS_BELOW(column) "lower(" column ") COLLATE \"C\" < lower($1) || chr(1114111)"
#define FITS(column) "(lower(" column ") COLLATE \"C\" >= lower($1) AND " IS_BELOW(column) ")"
#define LAST "(greatest(lower($1) COLLATE \"C\", $4 COLLATE \"C\"), $5::bigint)"
#define SEARCHED(column, also)                                                                     \
    "(SELECT " STORE_USER_COLUMNS ", lower(" column ") COLLATE \"C\" AS term FROM auth.users u "   \
    "WHERE (lower(" column ") COLLATE \"C\", u.uid) > " LAST " AND " also                          \
    " AND ($2::text IS NULL OR u.role = $2) AND ($3::text IS NULL OR u.creator = $3) "             \
    "ORDER BY lower(" column ") COLLATE \"C\", u.uid LIMIT $6::int)"
#define EMAIL_FITS FITS("u.email")
#define NAME_FITS FITS("u.name")
#define BY_ADDRESS SEARCHED("u.email", IS_BELOW("u.email"))
#define ONLY_NAME_FITS IS_BELOW("u.name") " AND NOT " EMAIL_FITS
#define BY_NAME SEARCHED("u.name", ONLY_NAME_FITS)

/* The same among the few of a role or state that most have not: all of them, sorted. */
#define SEARCH_AMONG(few)                                                                          \
    "SELECT * FROM (SELECT " STORE_USER_COLUMNS ", CASE WHEN " EMAIL_FITS                          \
    " THEN lower(u.email) ELSE lower(u.name) END COLLATE \"C\" AS term FROM auth.users u "         \
    "WHERE " few " AND (" EMAIL_FITS " OR " NAME_FITS ")) found "                                  \
    "WHERE (term, uid) > " LAST " ORDER BY term, uid LIMIT $6::int"
#define OF_ROLE "u.role = $2 AND ($3::text IS NULL OR u.creator = $3)"
#define OF_STATE "u.creator = $3 AND ($2::text IS NULL OR u.role = $2)"
#define SEARCH_OF_ROLE SEARCH_AMONG(OF_ROLE)
#define SEARCH_OF_STATE SEARCH_AMONG(OF_STATE)

enum {
    OWNER = STORE_OWNER,
    USER_ADD,
    USER_BY_EMAIL,
    USER_BY_ID,
    USER_LOGIN,
    USER_HASH,
    PROFILE,
    LIST_ALL,
    LIST_ROLE,
    LIST_CREATOR,
    SEARCH,
    SEARCH_ROLE,
    SEARCH_CREATOR,
    CHANGE,
    ADMINS_LOCK,
    SET_ROLE,
    SET_DISABLED,
    DELETE,
    SET_HASH,
    SET_VERIFIED,
    EXISTS,
};

const struct dais_statement store_statements[] = {
    [OWNER] = {"owner", "SELECT id FROM auth.users WHERE id = $1", DAIS_LANE_READ, 1,
               DAIS_STATEMENT_IDEMPOTENT, 0},
    [USER_ADD] = {"user_add",
                  "INSERT INTO auth.users AS u (email, name, role, password) "
                  "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING " STORE_USER_COLUMNS,
                  DAIS_LANE_BATCH, 4, 0, 0},
    [USER_BY_EMAIL] = {"user_by_email", "SELECT " STORE_USER_COLUMNS " FROM auth.users u " BY_EMAIL,
                       DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [USER_BY_ID] = {"user_by_id", "SELECT " STORE_USER_COLUMNS " FROM auth.users u WHERE u.id = $1",
                    DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [USER_LOGIN] = {"user_login",
                    "SELECT " STORE_USER_COLUMNS ", u.password, "
                    "EXISTS (SELECT FROM auth.sessions s WHERE s.user_id = u.id "
                    "        AND s.address = $2)::int FROM auth.users u " BY_EMAIL,
                    DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [USER_HASH] = {"user_hash", "SELECT password FROM auth.users WHERE id = $1", DAIS_LANE_READ, 1,
                   DAIS_STATEMENT_IDEMPOTENT, 0},
    [PROFILE] = {"profile",
                 "SELECT " STORE_USER_COLUMNS
                 ", coalesce(c.followers, 0), coalesce(c.following, 0), "
                 "EXISTS (SELECT FROM auth.follows f WHERE f.follower_id = $2 "
                 "        AND f.followee_id = u.id)::int, "
                 "EXISTS (SELECT FROM auth.blocks b WHERE b.blocker_id = $2 "
                 "        AND b.blocked_id = u.id)::int "
                 "FROM auth.users u LEFT JOIN auth.follow_counts c ON c.user_id = u.id "
                 "WHERE u.id = $1",
                 DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [LIST_ALL] = {"users_all", LIST "$1::text IS NULL AND $2::text IS NULL" PAGE_BY_NUMBER,
                  DAIS_LANE_READ, 4, DAIS_STATEMENT_IDEMPOTENT, 0},
    [LIST_ROLE] = {"users_by_role",
                   LIST "u.role = $1 AND ($2::text IS NULL OR u.creator = $2)" PAGE_BY_NUMBER,
                   DAIS_LANE_READ, 4, DAIS_STATEMENT_IDEMPOTENT, 0},
    [LIST_CREATOR] = {"users_by_creator",
                      LIST "u.creator = $2 AND ($1::text IS NULL OR u.role = $1)" PAGE_BY_NUMBER,
                      DAIS_LANE_READ, 4, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SEARCH] = {"users_search",
                "SELECT * FROM (" BY_ADDRESS " UNION ALL " BY_NAME ") found "
                "ORDER BY term, uid LIMIT $6::int",
                DAIS_LANE_POOL, 6, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SEARCH_ROLE] = {"users_search_role", SEARCH_OF_ROLE, DAIS_LANE_POOL, 6,
                     DAIS_STATEMENT_IDEMPOTENT, 0},
    [SEARCH_CREATOR] = {"users_search_creator", SEARCH_OF_STATE, DAIS_LANE_POOL, 6,
                        DAIS_STATEMENT_IDEMPOTENT, 0},
    [CHANGE] = {"user_change",
                "UPDATE auth.users u SET name = coalesce($2, u.name), bio = coalesce($3, u.bio), "
                "avatar_url = coalesce($4, u.avatar_url) WHERE u.id = $1 "
                "RETURNING " STORE_USER_COLUMNS,
                DAIS_LANE_POOL, 4, DAIS_STATEMENT_IDEMPOTENT, 0},
    [ADMINS_LOCK] = {"admins_lock",
                     "SELECT pg_advisory_xact_lock(hashtextextended('auth.admins', 0))",
                     DAIS_LANE_POOL, 0, 0, 0},
    [SET_ROLE] = {"user_set_role",
                  "UPDATE auth.users u SET role = $2 WHERE u.id = $1 "
                  "AND (NOT " IS_ADMIN " OR $2 = 'admin' OR " OTHER_ADMIN ") RETURNING 1",
                  DAIS_LANE_POOL, 2, 0, 0},
    [SET_DISABLED] = {"user_set_disabled",
                      "UPDATE auth.users u SET disabled_at = CASE WHEN $2::int = 0 THEN NULL "
                      "ELSE coalesce(u.disabled_at, now()) END WHERE u.id = $1 "
                      "AND (NOT " IS_ADMIN " OR $2::int = 0 OR " OTHER_ADMIN ") RETURNING 1",
                      DAIS_LANE_POOL, 2, 0, 0},
    [DELETE] = {"user_delete",
                "DELETE FROM auth.users u WHERE u.id = $1 AND (NOT " IS_ADMIN " OR " OTHER_ADMIN
                ") RETURNING 1",
                DAIS_LANE_POOL, 1, 0, 0},
    [SET_HASH] = {"user_set_hash", "UPDATE auth.users SET password = $2 WHERE id = $1 RETURNING 1",
                  DAIS_LANE_POOL, 2, 0, 0},
    [SET_VERIFIED] =
        {"user_set_verified",
         "UPDATE auth.users SET email_verified_at = coalesce(email_verified_at, now()) "
         "WHERE id = $1 AND lower(email) = lower($2) RETURNING 1",
         DAIS_LANE_POOL, 2, 0, 0},
    [EXISTS] = {"user_exists", "SELECT 1 FROM auth.users WHERE id = $1", DAIS_LANE_READ, 1,
                DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

int32_t store_run(struct dais_tx *tx, const struct dais_statement *statement,
                  const struct dais_param *params, struct dais_rows **ret_rows)
{
    if (tx)
        return dais_db->tx_query(tx, statement, params, statement->params, ret_rows);
    return dais_db->query(statement, params, statement->params, ret_rows);
}

int32_t store_find(struct dais_tx *tx, const struct dais_statement *statement,
                   const struct dais_param *params, struct dais_rows **ret_rows)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_run(tx, statement, params, &rows);
    if (error)
        return error;
    if (dais_db->rows_count(rows) == 0)
        return DAIS_E_NOT_FOUND;
    *ret_rows = rows;
    return DAIS_OK;
}

void store_user_take(const struct dais_rows *rows, uint32_t row, struct store_user *ret_user)
{
    *ret_user = (struct store_user){
        .id = dais_db->cell(rows, row, 0),
        .uid = dais_db->cell_int(rows, row, 1),
        .email = dais_db->cell(rows, row, 2),
        .name = dais_db->cell(rows, row, 3),
        .role = dais_db->cell(rows, row, 4),
        .creator = dais_db->cell(rows, row, 5),
        .bio = dais_db->cell(rows, row, 6),
        .avatar_url = dais_db->cell(rows, row, 7),
        .created_at = dais_db->cell(rows, row, 8),
        .email_verified = dais_db->cell_int(rows, row, 9) != 0,
        .disabled = dais_db->cell_int(rows, row, 10) != 0,
    };
}

/** One account by a statement whose columns begin with it. */
static int32_t user_find(struct dais_tx *tx, const struct dais_statement *statement,
                         const struct dais_param *params, struct store_user *ret_user)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, statement, params, &rows);
    if (!error)
        store_user_take(rows, 0, ret_user);
    return error;
}

int32_t store_user_add(struct dais_tx *tx, const struct store_new_user *user,
                       struct store_user *ret_user)
{
    const struct dais_param params[] = {dais_text(user->email), dais_text(user->name),
                                        dais_text(user->role), dais_text(user->hash)};
    int32_t error = user_find(tx, &store_statements[USER_ADD], params, ret_user);
    return error == DAIS_E_NOT_FOUND ? DAIS_E_CONFLICT : error;
}

int32_t store_user_by_email(struct dais_str email, struct store_user *ret_user)
{
    const struct dais_param params[] = {dais_text(email)};
    return user_find(NULL, &store_statements[USER_BY_EMAIL], params, ret_user);
}

int32_t store_login_find(struct dais_str email, struct dais_str address,
                         struct store_login *ret_login)
{
    const struct dais_param params[] = {dais_text(email), dais_text(address)};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_statements[USER_LOGIN], params, &rows);
    if (error)
        return error;
    store_user_take(rows, 0, &ret_login->user);
    ret_login->hash = dais_db->cell(rows, 0, STORE_USER_COLUMN_COUNT);
    ret_login->is_known = dais_db->cell_int(rows, 0, STORE_USER_COLUMN_COUNT + 1) != 0;
    return DAIS_OK;
}

int32_t store_user_by_id(struct dais_str id, struct store_user *ret_user)
{
    const struct dais_param params[] = {dais_text(id)};
    return user_find(NULL, &store_statements[USER_BY_ID], params, ret_user);
}

int32_t store_user_hash(struct dais_str id, struct dais_str *ret_hash)
{
    const struct dais_param params[] = {dais_text(id)};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_statements[USER_HASH], params, &rows);
    if (!error)
        *ret_hash = dais_db->cell(rows, 0, 0);
    return error;
}

int32_t store_profile_find(struct dais_str id, struct dais_str viewer,
                           struct store_profile *ret_profile)
{
    const struct dais_param params[] = {dais_text(id), dais_text(viewer)};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_statements[PROFILE], params, &rows);
    if (error)
        return error;
    store_user_take(rows, 0, &ret_profile->user);
    ret_profile->followers = dais_db->cell_int(rows, 0, STORE_USER_COLUMN_COUNT);
    ret_profile->following = dais_db->cell_int(rows, 0, STORE_USER_COLUMN_COUNT + 1);
    ret_profile->is_followed = dais_db->cell_int(rows, 0, STORE_USER_COLUMN_COUNT + 2) != 0;
    ret_profile->is_blocked = dais_db->cell_int(rows, 0, STORE_USER_COLUMN_COUNT + 3) != 0;
    return DAIS_OK;
}

/** The filter that leaves fewest accounts, as the row of its statement. */
static uint32_t narrowest(const struct store_user_filter *filter, uint32_t by_role,
                          uint32_t by_creator, uint32_t by_none)
{
    if (filter->role.ptr && !dais_str_eq(filter->role, dais_cstr("attendee")))
        return by_role;
    if (filter->creator.ptr && !dais_str_eq(filter->creator, dais_cstr("none")))
        return by_creator;
    return by_none;
}

static int32_t search_run(const struct store_user_filter *filter, struct dais_rows **ret_rows)
{
    struct dais_str term = filter->after_term.ptr ? filter->after_term : dais_cstr("");
    const struct dais_param params[] = {dais_text(filter->q),           dais_text(filter->role),
                                        dais_text(filter->creator),     dais_text(term),
                                        dais_int(filter->after_number), dais_int(filter->limit)};
    uint32_t row = narrowest(filter, SEARCH_ROLE, SEARCH_CREATOR, SEARCH);
    return store_run(NULL, &store_statements[row], params, ret_rows);
}

static int32_t list_run(const struct store_user_filter *filter, struct dais_rows **ret_rows)
{
    struct dais_param after = filter->after_term.ptr ? dais_int(filter->after_number) : dais_null();
    const struct dais_param params[] = {dais_text(filter->role), dais_text(filter->creator), after,
                                        dais_int(filter->limit)};
    uint32_t common = filter->role.ptr ? LIST_ROLE : filter->creator.ptr ? LIST_CREATOR : LIST_ALL;
    uint32_t row = narrowest(filter, LIST_ROLE, LIST_CREATOR, common);
    return store_run(NULL, &store_statements[row], params, ret_rows);
}

int32_t store_users_list(const struct store_user_filter *filter, struct store_user_page *ret_page)
{
    struct dais_rows *rows = NULL;
    int32_t error = filter->q.ptr ? search_run(filter, &rows) : list_run(filter, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct store_user *users = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                     (count + 1) * sizeof *users);
    if (!users)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        store_user_take(rows, i, &users[i]);
    *ret_page = (struct store_user_page){.users = users, .count = count};
    if (count > 0) {
        ret_page->last_number = users[count - 1].uid;
        ret_page->last_term = dais_db->cell(rows, count - 1, STORE_USER_COLUMN_COUNT);
    }
    return DAIS_OK;
}

int32_t store_user_change(struct dais_tx *tx, struct dais_str id,
                          const struct store_user_change *change, struct store_user *ret_user)
{
    const struct dais_param params[] = {dais_text(id), dais_text(change->name),
                                        dais_text(change->bio), dais_text(change->avatar_url)};
    return user_find(tx, &store_statements[CHANGE], params, ret_user);
}

int32_t store_admins_lock(struct dais_tx *tx)
{
    return store_run(tx, &store_statements[ADMINS_LOCK], NULL, NULL);
}

/** A change that the last administrator is protected from. */
static int32_t guarded(struct dais_tx *tx, uint32_t statement, const struct dais_param *params)
{
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, &store_statements[statement], params, &rows);
    if (error != DAIS_E_NOT_FOUND)
        return error;
    error = store_find(tx, &store_statements[EXISTS], params, &rows);
    return error ? error : DAIS_E_CONFLICT;
}

int32_t store_user_set_role(struct dais_tx *tx, struct dais_str id, struct dais_str role)
{
    const struct dais_param params[] = {dais_text(id), dais_text(role)};
    return guarded(tx, SET_ROLE, params);
}

int32_t store_user_set_disabled(struct dais_tx *tx, struct dais_str id, uint8_t disabled)
{
    const struct dais_param params[] = {dais_text(id), dais_int(disabled)};
    return guarded(tx, SET_DISABLED, params);
}

int32_t store_user_delete(struct dais_tx *tx, struct dais_str id)
{
    const struct dais_param params[] = {dais_text(id)};
    return guarded(tx, DELETE, params);
}

int32_t store_user_set_hash(struct dais_tx *tx, struct dais_str id, struct dais_str hash)
{
    const struct dais_param params[] = {dais_text(id), dais_text(hash)};
    struct dais_rows *rows = NULL;
    return store_find(tx, &store_statements[SET_HASH], params, &rows);
}

int32_t store_user_set_verified(struct dais_tx *tx, struct dais_str id, struct dais_str email)
{
    const struct dais_param params[] = {dais_text(id), dais_text(email)};
    struct dais_rows *rows = NULL;
    return store_find(tx, &store_statements[SET_VERIFIED], params, &rows);
}
