/* SPDX-License-Identifier: MIT */
#include "store.h"

enum {
    QUEUE,
    DUE,
    CLAIM,
    SENT,
    AGAIN,
    RELEASE,
    DEAD,
    SWEEP,
    COUNT,
};

/* A claim that has run out may have another owner: its number of attempts tells. */
#define CLAIMED "WHERE id = $1 AND attempts = $2 AND state = 'queued'"

const struct dais_statement store_statements[] = {
    [QUEUE] = {"queue",
               "INSERT INTO mail.outbox (kind, recipient, subject, body, expires_at) "
               "SELECT $1, $2, $3, $4, now() + nullif($5::bigint, 0) * interval '1 second' "
               "WHERE (SELECT count(*) FROM mail.outbox WHERE lower(recipient) = lower($2) "
               "AND created_at > now() - interval '1 hour') < $6::bigint "
               "AND (SELECT count(*) FROM (SELECT FROM mail.outbox WHERE state = 'queued' "
               "LIMIT $7::bigint) q) < $7::bigint RETURNING id",
               DAIS_LANE_BATCH, 7, 0, 0},
    [DUE] = {"due",
             "SELECT count(*) FROM (SELECT FROM mail.outbox "
             "WHERE state = 'queued' AND due_at <= now() LIMIT $1) d",
             DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [CLAIM] = {"claim",
               "WITH next AS MATERIALIZED (SELECT id FROM mail.outbox "
               "WHERE state = 'queued' AND due_at <= now() ORDER BY due_at "
               "FOR UPDATE SKIP LOCKED LIMIT 1) "
               "UPDATE mail.outbox o SET attempts = o.attempts + 1, "
               "due_at = now() + $1::bigint * interval '1 millisecond' FROM next "
               "WHERE o.id = next.id RETURNING o.id, o.kind, o.recipient, o.subject, o.body, "
               "o.attempts, extract(epoch FROM o.created_at)::bigint, "
               "coalesce(o.expires_at <= now(), false)::int",
               DAIS_LANE_POOL, 1, 0, 0},
    [SENT] = {"sent",
              "UPDATE mail.outbox SET state = 'sent', body = NULL, error = NULL, "
              "finished_at = now() " CLAIMED,
              DAIS_LANE_POOL, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [AGAIN] = {"again",
               "UPDATE mail.outbox SET error = $4, "
               "due_at = now() + $3::bigint * interval '1 millisecond' " CLAIMED,
               DAIS_LANE_POOL, 4, DAIS_STATEMENT_IDEMPOTENT, 0},
    [RELEASE] = {"release",
                 "UPDATE mail.outbox SET attempts = attempts - 1, due_at = now() " CLAIMED,
                 DAIS_LANE_POOL, 2, 0, 0},
    [DEAD] = {"dead",
              "UPDATE mail.outbox SET state = 'dead', body = NULL, error = $3, "
              "finished_at = now() " CLAIMED,
              DAIS_LANE_POOL, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SWEEP] = {"sweep",
               "DELETE FROM mail.outbox WHERE state <> 'queued' AND finished_at < now() - "
               "CASE state WHEN 'dead' THEN $1::bigint ELSE 1 END * interval '1 day'",
               DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [COUNT] = {"count",
               "SELECT count(*) FILTER (WHERE state = 'queued'), "
               "count(*) FILTER (WHERE state = 'dead') FROM mail.outbox",
               DAIS_LANE_POOL, 0, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

int32_t store_queue(struct dais_tx *tx, const struct dais_mail *mail,
                    const struct store_bounds *bounds)
{
    const struct dais_statement *statement = &store_statements[QUEUE];
    const struct dais_param params[] = {
        dais_text(mail->kind),         dais_text(mail->to),    dais_text(mail->subject),
        dais_text(mail->text),         dais_int(mail->life_s), dais_int(bounds->recipient_max),
        dais_int(bounds->waiting_max),
    };
    struct dais_rows *rows = NULL;
    int32_t error = tx ? dais_db->tx_query(tx, statement, params, 7, &rows)
                       : dais_db->query(statement, params, 7, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    dais_db->rows_free(rows);
    return count == 0 ? DAIS_E_LIMIT : DAIS_OK;
}

int32_t store_due(int64_t max, int64_t *ret_count)
{
    const struct dais_param params[] = {dais_int(max)};
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->query(&store_statements[DUE], params, 1, &rows);
    if (error)
        return error;
    *ret_count = dais_db->cell_int(rows, 0, 0);
    dais_db->rows_free(rows);
    return DAIS_OK;
}

int32_t store_claim(int64_t lease_ms, struct store_letter *ret_letter)
{
    const struct dais_param params[] = {dais_int(lease_ms)};
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->query(&store_statements[CLAIM], params, 1, &rows);
    if (error)
        return error;
    if (dais_db->rows_count(rows) == 0) {
        dais_db->rows_free(rows);
        return DAIS_E_NOT_FOUND;
    }
    *ret_letter = (struct store_letter){
        .rows = rows,
        .id = dais_db->cell(rows, 0, 0),
        .kind = dais_db->cell(rows, 0, 1),
        .to = dais_db->cell(rows, 0, 2),
        .subject = dais_db->cell(rows, 0, 3),
        .text = dais_db->cell(rows, 0, 4),
        .attempt = dais_db->cell_int(rows, 0, 5),
        .queued_s = dais_db->cell_int(rows, 0, 6),
        .expired = dais_db->cell_int(rows, 0, 7),
    };
    return DAIS_OK;
}

int32_t store_sent(const struct store_letter *letter)
{
    const struct dais_param params[] = {dais_text(letter->id), dais_int(letter->attempt)};
    return dais_db->query(&store_statements[SENT], params, 2, NULL);
}

int32_t store_again(const struct store_letter *letter, uint64_t wait_ms, struct dais_str error)
{
    const struct dais_param params[] = {dais_text(letter->id), dais_int(letter->attempt),
                                        dais_int((int64_t)wait_ms), dais_text(error)};
    return dais_db->query(&store_statements[AGAIN], params, 4, NULL);
}

int32_t store_release(const struct store_letter *letter)
{
    const struct dais_param params[] = {dais_text(letter->id), dais_int(letter->attempt)};
    return dais_db->query(&store_statements[RELEASE], params, 2, NULL);
}

int32_t store_dead(const struct store_letter *letter, struct dais_str error)
{
    const struct dais_param params[] = {dais_text(letter->id), dais_int(letter->attempt),
                                        dais_text(error)};
    return dais_db->query(&store_statements[DEAD], params, 3, NULL);
}

int32_t store_sweep(int64_t dead_days)
{
    const struct dais_param params[] = {dais_int(dead_days)};
    return dais_db->query(&store_statements[SWEEP], params, 1, NULL);
}

int32_t store_count(struct store_counts *ret_counts)
{
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->query(&store_statements[COUNT], NULL, 0, &rows);
    if (error)
        return error;
    *ret_counts = (struct store_counts){dais_db->cell_int(rows, 0, 0),
                                        dais_db->cell_int(rows, 0, 1)};
    dais_db->rows_free(rows);
    return DAIS_OK;
}
