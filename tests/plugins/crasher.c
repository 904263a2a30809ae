/* SPDX-License-Identifier: MIT */
/*
 * A plugin that ends its process in every way and from every place a plugin can. Routes do it when
 * they are called; `place: init` and the like do it at the start.
 */
#include "crasher_service.h"
#include "dais/dais.h"

#include <stdatomic.h>
#include <stdlib.h>

#define TOPIC "crasher.now"

struct crasher_config {
    uint64_t present;
    struct dais_str place;
};

static const char *const places[] = {"route", "init", "worker_start", "start", NULL};

static const struct dais_field config_fields[] = {
    DAIS_FIELD_ENUM("place", struct crasher_config, place, 0, places, "route", "Where it crashes"),
    DAIS_FIELD_END,
};
static const struct dais_shape config_shape = DAIS_SHAPE("CrasherConfig", struct crasher_config,
                                                         config_fields);

struct stall {
    uint64_t present;
    int64_t ms;
};

static const struct dais_field stall_fields[] = {
    DAIS_FIELD(struct stall, ms, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 1500, "How long, in ms"),
    DAIS_FIELD_END,
};
static const struct dais_shape stall_shape = DAIS_SHAPE("Stall", struct stall, stall_fields);

static struct crasher_config config;
static _Atomic uint32_t timer_armed;

/** What compilers can't see through, so that they leave the mistakes in. */
static int *volatile nothing;
static volatile int64_t depth;
static volatile int64_t turns;

__attribute__((noinline)) static int32_t crash(void)
{
    *nothing = 1;
    return DAIS_OK;
}

__attribute__((noinline)) static int64_t descend(int64_t level)
{
    volatile char frame[256];
    frame[level % 256] = (char)level;
    depth = level;
    return level < 0 ? 0 : descend(level + 1) + frame[depth % 256];
}

static int32_t answer_null(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    return crash();
}

static int32_t answer_overflow(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    return descend(1) > 0 ? DAIS_OK : DAIS_E_INTERNAL;
}

static int32_t answer_abort(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    abort();
}

static int32_t answer_loop(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    while (turns >= 0)
        turns++;
    return DAIS_E_INTERNAL;
}

/** Writes over what the allocator keeps between its blocks, and lets it find that out. */
static int32_t answer_heap(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    for (int round = 0; round < 64; round++) {
        volatile char *block = malloc(2000);
        for (int i = 0; block && i < 4096; i++)
            block[i] = (char)0xa5;
        free((void *)(uintptr_t)block);
    }
    return DAIS_E_INTERNAL;
}

static int32_t work(void *arg)
{
    (void)arg;
    return crash();
}

static const struct dais_job job = {"work", "cpu", work};

static int32_t answer_job(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    return dais_fiber->job(&job, NULL);
}

static int32_t answer_timer(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    atomic_store(&timer_armed, 1);
    return dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

static int32_t answer_bus(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    int32_t error = dais_bus->publish(TOPIC, dais_cstr("key"), dais_str("", 0));
    return error ? error : dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

static void run_task(uint64_t cookie)
{
    (void)cookie;
    (void)crash();
}

static const struct dais_task task = {"crashing task", run_task};

static int32_t answer_task(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    int32_t error = dais_fiber->spawn(&task, 1, NULL);
    return error ? error : dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

/** Keeps its loop for a while. */
static int32_t answer_stall(struct dais_req *req, const struct dais_input *input)
{
    const struct stall *in = input->query;
    uint64_t end_ms = dais_fiber->now_ms() + (uint64_t)in->ms;
    while (dais_fiber->now_ms() < end_ms)
        turns++;
    return dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

static int32_t answer_error(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    return DAIS_E_INTERNAL;
}

static int32_t answer_hello(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return dais_http->reply(req, 200, "text/plain", dais_cstr("hello"));
}

#define ROUTE(path, flags, shape, handler)                                                         \
    {                                                                                              \
        "GET", path, DAIS_ACCESS_PUBLIC, 0, NULL, NULL, flags, 204, NULL, shape, NULL, NULL,       \
            handler, "A way to end"                                                                \
    }

static const struct dais_route routes[] = {
    ROUTE("/crasher/hello", 0, NULL, answer_hello),
    ROUTE("/crasher/null", 0, NULL, answer_null),
    ROUTE("/crasher/overflow", 0, NULL, answer_overflow),
    ROUTE("/crasher/abort", 0, NULL, answer_abort),
    ROUTE("/crasher/loop", 0, NULL, answer_loop),
    ROUTE("/crasher/inline", DAIS_ROUTE_INLINE, NULL, answer_loop),
    ROUTE("/crasher/heap", 0, NULL, answer_heap),
    ROUTE("/crasher/job", 0, NULL, answer_job),
    ROUTE("/crasher/timer", 0, NULL, answer_timer),
    ROUTE("/crasher/bus", 0, NULL, answer_bus),
    ROUTE("/crasher/task", 0, NULL, answer_task),
    ROUTE("/crasher/error", 0, NULL, answer_error),
    ROUTE("/crasher/stall", 0, &stall_shape, answer_stall),
    {.method = NULL},
};

static void tick(void)
{
    if (atomic_load(&timer_armed))
        (void)crash();
}

static const struct dais_timer timers[] = {
    {"crashing timer", 20, 0, tick},
    {NULL, 0, 0, NULL},
};

static void on_event(const struct dais_bus_event *event)
{
    (void)event;
    (void)crash();
}

static const struct dais_subscription subscriptions[] = {
    {TOPIC, on_event},
    {NULL, NULL},
};

static int64_t crash_for_others(int64_t number)
{
    return number + crash();
}

static const struct crasher_service_v1 service = {crash_for_others};

static const struct dais_offer offers[] = {
    {"example.crasher/1", &service},
    {NULL, NULL},
};

static int is_place(const char *name)
{
    return dais_str_eq(config.place, dais_cstr(name));
}

static void serve(dais_handle conn)
{
    struct dais_str input;
    while (dais_net->read(conn, 60000, &input) == DAIS_OK)
        if (dais_net->write(conn, input) != DAIS_OK)
            return;
}

static const struct dais_listener listener = {"crasher", 100, 65536, serve, 0, 0};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_config->read(&config_shape, &config);
    if (!error)
        error = dais_http->routes(routes);
    if (!error)
        error = dais_timers->every(timers);
    if (!error)
        error = dais_bus->subscribe(subscriptions);
    if (!error)
        error = dais_net->listen(&listener, dais_cstr("127.0.0.1:0"));
    return !error && is_place("init") ? crash() : error;
}

static int32_t worker_start(uint32_t worker)
{
    (void)worker;
    return is_place("worker_start") ? crash() : DAIS_OK;
}

static int32_t start(void)
{
    return is_place("start") ? crash() : DAIS_OK;
}

static const struct dais_need needs[] = {
    DAIS_NEED_BUS, DAIS_NEED_CONFIG, DAIS_NEED_FIBER,    DAIS_NEED_HTTP,
    DAIS_NEED_NET, DAIS_NEED_TIMERS, {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "crasher",
    .version = "0.1.0",
    .summary = "Ends the process",
    .needs = needs,
    .offers = offers,
    .init = init,
    .start = start,
    .worker_start = worker_start,
};
