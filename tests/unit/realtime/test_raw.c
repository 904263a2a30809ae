/* SPDX-License-Identifier: MIT */
/* Endpoints of plugins, over WebSocket and Engine.IO. */
#include "sio_rig.h"

#include "client_frames.h"
#include "realtime/raw_service.h"
#include "realtime/ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_messages_over_a_websocket(void **state)
{
    int fd = sio_rig_upgrade("/plain");
    (void)state;
    eio_rig_send(fd, "hello");
    eio_rig_send_binary(fd, "abc", 3);
    eio_rig_send(fd, "");
    eio_rig_expect_text(fd, "hello");
    sio_rig_expect_binary(fd, "abc");
    eio_rig_expect_text(fd, "");
    close(fd);
    sio_rig_await_gone(1);
}

static void test_messages_over_engine_io(void **state)
{
    int fd = sio_rig_upgrade("/engine/?EIO=4&transport=websocket");
    (void)state;
    sio_rig_expect_begin(fd, "0{\"sid\":");
    eio_rig_send(fd, "4hello");
    eio_rig_send_binary(fd, "abc", 3);
    eio_rig_expect_text(fd, "4hello");
    sio_rig_expect_binary(fd, "abc");
    close(fd);
    sio_rig_await_gone(1);
}

static void test_its_own_end(void **state)
{
    int fd = sio_rig_upgrade("/plain");
    (void)state;
    eio_rig_send(fd, "kick");
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_DENIED);
    fd = sio_rig_upgrade("/engine?EIO=4&transport=websocket");
    sio_rig_expect_begin(fd, "0{\"sid\":");
    eio_rig_send(fd, "4kick");
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_DENIED);
    sio_rig_await_gone(2);
}

static void test_refused_by_its_handler(void **state)
{
    int fd = sio_rig_upgrade("/plain?token=good");
    (void)state;
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_DENIED);
    /* A handler may be quicker than the handshake. */
    fd = sio_rig_upgrade("/engine/?EIO=4&transport=websocket&token=good");
    assert_true(rig_closed_within(fd, 3000));
    close(fd);
}

static void test_a_plain_request_needs_an_upgrade(void **state)
{
    (void)state;
    assert_int_equal(rig_status("GET /plain HTTP/1.1\r\nHost: t\r\n\r\n"), 426);
}

static void test_an_endpoint_is_made_once(void **state)
{
    static const struct dais_endpoint plain = {.path = "/x", .protocol = DAIS_ENDPOINT_WEBSOCKET};
    static const struct dais_endpoint engine = {.path = "/x", .protocol = DAIS_ENDPOINT_ENGINEIO};
    const struct http_endpoint *first, *again, *other;
    (void)state;
    assert_int_equal(raw_endpoint(&plain, &first), DAIS_OK);
    assert_int_equal(raw_endpoint(&plain, &again), DAIS_OK);
    assert_int_equal(raw_endpoint(&engine, &other), DAIS_OK);
    assert_ptr_equal(first, again);
    assert_ptr_not_equal(first, other);
}

static void test_endpoints_are_bounded(void **state)
{
    const struct http_endpoint *endpoint;
    char path[300];
    struct dais_endpoint row = {.path = path, .protocol = DAIS_ENDPOINT_WEBSOCKET};
    int32_t code = DAIS_OK;
    (void)state;
    memset(path, 'a', sizeof path);
    path[299] = '\0';
    assert_int_equal(raw_endpoint(&row, &endpoint), DAIS_E_INVALID);
    for (uint32_t i = 0; i <= RAW_ENDPOINTS_MAX && !code; i++) {
        (void)snprintf(path, sizeof path, "/bound/%u", i);
        code = raw_endpoint(&row, &endpoint);
    }
    assert_int_equal(code, DAIS_E_LIMIT);
}

#define RAW_TEST(test) cmocka_unit_test_setup_teardown(test, sio_rig_setup, sio_rig_teardown)

static int run(uint32_t workers)
{
    const struct CMUnitTest tests[] = {
        RAW_TEST(test_messages_over_a_websocket),
        RAW_TEST(test_messages_over_engine_io),
        RAW_TEST(test_its_own_end),
        RAW_TEST(test_refused_by_its_handler),
        RAW_TEST(test_a_plain_request_needs_an_upgrade),
        cmocka_unit_test(test_an_endpoint_is_made_once),
    };
    eio_rig_workers = workers;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest bounds[] = {cmocka_unit_test(test_endpoints_are_bounded)};
    return run(1) + run(3) + cmocka_run_group_tests(bounds, NULL, NULL);
}
