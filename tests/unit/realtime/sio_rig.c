/* SPDX-License-Identifier: MIT */
#include "sio_rig.h"

#include "base/clock.h"
#include "base/limits.h"
#include "client_frames.h"
#include "realtime/call.h"
#include "realtime/events.h"
#include "realtime/raw_service.h"
#include "realtime/room.h"
#include "realtime/sio.h"
#include "realtime/sockets.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define AWAIT_MS 20000u
#define ASK_MS 1000u

enum { RATE_OTHER, RATE_CONNECT };

static _Atomic uint32_t readied;
static _Atomic uint32_t left;
static _Atomic uint32_t connects;
static uint32_t connects_max;

/* --- the plugin, on workers --- */

static int32_t emit(struct dais_call *call, const char *event, struct dais_str json)
{
    uint32_t count;
    struct dais_buf *const *attachments = call_attachments(call, &count);
    const struct dais_rendering renderings[] = {
        {.event = event, .json = json, .attachments = attachments, .attachment_count = count},
        {.event = NULL},
    };
    const struct dais_emit what = {.renderings = renderings, .delivery = DAIS_DURABLE};
    return sockets_emit_socket(call_socket(call), &what);
}

static int32_t on_message(struct dais_call *call, const void *data)
{
    (void)data;
    return emit(call, "message-back", call_args(call));
}

static int32_t on_message_with_ack(struct dais_call *call, const void *data)
{
    uint32_t count;
    struct dais_buf *const *attachments = call_attachments(call, &count);
    (void)data;
    return call_ack_raw(call, call_args(call), attachments, count);
}

static int32_t on_done(struct dais_call *call, const void *data)
{
    (void)call;
    (void)data;
    return DAIS_OK;
}

static int32_t on_fail(struct dais_call *call, const void *data)
{
    (void)data;
    return call_fail(call, DAIS_E_CONFLICT, "seat", "it is taken");
}

static int32_t on_ask(struct dais_call *call, const void *data)
{
    const struct dais_rendering renderings[] = {{.event = "question", .json = call_args(call)},
                                                {.event = NULL}};
    const struct dais_emit what = {.renderings = renderings, .delivery = DAIS_DURABLE};
    struct dais_str answer;
    (void)data;
    int32_t code = sockets_ask(call_socket(call), &what, ASK_MS, &answer);
    return code ? code : call_ack_raw(call, answer, NULL, 0);
}

static int32_t on_kick(struct dais_call *call, const void *data)
{
    (void)data;
    return sockets_close(call_socket(call), DAIS_CLOSE_DENIED);
}

static int32_t on_close(struct dais_call *call, const void *data)
{
    (void)data;
    return sockets_close(call_socket(call), DAIS_CLOSE_NORMAL);
}

static int32_t on_who(struct dais_call *call, const void *data)
{
    struct dais_str viewer = call_viewer(call);
    STRBUF_AUTO struct strbuf json;
    (void)data;
    strbuf_init(&json, 256);
    strbuf_addf(&json, "\"%.*s\"", STR_ARG(viewer));
    return call_ack_raw(call, strbuf_view(&json), NULL, 0);
}

static void on_ready(struct dais_call *call)
{
    struct dais_str payload = call_args(call);
    int32_t code = emit(call, "auth", payload.len > 0 ? payload : dais_cstr("{}"));
    CHECK(code == DAIS_OK);
    atomic_fetch_add(&readied, 1);
}

static void on_gone(struct dais_call *call)
{
    (void)call;
    atomic_fetch_add(&left, 1);
}

static int32_t on_closed_space(struct dais_call *call)
{
    (void)call;
    call_explain(DAIS_E_DENIED, NULL, "not you");
    return DAIS_E_DENIED;
}

static void on_endpoint(struct dais_call *call)
{
    uint32_t binary;
    struct dais_str bytes = call_bytes(call, &binary);
    int32_t code = str_eqz(bytes, "kick") ? sockets_close(call_socket(call), DAIS_CLOSE_DENIED)
                                          : sockets_send(call_socket(call), bytes, binary);
    CHECK(code == DAIS_OK);
}

static int32_t on_connect_endpoint(struct dais_call *call)
{
    return call_identity(call) ? DAIS_E_DENIED : DAIS_OK; /* guests only */
}

static const struct dais_event events[] = {
    {.name = "message",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_EVENT_RAW,
     .handler = on_message},
    {.name = "message-with-ack",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_EVENT_RAW,
     .handler = on_message_with_ack},
    {.name = "done", .access = DAIS_ACCESS_PUBLIC, .handler = on_done},
    {.name = "fail", .access = DAIS_ACCESS_PUBLIC, .handler = on_fail},
    {.name = "ask", .access = DAIS_ACCESS_PUBLIC, .flags = DAIS_EVENT_RAW, .handler = on_ask},
    {.name = "kick", .access = DAIS_ACCESS_PUBLIC, .handler = on_kick},
    {.name = "close", .access = DAIS_ACCESS_PUBLIC, .handler = on_close},
    {.name = "who", .access = DAIS_ACCESS_PUBLIC, .flags = DAIS_EVENT_RAW, .handler = on_who},
    {.name = NULL},
};

static const struct dais_space spaces[] = {
    {.name = "/", .ready = on_ready, .gone = on_gone},
    {.name = "/custom", .ready = on_ready, .gone = on_gone},
    {.name = "/closed", .connect = on_closed_space},
    {.name = NULL},
};

static const struct dais_endpoint endpoints[] = {
    {.path = "/plain",
     .protocol = DAIS_ENDPOINT_WEBSOCKET,
     .connect = on_connect_endpoint,
     .message = on_endpoint,
     .gone = on_gone},
    {.path = "/engine",
     .protocol = DAIS_ENDPOINT_ENGINEIO,
     .connect = on_connect_endpoint,
     .message = on_endpoint,
     .gone = on_gone},
    {.path = NULL},
};

static int32_t verify(struct dais_str token, struct dais_identity *ret_identity)
{
    if (!str_eqz(token, "good"))
        return DAIS_E_UNAUTHENTICATED;
    *ret_identity = (struct dais_identity){
        .user_id = dais_cstr("u1"),
        .session_id = dais_cstr("s1"),
        .name = dais_cstr("One"),
        .role = dais_cstr("attendee"),
        .roles = DAIS_ROLE_ATTENDEE,
        .expires_s = clock_unix_ms() / 1000 + 3600,
    };
    return DAIS_OK;
}

static int32_t admit(uint32_t number, const struct http_client *client, uint64_t cost,
                     uint64_t *ret_retry_ms)
{
    (void)client;
    (void)cost;
    *ret_retry_ms = 1500;
    bool refused = number == RATE_CONNECT && connects_max > 0 &&
                   atomic_fetch_add(&connects, 1) >= connects_max;
    return refused ? DAIS_E_LIMIT : DAIS_OK;
}

static int32_t rate_class(const char *name)
{
    return strcmp(name, "connect") == 0 ? RATE_CONNECT : RATE_OTHER;
}

void sio_rig_allow(uint32_t connects_allowed)
{
    connects_max = connects_allowed;
}

/* --- the server --- */

static void prepare(void)
{
    static const struct realtime_hooks hooks = {
        .verify = verify, .admit = admit, .rate_class = rate_class};
    struct events_table *table;
    assert_int_equal(sockets_init(&hooks), DAIS_OK);
    assert_int_equal(rooms_init(), DAIS_OK);
    assert_int_equal(events_table_new(&table), DAIS_OK);
    assert_int_equal(events_table_spaces(table, &rig_owner, spaces), DAIS_OK);
    assert_int_equal(events_table_events(table, &rig_owner, events), DAIS_OK);
    assert_int_equal(events_table_endpoints(table, &rig_owner, endpoints), DAIS_OK);
    events_use(table);
}

static int32_t on_start(uint32_t worker)
{
    (void)worker;
    int32_t code = rooms_worker_start();
    if (!code)
        code = link_worker_start();
    if (!code)
        code = eio_start();
    return code ? code : sockets_worker_start();
}

static void on_drain(uint32_t worker)
{
    (void)worker;
    rooms_worker_drain();
    sockets_worker_drain();
    eio_drain();
    link_worker_drain();
}

static void on_stop(uint32_t worker)
{
    (void)worker;
    link_worker_stop();
    eio_stop();
    sockets_worker_stop();
    rooms_worker_stop();
}

int sio_rig_setup(void **state)
{
    static const struct dais_route routes[] = {{.method = NULL}};
    static const struct http_endpoint *served[4];
    static struct rig rig;
    (void)state;
    served[0] = sio_endpoint();
    assert_int_equal(raw_endpoint(&endpoints[0], &served[1]), DAIS_OK);
    assert_int_equal(raw_endpoint(&endpoints[1], &served[2]), DAIS_OK);
    rig = (struct rig){.routes = routes,
                       .endpoints = served,
                       .workers = eio_rig_workers,
                       .prepare = prepare,
                       .starting = on_start,
                       .draining = on_drain,
                       .stopping = on_stop};
    readied = left = connects = 0;
    /* Clients that went without a word are not waited for. */
    assert_int_equal(limit_set(dais_cstr("sockets_drain_ms"), 0), DAIS_OK);
    assert_int_equal(limit_set(dais_cstr("ws_close_ms"), 50), DAIS_OK);
    rig_start(&rig);
    return 0;
}

int sio_rig_teardown(void **state)
{
    (void)state;
    rig_stop();
    events_use(NULL);
    rooms_fini();
    sockets_fini();
    limits_reset();
    connects_max = 0;
    return 0;
}

uint32_t sio_rig_ready(void)
{
    return readied;
}

uint32_t sio_rig_gone(void)
{
    return left;
}

void sio_rig_await_gone(uint32_t count)
{
    for (uint64_t until_ms = clock_ms() + AWAIT_MS; left < count && clock_ms() < until_ms;)
        (void)poll(NULL, 0, 5);
    assert_int_equal(left, count);
}

/* --- the client --- */

int sio_rig_upgrade(const char *target)
{
    char head[512];
    int fd = rig_connect();
    int bytes = snprintf(head, sizeof head,
                         "GET %s HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\n"
                         "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                         target);
    rig_send(fd, head, (size_t)bytes);
    struct rig_answer answer = rig_read_answer(fd, 1);
    assert_int_equal(answer.status, 101);
    rig_answer_free(&answer);
    return fd;
}

int sio_rig_session(const char *query)
{
    char target[256];
    (void)snprintf(target, sizeof target, "/socket.io/?EIO=4&transport=websocket%s", query);
    int fd = sio_rig_upgrade(target);
    sio_rig_expect_begin(fd, "0{\"sid\":");
    return fd;
}

int sio_rig_client(void)
{
    int fd = sio_rig_session("");
    eio_rig_send(fd, "40");
    sio_rig_expect_begin(fd, "40{\"sid\":\"");
    eio_rig_expect_text(fd, "42[\"auth\",{}]");
    return fd;
}

void sio_rig_expect_begin(int fd, const char *begin)
{
    struct eio_frame frame = eio_rig_read(fd);
    assert_int_equal(frame.opcode, TEXT);
    if (strncmp(frame.payload, begin, strlen(begin)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", frame.payload, begin);
}

void sio_rig_expect_binary(int fd, const char *text)
{
    struct eio_frame frame = eio_rig_read(fd);
    assert_int_equal(frame.opcode, BINARY);
    assert_string_equal(frame.payload, text);
}
