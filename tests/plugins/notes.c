/* SPDX-License-Identifier: MIT */
/* A plugin that writes on every lane, and slowly if asked to: for the faults of the database. */
#include "dais/dais.h"

/** A statement that waits longer than this has timed out. */
#define WAIT_MS 700

enum { ADD_BATCHED, ADD_POOLED, KEEP, MORE, COUNT, NAP_READ, NAP_POOL, NAP_LONG, PING };

static const struct dais_statement statements[] = {
    [ADD_BATCHED] = {"add_batched", "INSERT INTO notes.notes (id, topic) VALUES ($1, $2)",
                     DAIS_LANE_BATCH, 2, 0, WAIT_MS},
    [ADD_POOLED] = {"add_pooled", "INSERT INTO notes.notes (id, topic) VALUES ($1, $2)",
                    DAIS_LANE_POOL, 2, 0, WAIT_MS},
    [KEEP] = {"keep", "INSERT INTO notes.kept (id) VALUES ($1) ON CONFLICT DO NOTHING",
              DAIS_LANE_BATCH, 1, DAIS_STATEMENT_IDEMPOTENT, 0},
    [MORE] = {"more", "UPDATE notes.topics SET notes = notes + 1 WHERE id = $1", DAIS_LANE_POOL, 1,
              0, 0},
    [COUNT] = {"count", "SELECT count(*) FROM notes.notes WHERE id = $1", DAIS_LANE_READ, 1, 0, 0},
    [NAP_READ] = {"nap_read", "SELECT pg_sleep($1::bigint / 1000.0)", DAIS_LANE_READ, 1, 0,
                  WAIT_MS},
    [NAP_POOL] = {"nap_pool", "SELECT pg_sleep($1::bigint / 1000.0)", DAIS_LANE_POOL, 1, 0,
                  WAIT_MS},
    [NAP_LONG] = {"nap_long", "SELECT pg_sleep($1::bigint / 1000.0)", DAIS_LANE_POOL, 1, 0, 60000},
    [PING] = {"ping", "SELECT 1", DAIS_LANE_READ, 0, DAIS_STATEMENT_IDEMPOTENT, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

static const struct dais_migration migrations[] = {
    {1, 0, "notes",
     "CREATE TABLE notes.topics (id bigint PRIMARY KEY, notes bigint NOT NULL DEFAULT 0);"
     "INSERT INTO notes.topics SELECT generate_series(1, 4);"
     "CREATE TABLE notes.notes (id bigint PRIMARY KEY,"
     " topic bigint NOT NULL REFERENCES notes.topics);"
     "CREATE TABLE notes.kept (id bigint PRIMARY KEY)"},
    {0, 0, NULL, NULL},
};

struct note {
    uint64_t present;
    int64_t id, topic, other;
};

static const struct dais_field note_fields[] = {
    DAIS_FIELD(struct note, id, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Number"),
    DAIS_FIELD(struct note, topic, DAIS_KIND_INT, 0, 1, 4, "What it is about"),
    DAIS_FIELD(struct note, other, DAIS_KIND_INT, 0, 1, 4, "What else it is about"),
    DAIS_FIELD_END,
};
static const struct dais_shape note_shape = DAIS_SHAPE("Note", struct note, note_fields);

struct nap {
    uint64_t present;
    int64_t ms;
};

static const struct dais_field nap_fields[] = {
    DAIS_FIELD(struct nap, ms, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 60000, "How long, in ms"),
    DAIS_FIELD_END,
};
static const struct dais_shape nap_shape = DAIS_SHAPE("Nap", struct nap, nap_fields);

static int32_t done(struct dais_req *req, int32_t error)
{
    return error ? error : dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

static int32_t insert(struct dais_req *req, const struct note *note, uint32_t statement)
{
    const struct dais_param params[] = {dais_int(note->id), dais_int(note->topic)};
    return done(req, dais_db->query(&statements[statement], params, 2, NULL));
}

static int32_t add_batched(struct dais_req *req, const struct dais_input *input)
{
    return insert(req, input->body, ADD_BATCHED);
}

static int32_t add_pooled(struct dais_req *req, const struct dais_input *input)
{
    return insert(req, input->body, ADD_POOLED);
}

static int32_t keep(struct dais_req *req, const struct dais_input *input)
{
    const struct note *note = input->body;
    const struct dais_param params[] = {dais_int(note->id)};
    return done(req, dais_db->query(&statements[KEEP], params, 1, NULL));
}

static int32_t count_one(struct dais_tx *tx, int64_t topic)
{
    const struct dais_param params[] = {dais_int(topic)};
    return dais_db->tx_query(tx, &statements[MORE], params, 1, NULL);
}

/** The note and the counts of its topics together; the lower topic first, as everybody does it. */
static int32_t add_counted(struct dais_req *req, const struct dais_input *input)
{
    const struct note *note = input->body;
    const struct dais_param params[] = {dais_int(note->id), dais_int(note->topic)};
    int64_t low = note->topic < note->other ? note->topic : note->other;
    int64_t high = note->topic < note->other ? note->other : note->topic;
    struct dais_tx *tx;
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = count_one(tx, low);
    if (!error && high != low)
        error = count_one(tx, high);
    if (!error)
        error = dais_db->tx_query(tx, &statements[ADD_POOLED], params, 2, NULL);
    if (!error)
        return done(req, dais_db->commit(tx));
    dais_db->rollback(tx);
    return error;
}

/** 204 when the note is there, 404 otherwise. */
static int32_t get(struct dais_req *req, const struct dais_input *input)
{
    const struct note *note = input->query;
    const struct dais_param params[] = {dais_int(note->id)};
    struct dais_rows *rows = NULL;
    int32_t error = dais_db->query(&statements[COUNT], params, 1, &rows);
    if (!error && dais_db->cell_int(rows, 0, 0) == 0)
        error = DAIS_E_NOT_FOUND;
    return done(req, error);
}

static int32_t nap(struct dais_req *req, const struct dais_input *input, uint32_t statement)
{
    const struct nap *asked = input->query;
    const struct dais_param params[] = {dais_int(asked->ms)};
    return done(req, dais_db->query(&statements[statement], params, 1, NULL));
}

static int32_t nap_read(struct dais_req *req, const struct dais_input *input)
{
    return nap(req, input, NAP_READ);
}

static int32_t nap_pool(struct dais_req *req, const struct dais_input *input)
{
    return nap(req, input, NAP_POOL);
}

static int32_t nap_long(struct dais_req *req, const struct dais_input *input)
{
    return nap(req, input, NAP_LONG);
}

static int32_t ping(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return done(req, dais_db->query(&statements[PING], NULL, 0, NULL));
}

#define ROUTE(verb, url, body, query, function)                                                    \
    {                                                                                              \
        .method = verb, .path = url, .access = DAIS_ACCESS_PUBLIC, .status = 204,                  \
        .body_shape = body, .query_shape = query, .handler = function, .summary = "A test"         \
    }

static const struct dais_route routes[] = {
    ROUTE("POST", "/notes/batched", &note_shape, NULL, add_batched),
    ROUTE("POST", "/notes/pooled", &note_shape, NULL, add_pooled),
    ROUTE("POST", "/notes/counted", &note_shape, NULL, add_counted),
    ROUTE("POST", "/notes/kept", &note_shape, NULL, keep),
    ROUTE("GET", "/notes", NULL, &note_shape, get),
    ROUTE("GET", "/notes/nap/read", NULL, &nap_shape, nap_read),
    ROUTE("GET", "/notes/nap/pool", NULL, &nap_shape, nap_pool),
    ROUTE("GET", "/notes/nap/long", NULL, &nap_shape, nap_long),
    ROUTE("GET", "/notes/ping", NULL, NULL, ping),
    {.method = NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_db->migrations(migrations);
    if (!error)
        error = dais_db->statements(statements);
    return error ? error : dais_http->routes(routes);
}

static const struct dais_need needs[] = {DAIS_NEED_DB, DAIS_NEED_HTTP, {NULL, NULL, 0, 0}};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "notes",
    .version = "1.0.0",
    .needs = needs,
    .init = init,
};
