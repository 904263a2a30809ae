/* SPDX-License-Identifier: MIT */
/*
 * A plugin that owns something to hook into: items on shelves, made by the operation
 * shelf.item.create. Items of one shelf are made one after another (the shelf's row is locked), so
 * that their deliveries have an order.
 */
#include "dais/dais.h"
#include "notes_service.h"

static const struct dais_migration migrations[] = {
    {1, 0, "items",
     "CREATE TABLE shelf.shelves (name text PRIMARY KEY, items bigint NOT NULL DEFAULT 0);"
     "CREATE TABLE shelf.items (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
     " shelf text NOT NULL, number bigint NOT NULL, title text NOT NULL, note text)"},
    {0, 0, NULL, NULL},
};

enum { COUNT, ADD, LIST };

static const struct dais_statement statements[] = {
    [COUNT] = {"count",
               "INSERT INTO shelf.shelves AS s (name, items) VALUES ($1, 1) "
               "ON CONFLICT (name) DO UPDATE SET items = s.items + 1 RETURNING items",
               DAIS_LANE_POOL, 1, 0, 0},
    [ADD] = {"add", "INSERT INTO shelf.items (shelf, number, title, note) VALUES ($1, $2, $3, $4)",
             DAIS_LANE_POOL, 4, 0, 0},
    [LIST] = {"list",
              "SELECT coalesce(json_agg(json_build_object('shelf', shelf, 'number', number, "
              "'title', title, 'note', note) ORDER BY id), '[]') FROM shelf.items",
              DAIS_LANE_READ, 0, 0, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

/* --- the operation --- */

struct item {
    uint64_t present;
    struct dais_str shelf;
    struct dais_str title;
    struct dais_str note;
    int64_t number; /* on its shelf */
};

static const struct dais_field item_fields[] = {
    DAIS_FIELD(struct item, shelf, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED | DAIS_FIELD_FIXED, 1, 40,
               "Where it stands"),
    DAIS_FIELD(struct item, title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 40, "What it says"),
    DAIS_FIELD(struct item, note, DAIS_KIND_STRING, 0, 0, 200, "What somebody added"),
    DAIS_FIELD(struct item, number, DAIS_KIND_INT, 0, 0, 1000000, "Its place"),
    DAIS_FIELD_END,
};
static const struct dais_shape item_shape = DAIS_SHAPE("ShelfItem", struct item, item_fields);

enum { CREATE, IDLE };

static const struct dais_operation operations[] = {
    [CREATE] = {"shelf.item.create", &item_shape, "shelf", "An item is put on a shelf"},
    [IDLE] = {"shelf.idle", &item_shape, NULL, "Nobody is attached to this one"},
    {NULL, NULL, NULL, NULL},
};

static int32_t store_item(struct dais_tx *tx, struct item *item)
{
    const struct dais_param shelf = dais_text(item->shelf);
    struct dais_rows *rows = NULL;
    int32_t error = dais_query_in(tx, &statements[COUNT], &shelf, 1, &rows);
    if (error)
        return error;
    item->number = dais_db->cell_int(rows, 0, 0);
    item->present |= 1u << 3;
    const struct dais_param params[] = {dais_text(item->shelf), dais_int(item->number),
                                        dais_text(item->title), dais_text(item->note)};
    return dais_query_in(tx, &statements[ADD], params, 4, NULL);
}

static int32_t answer_create(struct dais_req *req, const struct dais_input *input)
{
    struct item item = *(const struct item *)input->body;
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations[CREATE], NULL, &item);
    if (!error)
        error = store_item(run.tx, &item);
    error = dais_operation_end(&run, error);
    return error ? error : dais_http->reply_fields(req, 201, &item_shape, &item);
}

static int32_t answer_list(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return dais_http->reply_rows(req, 200, &statements[LIST], NULL, 0);
}

/* --- a transaction that a service of another plugin works in --- */

struct noted {
    uint64_t present;
    struct dais_str title;
    uint8_t commit;
};

static const struct dais_field noted_fields[] = {
    DAIS_FIELD(struct noted, title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 40, "What it says"),
    DAIS_FIELD(struct noted, commit, DAIS_KIND_BOOL, DAIS_FIELD_REQUIRED, 0, 0, "Or roll back"),
    DAIS_FIELD_END,
};
static const struct dais_shape noted_shape = DAIS_SHAPE("ShelfNoted", struct noted, noted_fields);

struct outcome {
    int64_t meddled;
    int64_t ended;
    int64_t after;
};

static const struct dais_field outcome_fields[] = {
    DAIS_FIELD(struct outcome, meddled, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0,
               "What the other plugin got for a commit"),
    DAIS_FIELD(struct outcome, ended, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Of the commit"),
    DAIS_FIELD(struct outcome, after, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0,
               "Of a statement behind the end"),
    DAIS_FIELD_END,
};
static const struct dais_shape outcome_shape = DAIS_SHAPE("ShelfOutcome", struct outcome,
                                                          outcome_fields);

static int32_t write_both(struct dais_tx *tx, struct dais_str title, struct outcome *outcome)
{
    struct item item = {.shelf = dais_cstr("noted"), .title = title};
    int32_t error = notes_write(tx, title);
    outcome->meddled = notes_commit(tx);
    return error ? error : store_item(tx, &item);
}

static int32_t answer_noted(struct dais_req *req, const struct dais_input *input)
{
    const struct noted *in = input->body;
    struct outcome outcome = {0, 0, 0};
    struct dais_tx *tx = NULL;
    int32_t error = dais_notes ? dais_db->begin(&tx) : DAIS_E_UNAVAILABLE;
    if (error)
        return error;
    error = write_both(tx, in->title, &outcome);
    if (error)
        return error;
    if (in->commit)
        outcome.ended = dais_db->commit(tx);
    else
        dais_db->rollback(tx);
    outcome.after = notes_write(tx, in->title);
    return dais_http->reply_fields(req, 200, &outcome_shape, &outcome);
}

/* --- how long an operation takes that nobody is attached to --- */

struct speed {
    double ns;
};

static const struct dais_field speed_fields[] = {
    DAIS_FIELD(struct speed, ns, DAIS_KIND_NUMBER, DAIS_FIELD_REQUIRED, 0, 0, "Of one operation"),
    DAIS_FIELD_END,
};
static const struct dais_shape speed_shape = DAIS_SHAPE("ShelfSpeed", struct speed, speed_fields);

#define IDLE_RUNS 1000000

static int32_t answer_speed(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    struct item item = {.shelf = dais_cstr("s"), .title = dais_cstr("t")};
    uint64_t begun_ms = dais_fiber->now_ms();
    int32_t error = DAIS_OK;
    for (uint32_t i = 0; i < IDLE_RUNS && !error; i++) {
        struct dais_operation_run run;
        error = dais_operation_begin(&run, &operations[IDLE], NULL, &item);
        error = dais_operation_end(&run, error);
    }
    struct speed speed = {(double)(dais_fiber->now_ms() - begun_ms) * 1e6 / IDLE_RUNS};
    return error ? error : dais_http->reply_fields(req, 200, &speed_shape, &speed);
}

static const struct dais_route routes[] = {
    {"POST", "/shelf/items", DAIS_ACCESS_PUBLIC, 0, NULL, "read", 0, 201, NULL, NULL, &item_shape,
     &item_shape, answer_create, "Puts an item on a shelf"},
    {"GET", "/shelf/items", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL, NULL,
     answer_list, "All items"},
    {"POST", "/shelf/noted", DAIS_ACCESS_PUBLIC, 0, NULL, "read", 0, 200, NULL, NULL, &noted_shape,
     &outcome_shape, answer_noted, "An item and another plugin's note at once"},
    {"GET", "/shelf/speed", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL,
     &speed_shape, answer_speed, "What an operation without hooks costs"},
    {NULL, NULL, 0, 0, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_db->migrations(migrations);
    if (!error)
        error = dais_db->statements(statements);
    if (!error)
        error = dais_hooks->operations(operations);
    return error ? error : dais_http->routes(routes);
}

static const struct dais_need needs[] = {
    DAIS_NEED_DB,    DAIS_NEED_FIBER,    DAIS_NEED_HOOKS,    DAIS_NEED_HTTP,
    DAIS_NEED_NOTES, DAIS_NEED_SERVICES, {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "shelf",
    .version = "1.0.0",
    .needs = needs,
    .init = init,
};
