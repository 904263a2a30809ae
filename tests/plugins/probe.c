/* SPDX-License-Identifier: MIT */
/*
 * A plugin that uses every interface as it should be used, so that tests can see the host do its
 * part: configuration, routes, tasks, timers, topics, boards, jobs, verbs, a service, identities.
 *
 * Its tokens are "<user>.<session>"; one that begins with "slow" is verified 300 ms late.
 */
#include "dais/dais.h"
#include "probe_service.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct probe_config {
    uint64_t present;
    struct dais_str greeting;
    int64_t limit;
    struct dais_list words;
};

static const struct dais_field config_fields[] = {
    DAIS_FIELD_CONFIG(struct probe_config, greeting, DAIS_KIND_STRING, 1, 20, "hello",
                      "PROBE_GREETING", "What it says"),
    DAIS_FIELD_CONFIG(struct probe_config, limit, DAIS_KIND_INT, 1, 10, "5", NULL, "A number"),
    DAIS_FIELD_CONFIG(struct probe_config, words, DAIS_KIND_LIST, 0, 4, NULL, NULL, "Some words"),
    DAIS_FIELD_END,
};
static const struct dais_shape config_shape = DAIS_SHAPE("ProbeConfig", struct probe_config,
                                                         config_fields);

static struct {
    struct probe_config config;
    struct dais_str key;
    uint32_t metrics; /* ticks, events, verified, boards gone */
    _Atomic int64_t ticks, events, verified, gone, tasks;
    _Atomic int64_t strangers; /* calls during which the host took us for somebody else */
    void *memory;
} probe;

/** Whom the host takes for the one that runs shows in whose folder it names. */
static void check_mark(void)
{
    struct dais_str folder = dais_config->data_dir();
    if (folder.len < 6 || memcmp(folder.ptr + folder.len - 6, "/probe", 6) != 0)
        atomic_fetch_add(&probe.strangers, 1);
}

enum { METRIC_TICKS, METRIC_VERIFIED };

static const struct dais_metric metrics[] = {
    {"ticks_total", DAIS_COUNTER, 0, "Runs of the timer"},
    {"verified_total", DAIS_COUNTER, 0, "Tokens verified"},
    {NULL, 0, 0, NULL},
};

static const struct dais_board board = {.name = "probe", .keys_max = 16, .key_bytes_max = 64};

/* --- what the routes read and write --- */

struct echo {
    uint64_t present;
    struct dais_str text;
    int64_t number;
};

static const struct dais_field echo_fields[] = {
    DAIS_FIELD(struct echo, text, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 64, "Comes back"),
    DAIS_FIELD(struct echo, number, DAIS_KIND_INT, 0, 0, 1000, "Comes back doubled"),
    DAIS_FIELD_END,
};
static const struct dais_shape echo_shape = DAIS_SHAPE("Echo", struct echo, echo_fields);

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
    int64_t ticks, events, verified, gone, tasks, strangers;
};

static const struct dais_field counts_fields[] = {
    DAIS_FIELD(struct counts, ticks, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Timer runs"),
    DAIS_FIELD(struct counts, events, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Events heard"),
    DAIS_FIELD(struct counts, verified, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Tokens"),
    DAIS_FIELD(struct counts, gone, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Buffers gone"),
    DAIS_FIELD(struct counts, tasks, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Tasks run"),
    DAIS_FIELD(struct counts, strangers, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 0, 0, "Wrong marks"),
    DAIS_FIELD_END,
};
static const struct dais_shape counts_shape = DAIS_SHAPE("Counts", struct counts, counts_fields);

static int32_t reply_text(struct dais_req *req, struct dais_str text)
{
    return dais_http->reply(req, 200, "text/plain; charset=utf-8", text);
}

static int32_t answer_hello(struct dais_req *req, const struct dais_input *input)
{
    check_mark();
    (void)input;
    return reply_text(req, probe.config.greeting);
}

static int32_t answer_echo(struct dais_req *req, const struct dais_input *input)
{
    const struct echo *in = input->body ? input->body : input->query;
    struct echo out = *in;
    out.number *= 2;
    return dais_http->reply_fields(req, 200, &echo_shape, &out);
}

static int32_t answer_me(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return reply_text(req, dais_http->identity(req)->user_id);
}

static int32_t answer_wait(struct dais_req *req, const struct dais_input *input)
{
    const struct wait *in = input->query;
    int32_t error = dais_fiber->sleep((uint64_t)in->ms);
    return error ? error : reply_text(req, dais_cstr("waited"));
}

static int32_t answer_counts(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    const struct counts counts = {probe.ticks, probe.events, probe.verified,
                                  probe.gone,  probe.tasks,  probe.strangers};
    return dais_http->reply_fields(req, 200, &counts_shape, &counts);
}

/** Publishes the key of a revocation, or any other text. */
static int32_t answer_revoke(struct dais_req *req, const struct dais_input *input)
{
    const struct echo *in = input->body;
    int32_t error = dais_bus->publish(DAIS_TOPIC_IDENTITY_REVOKED, in->text, dais_str("", 0));
    return error ? error : dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

static void count_task(uint64_t cookie)
{
    check_mark();
    atomic_fetch_add(&probe.tasks, (int64_t)cookie);
}

static const struct dais_task task = {"count", count_task};

static int32_t answer_spawn(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    int32_t error = dais_fiber->spawn(&task, 1, NULL);
    return error ? error : dais_http->reply(req, 204, NULL, dais_str(NULL, 0));
}

static void count_gone(struct dais_buf *buf, void *context)
{
    check_mark();
    (void)buf;
    atomic_fetch_add((_Atomic int64_t *)context, 1);
}

/** Puts an object on the board twice, so that the first one goes away everywhere. */
static int32_t answer_share(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    for (int i = 0; i < 2; i++) {
        struct dais_buf *buf = dais_mem->buf_new_with(4, count_gone, &probe.gone);
        if (!buf)
            return DAIS_E_MEMORY;
        memcpy(buf->data, "data", 4);
        int32_t error = dais_shared->put(&board, dais_cstr("key"), buf);
        dais_mem->buf_unref(buf);
        if (error)
            return error;
    }
    struct dais_buf *found = dais_shared->get(&board, dais_cstr("key"));
    return found ? dais_http->reply_buf(req, "text/plain", found, 0, found->len) : DAIS_E_NOT_FOUND;
}

static int32_t work(void *arg)
{
    check_mark();
    *(int64_t *)arg += 41;
    return DAIS_OK;
}

static const struct dais_job job = {"work", "cpu", work};

static int32_t answer_job(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    int64_t number = 1;
    char text[24];
    int32_t error = dais_fiber->job(&job, &number);
    if (error)
        return error;
    int len = snprintf(text, sizeof text, "%lld", (long long)number);
    struct dais_str copy = dais_mem->arena_dup(dais_http->arena(req),
                                               dais_str(text, (uint64_t)len));
    return reply_text(req, copy);
}

static int32_t answer_crash(struct dais_req *req, const struct dais_input *input)
{
    (void)req;
    (void)input;
    abort();
}

static const struct dais_route routes[] = {
    {"GET", "/probe/hello", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, DAIS_ROUTE_INLINE, 200, NULL, NULL,
     NULL, NULL, answer_hello, "Says what the configuration says"},
    {"GET", "/probe/echo", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, &echo_shape, NULL,
     &echo_shape, answer_echo, "Gives the query back"},
    {"POST", "/probe/echo", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, &echo_shape,
     &echo_shape, answer_echo, "Gives the body back"},
    {"GET", "/probe/me", DAIS_ACCESS_USER, 0, NULL, NULL, 0, 200, NULL, NULL, NULL, NULL, answer_me,
     "Who is calling"},
    {"GET", "/probe/wait", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, &wait_shape, NULL, NULL,
     answer_wait, "Answers later"},
    {"GET", "/probe/counts", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL,
     &counts_shape, answer_counts, "What happened so far"},
    {"POST", "/probe/revoke", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 204, NULL, NULL, &echo_shape,
     NULL, answer_revoke, "Revokes identities"},
    {"POST", "/probe/spawn", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 204, NULL, NULL, NULL, NULL,
     answer_spawn, "Starts a task"},
    {"GET", "/probe/share", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL, NULL,
     answer_share, "Shares an object with all workers"},
    {"GET", "/probe/job", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL, NULL,
     answer_job, "Works on a thread of the pool"},
    {"GET", "/probe/crash", DAIS_ACCESS_PUBLIC, 0, NULL, NULL, 0, 200, NULL, NULL, NULL, NULL,
     answer_crash, "Ends the process"},
    {.method = NULL},
};

/* --- what runs by itself --- */

static void tick(void)
{
    check_mark();
    atomic_fetch_add(&probe.ticks, 1);
    dais_metrics->add(probe.metrics + METRIC_TICKS, 1);
}

static const struct dais_timer timers[] = {
    {"tick", 20, DAIS_TIMER_EACH_WORKER, tick},
    {NULL, 0, 0, NULL},
};

static void on_event(const struct dais_bus_event *event)
{
    check_mark();
    (void)event;
    atomic_fetch_add(&probe.events, 1);
}

static const struct dais_subscription subscriptions[] = {
    {DAIS_TOPIC_IDENTITY_REVOKED, on_event},
    {NULL, NULL},
};

/* --- what it offers --- */

static int64_t twice(int64_t number)
{
    check_mark();
    return number * 2;
}

static const struct probe_service_v1 service = {twice};

static int32_t verify(struct dais_str token, struct dais_identity *ret_identity)
{
    const char *dot = memchr(token.ptr, '.', token.len);
    check_mark();
    atomic_fetch_add(&probe.verified, 1);
    dais_metrics->add(probe.metrics + METRIC_VERIFIED, 1);
    if (token.len > 4 && memcmp(token.ptr, "slow", 4) == 0 && dais_fiber->sleep(300) != DAIS_OK)
        return DAIS_E_UNAVAILABLE;
    if (!dot)
        return DAIS_E_UNAUTHENTICATED;
    struct dais_str copy = dais_mem->arena_dup(dais_mem->arena_self(), token);
    uint64_t user = (uint64_t)(dot - token.ptr);
    *ret_identity = (struct dais_identity){
        .user_id = dais_str(copy.ptr, user),
        .session_id = dais_str(copy.ptr + user + 1, copy.len - user - 1),
        .name = dais_str(copy.ptr, user),
        .role = dais_cstr("attendee"),
        .roles = DAIS_ROLE_ATTENDEE,
        .expires_s = dais_fiber->unix_ms() / 1000 + 3600,
    };
    return DAIS_OK;
}

static const struct dais_identity_v1 identity = {verify};

static const struct dais_offer offers[] = {
    {"example.probe/1", &service},
    {"dais.identity/1", &identity},
    {NULL, NULL},
};

struct greet {
    uint64_t present;
    struct dais_str name;
    int64_t times;
};

static const struct dais_field greet_fields[] = {
    DAIS_FIELD(struct greet, name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1, 20, "Whom to greet"),
    DAIS_FIELD_CONFIG(struct greet, times, DAIS_KIND_INT, 1, 3, "1", NULL, "How often"),
    DAIS_FIELD_END,
};
static const struct dais_shape greet_shape = DAIS_SHAPE("Greet", struct greet, greet_fields);

static int32_t greet(struct dais_cli *cli, const void *input)
{
    const struct greet *in = input;
    check_mark();
    if (dais_str_eq(in->name, dais_cstr("nobody")))
        return dais_cli_verbs->fail(cli, DAIS_E_NOT_FOUND, "nobody is not there");
    for (int64_t i = 0; i < in->times; i++) {
        int32_t error = dais_cli_verbs->print(cli, probe.config.greeting);
        if (!error)
            error = dais_cli_verbs->print(cli, dais_cstr(" "));
        if (!error)
            error = dais_cli_verbs->print(cli, in->name);
        if (!error)
            error = dais_cli_verbs->print(cli, dais_cstr("\n"));
        if (error)
            return error;
    }
    return DAIS_OK;
}

static const struct dais_verb verbs[] = {
    {"probe greet", "Greets somebody", &greet_shape, greet},
    {NULL, NULL, NULL, NULL},
};

/* --- its life --- */

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_config->read(&config_shape, &probe.config);
    if (!error)
        error = dais_config->secret("key", "PROBE_SECRET", 32, &probe.key);
    if (!error)
        error = dais_http->routes(routes);
    if (!error)
        error = dais_metrics->table(metrics, &probe.metrics);
    if (!error)
        error = dais_timers->every(timers);
    if (!error)
        error = dais_bus->subscribe(subscriptions);
    if (!error)
        error = dais_shared->board(&board);
    if (!error)
        error = dais_cli_verbs->verbs(verbs);
    return error;
}

static int32_t start(void)
{
    check_mark();
    probe.memory = dais_mem->state_alloc(1024);
    dais_logf(DAIS_INFO, "probe of %u workers keeps its files in %s", dais_fiber->workers(),
              dais_config->data_dir().ptr);
    return probe.memory ? DAIS_OK : DAIS_E_MEMORY;
}

static void stop(void)
{
    check_mark();
    dais_mem->state_free(probe.memory);
}

static const struct dais_need needs[] = {
    DAIS_NEED_BUS,    DAIS_NEED_CLI,    DAIS_NEED_CONFIG,   DAIS_NEED_FIBER,
    DAIS_NEED_HTTP,   DAIS_NEED_LOG,    DAIS_NEED_MEM,      DAIS_NEED_METRICS,
    DAIS_NEED_SHARED, DAIS_NEED_TIMERS, {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "probe",
    .version = "1.2.3",
    .summary = "Uses every interface",
    .needs = needs,
    .offers = offers,
    .init = init,
    .start = start,
    .stop = stop,
};
