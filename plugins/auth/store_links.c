/* SPDX-License-Identifier: MIT */
#include "store_links.h"

enum { PUT, CHECK_LINK, TAKE, DROP, DROP_DOORS, SET_EMAIL, SWEEP };

static const char *const PURPOSES[STORE_LINK_PURPOSES] = {
    [STORE_LINK_RESET] = "reset",
    [STORE_LINK_VERIFY] = "verify",
    [STORE_LINK_CHANGE] = "change",
};

/* A link that changes an address verifies one too. */
#define GOOD                                                                                       \
    "hash = $1 AND expires_at > now() AND "                                                        \
    "(purpose = $2 OR (purpose = 'change' AND $2 = 'verify'))"

const struct dais_statement store_links_statements[] = {
    [PUT] = {"link_put",
             "INSERT INTO auth.links (user_id, purpose, email, hash, expires_at) "
             "VALUES ($1, $2, $3, $4, now() + $5 * interval '1 second') "
             "ON CONFLICT (user_id, purpose) DO UPDATE SET email = excluded.email, "
             "hash = excluded.hash, expires_at = excluded.expires_at",
             DAIS_LANE_POOL, 5, 0, 0},
    [CHECK_LINK] = {"link_check", "SELECT 1 FROM auth.links WHERE " GOOD, DAIS_LANE_READ, 2,
                    DAIS_STATEMENT_IDEMPOTENT, 0},
    [TAKE] = {"link_take",
              "DELETE FROM auth.links WHERE " GOOD " RETURNING user_id, email, "
              "(purpose = 'change')::int",
              DAIS_LANE_POOL, 2, 0, 0},
    [DROP] = {"links_drop", "DELETE FROM auth.links WHERE user_id = $1", DAIS_LANE_POOL, 1,
              DAIS_STATEMENT_IDEMPOTENT, 0},
    [DROP_DOORS] = {"links_drop_doors",
                    "DELETE FROM auth.links WHERE user_id = $1 AND purpose <> 'verify'",
                    DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SET_EMAIL] = {"link_set_email",
                   "UPDATE auth.users SET email = $2, email_verified_at = "
                   "CASE WHEN $3::int = 1 THEN now() END WHERE id = $1 RETURNING id",
                   DAIS_LANE_POOL, 3, 0, 0},
    [SWEEP] = {"links_sweep", "DELETE FROM auth.links WHERE expires_at < now()", DAIS_LANE_POOL, 0,
               DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

int32_t store_link_put(struct dais_tx *tx, const struct store_new_link *link)
{
    const struct dais_param params[] = {
        dais_text(link->link.user_id), dais_text(dais_cstr(PURPOSES[link->link.purpose])),
        dais_text(link->link.email), dais_bytes(link->hash), dais_int(link->life_s)};
    return store_run(tx, &store_links_statements[PUT], params, NULL);
}

int32_t store_link_check(struct dais_str hash, uint32_t purpose)
{
    const struct dais_param params[] = {dais_bytes(hash), dais_text(dais_cstr(PURPOSES[purpose]))};
    struct dais_rows *rows = NULL;
    return store_find(NULL, &store_links_statements[CHECK_LINK], params, &rows);
}

int32_t store_link_take(struct dais_tx *tx, struct dais_str hash, uint32_t purpose,
                        struct store_link *ret_link)
{
    const struct dais_param params[] = {dais_bytes(hash), dais_text(dais_cstr(PURPOSES[purpose]))};
    struct dais_rows *rows = NULL;
    int32_t error = store_find(tx, &store_links_statements[TAKE], params, &rows);
    if (error)
        return error;
    ret_link->user_id = dais_db->cell(rows, 0, 0);
    ret_link->email = dais_db->cell(rows, 0, 1);
    ret_link->purpose = dais_db->cell_int(rows, 0, 2) ? STORE_LINK_CHANGE : purpose;
    return DAIS_OK;
}

int32_t store_links_drop(struct dais_tx *tx, struct dais_str user_id)
{
    const struct dais_param params[] = {dais_text(user_id)};
    return store_run(tx, &store_links_statements[DROP], params, NULL);
}

int32_t store_links_drop_doors(struct dais_tx *tx, struct dais_str user_id)
{
    const struct dais_param params[] = {dais_text(user_id)};
    return store_run(tx, &store_links_statements[DROP_DOORS], params, NULL);
}

int32_t store_links_set_email(struct dais_tx *tx, struct dais_str user_id, struct dais_str email,
                              uint8_t is_verified)
{
    const struct dais_param params[] = {dais_text(user_id), dais_text(email),
                                        dais_int(is_verified)};
    struct dais_rows *rows = NULL;
    return store_find(tx, &store_links_statements[SET_EMAIL], params, &rows);
}

int32_t store_links_sweep(void)
{
    return store_run(NULL, &store_links_statements[SWEEP], NULL, NULL);
}
