/* SPDX-License-Identifier: MIT */
#include "store_settle.h"

#include "dais/fiber.h"
#include "store_rows.h"

/** Milliseconds between two looks. */
#define LOOK_MS 2

/* A statement takes the lock before it takes the view of the tables that it works on: whoever works
 * on an older one is among these. */
#define WRITERS                                                                                    \
    "FROM pg_locks l WHERE l.relation = 'chat.messages'::regclass "                                \
    "AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) "     \
    "AND l.mode = 'RowExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid() "

enum { NOW, STILL };

const struct dais_statement store_settle_statements[] = {
    [NOW] = {"settle_now", "SELECT string_agg(l.virtualtransaction, ',') " WRITERS, DAIS_LANE_READ,
             0, DAIS_STATEMENT_IDEMPOTENT, 0},
    [STILL] = {"settle_still",
               "SELECT string_agg(l.virtualtransaction, ',') " WRITERS
               "AND l.virtualtransaction = ANY (string_to_array($1::text, ','))",
               DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

int32_t store_settle(void)
{
    struct dais_param writers = dais_null();
    struct dais_rows *rows = NULL;
    int32_t error = store_find(NULL, &store_settle_statements[NOW], NULL, &rows);
    for (int waited_ms = 0; !error; waited_ms += LOOK_MS) {
        struct dais_str left = dais_db->cell(rows, 0, 0);
        if (!left.ptr)
            return DAIS_OK;
        if (waited_ms >= STORE_SETTLE_MS_MAX)
            return DAIS_E_TIMEOUT;
        writers = dais_text(left);
        error = dais_fiber->sleep(LOOK_MS);
        if (!error)
            error = store_find(NULL, &store_settle_statements[STILL], &writers, &rows);
    }
    return error;
}
