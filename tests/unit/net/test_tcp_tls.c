/* SPDX-License-Identifier: MIT */
/* TLS on listeners of dais.net/1. */
#include "cert.h"
#include "rig.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/str.h"
#include "loop/fiber.h"
#include "loop/park.h"
#include "loop/worker.h"
#include "net/tcp_change.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define WORKERS 2u
#define HANDSHAKE_MS 2000 /* a busy machine has it done by then */
#define LARGE_BYTES (4u << 20)

static struct tcp_server *server;
static struct tls *tls;
static struct cert first;
static _Atomic uint64_t sunk_bytes;
static _Atomic uint32_t served;
static _Atomic int32_t last_code;

static void serve_echo(dais_handle conn)
{
    struct dais_str input;
    atomic_fetch_add(&served, 1);
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

static void serve_sink(dais_handle conn)
{
    struct dais_str input;
    while (tcp_read(conn, 3000, &input) == DAIS_OK)
        atomic_fetch_add(&sunk_bytes, input.len);
}

/* Returns with more in its queue than a socket takes. */
static void serve_farewell(dais_handle conn)
{
    char block[4096];
    int32_t code = DAIS_OK;
    memset(block, 'x', sizeof block);
    for (uint32_t i = 0; code == DAIS_OK && i < LARGE_BYTES / sizeof block; i++)
        code = tcp_write(conn, dais_str(block, sizeof block));
    atomic_store(&last_code, code);
}

static const struct dais_listener echo = {"echo", 100, 1u << 20, serve_echo,
                                          .flags = DAIS_LISTENER_TLS};
static const struct dais_listener sink = {
    "sink", 100, 1024, serve_sink, .gather_ms = 8, .flags = DAIS_LISTENER_TLS};
static const struct dais_listener farewell = {"farewell", 100, LARGE_BYTES, serve_farewell,
                                              .flags = DAIS_LISTENER_TLS};

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

static void test_needs_a_certificate(void)
{
    struct tcp_config config = {.workers = WORKERS, .open_sockets = rig_open_sockets};
    struct dais_str address = dais_cstr("127.0.0.1:0");
    assert_int_equal(tcp_new(&config, &server), DAIS_OK);
    assert_int_equal(tcp_listen(server, 1, 1, &echo, address), DAIS_E_UNAVAILABLE);
    tcp_free(server);
}

static int start(void **state)
{
    static const struct dais_listener *const rows[] = {&echo, &sink, &farewell};
    static const struct worker_events events = {on_start, on_drain, on_stop, NULL};
    struct tcp_config config = {.workers = WORKERS, .open_sockets = rig_open_sockets};
    char message[TLS_MESSAGE_BYTES] = "";
    (void)state;
    random_init();
    cert_open();
    first = cert_write("first", "DNS:a.test", 90);
    const struct tls_pair pair = cert_pair(&first);
    assert_int_equal(limit_set(dais_cstr("tls_handshake_ms"), HANDSHAKE_MS), DAIS_OK);
    /* Half of what fibers have: the handshake runs on them, and overflow ends the process. */
    assert_int_equal(limit_set(dais_cstr("fiber_stack_bytes"), 32768), DAIS_OK);
    assert_int_equal(metrics_init(WORKERS), DAIS_OK);
    test_needs_a_certificate();
    if (tls_new(&pair, 1, message, &tls) != DAIS_OK)
        fail_msg("%s", message);
    config.tls = tls;
    assert_int_equal(tcp_new(&config, &server), DAIS_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(tcp_listen(server, 1, 1, rows[i], dais_cstr("127.0.0.1:0")), DAIS_OK);
    assert_int_equal(tcp_open(server), DAIS_OK);
    assert_int_equal(workers_start(WORKERS, &events), DAIS_OK);
    return 0;
}

/* With a connection in use and one half-way through its handshake. */
static int stop(void **state)
{
    struct client client;
    (void)state;
    int fd = rig_connect_to(tcp_port(&echo));
    rig_send(fd, "\x16\x03\x01\x02", 4);
    assert_true(client_open(&client, tcp_port(&echo), &(struct client_options){0}));
    client_send(&client, "last", 4);
    assert_true(client_expect(&client, "last"));
    uint64_t since_ms = clock_ms();
    assert_int_equal(workers_stop(2000), DAIS_OK);
    assert_true(clock_ms() - since_ms < 1800);
    assert_true(client_ended(&client));
    client_close(&client);
    close(fd);
    tcp_free(server);
    tls_free(tls);
    metrics_fini();
    cert_close();
    return 0;
}

static void say_and_hear(struct client *client, size_t len)
{
    char *said = malloc(len), *heard = malloc(len);
    assert_true(said && heard);
    for (size_t i = 0; i < len; i++)
        said[i] = (char)('a' + i % 26);
    client_send(client, said, len);
    for (size_t have = 0; have < len;) {
        int got = SSL_read(client->ssl, heard + have, (int)(len - have));
        assert_true(got > 0);
        have += (size_t)got;
    }
    assert_memory_equal(heard, said, len);
    free(said);
    free(heard);
}

/* Pieces of less than a record, of several, and of more than the input buffer holds. */
static void test_echo(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    static const size_t sizes[] = {1, 100, 16384, 16385, 65536, 65537, 200000};
    (void)state;
    for (int v = 0; v < 2; v++) {
        struct client client;
        struct client_options options = {.version = versions[v]};
        assert_true(client_open(&client, tcp_port(&echo), &options));
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            say_and_hear(&client, sizes[i]);
        client_close(&client);
    }
}

static void test_input_gathers(void **state)
{
    static char block[100000];
    struct client client;
    (void)state;
    assert_true(client_open(&client, tcp_port(&sink), &(struct client_options){0}));
    for (int i = 0; i < 10; i++)
        client_send(&client, block, sizeof block);
    SSL_shutdown(client.ssl);
    assert_true(client_ended(&client));
    assert_int_equal(atomic_load(&sunk_bytes), 10 * sizeof block);
    client_close(&client);
}

/* All that was queued arrives, however late it is read, and then close_notify. */
static void test_output_outlives_fiber(void **state)
{
    static char block[65536];
    struct client client;
    size_t heard = 0;
    int got;
    (void)state;
    assert_true(client_open(&client, tcp_port(&farewell), &(struct client_options){0}));
    (void)poll(NULL, 0, 50); /* so that the socket's buffers fill up */
    while ((got = SSL_read(client.ssl, block, sizeof block)) > 0)
        heard += (size_t)got;
    assert_int_equal(heard, LARGE_BYTES);
    assert_int_equal(SSL_get_error(client.ssl, got), SSL_ERROR_ZERO_RETURN);
    client_close(&client);
}

static void test_peer_says_goodbye(void **state)
{
    struct client client;
    (void)state;
    atomic_store(&last_code, DAIS_OK);
    assert_true(client_open(&client, tcp_port(&echo), &(struct client_options){0}));
    client_send(&client, "x", 1);
    assert_true(client_expect(&client, "x"));
    SSL_shutdown(client.ssl);
    assert_true(client_ended(&client));
    assert_int_equal(atomic_load(&last_code), DAIS_E_GONE);
    client_close(&client);
}

static void test_damaged_record(void **state)
{
    struct client client;
    size_t len;
    (void)state;
    assert_true(client_open(&client, tcp_port(&echo), &(struct client_options){0}));
    unsigned char *sealed = client_seal(&client, "hello", 5, &len);
    sealed[len - 1] ^= 1;
    rig_send(client.fd, (const char *)sealed, len);
    assert_true(client_ended(&client));
    free(sealed);
    client_close(&client);
}

/* A page that a browser was led to speaks HTTP, and says so before it does. */
static void test_web_clients_are_refused(void **state)
{
    struct client client;
    (void)state;
    struct client_options browser = {.alpn = "h2", .alpn2 = "http/1.1"};
    uint32_t before = atomic_load(&served);
    assert_false(client_open(&client, tcp_port(&echo), &browser));
    client_close(&client);
    assert_int_equal(atomic_load(&served), before);
}

static void expect_end(const char *bytes, size_t len)
{
    uint32_t before = atomic_load(&served);
    int fd = rig_connect_to(tcp_port(&echo));
    rig_send(fd, bytes, len);
    assert_true(rig_closed_within(fd, HANDSHAKE_MS / 2));
    assert_int_equal(atomic_load(&served), before);
    close(fd);
}

static void test_no_handshake(void **state)
{
    static const char plain[] = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
    (void)state;
    expect_end(plain, sizeof plain - 1);
    expect_end("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    expect_end("\x03garbage of RTMP", 16);
}

static void test_slow_handshakes_are_cut_off(void **state)
{
    (void)state;
    uint64_t since_ms = clock_ms();
    int silent = rig_connect_to(tcp_port(&echo));
    int begun = rig_connect_to(tcp_port(&echo));
    rig_send(begun, "\x16\x03\x01\x02\x00\x01", 6);
    assert_true(rig_closed_within(silent, 4 * HANDSHAKE_MS));
    assert_true(rig_closed_within(begun, 4 * HANDSHAKE_MS));
    assert_true(clock_ms() - since_ms >= HANDSHAKE_MS);
    close(silent);
    close(begun);
}

/* Words that come along with the end of the handshake are heard, in one piece or right behind. */
static void test_first_words_are_heard(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct client client;
        struct client_options options = {.corked = i < 2};
        assert_true(client_open(&client, tcp_port(&echo), &options));
        say_and_hear(&client, 10);
        client_close(&client);
    }
}

/* Peers that vanish in the middle leave nothing behind. */
static void test_peers_vanish(void **state)
{
    struct client client;
    (void)state;
    for (int i = 0; i < 50; i++) {
        int fd = rig_connect_to(tcp_port(&echo));
        rig_send(fd, "\x16\x03\x01\x02\x00\x01", 6);
        close(fd);
    }
    assert_true(client_open(&client, tcp_port(&echo), &(struct client_options){0}));
    say_and_hear(&client, 10);
    client_close(&client);
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

static void change_to(const struct dais_listener *listener)
{
    struct tcp_change *change = NULL;
    assert_int_equal(tcp_change_new(server, 2, 1, &change), DAIS_OK);
    assert_int_equal(tcp_change_add(change, listener, dais_cstr("127.0.0.1:0")), DAIS_OK);
    assert_int_equal(workers_park(apply, change, 3000), DAIS_OK);
    for (uint32_t w = 0; w < WORKERS; w++)
        assert_int_equal(worker_call(w, follow, NULL), DAIS_OK);
    tcp_change_free(change);
}

/* One that comes while the server runs; newer code may do without TLS on the same sockets. */
static void test_late_listener(void **state)
{
    static const struct dais_listener secure = {"late", 100, 1u << 20, serve_echo,
                                                .flags = DAIS_LISTENER_TLS};
    static const struct dais_listener plain = {"late", 100, 1u << 20, serve_echo};
    struct client client;
    char byte = 0;
    (void)state;
    change_to(&secure);
    uint32_t port = tcp_port(&secure);
    assert_true(client_open(&client, port, &(struct client_options){0}));
    say_and_hear(&client, 10);
    change_to(&plain);
    say_and_hear(&client, 10);
    client_close(&client);
    assert_int_equal(tcp_port(&plain), port);
    int fd = rig_connect_to(port);
    rig_send(fd, "x", 1);
    assert_int_equal(recv(fd, &byte, 1, 0), 1);
    assert_int_equal(byte, 'x');
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_input_gathers),
        cmocka_unit_test(test_output_outlives_fiber),
        cmocka_unit_test(test_peer_says_goodbye),
        cmocka_unit_test(test_damaged_record),
        cmocka_unit_test(test_web_clients_are_refused),
        cmocka_unit_test(test_no_handshake),
        cmocka_unit_test(test_slow_handshakes_are_cut_off),
        cmocka_unit_test(test_first_words_are_heard),
        cmocka_unit_test(test_peers_vanish),
        cmocka_unit_test(test_late_listener),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
