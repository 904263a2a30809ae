/* SPDX-License-Identifier: MIT */
/* Engine.IO over a WebSocket, and the way there; every test with one worker and with three. */
#include "eio_rig.h"

#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define UNKNOWN_SID "{\"code\":1,\"message\":\"Session ID unknown\"}"
#define BAD_REQUEST "{\"code\":3,\"message\":\"Bad request\"}"
#define UPGRADE                                                                                    \
    " HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"                        \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static void pass_ms(int ms)
{
    (void)poll(NULL, 0, ms); /* what is tested is that time passes */
}

/* A handshake by WebSocket. */
static int open_websocket(void)
{
    int fd = eio_rig_websocket(NULL);
    struct eio_frame frame = eio_rig_read(fd);
    assert_int_equal(frame.opcode, 1);
    assert_memory_equal(frame.payload, "0{\"sid\":\"", 9);
    return fd;
}

/* A session that has moved to the WebSocket. */
static int upgrade(const char *sid)
{
    int fd = eio_rig_websocket(sid);
    eio_rig_send(fd, "2probe");
    eio_rig_expect_text(fd, "3probe");
    eio_rig_send(fd, "5");
    return fd;
}

/* --- transport --- */

static void handshake_is_the_first_frame(void **state)
{
    char sid[SID_BYTES], expected[256];
    (void)state;
    int fd = eio_rig_websocket(NULL);
    struct eio_frame frame = eio_rig_read(fd);
    assert_int_equal(sscanf(frame.payload, "0{\"sid\":\"%20[A-Za-z0-9_-]\"", sid), 1);
    (void)snprintf(expected, sizeof expected,
                   "0{\"sid\":\"%s\",\"upgrades\":[],\"pingInterval\":25000,"
                   "\"pingTimeout\":20000,\"maxPayload\":1000000}",
                   sid);
    assert_string_equal(frame.payload, expected);
    eio_rig_get(sid, 400, BAD_REQUEST);
    eio_rig_send(fd, "4unaffected");
    eio_rig_expect_text(fd, "4unaffected");
    close(fd);
    eio_rig_await_closed(1);
    eio_rig_get(sid, 400, UNKNOWN_SID);
}

static void bad_handshakes_get_no_101(void **state)
{
    static const struct {
        const char *target;
        int status;
    } rows[] = {
        {"GET /socket.io/?EIO=4&transport=abc" UPGRADE, 400},
        {"GET /socket.io/?EIO=4&transport=polling" UPGRADE, 400},
        {"GET /socket.io/?transport=websocket" UPGRADE, 400},
        {"GET /socket.io/?EIO=4" UPGRADE, 400},
        {"GET /socket.io/?EIO=abc&transport=websocket" UPGRADE, 400},
        {"GET /socket.io/?EIO=4&transport=websocket&sid=abc" UPGRADE, 400},
        {"GET /socket.io/?EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA" UPGRADE, 400},
        {"GET /socket.io/?EIO=4&transport=websocket&deny=1" UPGRADE, 403},
        {"GET /socket.io/?EIO=4&transport=websocket&crowd=1" UPGRADE, 429},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(rig_status(rows[i].target), rows[i].status);
    assert_int_equal(eio_rig_opened(), 0);
}

static void messages_go_both_ways(void **state)
{
    (void)state;
    int fd = open_websocket();
    eio_rig_send(fd, "4hello");
    eio_rig_expect_text(fd, "4hello");
    eio_rig_send(fd, "4");
    eio_rig_expect_text(fd, "4");
    eio_rig_send_binary(fd, "\1\2\0\4", 4);
    struct eio_frame frame = eio_rig_read(fd);
    assert_int_equal(frame.opcode, 2);
    assert_int_equal(frame.len, 4);
    assert_memory_equal(frame.payload, "\1\2\0\4", 4);
    close(fd);
}

static void what_is_no_packet_closes(void **state)
{
    static const char *const bad[] = {"abc", "2", "7", "bAQID", ""};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int fd = open_websocket();
        eio_rig_send(fd, bad[i]);
        assert_int_equal(eio_rig_expect_close(fd), 1008);
        eio_rig_await_closed((uint32_t)i + 1);
    }
}

static void a_client_says_goodbye(void **state)
{
    (void)state;
    int fd = open_websocket();
    eio_rig_send(fd, "1");
    assert_int_equal(eio_rig_expect_close(fd), 1000);
    eio_rig_await_closed(1);
}

static void the_server_closes_with_its_code(void **state)
{
    (void)state;
    int fd = open_websocket();
    eio_rig_send(fd, "4close");
    eio_rig_send(fd, "4never");
    eio_rig_expect_text(fd, "4bye");
    assert_int_equal(eio_rig_expect_close(fd), 4003);
    eio_rig_await_closed(1);
}

static void a_paused_session_is_not_read(void **state)
{
    (void)state;
    int fd = open_websocket();
    uint64_t before_ms = clock_ms();
    eio_rig_send(fd, "4pause");
    eio_rig_send(fd, "4behind");
    eio_rig_expect_text(fd, "4behind");
    assert_true(clock_ms() - before_ms >= 190);
    assert_int_equal(eio_rig_disturbed(), 0);
    close(fd);
}

static void pings_come_as_text_and_want_a_pong(void **state)
{
    (void)state;
    eio_rig_limit("eio_ping_interval_ms", 100);
    eio_rig_limit("eio_ping_timeout_ms", 600);
    int fd = open_websocket();
    for (int i = 0; i < 4; i++) {
        eio_rig_expect_text(fd, "2");
        eio_rig_send(fd, "3");
    }
    eio_rig_expect_text(fd, "2");
    uint64_t before_ms = clock_ms();
    assert_int_equal(eio_rig_expect_close(fd), 1008);
    assert_in_range(clock_ms() - before_ms, 500, 3000);
    eio_rig_await_closed(1);
}

static void the_stop_tells_them(void **state)
{
    int fd = open_websocket();
    char sid[SID_BYTES];
    eio_rig_open(sid);
    int probe = eio_rig_websocket(sid);
    pass_ms(100);
    eio_rig_teardown(state);
    struct eio_frame frame = eio_rig_read(fd);
    assert_int_equal(frame.opcode, 8);
    assert_memory_equal(frame.payload, "\x03\xe9", 2);
    close(fd);
    close(probe);
    eio_rig_setup(state);
}

/* --- upgrade --- */

static void a_session_moves_to_a_websocket(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int fd = upgrade(sid);
    eio_rig_send(fd, "4hello");
    eio_rig_expect_text(fd, "4hello");
    eio_rig_get(sid, 400, BAD_REQUEST);
    free(eio_rig_end(eio_rig_begin_post(sid, "4x"), 400));
    int second = eio_rig_websocket(sid);
    assert_int_equal(eio_rig_expect_close(second), 1005);
    eio_rig_send(fd, "4unaffected");
    eio_rig_expect_text(fd, "4unaffected");
    assert_int_equal(eio_rig_closed(), 0);
    close(fd);
    eio_rig_await_closed(1);
}

static void polls_are_sent_home_during_an_upgrade(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int get = eio_rig_begin_get(sid);
    pass_ms(100);
    int fd = eio_rig_websocket(sid);
    eio_rig_send(fd, "2probe");
    eio_rig_expect_text(fd, "3probe");
    eio_rig_expect(get, 200, "6");
    eio_rig_get(sid, 200, "6");
    eio_rig_post(sid,
                 "4one\x1e"
                 "4two",
                 200, "ok");
    eio_rig_get(sid, 200, "6");
    eio_rig_send(fd, "4early");
    assert_int_equal(eio_rig_expect_close(fd), 1008); /* not yet its transport */
    eio_rig_get(sid, 200,
                "4one\x1e"
                "4two");
}

static void what_waits_goes_out_in_order(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int fd = eio_rig_websocket(sid);
    eio_rig_send(fd, "2probe");
    eio_rig_expect_text(fd, "3probe");
    eio_rig_post(sid,
                 "4one\x1e"
                 "4two",
                 200, "ok");
    eio_rig_post(sid, "4three", 200, "ok");
    eio_rig_send(fd, "5");
    eio_rig_send(fd, "4four");
    eio_rig_expect_text(fd, "4one");
    eio_rig_expect_text(fd, "4two");
    eio_rig_expect_text(fd, "4three");
    eio_rig_expect_text(fd, "4four");
    close(fd);
}

static void a_post_that_waits_comes_before_the_websocket(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int post = eio_rig_begin_post(sid, "4hold\x1e"
                                       "4first");
    pass_ms(100);
    int fd = upgrade(sid);
    eio_rig_send(fd, "4second");
    pass_ms(100);
    eio_rig_release();
    eio_rig_expect_text(fd, "4first");
    eio_rig_expect_text(fd, "4second");
    eio_rig_expect(post, 200, "ok");
    assert_int_equal(eio_rig_disturbed(), 0);
    close(fd);
}

static void a_post_that_waits_may_end_the_session(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int post = eio_rig_begin_post(sid, "4hold\x1e"
                                       "4close\x1e"
                                       "4never");
    pass_ms(100);
    int fd = upgrade(sid);
    pass_ms(100);
    eio_rig_release();
    eio_rig_expect_text(fd, "4bye");
    assert_int_equal(eio_rig_expect_close(fd), 4003);
    eio_rig_expect(post, 200, "ok");
    eio_rig_await_closed(1);
}

static void five_without_a_probe_sends_the_poll_home(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int get = eio_rig_begin_get(sid);
    pass_ms(100);
    int fd = eio_rig_websocket(sid);
    eio_rig_send(fd, "5");
    eio_rig_expect(get, 200, "6");
    eio_rig_send(fd, "4x");
    eio_rig_expect_text(fd, "4x");
    close(fd);
}

static void an_upgrade_has_its_time(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_limit("eio_upgrade_ms", 500);
    eio_rig_open(sid);
    int fd = eio_rig_websocket(sid);
    eio_rig_send(fd, "2probe");
    eio_rig_expect_text(fd, "3probe");
    assert_int_equal(eio_rig_expect_close(fd), 1008);
    eio_rig_post(sid, "4polls on", 200, "ok");
    eio_rig_get(sid, 200, "4polls on");
    fd = upgrade(sid); /* and may try again */
    eio_rig_send(fd, "4x");
    eio_rig_expect_text(fd, "4x");
    close(fd);
}

static void a_second_probe_is_closed(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int first = eio_rig_websocket(sid);
    eio_rig_send(first, "2probe");
    eio_rig_expect_text(first, "3probe");
    assert_int_equal(eio_rig_expect_close(eio_rig_websocket(sid)), 1005);
    eio_rig_send(first, "5");
    eio_rig_send(first, "4x");
    eio_rig_expect_text(first, "4x");
    close(first);
}

static void a_session_takes_its_probe_along(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int fd = eio_rig_websocket(sid);
    eio_rig_send(fd, "2probe");
    eio_rig_expect_text(fd, "3probe");
    eio_rig_post(sid, "1", 200, "ok");
    assert_int_equal(eio_rig_expect_close(fd), 1000);
    eio_rig_await_closed(1);
    eio_rig_open(sid);
    fd = eio_rig_websocket(sid);
    eio_rig_send(fd, "2probe");
    eio_rig_expect_text(fd, "3probe");
    close(fd); /* a probe that is lost is no harm */
    pass_ms(100);
    eio_rig_post(sid, "4x", 200, "ok");
    eio_rig_get(sid, 200, "4x");
}

static void many_upgrades_find_their_sessions(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        char sid[SID_BYTES];
        eio_rig_open(sid);
        int fd = upgrade(sid);
        eio_rig_send(fd, "4later");
        eio_rig_send(fd, "4now");
        eio_rig_expect_text(fd, "4now");
        close(fd);
    }
    eio_rig_await_closed(30);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, eio_rig_setup, eio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(handshake_is_the_first_frame),
        TEST(bad_handshakes_get_no_101),
        TEST(messages_go_both_ways),
        TEST(what_is_no_packet_closes),
        TEST(a_client_says_goodbye),
        TEST(the_server_closes_with_its_code),
        TEST(a_paused_session_is_not_read),
        TEST(pings_come_as_text_and_want_a_pong),
        TEST(the_stop_tells_them),
        TEST(a_session_moves_to_a_websocket),
        TEST(polls_are_sent_home_during_an_upgrade),
        TEST(what_waits_goes_out_in_order),
        TEST(a_post_that_waits_comes_before_the_websocket),
        TEST(a_post_that_waits_may_end_the_session),
        TEST(five_without_a_probe_sends_the_poll_home),
        TEST(an_upgrade_has_its_time),
        TEST(a_second_probe_is_closed),
        TEST(a_session_takes_its_probe_along),
        TEST(many_upgrades_find_their_sessions),
    };
    int failed = cmocka_run_group_tests_name("one worker", tests, NULL, NULL);
    eio_rig_workers = 3;
    return failed + cmocka_run_group_tests_name("three workers", tests, NULL, NULL);
}
