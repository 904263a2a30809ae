/* SPDX-License-Identifier: MIT */
/* The bytes of connections that left HTTP: in both directions, with TLS and without. */
#include "echo.h"
#include "peer.h"
#include "rig.h"

#include "base/check.h"
#include "base/mem.h"
#include "net/wire.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define MASS_BYTES 65536u
#define POUR_BYTES (2u << 20)
#define BUFFER_BYTES 65536

/** A connection that says the same pattern over and over. */
struct pour {
    struct wire *wire;
    size_t poured;
    uint32_t refused; /* how often nothing was taken */
};

static struct cert cert;
static _Atomic uint32_t pauses, filled, told;
static char pattern[8192];

static void end_pour(struct pour *pour)
{
    wire_close(pour->wire);
    mem_free(pour);
}

static void on_poured(void *arg, uint32_t events)
{
    struct pour *pour = arg;
    char scrap[16];
    if ((events & POLL_ERROR) || wire_read(pour->wire, scrap, sizeof scrap) >= 0 || errno != EAGAIN)
        end_pour(pour);
}

/* After a refusal other lengths are offered than before. */
static void run_pour(void *arg, uint32_t events)
{
    struct pour *pour = arg;
    while (!(events & POLL_ERROR) && pour->poured < POUR_BYTES) {
        size_t from = pour->poured % sizeof pattern;
        size_t most = sizeof pattern - from;
        size_t first = most < 100 ? most : 100 - pour->refused % 90;
        size_t second = (most - first) / (1 + pour->refused % 3);
        struct iovec pieces[] = {{pattern + from, first}, {pattern + from + first, second}};
        ssize_t done = wire_write(pour->wire, pieces, 2);
        if (done >= 0) {
            pour->poured += (size_t)done;
            continue;
        }
        if (errno != EAGAIN)
            break;
        pour->refused++;
        atomic_fetch_add(&pauses, 1);
        CHECK(wire_watch(pour->wire, POLL_WRITABLE, run_pour, pour) == DAIS_OK);
        return;
    }
    if (pour->poured < POUR_BYTES || wire_watch(pour->wire, POLL_READABLE, on_poured, pour))
        end_pour(pour);
}

/* Nothing but input is asked for any more, yet what was taken goes out. */
static void on_filled(void *arg, uint32_t events)
{
    atomic_fetch_or(&told, events);
    on_poured(arg, events);
}

/* Stops at the first refusal. */
static void on_fill(void *context, struct wire *wire, struct dais_str early)
{
    struct pour *pour = mem_zalloc(1, sizeof *pour);
    (void)context;
    (void)early;
    CHECK(wire && pour);
    pour->wire = wire;
    for (ssize_t done = 0; done >= 0; pour->poured += (size_t)done) {
        size_t from = pour->poured % sizeof pattern;
        struct iovec piece = {pattern + from, sizeof pattern - from};
        done = wire_write(wire, &piece, 1);
        if (done < 0)
            break;
    }
    CHECK(errno == EAGAIN && wire_watch(wire, POLL_READABLE, on_filled, pour) == DAIS_OK);
    atomic_store(&filled, (uint32_t)pour->poured);
}

static void on_pour(void *context, struct wire *wire, struct dais_str early)
{
    (void)context;
    (void)early;
    if (!wire)
        return;
    struct pour *pour = mem_zalloc(1, sizeof *pour);
    CHECK(pour);
    pour->wire = wire;
    int small = BUFFER_BYTES;
    CHECK(setsockopt(wire_fd(wire), SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    run_pour(pour, 0);
}

static const struct dais_route routes[] = {{.method = NULL}};

static const struct http_endpoint *const endpoints[] = {
    ECHO_ENDPOINT("/echo", echo_serve, echo_begin),
    ECHO_ENDPOINT("/move", echo_serve, echo_move),
    ECHO_ENDPOINT("/pour", echo_serve, on_pour),
    ECHO_ENDPOINT("/fill", echo_serve, on_fill),
    NULL,
};

static struct rig rig = {.routes = routes, .endpoints = endpoints, .stopping = echo_end_all};

static int start(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (char)(i * 7 + i / 256);
    cert_open();
    cert = cert_write("first", "DNS:a.test", 90);
    const struct tls_pair pair = cert_pair(&cert);
    rig.pairs = &pair;
    rig.pair_count = 1;
    echo_setup();
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

/* OpenSSL has read the begin of a record when its state changes hands. */
static void check_cut(size_t behind, const char *ask)
{
    struct peer peer;
    size_t len, more;
    peer_open(&peer, true, 0);
    unsigned char *first = client_seal(&peer.client, ask, strlen(ask), &len);
    unsigned char *second = client_seal(&peer.client, "cut in two", 10, &more);
    unsigned char *both = malloc(len + more);
    assert_non_null(both);
    memcpy(both, first, len);
    memcpy(both + len, second, more);
    rig_send(peer.client.fd, (char *)both, len + behind);
    peer_upgraded(&peer);
    rig_send(peer.client.fd, (char *)both + len + behind, more - behind);
    peer_expect(&peer, "cut in two");
    peer_echoes(&peer, "whole");
    free(first);
    free(second);
    free(both);
    peer_close(&peer);
}

static void test_a_record_that_is_cut_arrives(void **state)
{
    (void)state;
    for (size_t behind = 1; behind < 24; behind += 2) {
        check_cut(behind, PEER_ASK("/echo"));
        check_cut(behind, PEER_ASK("/move"));
    }
}

static void check_mass(bool secure, const char *ask)
{
    static char said[MASS_BYTES], heard[MASS_BYTES];
    struct peer peer;
    for (size_t i = 0; i < sizeof said; i++)
        said[i] = (char)(i * 31 + i / 999);
    peer_open(&peer, secure, 0);
    peer_send(&peer, ask, strlen(ask));
    peer_upgraded(&peer);
    for (int i = 0; i < 40; i++) {
        peer_send(&peer, said, sizeof said);
        peer_read(&peer, heard, sizeof heard);
        assert_memory_equal(said, heard, sizeof said);
    }
    peer_close(&peer);
}

static void test_much_goes_both_ways(void **state)
{
    (void)state;
    check_mass(false, PEER_ASK("/echo"));
    check_mass(true, PEER_ASK("/echo"));
    check_mass(true, PEER_ASK("/move"));
}

static void check_pour(bool secure)
{
    static char heard[sizeof pattern];
    struct peer peer;
    peer_open(&peer, secure, 0);
    int small = BUFFER_BYTES;
    assert_int_equal(setsockopt(peer.client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    atomic_store(&pauses, 0);
    peer_send(&peer, PEER_ASK("/pour"), strlen(PEER_ASK("/pour")));
    peer_upgraded(&peer);
    for (int i = 0; i < 500 && atomic_load(&pauses) == 0; i++)
        (void)poll(NULL, 0, 10);
    assert_true(atomic_load(&pauses) > 0);
    for (size_t have = 0; have < POUR_BYTES; have += sizeof heard) {
        peer_read(&peer, heard, sizeof heard);
        assert_memory_equal(heard, pattern, sizeof heard);
    }
    peer_close(&peer);
}

static void test_a_slow_reader_gets_all_that_was_taken(void **state)
{
    (void)state;
    check_pour(false);
    check_pour(true);
}

static void check_filled(bool secure)
{
    static char heard[sizeof pattern];
    struct peer peer;
    atomic_store(&filled, 0);
    atomic_store(&told, 0);
    peer_open(&peer, secure, 0);
    peer_send(&peer, PEER_ASK("/fill"), strlen(PEER_ASK("/fill")));
    peer_upgraded(&peer);
    for (int i = 0; i < 500 && atomic_load(&filled) == 0; i++)
        (void)poll(NULL, 0, 10);
    uint32_t left = atomic_load(&filled);
    assert_true(left > 0);
    while (left > 0) {
        size_t some = left < sizeof heard ? left : sizeof heard;
        peer_read(&peer, heard, some);
        assert_memory_equal(heard, pattern, some);
        left -= (uint32_t)some;
    }
    assert_int_equal(atomic_load(&told) & POLL_WRITABLE, 0);
    peer_close(&peer);
}

static void test_what_was_taken_goes_out_by_itself(void **state)
{
    (void)state;
    check_filled(false);
    check_filled(true);
}

/* The client ends first; its close_notify is answered by ours, and nothing said it before. */
static void test_tls_ends_in_order(void **state)
{
    struct peer peer;
    char scrap[16];
    (void)state;
    peer_open(&peer, true, 0);
    peer_send(&peer, PEER_ASK("/echo"), strlen(PEER_ASK("/echo")));
    peer_upgraded(&peer);
    peer_echoes(&peer, "words");
    assert_int_equal(SSL_get_shutdown(peer.client.ssl), 0);
    assert_int_equal(SSL_shutdown(peer.client.ssl), 0);
    int got = SSL_read(peer.client.ssl, scrap, sizeof scrap);
    assert_int_equal(SSL_get_error(peer.client.ssl, got), SSL_ERROR_ZERO_RETURN);
    peer_close(&peer);
}

static void test_broken_tls_ends_the_wire(void **state)
{
    struct peer peer;
    (void)state;
    peer_open(&peer, true, 0);
    peer_send(&peer, PEER_ASK("/echo"), strlen(PEER_ASK("/echo")));
    peer_upgraded(&peer);
    rig_send(peer.client.fd, "\x17\x03\x03\x00\x20 this is no record of TLS at all.", 37);
    assert_true(rig_closed_within(peer.client.fd, 5000));
    client_close(&peer.client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_that_is_cut_arrives),
        cmocka_unit_test(test_much_goes_both_ways),
        cmocka_unit_test(test_a_slow_reader_gets_all_that_was_taken),
        cmocka_unit_test(test_what_was_taken_goes_out_by_itself),
        cmocka_unit_test(test_tls_ends_in_order),
        cmocka_unit_test(test_broken_tls_ends_the_wire),
    };
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* as the server does: OpenSSL writes plainly */
        return 1;
    return cmocka_run_group_tests(tests, start, stop);
}
