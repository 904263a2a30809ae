/* SPDX-License-Identifier: MIT */
/*
 * A plugin that amends titles before, counts inside of the transaction, and writes down after the
 * commit what it hears; and whose service writes in transactions of others.
 */
#include "dais/dais.h"
#include "notes_service.h"

#include <string.h>

struct amend_config {
    uint64_t present;
    struct dais_str suffix;
    int64_t wait_ms;
};

static const struct dais_field config_fields[] = {
    DAIS_FIELD_CONFIG(struct amend_config, suffix, DAIS_KIND_STRING, 0, 40, "", NULL,
                      "What titles get"),
    DAIS_FIELD_CONFIG(struct amend_config, wait_ms, DAIS_KIND_INT, 0, 10000, "0", NULL,
                      "How long it takes to hear of an item, in ms"),
    DAIS_FIELD_END,
};
static const struct dais_shape config_shape = DAIS_SHAPE("AmendConfig", struct amend_config,
                                                         config_fields);
static struct amend_config config;

static const struct dais_migration migrations[] = {
    {1, 0, "heard",
     "CREATE TABLE amend.notes (id bigint GENERATED ALWAYS AS IDENTITY, text text NOT NULL);"
     "CREATE TABLE amend.heard (id bigint GENERATED ALWAYS AS IDENTITY, delivery bigint NOT NULL,"
     " attempt integer NOT NULL, shelf text, number bigint NOT NULL, title text NOT NULL,"
     " heard_at timestamptz NOT NULL DEFAULT clock_timestamp())"},
    {0, 0, NULL, NULL},
};

enum { NOTE, NOTES, HEAR, HEARD };

static const struct dais_statement statements[] = {
    [NOTE] = {"note", "INSERT INTO amend.notes (text) VALUES ($1)", DAIS_LANE_POOL, 1, 0, 0},
    [NOTES] = {"notes", "SELECT coalesce(json_agg(text ORDER BY id), '[]') FROM amend.notes",
               DAIS_LANE_READ, 0, 0, 0},
    [HEAR] = {"hear",
              "INSERT INTO amend.heard (delivery, attempt, shelf, number, title) "
              "VALUES ($1, $2, $3, $4, $5)",
              DAIS_LANE_POOL, 5, 0, 0},
    [HEARD] = {"heard",
               "SELECT coalesce(json_agg(json_build_object('delivery', delivery, 'attempt', "
               "attempt, 'shelf', shelf, 'number', number, 'title', title) ORDER BY id), '[]') "
               "FROM amend.heard",
               DAIS_LANE_READ, 0, 0, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

struct titled {
    uint64_t present;
    int64_t number;
    struct dais_str note;
    struct dais_str title;
};

static const struct dais_field titled_fields[] = {
    DAIS_FIELD(struct titled, number, DAIS_KIND_INT, 0, 0, 0, "Its place"),
    DAIS_FIELD(struct titled, note, DAIS_KIND_STRING, 0, 0, 0, "What somebody added"),
    DAIS_FIELD(struct titled, title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 0, "What it says"),
    DAIS_FIELD_END,
};
static const struct dais_shape titled_shape = DAIS_SHAPE("AmendTitled", struct titled,
                                                         titled_fields);

static int32_t add_suffix(const struct dais_hook_event *event, void *value)
{
    struct titled *titled = value;
    uint64_t len = titled->title.len + config.suffix.len;
    char *title = dais_mem->arena_alloc(event->arena, len + 1);
    if (!title)
        return DAIS_E_MEMORY;
    memcpy(title, titled->title.ptr, titled->title.len);
    memcpy(title + titled->title.len, config.suffix.ptr, config.suffix.len);
    titled->title = dais_str(title, len);
    if (!titled->note.ptr && config.suffix.len > 0)
        titled->note = dais_cstr("amended");
    return DAIS_OK;
}

static int32_t note_it(const struct dais_hook_event *event, void *value)
{
    const struct titled *titled = value;
    const struct dais_param title = dais_text(titled->title);
    return dais_db->tx_query(event->tx, &statements[NOTE], &title, 1, NULL);
}

static int begins(struct dais_str text, const char *with)
{
    uint64_t len = strlen(with);
    return text.len >= len && memcmp(text.ptr, with, len) == 0;
}

/** "stubborn" is heard at the third attempt, "hopeless" never. */
static int32_t hear(const struct dais_hook_event *event, void *value)
{
    const struct titled *titled = value;
    const struct dais_param params[] = {dais_int((int64_t)event->delivery),
                                        dais_int(event->attempt), dais_text(event->key),
                                        dais_int(titled->number), dais_text(titled->title)};
    int32_t error = dais_db->tx_query(event->tx, &statements[HEAR], params, 5, NULL);
    if (!error && config.wait_ms > 0)
        error = dais_fiber->sleep((uint64_t)config.wait_ms);
    if (error)
        return error;
    if (begins(titled->title, "stubborn") && event->attempt < 3)
        return DAIS_E_UNAVAILABLE;
    return begins(titled->title, "hopeless") ? DAIS_E_INTERNAL : DAIS_OK;
}

static const struct dais_hook hooks[] = {
    {"suffix", "shelf.item.create", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 10, 0, DAIS_HOOK_WITHOUT_TX,
     0, &titled_shape, add_suffix, "Adds a suffix to titles"},
    {"stream_suffix", "stream.create", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 10, 0,
     DAIS_HOOK_WITHOUT_TX, 0, &titled_shape, add_suffix, "Adds a suffix to titles"},
    {"note", "shelf.item.create", DAIS_HOOK_AFTER, DAIS_FAIL_CLOSED, 10, 0, 0, 0, &titled_shape,
     note_it, "Notes the item in its own table"},
    {"hear", "shelf.item.create", DAIS_HOOK_AFTER_COMMIT, 0, 0, 0, 0, 0, &titled_shape, hear,
     "Writes down what it hears"},
    {NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL},
};

/* --- its service --- */

static int32_t write_note(struct dais_tx *tx, struct dais_str text)
{
    const struct dais_param param = dais_text(text);
    return dais_db->tx_query(tx, &statements[NOTE], &param, 1, NULL);
}

static int32_t commit_it(struct dais_tx *tx)
{
    dais_db->rollback(tx);
    return dais_db->commit(tx);
}

static const struct notes_service_v1 service = {write_note, commit_it};

static const struct dais_offer offers[] = {{"example.notes/1", &service}, {NULL, NULL}};

static int32_t answer_notes(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return dais_http->reply_rows(req, 200, &statements[NOTES], NULL, 0);
}

static int32_t answer_heard(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return dais_http->reply_rows(req, 200, &statements[HEARD], NULL, 0);
}

static const struct dais_route routes[] = {
    {"GET", "/amend/notes", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL, NULL,
     answer_notes, "What was noted inside of transactions"},
    {"GET", "/amend/heard", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL, NULL,
     answer_heard, "What was heard after the commit"},
    {NULL, NULL, 0, 0, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_config->read(&config_shape, &config);
    if (!error)
        error = dais_db->migrations(migrations);
    if (!error)
        error = dais_db->statements(statements);
    if (!error)
        error = dais_hooks->attach(hooks);
    return error ? error : dais_http->routes(routes);
}

static const struct dais_need needs[] = {
    DAIS_NEED_CONFIG, DAIS_NEED_DB,  DAIS_NEED_FIBER,    DAIS_NEED_HOOKS,
    DAIS_NEED_HTTP,   DAIS_NEED_MEM, {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "amend",
    .version = "1.0.0",
    .needs = needs,
    .offers = offers,
    .init = init,
};
