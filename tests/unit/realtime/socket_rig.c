/* SPDX-License-Identifier: MIT */
#include "socket_rig.h"

#include "base/clock.h"
#include "base/limits.h"
#include "loop/fiber.h"
#include "loop/worker.h"
#include "realtime/call.h"
#include "realtime/events.h"
#include "realtime/link.h"
#include "realtime/room.h"
#include "realtime/sockets.h"
#include "realtime/ws_service.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

#define TOKENS_MAX 16u
#define NAME_BYTES 32u
#define AWAIT_MS 20000u
#define COUNT_MAX 3u

/** Numbers of rate classes. */
enum rate { RATE_OTHER, RATE_CONNECT, RATE_EVENT, RATE_COUNT };

struct token {
    char name[NAME_BYTES];
    char user[NAME_BYTES];
    char session[2 * NAME_BYTES];
    uint32_t roles;
    int64_t until_ms; /* Unix time */
};

uint32_t socket_rig_workers = 1;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct token tokens[TOKENS_MAX];
static uint32_t token_count;
static char notes[4096];
static _Atomic uint32_t verify_ms, verified, verifying, verified_together, left;
static _Atomic bool provider_works;
static _Atomic uint32_t events_allowed, connects_allowed, connects;
static bool running;

struct http_owner socket_rig_guard = {.id = "guard", .plugin = 3};

static struct http_owner out_owner = {
    .id = "out", .plugin = 2, .closed = 1, .closed_reason = "crashed too often"};

/* --- the provider of identities --- */

static struct token *find_token(struct dais_str name)
{
    for (uint32_t i = 0; i < token_count; i++)
        if (str_eqz(name, tokens[i].name))
            return &tokens[i];
    return NULL;
}

void socket_rig_token(const char *name, const char *user, uint32_t roles, int64_t ms)
{
    pthread_mutex_lock(&lock);
    struct token *token = find_token(dais_cstr(name));
    if (!token)
        token = &tokens[token_count++];
    (void)snprintf(token->name, sizeof token->name, "%s", name);
    (void)snprintf(token->user, sizeof token->user, "%s", user);
    (void)snprintf(token->session, sizeof token->session, "s-%s", name);
    token->roles = roles;
    token->until_ms = ms > 0 ? clock_unix_ms() + ms : 0;
    pthread_mutex_unlock(&lock);
}

static struct dais_str dup_text(const char *text)
{
    return arena_dup(fiber_arena(), dais_cstr(text));
}

static int32_t look_up(struct dais_str name, struct dais_identity *ret_identity)
{
    const struct token *token = find_token(name);
    if (!token || token->until_ms < clock_unix_ms())
        return DAIS_E_UNAUTHENTICATED;
    *ret_identity = (struct dais_identity){
        .user_id = dup_text(token->user),
        .session_id = dup_text(token->session),
        .name = dup_text(token->user),
        .role = dais_cstr("some"),
        .roles = token->roles,
        .expires_s = token->until_ms / 1000,
    };
    return DAIS_OK;
}

static int32_t verify(struct dais_str name, struct dais_identity *ret_identity)
{
    atomic_fetch_add(&verified, 1);
    uint32_t now = atomic_fetch_add(&verifying, 1) + 1;
    if (now > verified_together)
        verified_together = now;
    int32_t code = verify_ms > 0 ? fiber_sleep(verify_ms) : DAIS_OK;
    if (code == DAIS_OK && !provider_works)
        code = DAIS_E_UNAVAILABLE;
    pthread_mutex_lock(&lock);
    if (code == DAIS_OK)
        code = look_up(name, ret_identity);
    pthread_mutex_unlock(&lock);
    atomic_fetch_sub(&verifying, 1);
    return code;
}

void socket_rig_verify_ms(uint32_t ms)
{
    verify_ms = ms;
}

void socket_rig_provider(bool works)
{
    provider_works = works;
}

void socket_rig_await_verified(uint32_t count)
{
    for (uint64_t until_ms = clock_ms() + AWAIT_MS; verified < count && clock_ms() < until_ms;)
        (void)poll(NULL, 0, 1);
    assert_true(verified >= count);
}

uint32_t socket_rig_verified(void)
{
    return verified;
}

uint32_t socket_rig_verified_together(void)
{
    return verified_together;
}

static int32_t tell_revoked(void *arg)
{
    sockets_revoked(dais_cstr(arg));
    return DAIS_OK;
}

void socket_rig_revoke(const char *key)
{
    for (uint32_t i = 0; i < worker_count(); i++)
        assert_int_equal(worker_call(i, tell_revoked, (void *)(uintptr_t)key), DAIS_OK);
}

/* --- rates --- */

static int32_t rate_class(const char *name)
{
    if (strcmp(name, "connect") == 0)
        return RATE_CONNECT;
    if (strcmp(name, "count") == 0)
        return RATE_COUNT;
    return strcmp(name, "event") == 0 ? RATE_EVENT : RATE_OTHER;
}

static int32_t admit(uint32_t number, const struct http_client *client, uint64_t cost,
                     uint64_t *ret_retry_ms)
{
    uint64_t had = client->paces[number], allowed = number == RATE_COUNT ? COUNT_MAX : 0;
    if (number == RATE_EVENT)
        allowed = events_allowed;
    if (number == RATE_CONNECT) {
        had = atomic_fetch_add(&connects, 1);
        allowed = connects_allowed;
    }
    client->paces[number] += cost;
    if (allowed == 0 || had < allowed)
        return DAIS_OK;
    *ret_retry_ms = 1500;
    return DAIS_E_LIMIT;
}

void socket_rig_allow(uint32_t events, uint32_t connect)
{
    events_allowed = events;
    connects_allowed = connect;
}

/* --- the plugin --- */

static int32_t on_echo(struct dais_call *call, const void *data)
{
    (void)data;
    return call_ack_raw(call, call_args(call), NULL, 0);
}

static int32_t on_slow(struct dais_call *call, const void *data)
{
    int32_t code = fiber_sleep(30);
    return code ? code : on_echo(call, data);
}

struct noted {
    uint64_t present;
    int64_t n;
};

static const struct dais_field noted_rows[] = {
    DAIS_FIELD(struct noted, n, DAIS_KIND_INT, DAIS_FIELD_REQUIRED, 1, 1000, "a number"),
    DAIS_FIELD_END,
};
static const struct dais_shape noted_shape = DAIS_SHAPE("Noted", struct noted, noted_rows);

static int32_t on_note(struct dais_call *call, const void *data)
{
    const struct noted *noted = data;
    char text[24];
    (void)call;
    int32_t code = noted->n % 5 == 1 ? fiber_sleep(5) : DAIS_OK;
    pthread_mutex_lock(&lock);
    (void)snprintf(text, sizeof text, "%d ", (int)noted->n);
    strncat(notes, text, sizeof notes - strlen(notes) - 1);
    pthread_mutex_unlock(&lock);
    return code;
}

static int32_t on_fields(struct dais_call *call, const void *data)
{
    return call_ack_fields(call, &noted_shape, data);
}

static int32_t on_fail(struct dais_call *call, const void *data)
{
    (void)call;
    (void)data;
    call_explain(DAIS_E_CONFLICT, "seat", "is taken");
    return DAIS_E_CONFLICT;
}

static int32_t on_broken(struct dais_call *call, const void *data)
{
    (void)call;
    (void)data;
    return DAIS_E_INTERNAL;
}

static int32_t on_late(struct dais_call *call, const void *data)
{
    (void)call;
    (void)data;
    return fiber_sleep(60000);
}

static int32_t on_quick(struct dais_call *call, const void *data)
{
    if (fiber_yield() != DAIS_E_STATE)
        return DAIS_E_INTERNAL; /* it is on a fiber */
    return on_echo(call, data);
}

static int32_t on_user(struct dais_call *call, const void *data)
{
    const struct dais_rendering rows[] = {{.event = "told", .json = call_args(call)},
                                          {.event = NULL}};
    const struct dais_emit emit = {.renderings = rows, .delivery = DAIS_DURABLE};
    (void)data;
    return sockets_emit_user(dais_cstr("anna"), &emit);
}

static int32_t on_all(struct dais_call *call, const void *data)
{
    const struct dais_rendering rows[] = {
        {.dialect = "short", .event = "t", .json = call_args(call)},
        {.event = "told", .json = call_args(call)},
        {.event = NULL},
    };
    const struct dais_emit emit = {
        .renderings = rows, .delivery = DAIS_DURABLE, .except = call_socket(call)};
    (void)data;
    return sockets_emit_all(NULL, &emit);
}

static _Atomic dais_handle remembered;

static int32_t on_remember(struct dais_call *call, const void *data)
{
    (void)data;
    remembered = call_socket(call);
    return call_speak(call, "short");
}

static int32_t on_other(struct dais_call *call, const void *data)
{
    const struct dais_rendering rows[] = {{.event = "told", .json = call_args(call)},
                                          {.event = NULL}};
    const struct dais_emit emit = {.renderings = rows, .delivery = DAIS_DURABLE};
    (void)data;
    return sockets_emit_socket(remembered, &emit);
}

static int32_t on_kick(struct dais_call *call, const void *data)
{
    (void)call;
    (void)data;
    return sockets_close(remembered, DAIS_CLOSE_DENIED);
}

static int32_t on_ask(struct dais_call *call, const void *data)
{
    const struct dais_rendering rows[] = {{.event = "question", .json = call_args(call)},
                                          {.event = NULL}};
    const struct dais_emit emit = {.renderings = rows, .delivery = DAIS_DURABLE};
    dais_handle asked = remembered ? remembered : call_socket(call);
    struct dais_str answer;
    (void)data;
    int32_t code = sockets_ask(asked, &emit, 200, &answer);
    return code ? code : call_ack_raw(call, answer, NULL, 0);
}

static int32_t on_who(struct dais_call *call, const void *data)
{
    const struct dais_identity *identity = call_identity(call);
    struct dais_str viewer = call_viewer(call);
    STRBUF_AUTO struct strbuf json;
    (void)data;
    strbuf_init(&json, 256);
    strbuf_addf(&json, "\"%.*s %u\"", STR_ARG(viewer), identity ? identity->roles : 0);
    return call_ack_raw(call, strbuf_view(&json), NULL, 0);
}

static int32_t on_resume(struct dais_call *call, const void *data)
{
    uint64_t epoch = 0, seq = 0;
    char text[64];
    (void)data;
    bool found = socket_resume(call_socket_of(call), dais_cstr("live:1"), &epoch, &seq);
    int len = snprintf(text, sizeof text, "[%d,%u,%u]", found, (unsigned)epoch, (unsigned)seq);
    return call_ack_raw(call, dais_str(text, (uint64_t)len), NULL, 0);
}

static int32_t on_connect(struct dais_call *call)
{
    struct dais_str viewer = call_viewer(call);
    if (str_eqz(viewer, "guest:shy"))
        return DAIS_E_UNAUTHENTICATED;
    if (!str_eqz(viewer, "guest:bad"))
        return str_eqz(viewer, "guest:slow") ? fiber_sleep(30) : DAIS_OK;
    call_explain(DAIS_E_DENIED, NULL, "not you");
    return DAIS_E_DENIED;
}

static void on_ready(struct dais_call *call)
{
    const struct dais_rendering rows[] = {{.event = "welcome"}, {.event = NULL}};
    const struct dais_emit emit = {.renderings = rows, .delivery = DAIS_DURABLE};
    const struct dais_room_join lobby = {.room = {dais_cstr("lobby"), dais_cstr("1")}};
    struct dais_room_joined joined;
    if (str_eqz(call_viewer(call), "guest:slow"))
        assert_int_equal(sockets_emit_socket(call_socket(call), &emit), DAIS_OK);
    if (str_eqz(call_viewer(call), "guest:lobby"))
        assert_int_equal(room_join(call_socket(call), &lobby, &joined), DAIS_OK);
}

static void on_gone(struct dais_call *call)
{
    (void)call;
    atomic_fetch_add(&left, 1);
}

#define PUBLIC(event_name, fn)                                                                     \
    {                                                                                              \
        .name = (event_name), .access = DAIS_ACCESS_PUBLIC, .handler = (fn)                        \
    }

static const struct dais_event events[] = {
    PUBLIC("echo", on_echo),
    PUBLIC("slow", on_slow),
    {.name = "note", .access = DAIS_ACCESS_PUBLIC, .data_shape = &noted_shape, .handler = on_note},
    {.name = "fields",
     .access = DAIS_ACCESS_PUBLIC,
     .data_shape = &noted_shape,
     .handler = on_fields},
    {.name = "member", .access = DAIS_ACCESS_USER, .handler = on_echo},
    {.name = "admin", .access = DAIS_ACCESS_ROLE, .roles = DAIS_ROLE_ADMIN, .handler = on_echo},
    {.name = "count", .access = DAIS_ACCESS_PUBLIC, .rate_class = "count", .handler = on_echo},
    {.name = "quick",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_EVENT_INLINE,
     .handler = on_quick},
    PUBLIC("fail", on_fail),
    PUBLIC("broken", on_broken),
    PUBLIC("late", on_late),
    PUBLIC("ask", on_ask),
    PUBLIC("who", on_who),
    PUBLIC("resume", on_resume),
    PUBLIC("user", on_user),
    PUBLIC("all", on_all),
    PUBLIC("other", on_other),
    PUBLIC("kick", on_kick),
    PUBLIC("remember", on_remember),
    {.name = NULL},
};

static const struct dais_event out_events[] = {PUBLIC("out", on_echo), {.name = NULL}};

static const struct dais_space spaces[] = {
    {.name = "/", .connect = on_connect, .ready = on_ready, .gone = on_gone},
    {.name = NULL},
};

static const struct dais_room_kind kinds[] = {{.name = "lobby"}, {.name = NULL}};

/* --- the server --- */

static void prepare(void)
{
    struct room_table *rooms;
    static const struct realtime_hooks hooks = {
        .verify = verify, .rate_class = rate_class, .admit = admit};
    struct events_table *table;
    assert_int_equal(sockets_init(&hooks), DAIS_OK);
    assert_int_equal(rooms_init(), DAIS_OK);
    assert_int_equal(events_table_new(&table), DAIS_OK);
    assert_int_equal(events_table_spaces(table, &socket_rig_guard, spaces), DAIS_OK);
    assert_int_equal(events_table_events(table, &rig_owner, events), DAIS_OK);
    assert_int_equal(events_table_events(table, &out_owner, out_events), DAIS_OK);
    events_use(table);
    assert_int_equal(room_table_new(&rooms), DAIS_OK);
    assert_int_equal(room_table_kinds(rooms, &rig_owner, kinds), DAIS_OK);
    room_use(rooms);
}

static int32_t on_start(uint32_t worker)
{
    (void)worker;
    int32_t code = rooms_worker_start();
    if (!code)
        code = link_worker_start();
    return code ? code : sockets_worker_start();
}

static void on_drain(uint32_t worker)
{
    (void)worker;
    rooms_worker_drain();
    sockets_worker_drain();
}

static void on_stop(uint32_t worker)
{
    (void)worker;
    link_worker_stop();
    sockets_worker_stop();
    rooms_worker_stop();
}

static void start(void)
{
    static const struct dais_route routes[] = {{.method = NULL}};
    static const struct http_endpoint *served[2];
    static struct rig rig;
    served[0] = ws_endpoint();
    rig = (struct rig){.routes = routes,
                       .endpoints = served,
                       .workers = socket_rig_workers,
                       .prepare = prepare,
                       .starting = on_start,
                       .draining = on_drain,
                       .stopping = on_stop};
    rig_start(&rig);
    running = true;
}

void socket_rig_stop(void)
{
    if (!running)
        return;
    rig_stop();
    rooms_fini();
    sockets_fini();
    running = false;
}

int socket_rig_setup(void **state)
{
    (void)state;
    notes[0] = '\0';
    token_count = 0;
    verify_ms = verified = verified_together = left = 0;
    events_allowed = connects_allowed = connects = 0;
    provider_works = true;
    remembered = 0;
    /* Clients that went without a word are not waited for. */
    assert_int_equal(limit_set(dais_cstr("sockets_drain_ms"), 0), DAIS_OK);
    assert_int_equal(limit_set(dais_cstr("ws_close_ms"), 100), DAIS_OK);
    start();
    return 0;
}

int socket_rig_teardown(void **state)
{
    (void)state;
    socket_rig_stop();
    limits_reset();
    return 0;
}

void socket_rig_limit(const char *name, int64_t value)
{
    socket_rig_stop();
    assert_int_equal(limit_set(dais_cstr(name), value), DAIS_OK);
    start();
}

const char *socket_rig_notes(void)
{
    return notes;
}

/* --- the client --- */

int socket_rig_connect(const char *query)
{
    char target[1024];
    (void)snprintf(target, sizeof target, "/ws%s", query);
    return sio_rig_upgrade(target);
}

int socket_rig_status(const char *query)
{
    char head[1024];
    (void)snprintf(head, sizeof head,
                   "GET /ws%s HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\n"
                   "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                   query);
    return rig_status(head);
}

void socket_rig_say(int fd, const char *envelope, const char *answer)
{
    eio_rig_send(fd, envelope);
    eio_rig_expect_text(fd, answer);
}

void socket_rig_say_begin(int fd, const char *envelope, const char *begin)
{
    eio_rig_send(fd, envelope);
    sio_rig_expect_begin(fd, begin);
}

uint32_t socket_rig_gone(void)
{
    return left;
}

void socket_rig_await_gone(uint32_t count)
{
    for (uint64_t until_ms = clock_ms() + AWAIT_MS; left < count && clock_ms() < until_ms;)
        (void)poll(NULL, 0, 5);
    assert_int_equal(left, count);
}
