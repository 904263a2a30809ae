/* SPDX-License-Identifier: MIT */
#include "ws_rig.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "net/wire_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#define PATIENCE_MS 20000

static struct peer *peers;

/* --- the server's side --- */

static void on_message(void *owner, struct dais_str payload, bool binary)
{
    struct peer *peer = owner;
    strbuf_addf(&peer->heard, "%s(%.*s)", binary ? "b" : "t", STR_ARG(payload));
    if (peer->pause_after_message)
        ws_pause(peer->ws);
    sem_post(&peer->events);
}

static void on_closed(void *owner, uint32_t code)
{
    struct peer *peer = owner;
    peer->code = code;
    peer->ws = NULL;
    strbuf_addf(&peer->heard, "closed(%u)", code);
    link_fini(&peer->link);
    sem_post(&peer->events);
}

const struct ws_events peer_events = {on_message, on_closed};

static int32_t open_ws(void *arg)
{
    struct peer *peer = arg;
    struct wire *wire = wire_new(dais_cstr("127.0.0.1"), 1);
    if (!wire)
        return DAIS_E_MEMORY;
    int32_t code = wire_take(wire, peer->server_fd, NULL);
    if (code)
        return code;
    link_init(&peer->link, peer->link.ops);
    const struct ws_options options = {.events = &peer_events,
                                       .owner = peer,
                                       .early = peer->early,
                                       .message_bytes_max = PEER_MESSAGE_BYTES_MAX,
                                       .own_pings = peer->own_pings};
    return ws_open(wire, &peer->link, &options, &peer->ws);
}

static int32_t run_on_worker(void *arg)
{
    struct peer *peer = arg;
    peer->seen.waited = peer->link.queue.bytes;
    int32_t code = peer->run(peer);
    peer->seen.over = peer->link.over;
    peer->seen.code = peer->code;
    return code;
}

void peer_put(struct peer *peer, const char *text, uint32_t class, uint32_t key)
{
    STRBUF_AUTO struct strbuf frame;
    strbuf_init(&frame, 1u << 20);
    frame_add(&frame, false, dais_cstr(text));
    struct dais_buf *buf = buf_copy(strbuf_view(&frame));
    const struct message message = {
        .buf = buf, .len = (uint32_t)strbuf_view(&frame).len, .class = class, .key = key};
    link_put(&peer->link, &message);
    buf_unref(buf);
}

/* --- the client's side --- */

void peer_run(struct peer *peer, int32_t (*run)(struct peer *peer))
{
    peer->run = run;
    assert_int_equal(worker_call(0, run_on_worker, peer), DAIS_OK);
}

struct peer *peer_new(void)
{
    struct peer *peer = mem_zalloc(1, sizeof *peer);
    assert_non_null(peer);
    peer->fd = -1;
    peer->next = peers;
    peers = peer;
    strbuf_init(&peer->heard, 1u << 16);
    assert_int_equal(sem_init(&peer->events, 0, 0), 0);
    return peer;
}

void peer_connect(struct peer *peer, int32_t code)
{
    static const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    (void)setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    peer->fd = fds[0];
    peer->server_fd = fds[1];
    assert_int_equal(worker_call(0, open_ws, peer), code);
}

struct peer *peer_open(void)
{
    struct peer *peer = peer_new();
    peer_connect(peer, DAIS_OK);
    return peer;
}

static void free_peers(void)
{
    while (peers) {
        struct peer *peer = peers;
        peers = peer->next;
        if (peer->fd >= 0)
            close(peer->fd);
        strbuf_fini(&peer->heard);
        sem_destroy(&peer->events);
        mem_free(peer);
    }
}

void peer_wait(struct peer *peer)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    int failed;
    do
        failed = sem_timedwait(&peer->events, &until);
    while (failed && errno == EINTR);
    assert_int_equal(failed, 0);
}

int32_t peer_nothing(struct peer *peer)
{
    (void)peer;
    return DAIS_OK;
}

static int32_t compare(struct peer *peer)
{
    if (strcmp(strbuf_cstr(&peer->heard), peer->expected) == 0)
        return DAIS_OK;
    print_error("heard %s\n", strbuf_cstr(&peer->heard));
    return DAIS_E_STATE;
}

void peer_expect_heard(struct peer *peer, const char *expected)
{
    peer->expected = expected;
    peer_run(peer, compare);
}

void peer_close(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    peer_run(peer, peer_nothing);
    while (peer->seen.code == 0) {
        peer_wait(peer);
        peer_run(peer, peer_nothing);
    }
}

void peer_send(struct peer *peer, const struct strbuf *bytes)
{
    struct dais_str view = strbuf_view(bytes);
    assert_int_equal(send(peer->fd, view.ptr, view.len, MSG_NOSIGNAL), (ssize_t)view.len);
}

void peer_send_frame(struct peer *peer, uint32_t first, const char *payload)
{
    STRBUF_AUTO struct strbuf bytes;
    strbuf_init(&bytes, 1u << 20);
    client_frame(&bytes, first, dais_cstr(payload));
    peer_send(peer, &bytes);
}

static void read_exactly(struct peer *peer, void *to, size_t len)
{
    size_t have = 0;
    while (have < len) {
        ssize_t got = recv(peer->fd, (char *)to + have, len - have, 0);
        if (got <= 0)
            fail_msg("%zu of %zu bytes came", have, len);
        have += (size_t)got;
    }
}

/* The next frame: "opcode:payload", a close frame's code in decimal. */
const char *peer_next_frame(struct peer *peer)
{
    static char text[70000];
    uint8_t head[4];
    read_exactly(peer, head, 2);
    size_t len = head[1];
    if (len == 126) {
        read_exactly(peer, head + 2, 2);
        len = (size_t)head[2] << 8 | head[3];
    }
    assert_true(len < sizeof text - 16);
    int at = snprintf(text, sizeof text, "%x:", head[0]);
    read_exactly(peer, text + at, len);
    text[(size_t)at + len] = '\0';
    if (head[0] == (FIN | CLOSE) && len >= 2) {
        const uint8_t *code = (const uint8_t *)text + at;
        char reason[130];
        memcpy(reason, text + at + 2, len - 2);
        reason[len - 2] = '\0';
        (void)snprintf(text + at, sizeof text - 16, "%u,%s", (unsigned)(code[0] << 8 | code[1]),
                       reason);
    }
    return text;
}

void peer_expect_end(struct peer *peer)
{
    char byte;
    assert_int_equal(recv(peer->fd, &byte, 1, 0), 0);
}

/* --- */

static int32_t start(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    return link_worker_start();
}

static void stop(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    link_worker_stop();
}

static int setup_with(int64_t ping_ms, int64_t pong_ms)
{
    static const struct worker_events worker_events = {.start = start, .stop = stop};
    return limit_set(dais_cstr("socket_output_bytes"), PEER_BUDGET) ||
           limit_set(dais_cstr("ws_close_ms"), PEER_CLOSE_MS) ||
           limit_set(dais_cstr("ws_ping_ms"), ping_ms) ||
           limit_set(dais_cstr("ws_pong_ms"), pong_ms) || metrics_init(1) ||
           workers_start(1, &worker_events);
}

int peer_setup(void **state)
{
    (void)state;
    return setup_with(60000, 60000);
}

int peer_setup_pinging(void **state)
{
    (void)state;
    return setup_with(510, 500);
}

int peer_teardown(void **state)
{
    (void)state;
    int32_t code = workers_stop(2000);
    metrics_fini();
    limits_reset();
    free_peers();
    return code;
}
