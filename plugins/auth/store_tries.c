/* SPDX-License-Identifier: MIT */
#include "store_tries.h"

/* Failures are forgotten after an hour without one, and after their wait. */
#define IS_OVER                                                                                    \
    "(t.last_at < clock_timestamp() - interval '1 hour' AND t.next_at < clock_timestamp())"
#define FAILURES "(CASE WHEN " IS_OVER " THEN 1 ELSE t.failures + 1 END)"

/* The end of the wait after so many failures; $10 is the first wait in ms. */
#define NEXT(failures, free, most)                                                                 \
    "clock_timestamp() + CASE WHEN " failures " <= " free "::int THEN interval '0' "               \
    "ELSE least($10 * 0.001 * 2 ^ least(" failures " - " free "::int - 1, 30), " most "::int) "    \
    "* interval '1 second' END"

/*
 * A counter goes up unless its wait runs. One row each, always in the order address, pair, account,
 * so tries side by side queue up and none waits in a circle. What comes `after` another counter
 * goes up only if that one did.
 */
#define INSERTED(key, first, after)                                                                \
    "INSERT INTO auth.tries AS t (key, failures, last_at, next_at) SELECT " key "::text, 1, "      \
    "clock_timestamp(), " first " WHERE " key "::text IS NOT NULL AND " after
#define COUNTED(next)                                                                              \
    " ON CONFLICT (key) DO UPDATE SET failures = " FAILURES ", last_at = clock_timestamp(), "      \
    "next_at = " next " WHERE t.next_at <= clock_timestamp() RETURNING 1"

#define NOT_HELD "(SELECT wait_s FROM held) IS NULL"
#define BY_ADDRESS                                                                                 \
    INSERTED("$1", NEXT("1", "$4", "$5"), NOT_HELD) COUNTED(NEXT(FAILURES, "$4", "$5"))
#define AFTER_ADDRESS "EXISTS (SELECT FROM address)"
#define BY_PAIR                                                                                    \
    INSERTED("$2", NEXT("1", "$6", "$7"), AFTER_ADDRESS) COUNTED(NEXT(FAILURES, "$6", "$7"))
#define AFTER_PAIR "EXISTS (SELECT FROM pair)"
#define BY_ACCOUNT                                                                                 \
    INSERTED("$3", NEXT("1", "$8", "$9"), AFTER_PAIR) COUNTED(NEXT(FAILURES, "$8", "$9"))

enum { COUNT_TRY, FORGET_TRY, SWEEP };

const struct dais_statement store_tries_statements[] = {
    [COUNT_TRY] = {"try_count",
                   "WITH held AS (SELECT ceil(extract(epoch FROM max(t.next_at) - "
                   "clock_timestamp()))::bigint AS wait_s FROM auth.tries t "
                   "WHERE t.key IN ($1, $2, $3) AND t.next_at > clock_timestamp()), "
                   "address AS (" BY_ADDRESS "), pair AS (" BY_PAIR "), account AS (" BY_ACCOUNT
                   ") "
                   "SELECT greatest(held.wait_s, 1), " AFTER_PAIR " "
                   "AND ($3::text IS NULL OR EXISTS (SELECT FROM account)) FROM held",
                   DAIS_LANE_POOL, 10, 0, 0},
    [FORGET_TRY] = {"try_forget",
                    "WITH address AS (UPDATE auth.tries t SET "
                    "  failures = greatest(t.failures - 1, 0), next_at = CASE "
                    "  WHEN t.failures - 1 <= $4::int THEN t.last_at ELSE t.next_at END "
                    "  WHERE t.key = $1 RETURNING 1), "
                    "pair AS (DELETE FROM auth.tries WHERE key = $2 "
                    "  AND (SELECT count(*) FROM address) >= 0 RETURNING 1), "
                    "account AS (DELETE FROM auth.tries WHERE key = $3 "
                    "  AND (SELECT count(*) FROM pair) >= 0 RETURNING 1) "
                    "SELECT count(*) FROM account",
                    DAIS_LANE_POOL, 4, 0, 0},
    [SWEEP] = {"tries_sweep",
               "DELETE FROM auth.tries t WHERE " IS_OVER " OR t.last_at < "
               "(SELECT o.last_at FROM auth.tries o ORDER BY o.last_at DESC OFFSET "
               "$1 LIMIT 1)",
               DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

int32_t store_try_count(const struct store_try *attempt, int64_t *ret_wait_s)
{
    const struct store_tries_bound *bounds = attempt->bounds;
    const struct dais_param params[] = {
        dais_text(attempt->keys[STORE_TRIES_ADDRESS]),
        dais_text(attempt->keys[STORE_TRIES_PAIR]),
        dais_text(attempt->keys[STORE_TRIES_ACCOUNT]),
        dais_int(bounds[STORE_TRIES_ADDRESS].free),
        dais_int(bounds[STORE_TRIES_ADDRESS].wait_max_s),
        dais_int(bounds[STORE_TRIES_PAIR].free),
        dais_int(bounds[STORE_TRIES_PAIR].wait_max_s),
        dais_int(bounds[STORE_TRIES_ACCOUNT].free),
        dais_int(bounds[STORE_TRIES_ACCOUNT].wait_max_s),
        dais_int(attempt->wait_ms),
    };
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_tries_statements[COUNT_TRY], params, &rows);
    if (error)
        return error;
    if (dais_str_eq(dais_db->cell(rows, 0, 1), dais_cstr("t")))
        return DAIS_OK;
    *ret_wait_s = dais_db->cell_int(rows, 0, 0);
    return DAIS_E_LIMIT;
}

int32_t store_try_forget(const struct store_try *attempt)
{
    const struct dais_param params[] = {
        dais_text(attempt->keys[STORE_TRIES_ADDRESS]),
        dais_text(attempt->keys[STORE_TRIES_PAIR]),
        dais_text(attempt->keys[STORE_TRIES_ACCOUNT]),
        dais_int(attempt->bounds[STORE_TRIES_ADDRESS].free),
    };
    return store_run(NULL, &store_tries_statements[FORGET_TRY], params, NULL);
}

int32_t store_tries_sweep(int64_t count_max)
{
    const struct dais_param params[] = {dais_int(count_max)};
    return store_run(NULL, &store_tries_statements[SWEEP], params, NULL);
}
