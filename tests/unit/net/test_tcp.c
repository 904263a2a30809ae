/* SPDX-License-Identifier: MIT */
/* TCP listeners: reading, writing, bounds, ends. */
#include "rig.h"

#include "base/limits.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/str.h"
#include "loop/fiber.h"
#include "loop/park.h"
#include "loop/worker.h"
#include "net/tcp_change.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define WORKERS 2u
#define PER_ADDRESS 24u
#define LARGE_BYTES (8u << 20)

static struct tcp_server *server;
static _Atomic uint64_t last_conn;
static _Atomic int32_t last_code;
static _Atomic uint64_t sunk_bytes;
static _Atomic uint32_t sink_open;
static _Atomic uint32_t gathered_reads;
static _Atomic uint64_t gathered_bytes;

/* Says back what it hears, until the peer goes. */
static void serve_echo(dais_handle conn)
{
    struct dais_str input;
    atomic_store(&last_conn, conn);
    int32_t code = tcp_read(conn, 3000, &input);
    while (code == DAIS_OK) {
        code = tcp_write(conn, input);
        if (code == DAIS_OK)
            code = tcp_flush(conn, 3000);
        if (code == DAIS_OK)
            code = tcp_read(conn, 3000, &input);
    }
    atomic_store(&last_code, code);
}

/* Tells the peer's address and returns, with more in its queue than a socket takes. */
static void serve_farewell(dais_handle conn)
{
    char block[4096];
    struct dais_str peer = tcp_peer(conn);
    memset(block, 'x', sizeof block);
    int32_t code = tcp_write(conn, peer);
    for (uint32_t i = 0; code == DAIS_OK && i < LARGE_BYTES / sizeof block; i++)
        code = tcp_write(conn, dais_str(block, sizeof block));
    atomic_store(&last_code, code);
}

/* Does not read until it is told to. */
static void serve_sink(dais_handle conn)
{
    struct dais_str input;
    while (atomic_load(&sink_open) == 0 && fiber_sleep(5) == DAIS_OK)
        ;
    while (tcp_read(conn, 3000, &input) == DAIS_OK)
        atomic_fetch_add(&sunk_bytes, input.len);
}

static void serve_silence(dais_handle conn)
{
    struct dais_str input;
    atomic_store(&last_code, tcp_read(conn, 50, &input));
}

/* Counts how often it had to read. */
static void serve_count(dais_handle conn)
{
    struct dais_str input;
    while (tcp_read(conn, 3000, &input) == DAIS_OK) {
        atomic_fetch_add(&gathered_reads, 1);
        atomic_fetch_add(&gathered_bytes, input.len);
    }
}

/* Answers each input with the generation that its fiber belongs to and who serves. */
static void tell(dais_handle conn, char who)
{
    struct dais_str input;
    while (tcp_read(conn, 3000, &input) == DAIS_OK) {
        const char answer[2] = {who, (char)('0' + owner_get().generation)};
        if (tcp_write(conn, dais_str(answer, sizeof answer)) != DAIS_OK)
            return;
    }
}

static void serve_old(dais_handle conn)
{
    tell(conn, 'o');
}

static void serve_new(dais_handle conn)
{
    tell(conn, 'n');
}

static const struct dais_listener echo = {"echo", 100, 1u << 20, serve_echo};
static const struct dais_listener farewell = {"farewell", 100, LARGE_BYTES + 64, serve_farewell};
static const struct dais_listener tight = {"tight", 100, 1024, serve_farewell};
static const struct dais_listener sink = {"sink", 100, 1024, serve_sink};
static const struct dais_listener silence = {"silence", 100, 1024, serve_silence};
static const struct dais_listener single = {"single", 1, 1u << 20, serve_echo};
static const struct dais_listener gather = {"gather", 100, 1024, serve_count, .gather_ms = 500};
static const struct dais_listener lazy = {"lazy", 100, 1u << 20, serve_echo, .gather_ms = 2};
static const struct dais_listener patient = {"patient", 100, 1024, serve_silence, .gather_ms = 8};

static const struct dais_listener trade_old = {"trade", 100, 1024, serve_old};
static const struct dais_listener trade_new = {"trade", 100, 1024, serve_new};
static const struct dais_listener late_old = {"late", 100, 1024, serve_old};
static const struct dais_listener late_new = {"late", 100, 1024, serve_new};
static const struct dais_listener late_more = {"more", 100, 1024, serve_new};

static int32_t open_code; /* what the next sockets are refused with */
static uint32_t opened, given_up;
static char last_given_up[128];

static int32_t open_sockets(const char *name, struct dais_str address, uint32_t count, int *ret_fds)
{
    if (open_code != DAIS_OK)
        return open_code;
    opened++;
    return rig_open_sockets(name, address, count, ret_fds);
}

static void close_sockets(const char *name, struct dais_str address)
{
    given_up++;
    snprintf(last_given_up, sizeof last_given_up, "%s %.*s", name, STR_ARG(address));
}

static int32_t on_start(void *context, uint32_t worker)
{
    (void)context;
    metrics_thread_row(worker);
    return tcp_worker_start(server);
}

static void on_drain(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    tcp_worker_drain(server);
}

static void on_stop(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    tcp_worker_stop(server);
}

static int start(void **state)
{
    (void)state;
    static const struct dais_listener *const rows[] = {
        &echo, &farewell, &tight, &sink, &silence, &single, &gather, &lazy, &patient};
    static const struct worker_events events = {on_start, on_drain, on_stop, NULL};
    struct tcp_config config = {
        .workers = WORKERS, .open_sockets = open_sockets, .close_sockets = close_sockets};
    random_init();
    assert_int_equal(limit_set(dais_cstr("tcp_connections_per_address"), PER_ADDRESS), DAIS_OK);
    assert_int_equal(metrics_init(WORKERS), DAIS_OK);
    assert_int_equal(tcp_new(&config, &server), DAIS_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(tcp_listen(server, 1, 1, rows[i], dais_cstr("127.0.0.1:0")), DAIS_OK);
    assert_int_equal(tcp_listen(server, 1, 1, &echo, dais_cstr("127.0.0.1:0")), DAIS_E_CONFLICT);
    assert_int_equal(tcp_listen(server, 2, 1, &trade_old, dais_cstr("127.0.0.1:0")), DAIS_OK);
    assert_int_equal(tcp_open(server), DAIS_OK);
    assert_int_equal(workers_start(WORKERS, &events), DAIS_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    /* One that is still connected is cancelled, not waited for. */
    int fd = rig_connect_to(tcp_port(&echo));
    rig_send(fd, "x", 1);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 1);
    assert_int_equal(workers_stop(2000), DAIS_OK);
    assert_true(rig_closed_within(fd, 0));
    close(fd);
    tcp_free(server);
    metrics_fini();
    return 0;
}

static void test_echo(void **state)
{
    (void)state;
    int fd = rig_connect_to(tcp_port(&echo));
    char heard[512];
    for (int i = 0; i < 200; i++) {
        size_t len = 1 + (size_t)(i * 7) % sizeof heard;
        char said[sizeof heard];
        memset(said, 'a' + i % 26, len);
        rig_send(fd, said, len);
        assert_int_equal(recv(fd, heard, len, MSG_WAITALL), len);
        assert_memory_equal(heard, said, len);
    }
    close(fd);
}

static void test_output_outlives_fiber(void **state)
{
    (void)state;
    int fd = rig_connect_to(tcp_port(&farewell));
    char *heard = malloc(LARGE_BYTES);
    assert_non_null(heard);
    assert_int_equal(recv(fd, heard, LARGE_BYTES, MSG_WAITALL), LARGE_BYTES);
    assert_memory_equal(heard, "127.0.0.1:", 10);
    assert_true(rig_closed_within(fd, 3000));
    free(heard);
    close(fd);
}

static void test_output_is_bounded(void **state)
{
    (void)state;
    int fd = rig_connect_to(tcp_port(&tight));
    assert_true(rig_closed_within(fd, 3000));
    assert_int_equal(atomic_load(&last_code), DAIS_E_LIMIT);
    close(fd);
}

/* What nobody reads stays with the sender. */
static void test_backpressure(void **state)
{
    (void)state;
    static char block[65536];
    int fd = rig_connect_to(tcp_port(&sink));
    size_t sent = 0;
    ssize_t got = send(fd, block, sizeof block, MSG_DONTWAIT);
    while (got > 0 && sent < (64u << 20)) {
        sent += (size_t)got;
        got = send(fd, block, sizeof block, MSG_DONTWAIT);
    }
    assert_true(sent < (64u << 20));
    assert_int_equal(atomic_load(&sunk_bytes), 0);
    atomic_store(&sink_open, 1);
    shutdown(fd, SHUT_WR);
    assert_true(rig_closed_within(fd, 5000));
    assert_int_equal(atomic_load(&sunk_bytes), sent);
    close(fd);
}

static void test_timeout(void **state)
{
    (void)state;
    int fd = rig_connect_to(tcp_port(&silence));
    assert_true(rig_closed_within(fd, 3000));
    assert_int_equal(atomic_load(&last_code), DAIS_E_TIMEOUT);
    close(fd);
}

/* Pieces that come within the time are one piece for the reader. */
static void test_input_gathers(void **state)
{
    (void)state;
    int fd = rig_connect_to(tcp_port(&gather));
    for (int i = 0; i < 20; i++) {
        rig_send(fd, "x", 1);
        (void)poll(NULL, 0, 1); /* so that each would be read alone */
    }
    shutdown(fd, SHUT_WR);
    assert_true(rig_closed_within(fd, 5000));
    assert_int_equal(atomic_load(&gathered_bytes), 20);
    assert_true(atomic_load(&gathered_reads) <= 3);
    close(fd);
}

/* A peer that pauses longer than the looks last is waited for, and one that is silent times out. */
static void test_gathering_waits(void **state)
{
    (void)state;
    char heard;
    int fd = rig_connect_to(tcp_port(&lazy));
    for (int i = 0; i < 20; i++) {
        rig_send(fd, "x", 1);
        assert_int_equal(recv(fd, &heard, 1, 0), 1);
        (void)poll(NULL, 0, i); /* the pause that is tested */
    }
    close(fd);
    atomic_store(&last_code, DAIS_OK);
    fd = rig_connect_to(tcp_port(&patient));
    assert_true(rig_closed_within(fd, 3000));
    assert_int_equal(atomic_load(&last_code), DAIS_E_TIMEOUT);
    close(fd);
}

/* From a thread that is no worker, as a job would. */
static void test_close_from_elsewhere(void **state)
{
    (void)state;
    char byte;
    int fd = rig_connect_to(tcp_port(&echo));
    rig_send(fd, "x", 1);
    assert_int_equal(recv(fd, &byte, 1, 0), 1);
    dais_handle conn = atomic_load(&last_conn);
    tcp_close(conn);
    assert_true(rig_closed_within(fd, 3000));
    assert_int_equal(atomic_load(&last_code), DAIS_E_GONE);
    tcp_close(conn); /* stale: ignored */
    close(fd);
}

/* Each worker serves one; the third connection waits until one of them has gone. */
static void test_connections_are_capped(void **state)
{
    (void)state;
    int fds[6];
    char byte;
    for (int i = 0; i < 6; i++) {
        fds[i] = rig_connect_to(tcp_port(&single));
        rig_send(fds[i], "x", 1);
    }
    for (int left = 6; left > 0; left--) {
        struct pollfd polls[6];
        for (int i = 0; i < 6; i++)
            polls[i] = (struct pollfd){fds[i], POLLIN, 0};
        assert_true(poll(polls, 6, 3000) > 0);
        int served = 0;
        while (!(polls[served].revents & POLLIN))
            served++;
        assert_int_equal(recv(fds[served], &byte, 1, 0), 1);
        close(fds[served]);
        fds[served] = -1; /* ignored by poll */
    }
}

/* Whether a connection is served or was closed. */
static bool is_served(int fd)
{
    char byte;
    rig_send(fd, "x", 1);
    return recv(fd, &byte, 1, 0) == 1;
}

/* Until the server has let go of all connections, so that they count for no address any more. */
static void await_nobody(void)
{
    for (int64_t left = 1, tries = 0; left > 0; tries++, (void)poll(NULL, 0, left > 0 ? 5 : 0)) {
        STRBUF_AUTO struct strbuf text;
        strbuf_init(&text, 1u << 20);
        metrics_render(&text);
        left = 0;
        for (const char *c = strbuf_cstr(&text); (c = strstr(c, "\ndais_tcp_connections{")); c++)
            left += strtoll(strchr(c, '}') + 1, NULL, 10);
        assert_true(tries < 2000);
    }
}

/* One address takes what each worker gives to one; when it leaves there is room again. */
static void test_one_address_is_capped(void **state)
{
    (void)state;
    enum { CONNS = WORKERS * PER_ADDRESS + 16 };
    int fds[CONNS];
    uint32_t served = 0;
    for (int i = 0; i < CONNS; i++)
        fds[i] = rig_connect_to(tcp_port(&echo));
    for (int i = 0; i < CONNS; i++)
        served += is_served(fds[i]);
    assert_in_range(served, PER_ADDRESS, WORKERS * PER_ADDRESS);
    for (int i = 0; i < CONNS; i++)
        close(fds[i]);
    bool again = false;
    for (int tries = 0; tries < 500 && !again; tries++) {
        int fd = rig_connect_to(tcp_port(&echo));
        again = is_served(fd);
        close(fd);
    }
    assert_true(again);
    await_nobody();
}

static struct tcp_change *begin(uint32_t plugin, uint32_t generation)
{
    struct tcp_change *change = NULL;
    assert_int_equal(tcp_change_new(server, plugin, generation, &change), DAIS_OK);
    return change;
}

static void add(struct tcp_change *change, const struct dais_listener *row, const char *address)
{
    assert_int_equal(tcp_change_add(change, row, dais_cstr(address)), DAIS_OK);
}

static void apply(void *change)
{
    tcp_change_apply(change);
}

static int32_t follow(void *unused)
{
    (void)unused;
    return tcp_worker_follow(server);
}

static void finish(struct tcp_change *change)
{
    assert_int_equal(workers_park(apply, change, 3000), DAIS_OK);
    for (uint32_t w = 0; w < WORKERS; w++)
        assert_int_equal(worker_call(w, follow, NULL), DAIS_OK);
    tcp_change_free(change);
}

/* Whether somebody takes connections to this port. */
static bool listens(uint32_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    int result = connect(fd, (struct sockaddr *)&address, sizeof address);
    close(fd);
    return result == 0;
}

static void expect_told(int fd, const char *answer)
{
    char heard[2];
    rig_send(fd, "?", 1);
    assert_int_equal(recv(fd, heard, sizeof heard, MSG_WAITALL), sizeof heard);
    assert_memory_equal(heard, answer, sizeof heard);
}

/* A listener changes hands: who is connected stays with the old one, who comes meets the new. */
static void test_change_keeps_sockets(void **state)
{
    (void)state;
    struct tcp_change *change = begin(2, 2);
    uint32_t port = tcp_port(&trade_old), before_opened = opened, before_given_up = given_up;
    int before = rig_connect_to(port);
    expect_told(before, "o1");
    add(change, &trade_new, "127.0.0.1:0");
    finish(change);
    expect_told(before, "o1");
    int after = rig_connect_to(tcp_port(&trade_new));
    expect_told(after, "n2");
    expect_told(before, "o1");
    assert_int_equal(tcp_port(&trade_new), port);
    assert_int_equal(opened, before_opened);
    assert_int_equal(given_up, before_given_up);
    close(before);
    close(after);
}

/* Connections wait from the moment it is added, and are served from the change on. */
static void test_late_listener(void **state)
{
    (void)state;
    struct tcp_change *change = begin(3, 1);
    add(change, &late_old, "127.0.0.1:0");
    assert_int_equal(tcp_port(&late_old), 0);
    finish(change);
    for (int i = 0; i < 8; i++) { /* both workers accept */
        int fd = rig_connect_to(tcp_port(&late_old));
        expect_told(fd, "o1");
        close(fd);
    }
}

static void test_late_listener_moves(void **state)
{
    (void)state;
    uint32_t port = tcp_port(&late_old), before_given_up = given_up;
    int before = rig_connect_to(port);
    expect_told(before, "o1");
    struct tcp_change *change = begin(3, 2);
    add(change, &late_new, "localhost:0");
    add(change, &late_more, "127.0.0.1:0");
    finish(change);
    expect_told(before, "o1");
    assert_false(listens(port));
    int after = rig_connect_to(tcp_port(&late_new));
    expect_told(after, "n2");
    int more = rig_connect_to(tcp_port(&late_more));
    expect_told(more, "n2");
    assert_int_equal(given_up, before_given_up + 1);
    assert_string_equal(last_given_up, "late 127.0.0.1:0");
    close(before);
    close(after);
    close(more);
}

static void test_listener_goes(void **state)
{
    (void)state;
    uint32_t port = tcp_port(&late_new), other = tcp_port(&late_more);
    finish(begin(3, 3));
    assert_false(listens(port));
    assert_false(listens(other));
    assert_int_equal(tcp_port(&late_new), 0);
}

/* Rows are used again: more listeners come and go than there may be at a time. */
static void test_rows_are_used_again(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3 * TCP_LISTENERS_MAX; i++) {
        struct tcp_change *change = begin(3, 4 + i % 5);
        add(change, &late_new, i % 2 ? "127.0.0.1:0" : "localhost:0");
        finish(change);
        int fd = rig_connect_to(tcp_port(&late_new));
        const char answer[3] = {'n', (char)('4' + i % 5), '\0'};
        expect_told(fd, answer);
        shutdown(fd, SHUT_WR);
        assert_true(rig_closed_within(fd, 3000));
        close(fd);
    }
    finish(begin(3, 9));
}

static void test_change_is_taken_back(void **state)
{
    (void)state;
    uint32_t before_given_up = given_up, port = tcp_port(&trade_new);
    struct tcp_change *change = begin(2, 3);
    add(change, &late_old, "127.0.0.1:0");
    add(change, &trade_old, "127.0.0.1:0");
    open_code = DAIS_E_CONFLICT;
    assert_int_equal(tcp_change_add(change, &late_more, dais_cstr("127.0.0.1:1")), DAIS_E_CONFLICT);
    open_code = DAIS_OK;
    tcp_change_free(change);
    assert_int_equal(given_up, before_given_up + 1);
    assert_string_equal(last_given_up, "late 127.0.0.1:0");
    assert_int_equal(tcp_port(&late_old), 0);
    int fd = rig_connect_to(port);
    expect_told(fd, "n2");
    close(fd);
}

static void test_change_is_refused(void **state)
{
    (void)state;
    static const struct dais_listener empty = {"empty", 0, 1, serve_new};
    static const struct dais_listener secure = {"secure", 1, 1, serve_new,
                                                .flags = DAIS_LISTENER_TLS};
    struct dais_str address = dais_cstr("127.0.0.1:0");
    struct tcp_change *change = begin(2, 3);
    assert_int_equal(tcp_change_add(change, &empty, address), DAIS_E_INVALID);
    assert_int_equal(tcp_change_add(change, &secure, address), DAIS_E_UNAVAILABLE);
    add(change, &trade_new, "127.0.0.1:0");
    assert_int_equal(tcp_change_add(change, &trade_new, address), DAIS_E_CONFLICT);
    tcp_change_free(change);
}

static void test_wrong_place(void **state)
{
    (void)state;
    struct dais_str input;
    assert_int_equal(tcp_read(atomic_load(&last_conn), 10, &input), DAIS_E_STATE);
    assert_int_equal(tcp_write(atomic_load(&last_conn), dais_cstr("x")), DAIS_E_STATE);
    assert_null(tcp_peer(atomic_load(&last_conn)).ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_output_outlives_fiber),
        cmocka_unit_test(test_output_is_bounded),
        cmocka_unit_test(test_backpressure),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_input_gathers),
        cmocka_unit_test(test_gathering_waits),
        cmocka_unit_test(test_close_from_elsewhere),
        cmocka_unit_test(test_connections_are_capped),
        cmocka_unit_test(test_one_address_is_capped),
        cmocka_unit_test(test_change_keeps_sockets),
        cmocka_unit_test(test_late_listener),
        cmocka_unit_test(test_late_listener_moves),
        cmocka_unit_test(test_listener_goes),
        cmocka_unit_test(test_rows_are_used_again),
        cmocka_unit_test(test_change_is_taken_back),
        cmocka_unit_test(test_change_is_refused),
        cmocka_unit_test(test_wrong_place),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
