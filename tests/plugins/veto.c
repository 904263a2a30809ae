/* SPDX-License-Identifier: MIT */
/*
 * A plugin that refuses titles with a configured word, and fails on demand: its hooks `closed` and
 * `open`, named after their policies, do what an item's note says ("closed:crash").
 */
#include "dais/dais.h"

#include <stdlib.h>

struct veto_config {
    uint64_t present;
    struct dais_str word;
};

static const struct dais_field config_fields[] = {
    DAIS_FIELD_CONFIG(struct veto_config, word, DAIS_KIND_STRING, 1, 40, "forbidden", NULL,
                      "Titles with it are refused"),
    DAIS_FIELD_END,
};
static const struct dais_shape config_shape = DAIS_SHAPE("VetoConfig", struct veto_config,
                                                         config_fields);
static struct veto_config config;

static const struct dais_migration migrations[] = {
    {1, 0, "traces", "CREATE TABLE veto.traces (id bigint GENERATED ALWAYS AS IDENTITY)"},
    {0, 0, NULL, NULL},
};

enum { NAP, BREAK, WRITE, TRACES };

static const struct dais_statement statements[] = {
    [NAP] = {"nap", "SELECT pg_sleep(20)", DAIS_LANE_POOL, 0, 0, 30000},
    [BREAK] = {"break", "SELECT 1 / 0", DAIS_LANE_POOL, 0, 0, 0},
    [WRITE] = {"write", "INSERT INTO veto.traces DEFAULT VALUES", DAIS_LANE_POOL, 0, 0, 0},
    [TRACES] = {"traces", "SELECT count(*)::text FROM veto.traces", DAIS_LANE_READ, 0, 0, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

/* Of shelf.item.create and of stream.create alike: what they call it is what counts. */
struct titled {
    uint64_t present;
    struct dais_str title;
    struct dais_str shelf;
    struct dais_str note;
};

static const struct dais_field titled_fields[] = {
    DAIS_FIELD(struct titled, title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 0, "What it says"),
    DAIS_FIELD(struct titled, shelf, DAIS_KIND_STRING, 0, 0, 0, "Where it stands"),
    DAIS_FIELD(struct titled, note, DAIS_KIND_STRING, 0, 0, 0, "What is to be done"),
    DAIS_FIELD_END,
};
static const struct dais_shape titled_shape = DAIS_SHAPE("VetoTitled", struct titled,
                                                         titled_fields);

enum { DEEP };

static const struct dais_operation operations[] = {
    [DEEP] = {"veto.deep", &titled_shape, NULL, "An operation whose hook begins it again"},
    {NULL, NULL, NULL, NULL},
};

static int32_t refuse_word(const struct dais_hook_event *event, void *value)
{
    const struct titled *titled = value;
    if (!memmem(titled->title.ptr, titled->title.len, config.word.ptr, config.word.len))
        return DAIS_OK;
    return dais_hooks->veto(event, DAIS_E_DENIED, "title", "has a word that nobody wants to read");
}

static int32_t begin_deeper(const struct dais_hook_event *event, void *value)
{
    struct dais_operation_run run;
    int32_t error = dais_operation_begin(&run, &operations[DEEP], event->tx, value);
    return dais_operation_end(&run, error);
}

typedef int32_t (*deed_fn)(const struct dais_hook_event *event, struct titled *titled);

static int32_t fail(const struct dais_hook_event *event, struct titled *titled)
{
    (void)event;
    (void)titled;
    return DAIS_E_STATE;
}

static int32_t sleep_long(const struct dais_hook_event *event, struct titled *titled)
{
    (void)event;
    (void)titled;
    return dais_fiber->sleep(20000);
}

static int32_t query_long(const struct dais_hook_event *event, struct titled *titled)
{
    (void)titled;
    return dais_db->tx_query(event->tx, &statements[NAP], NULL, 0, NULL);
}

/** Longer than the operation's bounds allow. */
static int32_t lie(const struct dais_hook_event *event, struct titled *titled)
{
    static const char many[1000];
    (void)event;
    titled->title = dais_str(many, sizeof many);
    return DAIS_OK;
}

static int32_t touch(const struct dais_hook_event *event, struct titled *titled)
{
    (void)event;
    titled->shelf = dais_cstr("another");
    return DAIS_OK;
}

static int32_t hide(const struct dais_hook_event *event, struct titled *titled)
{
    titled->title = dais_cstr("hidden");
    int32_t error = dais_db->tx_query(event->tx, &statements[BREAK], NULL, 0, NULL);
    return error ? DAIS_OK : DAIS_E_INTERNAL;
}

static int32_t write_and_fail(const struct dais_hook_event *event, struct titled *titled)
{
    (void)titled;
    int32_t error = dais_db->tx_query(event->tx, &statements[WRITE], NULL, 0, NULL);
    return error ? error : DAIS_E_INTERNAL;
}

static int32_t end_it(const struct dais_hook_event *event, struct titled *titled)
{
    (void)titled;
    dais_db->rollback(event->tx);
    return dais_db->commit(event->tx);
}

static int32_t crash(const struct dais_hook_event *event, struct titled *titled)
{
    (void)event;
    (void)titled;
    abort();
}

static int32_t deepen(const struct dais_hook_event *event, struct titled *titled)
{
    return begin_deeper(event, titled);
}

static const struct {
    const char *name;
    deed_fn fn;
} deeds[] = {
    {"fail", fail},   {"sleep", sleep_long}, {"query", query_long},     {"lie", lie},
    {"touch", touch}, {"hide", hide},        {"write", write_and_fail}, {"end", end_it},
    {"crash", crash}, {"deep", deepen},
};

/** Does what the note says behind `who`. */
static int32_t act(const char *who, const struct dais_hook_event *event, struct titled *titled)
{
    struct dais_str note = titled->note;
    uint64_t len = strlen(who);
    if (note.len <= len || memcmp(note.ptr, who, len) != 0)
        return DAIS_OK;
    note = dais_str(note.ptr + len, note.len - len);
    for (uint32_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
        if (dais_str_eq(note, dais_cstr(deeds[i].name)))
            return deeds[i].fn(event, titled);
    return DAIS_OK;
}

static int32_t act_closed(const struct dais_hook_event *event, void *value)
{
    return act("closed:", event, value);
}

static int32_t act_open(const struct dais_hook_event *event, void *value)
{
    return act("open:", event, value);
}

/** Titles that begin with "late" are refused when everything has been written. */
static int32_t fail_late(const struct dais_hook_event *event, void *value)
{
    const struct titled *titled = value;
    (void)event;
    return titled->title.len >= 4 && memcmp(titled->title.ptr, "late", 4) == 0 ? DAIS_E_CONFLICT
                                                                               : DAIS_OK;
}

#define HOOK(hook_name, hook_operation, hook_when, hook_policy, hook_priority, hook_flags, fn,     \
             text)                                                                                 \
    {                                                                                              \
        (hook_name), (hook_operation), (hook_when), (hook_policy), (hook_priority), 150,           \
            (hook_flags), 0, &titled_shape, (fn), (text)                                           \
    }

static const struct dais_hook hooks[] = {
    HOOK("word", "shelf.item.create", DAIS_HOOK_BEFORE, DAIS_FAIL_CLOSED, 20, DAIS_HOOK_WITHOUT_TX,
         refuse_word, "Refuses a word"),
    HOOK("stream_word", "stream.create", DAIS_HOOK_BEFORE, DAIS_FAIL_CLOSED, 20,
         DAIS_HOOK_WITHOUT_TX, refuse_word, "Refuses a word"),
    HOOK("closed", "shelf.item.create", DAIS_HOOK_BEFORE, DAIS_FAIL_CLOSED, 30, 0, act_closed,
         "Does what it is told"),
    HOOK("open", "shelf.item.create", DAIS_HOOK_BEFORE, DAIS_FAIL_OPEN, 30, 0, act_open,
         "Does what it is told"),
    HOOK("late", "shelf.item.create", DAIS_HOOK_AFTER, DAIS_FAIL_CLOSED, 90, 0, fail_late,
         "Fails behind the others"),
    HOOK("deeper", "veto.deep", DAIS_HOOK_BEFORE, DAIS_FAIL_CLOSED, 0, 0, begin_deeper,
         "Begins it again"),
    HOOK("nobody", "nobody.declares", DAIS_HOOK_BEFORE, DAIS_FAIL_CLOSED, 0, 0, refuse_word,
         "Waits for an operation that is not there"),
    {NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL},
};

static int32_t answer_traces(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return dais_http->reply_rows(req, 200, &statements[TRACES], NULL, 0);
}

static const struct dais_route routes[] = {
    {"GET", "/veto/traces", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL, NULL,
     answer_traces, "How much of what it wrote is left"},
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
        error = dais_hooks->operations(operations);
    if (!error)
        error = dais_hooks->attach(hooks);
    return error ? error : dais_http->routes(routes);
}

static const struct dais_need needs[] = {
    DAIS_NEED_CONFIG, DAIS_NEED_DB,   DAIS_NEED_FIBER,
    DAIS_NEED_HOOKS,  DAIS_NEED_HTTP, {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "veto",
    .version = "1.0.0",
    .needs = needs,
    .init = init,
};
