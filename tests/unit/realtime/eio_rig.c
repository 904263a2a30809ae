/* SPDX-License-Identifier: MIT */
#include "eio_rig.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "client_frames.h"
#include "loop/timer.h"
#include "realtime/ws.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define AWAIT_MS 20000u
#define SOON_MS 200u
#define LOOK_MS 10u

/** What the echo has of a session. */
struct client {
    struct eio_session *session;
    struct timer timer;
    bool paused;
    bool held; /* paused until the test says otherwise */
    bool owes; /* "late" is to be sent when the timer runs out */
};

uint32_t eio_rig_workers = 1;
static _Atomic uint32_t opened;
static _Atomic uint32_t closed;
static _Atomic uint32_t disturbed;
static _Atomic bool released;
static struct eio_endpoint endpoint;

/* --- the echo, on workers --- */

static void send_back(const struct client *client, struct dais_str payload, bool binary)
{
    STRBUF_AUTO struct strbuf packet, frame;
    strbuf_init(&packet, payload.len + 2);
    strbuf_init(&frame, payload.len + 16);
    if (!binary)
        strbuf_addc(&packet, '4');
    strbuf_add(&packet, payload);
    frame_add(&frame, binary, strbuf_view(&packet));
    struct dais_buf *buf = buf_copy(strbuf_view(&frame));
    CHECK(buf);
    struct message message = {.buf = buf, .len = (uint32_t)buf->len, .class = MESSAGE_DURABLE};
    link_put(eio_link(client->session), &message);
    buf_unref(buf);
}

static void on_timer(struct timer *timer)
{
    struct client *client = CONTAINER_OF(timer, struct client, timer);
    if (client->owes)
        send_back(client, dais_cstr("late"), false);
    client->owes = false;
    if (client->held && !released) {
        timer_start(timer, LOOK_MS);
    } else if (client->paused) {
        client->paused = client->held = false;
        eio_resume(client->session);
    }
}

static int32_t on_open(struct eio_session *session, struct dais_str query, struct dais_req *req,
                       void **ret_owner)
{
    (void)req;
    if (memmem(query.ptr, query.len, "deny", 4))
        return DAIS_E_DENIED;
    if (memmem(query.ptr, query.len, "crowd", 5))
        return DAIS_E_LIMIT;
    struct client *client = mem_zalloc(1, sizeof *client);
    CHECK(client);
    client->session = session;
    timer_init(&client->timer, on_timer);
    atomic_fetch_add(&opened, 1);
    *ret_owner = client;
    return DAIS_OK;
}

/* Texts of two digits and what else it takes to have so many bytes. */
static void send_many(const struct client *client, uint32_t count, size_t bytes)
{
    for (uint32_t i = 0; i < count; i++) {
        STRBUF_AUTO struct strbuf text;
        strbuf_init(&text, bytes);
        strbuf_addf(&text, "%02u", i);
        while (text.len < bytes)
            strbuf_addc(&text, 'x');
        send_back(client, strbuf_view(&text), false);
    }
}

static void on_message(void *owner, struct dais_str payload, bool binary)
{
    struct client *client = owner;
    if (client->paused)
        atomic_fetch_add(&disturbed, 1);
    if (str_eqz(payload, "close")) {
        send_back(client, dais_cstr("bye"), false);
        eio_close(client->session, WS_CLOSE_DENIED);
        CHECK(str_eqz(payload, "close")); /* it stays during the call */
    } else if (str_eqz(payload, "pause") || str_eqz(payload, "hold")) {
        client->paused = true;
        client->held = str_eqz(payload, "hold");
        eio_pause(client->session);
        timer_start(&client->timer, SOON_MS);
    } else if (str_eqz(payload, "later")) {
        client->owes = true;
        timer_start(&client->timer, SOON_MS);
    } else if (str_eqz(payload, "many")) {
        send_many(client, 20, 2);
    } else if (str_eqz(payload, "flood")) {
        send_many(client, 10, 60000);
    } else {
        send_back(client, payload, binary);
    }
}

static void on_closed(void *owner)
{
    struct client *client = owner;
    timer_stop(&client->timer);
    mem_free(client);
    atomic_fetch_add(&closed, 1);
}

static int32_t on_start(uint32_t worker)
{
    (void)worker;
    int32_t code = link_worker_start();
    return code == DAIS_OK ? eio_start() : code;
}

static void on_drain(uint32_t worker)
{
    (void)worker;
    eio_drain();
    link_worker_drain();
}

static void on_stop(uint32_t worker)
{
    (void)worker;
    link_worker_stop();
    eio_stop();
}

/* --- the test's side --- */

int eio_rig_setup(void **state)
{
    static const struct dais_route routes[] = {{.method = NULL}};
    static const struct eio_handler handler = {on_open, on_message, on_closed};
    static const struct http_endpoint *const endpoints[] = {&endpoint.http, NULL};
    static struct rig rig;
    (void)state;
    rig = (struct rig){.routes = routes,
                       .endpoints = endpoints,
                       .workers = eio_rig_workers,
                       .starting = on_start,
                       .draining = on_drain,
                       .stopping = on_stop};
    opened = closed = disturbed = 0;
    released = false;
    eio_endpoint_init(&endpoint, "/socket.io/", &handler);
    rig_start(&rig);
    return 0;
}

static void stop(void)
{
    rig_stop();
    assert_int_equal(opened, closed);
}

int eio_rig_teardown(void **state)
{
    (void)state;
    stop();
    limits_reset();
    return 0;
}

void eio_rig_limit(const char *name, int64_t value)
{
    stop();
    assert_int_equal(limit_set(dais_cstr(name), value), DAIS_OK);
    eio_rig_setup(NULL);
}

uint32_t eio_rig_opened(void)
{
    return opened;
}

uint32_t eio_rig_closed(void)
{
    return closed;
}

void eio_rig_release(void)
{
    released = true;
}

uint32_t eio_rig_disturbed(void)
{
    return disturbed;
}

void eio_rig_await_closed(uint32_t count)
{
    for (uint64_t until_ms = clock_ms() + AWAIT_MS; closed < count && clock_ms() < until_ms;)
        (void)poll(NULL, 0, 5);
    assert_int_equal(closed, count);
}

int eio_rig_begin(const char *method, const char *target, const char *body, size_t len)
{
    char head[512];
    int fd = rig_connect();
    int bytes = snprintf(head, sizeof head,
                         "%s %s HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n", method, target,
                         len);
    rig_send(fd, head, (size_t)bytes);
    if (len > 0)
        rig_send(fd, body, len);
    return fd;
}

static int begin(const char *method, const char *sid, const char *body)
{
    char target[256];
    (void)snprintf(target, sizeof target, "/socket.io/?EIO=4&transport=polling&sid=%s", sid);
    return eio_rig_begin(method, target, body, body ? strlen(body) : 0);
}

int eio_rig_begin_get(const char *sid)
{
    return begin("GET", sid, NULL);
}

int eio_rig_begin_post(const char *sid, const char *body)
{
    return begin("POST", sid, body);
}

char *eio_rig_end(int fd, int status)
{
    struct rig_answer answer = rig_read_answer(fd, 0);
    assert_int_equal(answer.status, status);
    char *body = strndup(answer.body, answer.body_len);
    rig_answer_free(&answer);
    close(fd);
    assert_non_null(body);
    return body;
}

void eio_rig_expect(int fd, int status, const char *body)
{
    char *got = eio_rig_end(fd, status);
    assert_string_equal(got, body);
    free(got);
}

void eio_rig_open(char ret_sid[SID_BYTES])
{
    int fd = eio_rig_begin("GET", "/socket.io/?EIO=4&transport=polling", NULL, 0);
    char *body = eio_rig_end(fd, 200);
    assert_int_equal(sscanf(body, "0{\"sid\":\"%20[A-Za-z0-9_-]\"", ret_sid), 1);
    assert_int_equal(strlen(ret_sid), SID_BYTES - 1);
    free(body);
}

void eio_rig_get(const char *sid, int status, const char *body)
{
    eio_rig_expect(eio_rig_begin_get(sid), status, body);
}

void eio_rig_post(const char *sid, const char *body, int status, const char *answer)
{
    eio_rig_expect(eio_rig_begin_post(sid, body), status, answer);
}

/* --- WebSocket --- */

static bool receive(int fd, void *bytes, size_t len)
{
    size_t got = 0;
    while (got < len) {
        ssize_t now = recv(fd, (char *)bytes + got, len - got, 0);
        if (now <= 0)
            return false;
        got += (size_t)now;
    }
    return true;
}

int eio_rig_websocket(const char *sid)
{
    char head[512];
    int fd = rig_connect();
    int bytes = snprintf(head, sizeof head,
                         "GET /socket.io/?EIO=4&transport=websocket%s%s HTTP/1.1\r\nHost: t\r\n"
                         "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                         "Sec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                         sid ? "&sid=" : "", sid ? sid : "");
    rig_send(fd, head, (size_t)bytes);
    struct rig_answer answer = rig_read_answer(fd, 1);
    assert_int_equal(answer.status, 101);
    rig_answer_free(&answer);
    return fd;
}

static void send_frame(int fd, uint32_t opcode, struct dais_str payload)
{
    STRBUF_AUTO struct strbuf frame;
    strbuf_init(&frame, payload.len + 16);
    client_frame(&frame, FIN | opcode, payload);
    rig_send(fd, frame.ptr, frame.len);
}

void eio_rig_send(int fd, const char *text)
{
    send_frame(fd, TEXT, dais_cstr(text));
}

void eio_rig_send_binary(int fd, const char *bytes, size_t len)
{
    send_frame(fd, BINARY, dais_str(bytes, len));
}

struct eio_frame eio_rig_read(int fd)
{
    struct eio_frame frame = {.opcode = 0};
    uint8_t head[2], more[2];
    if (!receive(fd, head, sizeof head))
        return frame;
    frame.len = head[1];
    if (head[1] == 126 && receive(fd, more, sizeof more))
        frame.len = (size_t)more[0] << 8 | more[1];
    assert_true(frame.len <= PAYLOAD_BYTES_MAX);
    if (receive(fd, frame.payload, frame.len))
        frame.opcode = head[0] & 0x0f;
    return frame;
}

void eio_rig_expect_text(int fd, const char *text)
{
    struct eio_frame frame = eio_rig_read(fd);
    assert_int_equal(frame.opcode, TEXT);
    assert_string_equal(frame.payload, text);
}

unsigned eio_rig_expect_close(int fd)
{
    unsigned code = 0;
    struct eio_frame frame = eio_rig_read(fd);
    if (frame.opcode != 0) {
        assert_int_equal(frame.opcode, CLOSE);
        code = frame.len < 2 ? 1005
                             : (unsigned)(uint8_t)frame.payload[0] << 8 | (uint8_t)frame.payload[1];
        send_frame(fd, CLOSE, dais_str(frame.payload, frame.len < 2 ? 0 : 2));
        assert_true(rig_closed_within(fd, 3000));
    }
    close(fd);
    return code;
}
