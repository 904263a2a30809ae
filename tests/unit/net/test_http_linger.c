/* SPDX-License-Identifier: MIT */
/* Refusals reach clients that write before they read, and lingering for them is bounded. */
#include "cert.h"
#include "rig.h"

#include "base/clock.h"
#include "base/limits.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define TRIES 20
#define BODY_BYTES (2u << 20)
#define LINGER_MS 3000 /* in which a busy machine has all of a body written */
#define LINGER_BYTES (4u << 20)
#define LARGE "POST /notes HTTP/1.1\r\nHost: t\r\nContent-Length: 2097152\r\n\r\n"
#define CHUNKED "POST /notes HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"

static struct cert cert;
static char *filler;

static int32_t take(struct dais_req *req, const struct dais_input *input)
{
    (void)input;
    return http_reply(req, 200, "text/plain", dais_cstr("taken"));
}

static const struct dais_route routes[] = {
    {.method = "POST", .path = "/notes", .access = DAIS_ACCESS_PUBLIC, .handler = take},
    {0},
};

static int start(void **state)
{
    static struct rig rig = {.routes = routes};
    (void)state;
    cert_open();
    cert = cert_write("cert", "DNS:a.test", 90);
    const struct tls_pair pairs[] = {cert_pair(&cert)};
    assert_int_equal(limit_set(dais_cstr("http_linger_ms"), LINGER_MS), DAIS_OK);
    assert_int_equal(limit_set(dais_cstr("http_linger_bytes"), LINGER_BYTES), DAIS_OK);
    filler = malloc(LINGER_BYTES);
    assert_non_null(filler);
    memset(filler, 'y', LINGER_BYTES);
    rig.pairs = pairs;
    rig.pair_count = 1;
    rig_start(&rig);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_stop();
    cert_close();
    free(filler);
    return 0;
}

/* All that is asked is written before a byte of the answer is read; a client whose writing fails
 * may well not read at all. */
static void expect_refusal(const char *head, int status)
{
    int fd = rig_connect();
    rig_send(fd, head, strlen(head));
    for (size_t sent = 0; sent < BODY_BYTES;) {
        ssize_t len = send(fd, filler, BODY_BYTES - sent, MSG_NOSIGNAL);
        assert_true(len > 0);
        sent += (size_t)len;
    }
    struct rig_answer answer = rig_read_answer(fd, 0);
    assert_int_equal(answer.status, status);
    char *type = rig_header(&answer, "content-type");
    assert_string_equal(type, "application/problem+json");
    assert_true(rig_closed_within(fd, LINGER_MS / 2));
    free(type);
    rig_answer_free(&answer);
    close(fd);
}

static void test_refusals_arrive(void **state)
{
    (void)state;
    for (int i = 0; i < TRIES; i++) {
        expect_refusal(LARGE, 413);
        expect_refusal(CHUNKED "yyyy\r\n", 400);
        expect_refusal("GARBAGE\r\n\r\n", 400);
    }
}

static void test_refusals_arrive_by_tls(void **state)
{
    (void)state;
    for (int i = 0; i < TRIES; i++) {
        struct client client;
        assert_true(client_open(&client, http_port(rig_server(), 1), &(struct client_options){0}));
        client_send(&client, LARGE, strlen(LARGE));
        client_send(&client, filler, BODY_BYTES);
        assert_true(client_expect(&client, "\"too_large\""));
        client_close(&client);
    }
}

/* Whether the server has closed so that more cannot be written. */
static int is_reset(int fd)
{
    return send(fd, filler, 1, MSG_NOSIGNAL) < 0;
}

static void test_lingering_ends(void **state)
{
    (void)state;
    int fd = rig_connect();
    rig_send(fd, LARGE, strlen(LARGE));
    uint64_t since_ms = clock_ms();
    struct rig_answer answer = rig_read_answer(fd, 0);
    assert_int_equal(answer.status, 413);
    rig_answer_free(&answer);
    assert_true(rig_closed_within(fd, LINGER_MS / 2)); /* its sending side */
    assert_false(is_reset(fd));
    while (!is_reset(fd) && clock_ms() - since_ms < 20 * LINGER_MS)
        poll(NULL, 0, 10);
    assert_in_range(clock_ms() - since_ms, LINGER_MS - 50, 10 * LINGER_MS);
    close(fd);
}

static void test_no_more_than_is_worth_it(void **state)
{
    (void)state;
    int fd = rig_connect();
    uint64_t since_ms = clock_ms();
    rig_send(fd, LARGE, strlen(LARGE));
    for (int i = 0; i < 8; i++)
        rig_send(fd, filler, LINGER_BYTES);
    assert_true(is_reset(fd));
    assert_true(clock_ms() - since_ms < LINGER_MS);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals_arrive),
        cmocka_unit_test(test_refusals_arrive_by_tls),
        cmocka_unit_test(test_lingering_ends),
        cmocka_unit_test(test_no_more_than_is_worth_it),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
