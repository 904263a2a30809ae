/* SPDX-License-Identifier: MIT */
/* Connections that leave HTTP, plain and with TLS: how, who does not, and what is counted. */
#include "echo.h"
#include "peer.h"
#include "rig.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "loop/mail.h"
#include "loop/worker.h"
#include "net/http_detach.h"
#include "net/http_inner.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CONNECTIONS_MAX 16
#define PER_ADDRESS_MAX 8
#define PEER_MS 7000
#define NOT_NOTED UINT32_MAX

static struct cert cert;
static _Atomic uint32_t serving, lost_before;

static int fd_of(const struct dais_req *req)
{
    return http_sweep_fd(req->conn);
}

/* Until the client has reset the connection. */
static void serve_broken(struct dais_req *req, void *context)
{
    struct pollfd polled = {fd_of(req), POLLRDHUP, 0};
    atomic_store(&serving, 1);
    CHECK(poll(&polled, 1, PEER_MS) == 1);
    echo_serve(req, context);
}

/* Until the socket takes no more: the 101 will not go out now. */
static void serve_stuck(struct dais_req *req, void *context)
{
    static const char junk[16384];
    while (send(fd_of(req), junk, sizeof junk, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        ;
    echo_serve(req, context);
}

static void no_gone(struct dais_req *req, void *context)
{
    (void)req;
    (void)context;
    CHECK_MSG(false, "a request that left HTTP has no end");
}

/** A request that waits, until its mail comes. */
struct late {
    struct mail mail;
    struct dais_req *req;
    http_upgraded_fn fn;
};

static void deliver_late(struct mail *mail)
{
    struct late *late = CONTAINER_OF(mail, struct late, mail);
    CHECK(http_upgrade(late->req, "echo", late->fn, NULL) == DAIS_OK);
    mem_free(late);
}

static void serve_late(struct dais_req *req, void *context)
{
    struct late *late = mem_zalloc(1, sizeof *late);
    CHECK(late && http_detach(req, no_gone, NULL) == DAIS_OK);
    *late = (struct late){{.deliver = deliver_late}, req, (http_upgraded_fn)context};
    CHECK(mail_send(worker_index(), &late->mail) == DAIS_OK);
}

static void serve_refused(struct dais_req *req, void *context)
{
    int32_t code = http_upgrade(req, "echo", (http_upgraded_fn)context, NULL);
    CHECK(code == DAIS_OK || http_fail(req, code, NULL, NULL) == DAIS_OK);
}

static int32_t hello(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply(req, 200, "text/plain", dais_cstr("hello"));
}

static const struct dais_route routes[] = {
    {.method = "GET", .path = "/hello", .access = DAIS_ACCESS_PUBLIC, .handler = hello},
    {.method = NULL},
};

static const struct http_endpoint *const endpoints[] = {
    ECHO_ENDPOINT("/echo", echo_serve, echo_begin),
    ECHO_ENDPOINT("/move", echo_serve, echo_move),
    ECHO_ENDPOINT("/broken", serve_broken, echo_begin),
    ECHO_ENDPOINT("/stuck", serve_stuck, echo_begin),
    ECHO_ENDPOINT("/late", serve_late, echo_begin),
    ECHO_ENDPOINT("/refused", serve_refused, echo_begin),
    NULL,
};

/* From here on nothing is told any more. */
static void on_stopping(uint32_t worker)
{
    uint32_t none = NOT_NOTED;
    (void)atomic_compare_exchange_strong(&lost_before, &none, atomic_load(&echo_lost));
    echo_end_all(worker);
}

static struct rig rig = {.routes = routes,
                         .endpoints = endpoints,
                         .config = {.peer_timeout_ms = PEER_MS},
                         .stopping = on_stopping};

static int start(void **state)
{
    (void)state;
    echo_setup();
    cert_open();
    cert = cert_write("first", "DNS:a.test", 90);
    const struct tls_pair pair = cert_pair(&cert);
    rig.pairs = &pair;
    rig.pair_count = 1;
    assert_int_equal(limit_set(dais_cstr("http_connections"), CONNECTIONS_MAX), DAIS_OK);
    assert_int_equal(limit_set(dais_cstr("http_connections_per_address"), PER_ADDRESS_MAX),
                     DAIS_OK);
    rig_start(&rig);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_stop();
    cert_close();
    return 0;
}

static int64_t connections(void)
{
    return metrics_read(rig_server()->metrics + HTTP_METRIC_CONNECTIONS);
}

static void await_connections(int64_t count)
{
    for (int i = 0; i < 500 && connections() != count; i++)
        (void)poll(NULL, 0, 10);
    assert_int_equal(connections(), count);
}

static void await(_Atomic uint32_t *number, uint32_t value)
{
    for (int i = 0; i < 500 && atomic_load(number) < value; i++)
        (void)poll(NULL, 0, 10);
    assert_int_equal(atomic_load(number), value);
}

static void check_early(const char *ask, bool secure, int version)
{
    char text[512];
    struct peer peer;
    peer_open(&peer, secure, version);
    (void)snprintf(text, sizeof text, "%sright behind", ask);
    peer_send(&peer, text, strlen(text));
    peer_upgraded(&peer);
    peer_expect(&peer, "right behind");
    peer_echoes(&peer, "and more");
    peer_close(&peer);
}

static void test_bytes_behind_the_request_come_along(void **state)
{
    (void)state;
    check_early(PEER_ASK("/echo"), false, 0);
    check_early(PEER_ASK("/echo"), true, TLS1_2_VERSION);
    check_early(PEER_ASK("/echo"), true, TLS1_3_VERSION);
}

static void test_a_wire_goes_to_another_worker(void **state)
{
    (void)state;
    atomic_store(&echo_moved, 0);
    check_early(PEER_ASK("/move"), false, 0);
    check_early(PEER_ASK("/move"), true, TLS1_2_VERSION);
    check_early(PEER_ASK("/move"), true, TLS1_3_VERSION);
    assert_int_equal(atomic_load(&echo_moved), 3);
}

static void test_a_detached_request_is_upgraded(void **state)
{
    (void)state;
    check_early(PEER_ASK("/late"), false, 0);
    check_early(PEER_ASK("/late"), true, 0);
}

static void reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
}

static void check_vanished(const char *ask, bool secure)
{
    struct peer peer;
    uint32_t before = atomic_load(&echo_lost);
    atomic_store(&serving, 0);
    peer_open(&peer, secure, 0);
    peer_send(&peer, ask, strlen(ask));
    await(&serving, 1);
    reset(peer.client.fd);
    peer_close(&peer);
    await(&echo_lost, before + 1);
    await_connections(0);
}

static void test_a_client_vanishes_before_the_101(void **state)
{
    (void)state;
    await_connections(0);
    check_vanished(PEER_ASK("/broken"), false);
    check_vanished(PEER_ASK("/broken"), true);
}

static void test_a_client_vanishes_in_the_middle_of_the_101(void **state)
{
    struct pollfd polled = {.events = POLLIN};
    uint32_t before = atomic_load(&echo_lost);
    (void)state;
    await_connections(0);
    polled.fd = rig_connect();
    rig_send(polled.fd, PEER_ASK("/stuck"), strlen(PEER_ASK("/stuck")));
    assert_int_equal(poll(&polled, 1, 5000), 1); /* the socket is being filled */
    await_connections(1);
    reset(polled.fd);
    close(polled.fd);
    await(&echo_lost, before + 1);
    await_connections(0);
}

static void test_clients_that_come_and_go_leave_nothing(void **state)
{
    uint32_t before = atomic_load(&echo_lost) + atomic_load(&echo_served);
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct peer peer;
        const char *ask = i & 2 ? PEER_ASK("/echo") : PEER_ASK("/move");
        peer_open(&peer, i & 1, 0);
        peer_send(&peer, ask, strlen(ask));
        if (i & 4)
            reset(peer.client.fd);
        peer_close(&peer);
    }
    for (int i = 0; i < 500 && atomic_load(&echo_lost) + atomic_load(&echo_served) < before + 40;
         i++)
        (void)poll(NULL, 0, 10);
    assert_in_range(atomic_load(&echo_lost) + atomic_load(&echo_served), before, before + 100);
    await_connections(0);
    check_early(PEER_ASK("/echo"), true, 0);
}

/* More than one address may have, and more than the server takes, as HTTP counts. */
static void test_connections_that_left_are_not_counted(void **state)
{
    struct peer peers[3 * CONNECTIONS_MAX];
    const size_t count = sizeof peers / sizeof peers[0];
    (void)state;
    await_connections(0);
    for (size_t i = 0; i < count; i++) {
        peer_open(&peers[i], i % 2, 0);
        peer_send(&peers[i], PEER_ASK("/echo"), strlen(PEER_ASK("/echo")));
        peer_upgraded(&peers[i]);
        await_connections(0);
    }
    assert_int_equal(rig_status("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n"), 200);
    for (size_t i = 0; i < count; i++) {
        peer_echoes(&peers[i], "still here");
        peer_close(&peers[i]);
    }
}

static void test_options_of_the_socket_stay(void **state)
{
    (void)state;
    atomic_store(&echo_nodelay, 0);
    atomic_store(&echo_user_timeout_ms, 0);
    check_early(PEER_ASK("/echo"), false, 0);
    assert_int_not_equal(atomic_load(&echo_nodelay), 0);
    assert_int_equal(atomic_load(&echo_user_timeout_ms), PEER_MS);
}

static void test_http_1_0_is_not_upgraded(void **state)
{
    (void)state;
    assert_int_equal(rig_status("GET /refused HTTP/1.0\r\nUpgrade: echo\r\n\r\n"), 500);
    check_early(PEER_ASK("/refused"), false, 0);
}

/* RFC 6455 §1.3 */
static void test_websocket_accept_key(void **state)
{
    char accept[HTTP_WEBSOCKET_ACCEPT_BYTES];
    (void)state;
    http_websocket_accept("dGhlIHNhbXBsZSBub25jZQ==", accept);
    assert_memory_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", sizeof accept);
}

/* One whose 101 cannot go out; one that is in use. */
static void test_the_stop_waits_for_no_client(void **state)
{
    struct peer peer;
    struct pollfd polled = {.events = POLLIN};
    start(state);
    atomic_store(&lost_before, NOT_NOTED);
    peer_open(&peer, true, 0);
    peer_send(&peer, PEER_ASK("/echo"), strlen(PEER_ASK("/echo")));
    peer_upgraded(&peer);
    polled.fd = rig_connect();
    rig_send(polled.fd, PEER_ASK("/stuck"), strlen(PEER_ASK("/stuck")));
    assert_int_equal(poll(&polled, 1, 5000), 1);
    await_connections(1);
    stop(state);
    assert_int_equal(atomic_load(&echo_served), 1);
    assert_int_equal(atomic_load(&echo_lost), 1);
    assert_int_equal(atomic_load(&lost_before), 1);
    assert_true(client_ended(&peer.client));
    peer_close(&peer);
    close(polled.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_behind_the_request_come_along),
        cmocka_unit_test(test_a_wire_goes_to_another_worker),
        cmocka_unit_test(test_a_detached_request_is_upgraded),
        cmocka_unit_test(test_a_client_vanishes_before_the_101),
        cmocka_unit_test(test_a_client_vanishes_in_the_middle_of_the_101),
        cmocka_unit_test(test_clients_that_come_and_go_leave_nothing),
        cmocka_unit_test(test_connections_that_left_are_not_counted),
        cmocka_unit_test(test_options_of_the_socket_stay),
        cmocka_unit_test(test_http_1_0_is_not_upgraded),
        cmocka_unit_test(test_websocket_accept_key),
    };
    const struct CMUnitTest stops[] = {cmocka_unit_test(test_the_stop_waits_for_no_client)};
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* as the server does: OpenSSL writes plainly */
        return 1;
    int failed = cmocka_run_group_tests(tests, start, stop);
    return failed + cmocka_run_group_tests(stops, NULL, NULL);
}
