/* SPDX-License-Identifier: MIT */
/*
 * A plugin that refuses titles with a configured word, and fails on demand: its hooks `closed` and
 * `open`, named after their policies, do what the configuration says.
 */
#include "dais/dais.h"

#include <stdlib.h>

struct veto_config {
    uint64_t present;
    struct dais_str word;
    struct dais_str closed;
    struct dais_str open;
};

static const char *const deeds[] = {"nothing", "fail", "sleep", "slow", "lie",
                                    "touch",   "hide", "crash", "deep", NULL};

static const struct dais_field config_fields[] = {
    DAIS_FIELD_CONFIG(struct veto_config, word, DAIS_KIND_STRING, 1, 40, "forbidden", NULL,
                      "Titles with it are refused"),
    DAIS_FIELD_ENUM("closed", struct veto_config, closed, 0, deeds, "nothing",
                    "What the fail-closed hook does"),
    DAIS_FIELD_ENUM("open", struct veto_config, open, 0, deeds, "nothing",
                    "What the fail-open hook does"),
    DAIS_FIELD_END,
};
static const struct dais_shape config_shape = DAIS_SHAPE("VetoConfig", struct veto_config,
                                                         config_fields);
static struct veto_config config;

enum { NAP, BREAK };

static const struct dais_statement statements[] = {
    [NAP] = {"nap", "SELECT pg_sleep(20)", DAIS_LANE_POOL, 0, 0, 30000},
    [BREAK] = {"break", "SELECT 1 / 0", DAIS_LANE_POOL, 0, 0, 0},
    {NULL, NULL, 0, 0, 0, 0},
};

/* Of shelf.item.create and of stream.create alike: what they call it is what counts. */
struct titled {
    uint64_t present;
    struct dais_str title;
    struct dais_str shelf;
};

static const struct dais_field titled_fields[] = {
    DAIS_FIELD(struct titled, title, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 0, 0, "What it says"),
    DAIS_FIELD(struct titled, shelf, DAIS_KIND_STRING, 0, 0, 0, "Where it stands"),
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

static int32_t lie(struct titled *titled)
{
    static char many[1000];
    memset(many, 'x', sizeof many);
    titled->title = dais_str(many, sizeof many);
    return DAIS_OK;
}

static int32_t touch(struct titled *titled)
{
    titled->shelf = dais_cstr("another");
    return DAIS_OK;
}

static int32_t act(struct dais_str deed, const struct dais_hook_event *event, void *value)
{
    if (dais_str_eq(deed, dais_cstr("fail")))
        return DAIS_E_STATE;
    if (dais_str_eq(deed, dais_cstr("sleep")))
        return dais_fiber->sleep(20000);
    if (dais_str_eq(deed, dais_cstr("slow")))
        return dais_db->tx_query(event->tx, &statements[NAP], NULL, 0, NULL);
    if (dais_str_eq(deed, dais_cstr("lie")))
        return lie(value);
    if (dais_str_eq(deed, dais_cstr("touch")))
        return touch(value);
    if (dais_str_eq(deed, dais_cstr("hide")))
        return dais_db->tx_query(event->tx, &statements[BREAK], NULL, 0, NULL) ? DAIS_OK : DAIS_OK;
    if (dais_str_eq(deed, dais_cstr("crash")))
        abort();
    return dais_str_eq(deed, dais_cstr("deep")) ? begin_deeper(event, value) : DAIS_OK;
}

static int32_t act_closed(const struct dais_hook_event *event, void *value)
{
    return act(config.closed, event, value);
}

static int32_t act_open(const struct dais_hook_event *event, void *value)
{
    return act(config.open, event, value);
}

/** The title "late" is refused when everything has been written. */
static int32_t fail_late(const struct dais_hook_event *event, void *value)
{
    const struct titled *titled = value;
    (void)event;
    return dais_str_eq(titled->title, dais_cstr("late")) ? DAIS_E_CONFLICT : DAIS_OK;
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

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_config->read(&config_shape, &config);
    if (!error)
        error = dais_db->statements(statements);
    if (!error)
        error = dais_hooks->operations(operations);
    return error ? error : dais_hooks->attach(hooks);
}

static const struct dais_need needs[] = {
    DAIS_NEED_CONFIG, DAIS_NEED_DB, DAIS_NEED_FIBER, DAIS_NEED_HOOKS, {NULL, NULL, 0, 0},
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
