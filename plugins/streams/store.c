/* SPDX-License-Identifier: MIT */
#include "store.h"

#include "dais/mem.h"
#include "streams.h"

#define AS_TEXT(column)                                                                            \
    "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
#define EXPIRED "(s.status = 'live' AND s.lease_until < now())"
#define STATUS "CASE WHEN " EXPIRED " THEN 'ended' ELSE s.status END"
#define ENDED_AT "CASE WHEN " EXPIRED " THEN s.lease_until ELSE s.ended_at END"
#define TIMES                                                                                      \
    AS_TEXT("s.scheduled_for")                                                                     \
    ", " AS_TEXT("s.started_at") ", " AS_TEXT(ENDED_AT) ", " AS_TEXT("s.created_at")
#define COLUMNS                                                                                    \
    "s.id, s.owner_id, s.title, s.description, s.playback_id, " STATUS ", " TIMES                  \
    ", s.key_sealed, s.session"
#define ROOM_COLUMNS "s.id, s.owner_id, s.title"
/* Who may make streams: an approval that is taken back, or an account shut, ends what is live. */
#define OWNER_PUBLISHES                                                                            \
    "EXISTS (SELECT FROM auth.users_public u WHERE u.id = s.owner_id AND NOT u.is_disabled "       \
    "AND (u.is_creator OR u.role = 'admin'))"

enum {
    OWNER = STORE_OWNER,
    ADD,
    GET,
    LIST,
    CHANGE,
    REKEY,
    REMOVE,
    REMOVE_ALL,
    UNAPPROVED,
    BY_KEY,
    HOLD,
    END,
    SWEEP,
    ROOM,
    ROOM_OF
};

const struct dais_statement store_statements[] = {
    [OWNER] = {"owner", "SELECT owner_id FROM streams.streams WHERE id = $1", DAIS_LANE_READ, 1,
               DAIS_STATEMENT_IDEMPOTENT, 0},
    [ADD] = {"add",
             "INSERT INTO streams.streams AS s (owner_id, playback_id, title, description, "
             "scheduled_for, key_sealed, key_hmac) "
             "VALUES ($1, $2, $3, coalesce($4, ''), $5::timestamptz, $6, $7) RETURNING " COLUMNS,
             DAIS_LANE_POOL, 7, 0, 0},
    [GET] = {"get", "SELECT " COLUMNS " FROM streams.streams s WHERE s.id = $1", DAIS_LANE_READ, 1,
             DAIS_STATEMENT_IDEMPOTENT, 0},
    [LIST] = {"list",
              "SELECT " COLUMNS " FROM streams.streams s "
              "WHERE ($1::text IS NULL OR "
              "       " STATUS " = $1) "
              "AND ($2::text IS NULL OR s.playback_id = $2) "
              "AND ($3::uuid IS NULL OR (s.created_at, s.id) < "
              "     (SELECT a.created_at, a.id FROM streams.streams a WHERE a.id = $3::uuid)) "
              "ORDER BY s.created_at DESC, s.id DESC LIMIT $4::bigint",
              DAIS_LANE_READ, 4, DAIS_STATEMENT_IDEMPOTENT, 0},
    [CHANGE] = {"change",
                "UPDATE streams.streams s SET title = coalesce($2, title), "
                "description = coalesce($3, description), "
                "scheduled_for = coalesce($4::timestamptz, scheduled_for), updated_at = now() "
                "WHERE s.id = $1 RETURNING " COLUMNS,
                DAIS_LANE_POOL, 4, DAIS_STATEMENT_IDEMPOTENT, 0},
    [REKEY] = {"rekey",
               "UPDATE streams.streams s SET key_sealed = $2, key_hmac = $3, updated_at = now() "
               "WHERE s.id = $1 RETURNING " COLUMNS,
               DAIS_LANE_POOL, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    [REMOVE] = {"remove",
                "WITH found AS (SELECT s.id, s.status = 'live' AND NOT " EXPIRED " AS live "
                "               FROM streams.streams s WHERE s.id = $1 FOR UPDATE), "
                "gone AS (DELETE FROM streams.streams d USING found f "
                "         WHERE d.id = f.id AND NOT f.live) "
                "SELECT live FROM found",
                DAIS_LANE_POOL, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [REMOVE_ALL] = {"remove_all",
                    "DELETE FROM streams.streams WHERE owner_id = $1 RETURNING playback_id",
                    DAIS_LANE_POOL, 1, 0, 0},
    /* Not only those that are live by their row: one may have begun that has not written it yet. */
    [UNAPPROVED] = {"unapproved",
                    "SELECT s.playback_id FROM streams.streams s "
                    "WHERE s.owner_id = $1 AND NOT " OWNER_PUBLISHES,
                    DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [BY_KEY] = {"by_key",
                "SELECT " COLUMNS " FROM streams.streams s "
                "WHERE s.key_hmac = $1 AND " OWNER_PUBLISHES,
                DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    /* A session that was believed lost (lease over, row ended) takes its stream up again. */
    [HOLD] = {"hold",
              "WITH held AS (UPDATE streams.streams s SET status = 'live', session = $2::bigint, "
              "  lease_until = now() + $3 * interval '1 second', ended_at = NULL, "
              "  started_at = CASE WHEN s.session = $2::bigint OR "
              "    (s.status = 'live' AND s.lease_until > now()) THEN s.started_at ELSE now() END "
              "  WHERE s.playback_id = $1 AND s.session <= $2::bigint AND " OWNER_PUBLISHES
              "  RETURNING 1) "
              "SELECT EXISTS (SELECT 1 FROM held) FROM streams.streams s WHERE s.playback_id = $1",
              DAIS_LANE_POOL, 3, DAIS_STATEMENT_IDEMPOTENT, 0},
    /* The row may still name the publisher that this one took over from. */
    [END] = {"end",
             "UPDATE streams.streams SET status = 'ended', ended_at = now(), lease_until = NULL "
             "WHERE playback_id = $1 AND session <= $2::bigint AND status = 'live'",
             DAIS_LANE_POOL, 2, DAIS_STATEMENT_IDEMPOTENT, 0},
    [SWEEP] = {"sweep",
               "UPDATE streams.streams SET status = 'ended', ended_at = lease_until, "
               "lease_until = NULL "
               "WHERE status = 'live' AND lease_until < now() - interval '30 seconds'",
               DAIS_LANE_POOL, 0, DAIS_STATEMENT_IDEMPOTENT, 0},
    [ROOM] = {"room", "SELECT " ROOM_COLUMNS " FROM streams.streams s WHERE s.id = $1",
              DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [ROOM_OF] = {"room_of",
                 "SELECT " ROOM_COLUMNS " FROM streams.streams s WHERE s.owner_id = $1 "
                 "ORDER BY s.created_at, s.id LIMIT 1",
                 DAIS_LANE_READ, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

static void stream_take(const struct dais_rows *rows, uint32_t row, struct store_stream *ret_stream)
{
    struct dais_str *const views[] = {
        &ret_stream->id,
        &ret_stream->owner_id,
        &ret_stream->title,
        &ret_stream->description,
        &ret_stream->playback_id,
        &ret_stream->status,
        &ret_stream->scheduled_for,
        &ret_stream->started_at,
        &ret_stream->ended_at,
        &ret_stream->created_at,
    };
    uint32_t column = 0;
    for (; column < sizeof views / sizeof views[0]; column++)
        *views[column] = dais_db->cell(rows, row, column);
    ret_stream->key_sealed = dais_db->cell_bytes(rows, row, column++);
    ret_stream->session = dais_db->cell_int(rows, row, column);
}

/** Runs a statement that answers one stream or none. */
static int32_t stream_query(struct dais_tx *tx, const struct dais_statement *statement,
                            const struct dais_param *params, struct store_stream *ret_stream)
{
    struct dais_rows *rows = NULL;
    int32_t error = dais_query_in(tx, statement, params, statement->params, &rows);
    if (error)
        return error;
    if (dais_db->rows_count(rows) == 0)
        return DAIS_E_NOT_FOUND;
    stream_take(rows, 0, ret_stream);
    return DAIS_OK;
}

int32_t store_add(struct dais_tx *tx, const struct store_new *made, struct store_stream *ret_stream)
{
    const struct store_edit *edit = &made->edit;
    const struct dais_param params[] = {
        dais_text(made->owner_id),    dais_text(made->playback_id),   dais_text(edit->title),
        dais_text(edit->description), dais_text(edit->scheduled_for), dais_bytes(made->key.sealed),
        dais_bytes(made->key.hmac),
    };
    return stream_query(tx, &store_statements[ADD], params, ret_stream);
}

int32_t store_get(struct dais_str id, struct store_stream *ret_stream)
{
    const struct dais_param params[] = {dais_text(id)};
    return stream_query(NULL, &store_statements[GET], params, ret_stream);
}

int32_t store_list(const struct store_page *page, struct store_stream **ret_streams,
                   uint32_t *ret_count)
{
    const struct dais_param params[] = {dais_text(page->status), dais_text(page->playback_id),
                                        dais_text(page->after), dais_int(page->limit)};
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->query(&store_statements[LIST], params, 4, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct store_stream *streams = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                         (count + 1) * sizeof *streams);
    if (!streams)
        return DAIS_E_MEMORY;
    for (uint32_t row = 0; row < count; row++)
        stream_take(rows, row, &streams[row]);
    *ret_streams = streams;
    *ret_count = count;
    return DAIS_OK;
}

int32_t store_change(struct dais_tx *tx, struct dais_str id, const struct store_edit *edit,
                     struct store_stream *ret_stream)
{
    const struct dais_param params[] = {dais_text(id), dais_text(edit->title),
                                        dais_text(edit->description),
                                        dais_text(edit->scheduled_for)};
    return stream_query(tx, &store_statements[CHANGE], params, ret_stream);
}

int32_t store_rekey(struct dais_str id, const struct store_key *key,
                    struct store_stream *ret_stream)
{
    const struct dais_param params[] = {dais_text(id), dais_bytes(key->sealed),
                                        dais_bytes(key->hmac)};
    return stream_query(NULL, &store_statements[REKEY], params, ret_stream);
}

/** The one boolean of an answer: DAIS_E_NOT_FOUND without a row. */
static int32_t flag_query(struct dais_tx *tx, const struct dais_statement *statement,
                          const struct dais_param *params, int *ret_flag)
{
    struct dais_rows *rows = NULL;
    int32_t error = dais_query_in(tx, statement, params, statement->params, &rows);
    if (error)
        return error;
    if (dais_db->rows_count(rows) == 0)
        error = DAIS_E_NOT_FOUND;
    else
        *ret_flag = dais_str_eq(dais_db->cell(rows, 0, 0), dais_cstr("t"));
    dais_db->rows_free(rows);
    return error;
}

int32_t store_remove(struct dais_tx *tx, struct dais_str id)
{
    const struct dais_param params[] = {dais_text(id)};
    int live = 0;
    int32_t error = flag_query(tx, &store_statements[REMOVE], params, &live);
    if (error)
        return error;
    return live ? DAIS_E_CONFLICT : DAIS_OK;
}

/** The public names that a statement about an account answers, in the fiber's arena. */
static int32_t names_query(struct dais_tx *tx, const struct dais_statement *statement,
                           struct dais_str owner_id, struct store_names *ret_names)
{
    const struct dais_param params[] = {dais_text(owner_id)};
    struct dais_rows *rows = NULL;
    int32_t error = dais_query_in(tx, statement, params, 1, &rows);
    if (error)
        return error;
    uint32_t count = dais_db->rows_count(rows);
    struct dais_str *names = dais_mem->arena_alloc(dais_mem->arena_self(),
                                                   (count + 1) * sizeof *names);
    if (!names)
        return DAIS_E_MEMORY;
    for (uint32_t row = 0; row < count; row++)
        names[row] = dais_db->cell(rows, row, 0); /* as long as the fiber lives */
    *ret_names = (struct store_names){names, count};
    return DAIS_OK;
}

int32_t store_remove_all(struct dais_tx *tx, struct dais_str owner_id,
                         struct store_names *ret_names)
{
    return names_query(tx, &store_statements[REMOVE_ALL], owner_id, ret_names);
}

int32_t store_unapproved(struct dais_str owner_id, struct store_names *ret_names)
{
    return names_query(NULL, &store_statements[UNAPPROVED], owner_id, ret_names);
}

int32_t store_by_key(struct dais_str hmac, struct store_stream *ret_stream)
{
    const struct dais_param params[] = {dais_bytes(hmac)};
    return stream_query(NULL, &store_statements[BY_KEY], params, ret_stream);
}

int32_t store_hold(struct dais_str playback_id, int64_t session)
{
    const struct dais_param params[] = {dais_text(playback_id), dais_int(session),
                                        dais_int(STREAMS_LEASE_S)};
    int held = 0;
    int32_t error = flag_query(NULL, &store_statements[HOLD], params, &held);
    if (error)
        return error;
    return held ? DAIS_OK : DAIS_E_CONFLICT;
}

int32_t store_end(struct dais_str playback_id, int64_t session)
{
    const struct dais_param params[] = {dais_text(playback_id), dais_int(session)};
    return dais_db->query(&store_statements[END], params, 2, NULL);
}

int32_t store_sweep(void)
{
    return dais_db->query(&store_statements[SWEEP], NULL, 0, NULL);
}

static int32_t room_query(const struct dais_statement *statement, struct dais_str id,
                          struct store_room *ret_room)
{
    const struct dais_param params[] = {dais_text(id)};
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->query(statement, params, 1, &rows);
    if (error)
        return error;
    if (dais_db->rows_count(rows) == 0)
        return DAIS_E_NOT_FOUND;
    *ret_room = (struct store_room){.id = dais_db->cell(rows, 0, 0),
                                    .owner_id = dais_db->cell(rows, 0, 1),
                                    .title = dais_db->cell(rows, 0, 2)};
    return DAIS_OK;
}

int32_t store_room(struct dais_str id, struct store_room *ret_room)
{
    return room_query(&store_statements[ROOM], id, ret_room);
}

int32_t store_room_of(struct dais_str owner_id, struct store_room *ret_room)
{
    return room_query(&store_statements[ROOM_OF], owner_id, ret_room);
}
