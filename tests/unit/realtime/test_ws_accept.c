/* SPDX-License-Identifier: MIT */
/* RFC 6455 §4.2: which handshakes are accepted, and what the others are told. */
#include "../net/rig.h"

#include "base/check.h"
#include "net/http_detach.h"
#include "net/wire.h"
#include "realtime/ws_accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HOST "Host: test.example\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define GOOD HOST UPGRADE VERSION KEY

static _Atomic int32_t judged;

static void on_upgraded(void *context, struct wire *wire, struct dais_str early)
{
    (void)context;
    (void)early;
    wire_close(wire);
}

static void serve(struct dais_req *req, void *context)
{
    (void)context;
    ws_accept(req, on_upgraded, NULL);
}

/* Only asks, and answers in a form of its own. */
static void serve_check(struct dais_req *req, void *context)
{
    struct ws_refusal refusal = {0, NULL};
    int32_t code = ws_accept_check(req, &refusal);
    (void)context;
    CHECK(code == refusal.error);
    atomic_store(&judged, code);
    CHECK(http_reply(req, 200, "text/plain", dais_cstr("own form")) == DAIS_OK);
}

static void on_gone(struct dais_req *req, void *context)
{
    (void)req;
    (void)context;
}

/* As one does who asks about a token in between. */
static void serve_later(struct dais_req *req, void *context)
{
    (void)context;
    CHECK(http_detach(req, on_gone, NULL) == DAIS_OK);
    if (ws_accept(req, on_upgraded, NULL) != DAIS_OK)
        http_finish(req);
}

static const struct dais_route routes[] = {{.method = NULL}};
static const struct http_endpoint ws = {"/ws", serve, NULL, 0};
static const struct http_endpoint check = {"/check", serve_check, NULL, 0};
static const struct http_endpoint later = {"/later", serve_later, NULL, 0};
static const struct http_endpoint *const endpoints[] = {&ws, &check, &later, NULL};
static const struct dais_str origins[] = {DAIS_STR_INIT("https://page.example")};
static struct rig rig = {.routes = routes,
                         .endpoints = endpoints,
                         .config = {.cors_origins = origins, .cors_origin_count = 1}};

static int start(void **state)
{
    (void)state;
    rig_start(&rig);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rig_stop();
    return 0;
}

static struct rig_answer ask(const char *line, const char *headers)
{
    char text[1024];
    int fd = rig_connect();
    (void)snprintf(text, sizeof text, "%s\r\n%s\r\n", line, headers);
    rig_send(fd, text, strlen(text));
    struct rig_answer answer = rig_read_answer(fd, strncmp(line, "HEAD", 4) == 0);
    if (answer.status == 101)
        assert_true(rig_closed_within(fd, 5000));
    close(fd);
    return answer;
}

static void expect(const char *line, const char *headers, int status)
{
    struct rig_answer answer = ask(line, headers);
    if (answer.status != status)
        fail_msg("%d for %s %s", answer.status, line, headers);
    if (status >= 400 && answer.body_len > 0)
        assert_non_null(strstr(answer.text, "application/problem+json"));
    rig_answer_free(&answer);
}

static void expect_get(const char *headers, int status)
{
    expect("GET /ws HTTP/1.1", headers, status);
    expect("GET /later HTTP/1.1", headers, status);
}

static void expect_header(const struct rig_answer *answer, const char *name, const char *value)
{
    char *found = rig_header(answer, name);
    if (value) {
        assert_non_null(found);
        assert_string_equal(found, value);
    } else {
        assert_null(found);
    }
    free(found);
}

static void test_a_handshake_is_accepted(void **state)
{
    (void)state;
    struct rig_answer answer = ask("GET /ws?token=1 HTTP/1.1",
                                   GOOD "Sec-WebSocket-Protocol: chat\r\n"
                                        "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    assert_int_equal(answer.status, 101);
    expect_header(&answer, "sec-websocket-accept", ACCEPT);
    expect_header(&answer, "upgrade", "websocket");
    expect_header(&answer, "sec-websocket-protocol", NULL);
    expect_header(&answer, "sec-websocket-extensions", NULL);
    rig_answer_free(&answer);
    expect_get(GOOD, 101);
    expect_get(HOST "UPGRADE: x, WebSocket\r\nconnection: keep-alive\r\nconnection: UPGRADE\r\n"
                    "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
               101);
}

static void test_method_is_get(void **state)
{
    (void)state;
    expect("POST /ws HTTP/1.1", GOOD "Content-Length: 0\r\n", 405);
    expect("HEAD /ws HTTP/1.1", GOOD, 405);
    struct rig_answer answer = ask("PUT /ws HTTP/1.1", GOOD "Content-Length: 0\r\n");
    expect_header(&answer, "allow", "GET, OPTIONS");
    rig_answer_free(&answer);
}

static void test_http_1_1_with_host(void **state)
{
    (void)state;
    expect("GET /ws HTTP/1.0", GOOD, 400);
    expect_get(UPGRADE VERSION KEY, 400);
}

static void test_no_websocket_is_told_426(void **state)
{
    (void)state;
    expect_get(HOST, 426);
    expect_get(HOST "Upgrade: websocket\r\n" VERSION KEY, 426);
    expect_get(HOST "Connection: Upgrade\r\n" VERSION KEY, 426);
    expect_get(HOST "Upgrade: websockets\r\nConnection: Upgrade\r\n" VERSION KEY, 426);
    struct rig_answer answer = ask("GET /ws HTTP/1.1", HOST);
    expect_header(&answer, "upgrade", "websocket");
    rig_answer_free(&answer);
}

static void test_version_is_13(void **state)
{
    (void)state;
    expect_get(HOST UPGRADE KEY, 426);
    expect_get(HOST UPGRADE KEY "Sec-WebSocket-Version: 8\r\n", 426);
    expect_get(HOST UPGRADE KEY "Sec-WebSocket-Version: 013\r\n", 426);
    expect_get(HOST UPGRADE KEY VERSION VERSION, 426);
    struct rig_answer answer = ask("GET /ws HTTP/1.1",
                                   HOST UPGRADE KEY "Sec-WebSocket-Version: 7\r\n");
    expect_header(&answer, "sec-websocket-version", "13");
    rig_answer_free(&answer);
}

static void test_key_is_16_bytes_in_base64(void **state)
{
    static const char *const bad[] = {
        "dGhlIHNhbXBsZSBub25jZQ=",   /* too short */
        "dGhlIHNhbXBsZSBub25jZQ===", /* too long */
        "dGhlIHNhbXBsZSBub25jZWU=",  /* 17 bytes */
        "dGhlIHNhbXBsZSBub25jZR==",  /* bits behind the last byte */
        "dGhlIHNhbXBsZSBub25-ZQ==",  /* the other alphabet */
        "dGhlIHNhbXBsZSBub25jZQAA",  /* 18 bytes */
        "",
    };
    char headers[512];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(headers, sizeof headers, HOST UPGRADE VERSION "Sec-WebSocket-Key: %s\r\n",
                       bad[i]);
        expect_get(headers, 400);
    }
    expect_get(HOST UPGRADE VERSION, 400);
    expect_get(GOOD KEY, 400);
}

static void test_origin(void **state)
{
    (void)state;
    expect_get(GOOD "Origin: https://page.example\r\n", 101);
    expect_get(GOOD "Origin: http://test.example\r\n", 101);
    expect_get(GOOD "Origin: https://test.example\r\n", 101);
    expect_get(GOOD "Origin: https://evil.example\r\n", 403);
    expect_get(GOOD "Origin: https://test.example.evil\r\n", 403);
    expect_get(GOOD "Origin: null\r\n", 403);
    expect_get(GOOD "Origin: \r\n", 403);
}

static void test_judging_answers_nothing(void **state)
{
    (void)state;
    expect("GET /check HTTP/1.1", GOOD, 200);
    assert_int_equal(atomic_load(&judged), DAIS_OK);
    struct rig_answer answer = ask("GET /check HTTP/1.1", HOST);
    assert_int_equal(atomic_load(&judged), DAIS_E_UPGRADE);
    assert_string_equal(answer.body, "own form");
    rig_answer_free(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_handshake_is_accepted),
        cmocka_unit_test(test_method_is_get),
        cmocka_unit_test(test_http_1_1_with_host),
        cmocka_unit_test(test_no_websocket_is_told_426),
        cmocka_unit_test(test_version_is_13),
        cmocka_unit_test(test_key_is_16_bytes_in_base64),
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_judging_answers_nothing),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
