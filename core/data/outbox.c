/* SPDX-License-Identifier: MIT */
#include "data/outbox.h"

#include "data/db.h"

#define OWNER "dais"

static const struct dais_migration schema[] = {
    {1, 0, "outbox",
     "CREATE TABLE dais.outbox_subscribers ("
     " name text PRIMARY KEY,"
     " seen_at timestamptz NOT NULL DEFAULT now());"
     "CREATE TABLE dais.outbox ("
     " id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
     " subscriber text NOT NULL,"
     " operation text NOT NULL,"
     " key text,"
     " value json NOT NULL,"
     " attempts integer NOT NULL DEFAULT 0,"
     " created_at timestamptz NOT NULL DEFAULT now(),"
     " due_at timestamptz NOT NULL DEFAULT now())"
     " WITH (autovacuum_vacuum_scale_factor = 0.02);"
     "CREATE INDEX outbox_order ON dais.outbox (subscriber, id);"
     "CREATE INDEX outbox_failed ON dais.outbox (subscriber, key, id) WHERE attempts > 0;"
     "CREATE TABLE dais.outbox_dead ("
     " id bigint PRIMARY KEY,"
     " subscriber text NOT NULL,"
     " operation text NOT NULL,"
     " key text,"
     " value json NOT NULL,"
     " attempts integer NOT NULL,"
     " reason text NOT NULL,"
     " created_at timestamptz NOT NULL,"
     " died_at timestamptz NOT NULL DEFAULT now());"
     "CREATE INDEX outbox_dead_age ON dais.outbox_dead (died_at)"},
    {0},
};

enum { PUT, CLAIM, KNOWN, SEEN, TAKE, DONE, RETRY, BURY, ORPHANS, UNSEEN, FORGET };

#define MS(number) number "::bigint * interval '1 millisecond'"

static const struct dais_statement statements[] = {
    [PUT] = {"outbox_put",
             "INSERT INTO dais.outbox (subscriber, operation, key, value) "
             "SELECT s, $2, $3, $4::json FROM unnest($1::text[]) s",
             DAIS_LANE_POOL, 4, 0, 0},
    [CLAIM] = {"outbox_claim",
               "SELECT 1 FROM dais.outbox_subscribers WHERE name = $1 FOR UPDATE SKIP LOCKED",
               DAIS_LANE_POOL, 1, 0, 0},
    [KNOWN] = {"outbox_known", "SELECT 1 FROM dais.outbox_subscribers WHERE name = $1",
               DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SEEN] = {"outbox_seen",
              "INSERT INTO dais.outbox_subscribers (name) SELECT unnest($1::text[]) "
              "ON CONFLICT (name) DO UPDATE SET seen_at = now()",
              DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [TAKE] = {"outbox_take",
              "SELECT o.id, o.operation, o.key, o.value, o.attempts FROM dais.outbox o "
              "WHERE o.subscriber = $1 AND o.due_at <= now() AND NOT EXISTS ("
              "  SELECT 1 FROM dais.outbox w WHERE w.subscriber = o.subscriber "
              "  AND w.key = o.key AND w.attempts > 0 AND w.due_at > now() AND w.id < o.id) "
              "ORDER BY o.id LIMIT $2",
              DAIS_LANE_POOL, 2, 0, 0},
    [DONE] = {"outbox_done", "DELETE FROM dais.outbox WHERE id = ANY($1::bigint[])", DAIS_LANE_POOL,
              1, 0, 0},
    [RETRY] = {"outbox_retry",
               "UPDATE dais.outbox SET attempts = attempts + 1, "
               "due_at = clock_timestamp() + " MS("$2") " WHERE id = $1",
               DAIS_LANE_POOL, 2, 0, 0},
    [BURY] = {"outbox_bury",
              "WITH gone AS (DELETE FROM dais.outbox WHERE id = $1 RETURNING *) "
              "INSERT INTO dais.outbox_dead "
              "(id, subscriber, operation, key, value, attempts, reason, created_at) "
              "SELECT id, subscriber, operation, key, value, attempts + 1, $2, created_at "
              "FROM gone",
              DAIS_LANE_POOL, 2, 0, 0},
    [ORPHANS] = {"outbox_orphans",
                 "DELETE FROM dais.outbox o WHERE o.created_at < now() - " MS(
                     "$1") " AND NOT EXISTS (SELECT 1 FROM dais.outbox_subscribers s "
                           "WHERE s.name = o.subscriber AND s.seen_at >= now() - " MS("$1") ")",
                 DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [UNSEEN] = {"outbox_unseen",
                "DELETE FROM dais.outbox_subscribers WHERE seen_at < now() - " MS("$1"),
                DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [FORGET] = {"outbox_forget", "DELETE FROM dais.outbox_dead WHERE died_at < now() - " MS("$1"),
                DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL},
};

int32_t outbox_init(void)
{
    int32_t error = db_migrations(OWNER, schema);
    return error ? error : db_statements(OWNER, statements);
}

int32_t outbox_put(struct dais_tx *tx, struct dais_str subscribers, const struct outbox_row *row)
{
    const struct dais_param params[] = {dais_text(subscribers), dais_text(row->operation),
                                        dais_text(row->key), dais_text(row->value)};
    return db_tx_query(tx, &statements[PUT], params, 4, NULL);
}

int32_t outbox_claim(struct dais_tx *tx, struct dais_str subscriber)
{
    const struct dais_param name = dais_text(subscriber);
    struct dais_rows *rows = NULL;
    int32_t error = db_tx_query(tx, &statements[CLAIM], &name, 1, &rows);
    if (error || db_rows_count(rows) == 1)
        return error;
    error = db_query(&statements[KNOWN], &name, 1, &rows);
    if (error)
        return error;
    return db_rows_count(rows) == 1 ? DAIS_E_CONFLICT : DAIS_E_NOT_FOUND;
}

int32_t outbox_seen(struct dais_str subscribers)
{
    const struct dais_param names = dais_text(subscribers);
    return db_query(&statements[SEEN], &names, 1, NULL);
}

int32_t outbox_take(struct dais_tx *tx, struct dais_str subscriber,
                    struct outbox_row ret_rows[OUTBOX_TAKE_MAX], uint32_t *ret_count)
{
    const struct dais_param params[] = {dais_text(subscriber), dais_int(OUTBOX_TAKE_MAX)};
    struct dais_rows *rows = NULL;
    int32_t error = db_tx_query(tx, &statements[TAKE], params, 2, &rows);
    if (error)
        return error;
    uint32_t count = db_rows_count(rows);
    for (uint32_t i = 0; i < count; i++)
        ret_rows[i] = (struct outbox_row){.id = db_cell_int(rows, i, 0),
                                          .operation = db_cell(rows, i, 1),
                                          .key = db_cell(rows, i, 2),
                                          .value = db_cell(rows, i, 3),
                                          .attempts = (uint32_t)db_cell_int(rows, i, 4)};
    *ret_count = count;
    return DAIS_OK;
}

int32_t outbox_done(struct dais_tx *tx, struct dais_str ids)
{
    const struct dais_param param = dais_text(ids);
    return db_tx_query(tx, &statements[DONE], &param, 1, NULL);
}

int32_t outbox_retry(struct dais_tx *tx, int64_t id, uint64_t delay_ms)
{
    const struct dais_param params[] = {dais_int(id), dais_int((int64_t)delay_ms)};
    return db_tx_query(tx, &statements[RETRY], params, 2, NULL);
}

int32_t outbox_bury(struct dais_tx *tx, int64_t id, struct dais_str reason)
{
    const struct dais_param params[] = {dais_int(id), dais_text(reason)};
    return db_tx_query(tx, &statements[BURY], params, 2, NULL);
}

int32_t outbox_sweep(uint64_t orphan_ms, uint64_t dead_ms, uint64_t *ret_dropped)
{
    const struct dais_param orphan = dais_int((int64_t)orphan_ms);
    const struct dais_param dead = dais_int((int64_t)dead_ms);
    struct dais_rows *rows = NULL;
    int32_t error = db_query(&statements[ORPHANS], &orphan, 1, &rows);
    if (error)
        return error;
    *ret_dropped = db_rows_affected(rows);
    error = db_query(&statements[UNSEEN], &orphan, 1, NULL);
    return error ? error : db_query(&statements[FORGET], &dead, 1, NULL);
}
