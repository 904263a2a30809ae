/* SPDX-License-Identifier: MIT */
/*
 * A plugin in several variants, for the tests of reload. VERSION is what it answers; every other
 * macro changes one thing.
 */
#include "dais/dais.h"
#include "versioned_service.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

#ifdef EXTRA_EXPORT
__attribute__((visibility("default"))) int extra_export_counter = VERSION;
#endif

#ifdef STATIC_TLS
static _Thread_local __attribute__((tls_model("initial-exec"))) int mine;
#endif

static struct {
    _Atomic int64_t ticks, events, tasks; /* of this code */
    uint32_t metrics;
} versioned;

enum { TICKS, WAITING };

static const struct dais_metric metrics[] = {
    {"ticks_total", DAIS_COUNTER, 0, "Runs of the timer, by all generations"},
    {"waiting", DAIS_GAUGE, 0, "Requests and calls that wait in any generation"},
    {NULL, 0, 0, NULL},
};

/* --- the database --- */

static const struct dais_migration migrations[] = {
    {1, 0, "create", "CREATE TABLE versioned.things (name text PRIMARY KEY)"},
#if defined(EXPANDS)
    {2, 0, "label", "ALTER TABLE versioned.things ADD COLUMN label text NOT NULL DEFAULT 'new'"},
#elif defined(CONTRACTS)
    {2, 1, "drop", "ALTER TABLE versioned.things DROP COLUMN name"},
#endif
    {0, 0, NULL, NULL},
};

enum { ROW, ADD };

static const struct dais_statement statements[] = {
#if VERSION > 1
    [ROW] = {"row", "SELECT to_json('row " TEXT(VERSION) "'::text)::text", DAIS_LANE_READ, 0, 0, 0},
#else
    [ROW] = {"row", "SELECT to_json('row 1'::text)::text", DAIS_LANE_READ, 0, 0, 0},
#endif
#if defined(EXPANDS)
    [ADD] = {"add",
             "INSERT INTO versioned.things (name, label) VALUES ($1, 'labelled') "
             "ON CONFLICT DO NOTHING",
             DAIS_LANE_BATCH, 1, 0, 0},
#else
    [ADD] = {"add", "INSERT INTO versioned.things (name) VALUES ($1) ON CONFLICT DO NOTHING",
             DAIS_LANE_BATCH, 1, 0, 0},
#endif
    {NULL, NULL, 0, 0, 0, 0},
};

/* --- routes --- */

struct wait {
    uint64_t present;
    int64_t ms;
};

static const struct dais_field wait_fields[] = {
    DAIS_FIELD(struct wait, ms, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 10000, "How long, in ms"),
    DAIS_FIELD_END,
};
static const struct dais_shape wait_shape = DAIS_SHAPE("Wait", struct wait, wait_fields);

struct counts {
    uint64_t present;
    int64_t version, ticks, events, tasks;
};

static const struct dais_field counts_fields[] = {
    DAIS_FIELD(struct counts, version, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Of this code"),
    DAIS_FIELD(struct counts, ticks, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Timer runs"),
    DAIS_FIELD(struct counts, events, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Events heard"),
    DAIS_FIELD(struct counts, tasks, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Tasks that ended"),
    DAIS_FIELD_END,
};
static const struct dais_shape counts_shape = DAIS_SHAPE("VersionCounts", struct counts,
                                                         counts_fields);

static int32_t reply_version(struct dais_req *req)
{
    return dais_http->reply(req, 200, "text/plain; charset=utf-8",
                            dais_cstr("version " TEXT(VERSION)));
}

static int32_t answer(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
#ifdef FAILING_ANSWERS
    (void)req;
    return DAIS_E_INTERNAL;
#else
    return reply_version(req);
#endif
}

/** Waits where a test can see it. */
static int32_t wait_ms(uint64_t ms)
{
    dais_metrics->add(versioned.metrics + WAITING, 1);
    int32_t error = dais_fiber->sleep(ms);
    dais_metrics->add(versioned.metrics + WAITING, -1);
    return error;
}

static int32_t answer_wait(struct dais_req *req, const struct dais_input *input)
{
    const struct wait *in = input->query;
    int32_t error = wait_ms((uint64_t)in->ms);
    return error ? error : reply_version(req);
}

static int32_t answer_row(struct dais_req *req, const struct dais_input *input)
{
    const struct dais_param name = dais_text(dais_cstr("thing " TEXT(VERSION)));
    int32_t error = dais_db->query(&statements[ADD], &name, 1, NULL);
    (void)input;
    return error ? error : dais_http->reply_rows(req, 200, &statements[ROW], NULL, 0);
}

static int32_t answer_counts(struct dais_req *req, const struct dais_input *input)
{
    const struct counts counts = {0, VERSION, versioned.ticks, versioned.events, versioned.tasks};
    (void)input;
    return dais_http->reply_fields(req, 200, &counts_shape, &counts);
}

static int32_t answer_ping(struct dais_req *req, const struct dais_input *input)
{
    int32_t error = dais_bus->publish("versioned.ping", dais_cstr("key"), dais_cstr(""));
    (void)input;
    return error ? error : dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

/** A task that goes on until it is asked to end. */
static void run_task(uint64_t cookie)
{
    (void)cookie;
    while (dais_fiber->sleep(20) == DAIS_OK)
        ;
    atomic_fetch_add(&versioned.tasks, 1);
}

static const struct dais_task task = {"versioned_task", run_task};

static int32_t answer_task(struct dais_req *req, const struct dais_input *input)
{
    int32_t error = dais_fiber->spawn(&task, 0, NULL);
    (void)input;
    return error ? error : dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

#define PUBLIC(method, path, flags, status, query, shape, handler, summary)                        \
    {                                                                                              \
        method, path, DAIS_ACCESS_PUBLIC, 0, NULL, NULL, flags, status, NULL, query, NULL, shape,  \
            handler, summary                                                                       \
    }

static const struct dais_route routes[] = {
    PUBLIC("GET", "/versioned", 0, 200, NULL, NULL, answer, "Which code answers"),
    PUBLIC("GET", "/versioned/inline", DAIS_ROUTE_INLINE, 200, NULL, NULL, answer, "The same"),
    PUBLIC("GET", "/versioned/wait", 0, 200, &wait_shape, NULL, answer_wait, "The same, later"),
    PUBLIC("GET", "/versioned/row", 0, 200, NULL, NULL, answer_row, "The same, by the database"),
    PUBLIC("GET", "/versioned/counts", 0, 200, NULL, &counts_shape, answer_counts, "What it did"),
    PUBLIC("POST", "/versioned/ping", 0, 204, NULL, NULL, answer_ping, "Publishes an event"),
    PUBLIC("POST", "/versioned/task", 0, 204, NULL, NULL, answer_task, "Starts a task"),
#if VERSION == 1
    PUBLIC("GET", "/versioned/old", 0, 200, NULL, NULL, answer, "In the first version only"),
#else
    PUBLIC("GET", "/versioned/new", 0, 200, NULL, NULL, answer, "Not in the first version"),
#endif
    {.method = NULL},
};

/* --- what runs by itself --- */

static void tick(void)
{
    atomic_fetch_add(&versioned.ticks, 1);
    dais_metrics->add(versioned.metrics + TICKS, 1);
}

static const struct dais_timer timers[] = {
    {"tick", 50, 0, tick},
    {NULL, 0, 0, NULL},
};

static void on_ping(const struct dais_bus_event *event)
{
    (void)event;
    atomic_fetch_add(&versioned.events, 1);
}

static const struct dais_subscription subscriptions[] = {
    {"versioned.ping", on_ping},
    {NULL, NULL},
};

#ifndef NO_SERVICE
static int64_t number_after(uint64_t ms)
{
    return wait_ms(ms) ? 0 : VERSION;
}

static const struct versioned_service_v1 service = {number_after};

static const struct dais_offer offers[] = {
    {"example.versioned/1", &service},
    {NULL, NULL},
};
#endif

static int32_t print_version(struct dais_cli *cli, const void *input)
{
    (void)input;
    return dais_cli_verbs->print(cli, dais_cstr("version " TEXT(VERSION) "\n"));
}

static const struct dais_verb verbs[] = {
    {"versioned version", "Which code answers", NULL, print_version},
    {NULL, NULL, NULL, NULL},
};

/* --- a protocol of its own --- */

#ifdef LISTENS
static void serve(dais_handle conn)
{
    struct dais_str input;
    while (dais_net->read(conn, 60000, &input) == DAIS_OK)
        if (dais_net->write(conn, dais_cstr("version " TEXT(VERSION) "\n")) != DAIS_OK)
            return;
}

static const struct dais_listener listener = {"versioned", 100, 4096, serve, 0, 0};

static int32_t listen_on(void)
{
    const char *address = getenv(LISTENS);
    return dais_net->listen(&listener, dais_cstr(address ? address : "127.0.0.1:0"));
}
#else
static int32_t listen_on(void)
{
    return DAIS_OK;
}
#endif

/* --- its life --- */

static int32_t init(const struct dais_host *host)
{
    (void)host;
#ifdef CRASHING_INIT
    abort();
#endif
#ifdef STATIC_TLS
    mine = VERSION;
#endif
    int32_t error = dais_http->routes(routes);
    if (!error)
        error = dais_db->statements(statements);
    if (!error)
        error = dais_db->migrations(migrations);
    if (!error)
        error = dais_metrics->table(metrics, &versioned.metrics);
    if (!error)
        error = dais_timers->every(timers);
    if (!error)
        error = dais_bus->subscribe(subscriptions);
    if (!error)
        error = dais_cli_verbs->verbs(verbs);
    if (!error)
        error = listen_on();
#ifdef FAILING_INIT
    return DAIS_E_CONFLICT;
#else
    return error;
#endif
}

static int32_t start(void)
{
#ifdef CRASHING_START
    abort();
#endif
#ifdef FAILING_START
    return DAIS_E_UNAVAILABLE;
#else
    return DAIS_OK;
#endif
}

static void stop(void)
{
    dais_logf(DAIS_INFO, "versioned " TEXT(VERSION) " stops");
}

static const struct dais_need needs[] = {
    DAIS_NEED_BUS,
    DAIS_NEED_CLI,
    DAIS_NEED_DB,
    DAIS_NEED_FIBER,
    DAIS_NEED_HTTP,
    DAIS_NEED_LOG,
    DAIS_NEED_METRICS,
#ifdef LISTENS
    DAIS_NEED_NET,
#endif
    DAIS_NEED_TIMERS,
#ifdef NEEDS_MORE
    {"example.weather/1", (const void **)&dais_versioned, 0, 0},
#endif
    {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
#ifdef OTHER_ABI
    .abi_major = DAIS_ABI_MAJOR + 1,
#else
    .abi_major = DAIS_ABI_MAJOR,
#endif
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "versioned",
    .version = "0." TEXT(VERSION),
    .summary = "Says which of its versions runs",
    .needs = needs,
#ifndef NO_SERVICE
    .offers = offers,
#endif
    .init = init,
    .start = start,
    .stop = stop,
};
