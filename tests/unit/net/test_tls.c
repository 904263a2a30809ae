/* SPDX-License-Identifier: MIT */
/* HTTPS: versions, names, certificates that change, and what breaks TLS from outside. */
#include "cert.h"
#include "rig.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "loop/fiber.h"
#include "net/http_inner.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define HANDSHAKE_MS 2000 /* a busy machine has it done by then */
#define HELLO "GET /hello HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define BODY_BYTES 20000u

static struct cert first, second;
static _Atomic uint32_t held;
static _Atomic uint32_t broken;

static int32_t hello(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply(req, 200, "text/plain", http_origin(req));
}

static int32_t hold(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    atomic_fetch_add(&held, 1);
    int32_t code = fiber_sleep(150);
    return code == DAIS_OK ? http_reply(req, 200, "text/plain", dais_cstr("held")) : code;
}

static void on_broken(h2o_socket_t *sock, const char *error)
{
    h2o_socket_read_stop(sock);
    if (error)
        atomic_store(&broken, 1);
}

/* Reads on while a request is held, as a WebSocket will, and answers after TLS broke. */
static int32_t stubborn(struct dais_req *req, const struct dais_input *input)
{
    h2o_socket_t *sock = req->h2o->conn->callbacks->get_socket(req->h2o->conn);
    (void)input;
    h2o_socket_read_start(sock, on_broken);
    atomic_fetch_add(&held, 1);
    for (int i = 0; i < 300 && !atomic_load(&broken); i++)
        if (fiber_sleep(10) != DAIS_OK)
            break;
    return http_reply(req, 200, "text/plain", dais_cstr("too late"));
}

static const struct dais_route routes[] = {
    {.method = "GET", .path = "/hello", .access = DAIS_ACCESS_PUBLIC, .handler = hello},
    {.method = "POST", .path = "/hello", .access = DAIS_ACCESS_PUBLIC, .handler = hello},
    {.method = "GET", .path = "/hold", .access = DAIS_ACCESS_PUBLIC, .handler = hold},
    {.method = "GET", .path = "/stubborn", .access = DAIS_ACCESS_PUBLIC, .handler = stubborn},
    {0},
};

static struct rig rig = {.routes = routes};

static int start(void **state)
{
    (void)state;
    cert_open();
    first = cert_write("first", "DNS:a.test", 90);
    second = cert_write("second", "DNS:b.test,DNS:*.c.test", 90);
    const struct tls_pair pairs[] = {cert_pair(&first), cert_pair(&second)};
    assert_int_equal(limit_set(dais_cstr("tls_handshake_ms"), HANDSHAKE_MS), DAIS_OK);
    rig.pairs = pairs;
    rig.pair_count = 2;
    rig_start(&rig);
    return 0;
}

/* With a peer half-way through its handshake, which must not hold the stop up. */
static int stop(void **state)
{
    (void)state;
    int fd = rig_connect_to(http_port(rig_server(), 1));
    rig_send(fd, "\x16\x03\x01\x02", 4);
    uint64_t since_ms = clock_ms();
    rig_stop();
    assert_true(clock_ms() - since_ms < 3000);
    close(fd);
    cert_close();
    return 0;
}

static uint32_t port(void)
{
    return http_port(rig_server(), 1);
}

static void assert_serves(void)
{
    struct client client;
    assert_true(client_open(&client, port(), &(struct client_options){0}));
    client_send(&client, HELLO, strlen(HELLO));
    assert_true(client_expect(&client, "https://a.test"));
    client_close(&client);
}

static void test_versions(void **state)
{
    static const int good[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    static const int bad[] = {TLS1_VERSION, TLS1_1_VERSION};
    struct client client;
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_true(client_open(&client, port(), &(struct client_options){.version = good[i]}));
        client_send(&client, HELLO, strlen(HELLO));
        assert_true(client_expect(&client, "https://a.test"));
        client_close(&client);
        assert_false(client_open(&client, port(), &(struct client_options){.version = bad[i]}));
        client_close(&client);
    }
}

/* Head and body are sealed together; reading gives one record at a time. */
static void test_answer_is_one_record(void **state)
{
    char heard[2048];
    struct client client;
    (void)state;
    assert_true(client_open(&client, port(), &(struct client_options){0}));
    for (int i = 0; i < 3; i++) {
        client_send(&client, HELLO, strlen(HELLO));
        int got = SSL_read(client.ssl, heard, sizeof heard - 1);
        assert_true(got > 0);
        heard[got] = '\0';
        assert_non_null(strstr(heard, "\r\n\r\nhttps://a.test"));
    }
    client_close(&client);
}

/* HTTP/2 is never offered: one connection of it could take a worker's whole time. */
static void test_protocol_is_http_1_1(void **state)
{
    struct client client;
    const unsigned char *chosen;
    unsigned len;
    (void)state;
    struct client_options both = {.alpn = "h2", .alpn2 = "http/1.1"};
    assert_true(client_open(&client, port(), &both));
    SSL_get0_alpn_selected(client.ssl, &chosen, &len);
    assert_int_equal(len, 8);
    assert_memory_equal(chosen, "http/1.1", 8);
    client_close(&client);
    assert_false(client_open(&client, port(), &(struct client_options){.alpn = "h2"}));
    client_close(&client);
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, "
                                           "HTTP2-Settings\r\nUpgrade: h2c\r\n"
                                           "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
    assert_int_equal(answer.status, 200);
    rig_answer_free(&answer);
    close(fd);
}

/* HTTP/2 without asking, over TLS. */
static void test_preface_is_refused(void **state)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    struct client client;
    (void)state;
    assert_true(client_open(&client, port(), &(struct client_options){0}));
    client_send(&client, preface, sizeof preface - 1);
    assert_true(client_expect(&client, "HTTP/1.1 400"));
    client_close(&client);
}

static void expect_shown(const char *asked, const char *shown)
{
    struct client client;
    assert_true(client_open(&client, port(), &(struct client_options){.name = asked}));
    assert_true(client_saw(&client, shown));
    client_close(&client);
}

static void test_names_choose(void **state)
{
    (void)state;
    expect_shown(NULL, "a.test");
    expect_shown("a.test", "a.test");
    expect_shown("b.test", "b.test");
    expect_shown("x.c.test", "b.test");
    expect_shown("x.y.c.test", "a.test");
    expect_shown("unknown.test", "a.test");
}

/* Another certificate takes the place of the first one; who is connected does not notice. */
static void test_reload(void **state)
{
    char message[TLS_MESSAGE_BYTES];
    struct client before;
    (void)state;
    assert_true(client_open(&before, port(), &(struct client_options){0}));
    struct cert other = cert_write("first", "DNS:new.test", 3);
    assert_int_equal(tls_reload(rig_tls(), message), DAIS_OK);
    expect_shown(NULL, "new.test");
    expect_shown("b.test", "b.test");
    client_send(&before, HELLO, strlen(HELLO));
    assert_true(client_expect(&before, "https://a.test"));
    client_close(&before);
    first = cert_write("first", "DNS:a.test", 90);
    assert_string_equal(first.key, other.key);
    assert_int_equal(tls_reload(rig_tls(), message), DAIS_OK);
    expect_shown(NULL, "a.test");
}

static void refuse_reload(const char *reason)
{
    char message[TLS_MESSAGE_BYTES] = "";
    assert_int_equal(tls_reload(rig_tls(), message), DAIS_E_INVALID);
    if (!strstr(message, reason))
        fail_msg("'%s' instead of '%s'", message, reason);
    expect_shown("b.test", "b.test");
}

static void test_broken_pairs_keep_the_old_ones(void **state)
{
    char message[TLS_MESSAGE_BYTES];
    char elsewhere[CERT_PATH_BYTES + 2];
    (void)state;
    cert_spoil(second.certificate, "hello\n");
    refuse_reload("second.pem: holds no certificate in PEM");
    cert_write("second", "DNS:b.test", 90);
    cert_spoil(second.key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    refuse_reload("second.key: ");
    cert_spoil(second.key, "");
    refuse_reload("second.key: holds no private key in PEM");
    snprintf(elsewhere, sizeof elsewhere, "%s.x", second.key);
    assert_int_equal(rename(second.key, elsewhere), 0);
    refuse_reload("second.key: No such file or directory");
    cert_write("second", "DNS:b.test", 90);
    assert_int_equal(rename(elsewhere, second.key), 0);
    assert_int_equal(rename(first.key, elsewhere), 0);
    assert_int_equal(link(elsewhere, first.key), 0);
    struct cert stranger = cert_write("stranger", "DNS:z.test", 90);
    assert_int_equal(rename(stranger.key, second.key), 0);
    refuse_reload("second.key: is not the key of ");
    cert_write("second", "DNS:b.test,DNS:*.c.test", 90);
    assert_int_equal(tls_reload(rig_tls(), message), DAIS_OK);
}

static void test_examine(void **state)
{
    char message[TLS_MESSAGE_BYTES];
    struct tls_facts facts;
    (void)state;
    struct cert ended = cert_write("ended", "DNS:old.test", -1);
    struct tls_pair pair = cert_pair(&ended);
    assert_int_equal(tls_examine(&pair, &facts, message), DAIS_OK);
    int64_t now_s = clock_unix_ms() / 1000;
    assert_in_range(now_s - facts.ends_s, 86390, 86460);
    pair.key = dais_cstr(first.key);
    assert_int_equal(tls_examine(&pair, &facts, message), DAIS_E_INVALID);
}

/* A ticket spares the second handshake its signature, on whichever worker it arrives. */
static void resume(int version)
{
    struct client client;
    struct client_options options = {.version = version};
    assert_true(client_open(&client, port(), &options));
    client_send(&client, HELLO, strlen(HELLO));
    assert_true(client_expect(&client, "https://a.test"));
    options.session = SSL_get1_session(client.ssl);
    client_close(&client);
    for (int i = 0; i < 4; i++) {
        assert_true(client_open(&client, port(), &options));
        assert_true(SSL_session_reused(client.ssl));
        client_close(&client);
    }
    SSL_SESSION_free(options.session);
}

static void test_sessions_resume(void **state)
{
    (void)state;
    resume(TLS1_2_VERSION);
    resume(TLS1_3_VERSION);
}

/* Bug of h2o over libuv: input that filled the buffer to its last byte ended the connection. */
static void test_record_cut_at_the_buffer(void **state)
{
    static const size_t cuts[] = {8191, 8192, 8193, 4096, 16384};
    (void)state;
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct client client;
        static char request[BODY_BYTES + 128];
        size_t sealed_bytes;
        memset(request, 'x', sizeof request);
        int head = snprintf(request, sizeof request,
                            "POST /hello HTTP/1.1\r\nHost: a.test\r\nContent-Length: %u\r\n\r\n",
                            BODY_BYTES);
        request[head] = 'x';
        assert_true(client_open(&client, port(), &(struct client_options){0}));
        unsigned char *sealed = client_seal(&client, request, (size_t)head + BODY_BYTES,
                                            &sealed_bytes);
        rig_send(client.fd, (const char *)sealed, cuts[i]);
        (void)poll(NULL, 0, 30); /* so that the server reads what there is: the cut */
        rig_send(client.fd, (const char *)sealed + cuts[i], sealed_bytes - cuts[i]);
        if (!client_expect(&client, "https://a.test"))
            fail_msg("no answer with a cut at %zu", cuts[i]);
        free(sealed);
        client_close(&client);
    }
}

/* Bug of h2o over libuv: a peer that reset the connection was kept for ever. */
static void test_reset_peers_are_forgotten(void **state)
{
    static const struct linger hard = {.l_onoff = 1};
    int64_t open_conns = 1;
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct client client;
        assert_true(client_open(&client, port(), &(struct client_options){0}));
        assert_int_equal(setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
        client_close(&client);
    }
    for (int i = 0; i < 300 && open_conns > 0; i++) {
        (void)poll(NULL, 0, 10);
        open_conns = metrics_read(rig_server()->metrics + HTTP_METRIC_CONNECTIONS);
    }
    assert_int_equal(open_conns, 0);
}

static void send_damaged(struct client *client)
{
    size_t len;
    unsigned char *sealed = client_seal(client, HELLO, strlen(HELLO), &len);
    sealed[len - 1] ^= 1;
    rig_send(client->fd, (const char *)sealed, len);
    client_uncork(client);
    free(sealed);
}

static void ask_and_wait(struct client *client, const char *request)
{
    uint32_t before = atomic_load(&held);
    assert_true(client_open(client, port(), &(struct client_options){0}));
    client_send(client, request, strlen(request));
    while (atomic_load(&held) == before)
        (void)poll(NULL, 0, 1);
}

/* A damaged record comes while a request is held: the answer goes out, then the connection ends. */
static void test_damaged_record_while_held(void **state)
{
    struct client client;
    (void)state;
    ask_and_wait(&client, "GET /hold HTTP/1.1\r\nHost: a.test\r\n\r\n");
    send_damaged(&client);
    assert_true(client_expect(&client, "held"));
    assert_true(client_ended(&client));
    client_close(&client);
    assert_serves();
}

/* Bug of h2o over libuv: an answer after TLS broke aborted the process. */
static void test_answer_after_damaged_record(void **state)
{
    struct client client;
    (void)state;
    ask_and_wait(&client, "GET /stubborn HTTP/1.1\r\nHost: a.test\r\n\r\n");
    send_damaged(&client);
    assert_true(client_ended(&client));
    assert_int_equal(atomic_load(&broken), 1);
    client_close(&client);
    assert_serves();
}

static void test_damaged_record_at_once(void **state)
{
    struct client client;
    (void)state;
    assert_true(client_open(&client, port(), &(struct client_options){0}));
    send_damaged(&client);
    assert_true(client_ended(&client));
    client_close(&client);
    assert_serves();
}

/* The server reads the end of the handshake and the damaged record at once. */
static void test_damaged_record_with_the_handshake(void **state)
{
    struct client client;
    (void)state;
    uint64_t since_ms = clock_ms();
    assert_true(client_open(&client, port(), &(struct client_options){.corked = 1}));
    send_damaged(&client);
    assert_true(client_ended(&client));
    assert_true(clock_ms() - since_ms < 5000); /* no time-out of a request */
    client_close(&client);
    assert_serves();
}

static void expect_end(const char *bytes, size_t len)
{
    int fd = rig_connect_to(port());
    rig_send(fd, bytes, len);
    assert_true(rig_closed_within(fd, HANDSHAKE_MS / 2));
    close(fd);
}

static void test_no_handshake(void **state)
{
    static const char plain[] = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
    (void)state;
    expect_end(plain, sizeof plain - 1);
    expect_end("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    assert_serves();
}

/* Nothing, or a beginning, and then silence. */
static void test_slow_handshakes_are_cut_off(void **state)
{
    (void)state;
    uint64_t since_ms = clock_ms();
    int silent = rig_connect_to(port());
    int begun = rig_connect_to(port());
    rig_send(begun, "\x16\x03\x01\x02\x00\x01", 6);
    assert_true(rig_closed_within(silent, 4 * HANDSHAKE_MS));
    assert_true(rig_closed_within(begun, 4 * HANDSHAKE_MS));
    assert_true(clock_ms() - since_ms >= HANDSHAKE_MS);
    close(silent);
    close(begun);
    assert_serves();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_answer_is_one_record),
        cmocka_unit_test(test_protocol_is_http_1_1),
        cmocka_unit_test(test_preface_is_refused),
        cmocka_unit_test(test_names_choose),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_broken_pairs_keep_the_old_ones),
        cmocka_unit_test(test_examine),
        cmocka_unit_test(test_sessions_resume),
        cmocka_unit_test(test_record_cut_at_the_buffer),
        cmocka_unit_test(test_reset_peers_are_forgotten),
        cmocka_unit_test(test_damaged_record_while_held),
        cmocka_unit_test(test_answer_after_damaged_record),
        cmocka_unit_test(test_damaged_record_at_once),
        cmocka_unit_test(test_damaged_record_with_the_handshake),
        cmocka_unit_test(test_no_handshake),
        cmocka_unit_test(test_slow_handshakes_are_cut_off),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
