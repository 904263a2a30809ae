/* SPDX-License-Identifier: MIT */
#include "store_invitations.h"

#include "dais/mem.h"

#define CREATED STORE_TIME("i.created_at")
#define EXPIRES STORE_TIME("i.expires_at")
#define COLUMNS                                                                                    \
    "i.id, i.role, i.email, i.uses, i.uses_max, i.created_by, " CREATED ", " EXPIRES ", i.n"
/* It is worth what its maker may give by now: nothing once he is shut out or invites no more. */
#define MAKER_MAY                                                                                  \
    "EXISTS (SELECT FROM auth.users m WHERE m.id = i.created_by AND m.disabled_at IS NULL "        \
    "        AND (m.role = 'admin' OR (m.role = 'moderator' AND i.role <> 'admin')))"
#define OPENS                                                                                      \
    "i.hash = $1 AND i.uses < i.uses_max AND i.expires_at > now() "                                \
    "AND (i.email IS NULL OR lower(i.email) = lower($2)) AND " MAKER_MAY

enum { ADD, LIST, DELETE, CHECK_ONE, USE, SWEEP };

const struct dais_statement store_invitations_statements[] = {
    [ADD] = {"invitation_add",
             "INSERT INTO auth.invitations AS i "
             "(hash, role, email, uses_max, expires_at, created_by) "
             "SELECT $1, $2, $3, $4::int, now() + $5 * interval '1 second', $6 "
             "WHERE (SELECT count(*) FROM auth.invitations) < $7::bigint RETURNING " COLUMNS,
             DAIS_LANE_POOL, 7, 0, 0},
    [LIST] = {"invitations",
              "SELECT " COLUMNS " FROM auth.invitations i WHERE i.n < CASE WHEN $1::bigint = 0 "
              "THEN 9223372036854775807 ELSE $1::bigint END ORDER BY i.n DESC LIMIT $2::int",
              DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [DELETE] = {"invitation_delete",
                "DELETE FROM auth.invitations WHERE id = $1 "
                "AND ($2::uuid IS NULL OR created_by = $2) RETURNING 1",
                DAIS_LANE_POOL, 2, 0, 0},
    [CHECK_ONE] = {"invitation_check", "SELECT i.role FROM auth.invitations i WHERE " OPENS,
                   DAIS_LANE_READ, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [USE] = {"invitation_use",
             "UPDATE auth.invitations i SET uses = uses + 1 WHERE " OPENS " RETURNING i.role",
             DAIS_LANE_POOL, 2, 0, 0},
    [SWEEP] = {"invitations_sweep",
               "DELETE FROM auth.invitations WHERE expires_at < now() - interval '30 days'",
               DAIS_LANE_POOL, 0, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

static struct store_invitation take(const struct dais_rows *rows, uint32_t row)
{
    return (struct store_invitation){
        .id = dais_db->cell(rows, row, 0),
        .role = dais_db->cell(rows, row, 1),
        .email = dais_db->cell(rows, row, 2),
        .uses = dais_db->cell_int(rows, row, 3),
        .uses_max = dais_db->cell_int(rows, row, 4),
        .created_by = dais_db->cell(rows, row, 5),
        .created_at = dais_db->cell(rows, row, 6),
        .expires_at = dais_db->cell(rows, row, 7),
    };
}

int32_t store_invitation_add(const struct store_new_invitation *invitation, int64_t count_max,
                             struct store_invitation *ret_invitation)
{
    const struct dais_param params[] = {
        dais_bytes(invitation->hash), dais_text(invitation->role),
        dais_text(invitation->email), dais_int(invitation->uses_max),
        dais_int(invitation->life_s), dais_text(invitation->created_by),
        dais_int(count_max),
    };
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_invitations_statements[ADD], params, &rows);
    if (!error)
        *ret_invitation = take(rows, 0);
    return error == DAIS_E_NOT_FOUND ? DAIS_E_LIMIT : error;
}

int32_t store_invitations(int64_t before, int64_t limit, struct store_invitation_page *ret_page)
{
    const struct dais_param params[] = {dais_int(before), dais_int(limit)};
    struct dais_rows *rows = NULL;
    int32_t error = store_run(NULL, &store_invitations_statements[LIST], params, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct store_invitation *items = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                           (count + 1) * sizeof *items);
    if (!items)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        items[i] = take(rows, i);
    ret_page->invitations = (struct dais_list){items, count};
    ret_page->last_number = count > 0 ? dais_db->cell_int(rows, count - 1, 8) : 0;
    return DAIS_OK;
}

int32_t store_invitation_delete(struct dais_str id, struct dais_str owner)
{
    const struct dais_param params[] = {dais_text(id), dais_text(owner)};
    struct dais_rows *rows = NULL;
    return store_find(NULL, &store_invitations_statements[DELETE], params, &rows);
}

/** The role that a code gives to an address. */
static int32_t opened(struct dais_tx *tx, uint32_t statement, struct dais_str hash,
                      struct dais_str email, struct dais_str *ret_role)
{
    const struct dais_param params[] = {dais_bytes(hash), dais_text(email)};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, &store_invitations_statements[statement], params, &rows);
    if (!error)
        *ret_role = dais_db->cell(rows, 0, 0);
    return error == DAIS_E_NOT_FOUND ? DAIS_E_DENIED : error;
}

int32_t store_invitation_check(struct dais_str hash, struct dais_str email)
{
    struct dais_str role;
    return opened(NULL, CHECK_ONE, hash, email, &role);
}

int32_t store_invitation_use(struct dais_tx *tx, struct dais_str hash, struct dais_str email,
                             struct dais_str *ret_role)
{
    return opened(tx, USE, hash, email, ret_role);
}

int32_t store_invitations_sweep(void)
{
    return store_run(NULL, &store_invitations_statements[SWEEP], NULL, NULL);
}
