/* SPDX-License-Identifier: MIT */
/* Engine.IO over long polling; every test with one worker and with three. */
#include "eio_rig.h"

#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define UNKNOWN_TRANSPORT "{\"code\":0,\"message\":\"Transport unknown\"}"
#define UNKNOWN_SID "{\"code\":1,\"message\":\"Session ID unknown\"}"
#define BAD_METHOD "{\"code\":2,\"message\":\"Bad handshake method\"}"
#define BAD_REQUEST "{\"code\":3,\"message\":\"Bad request\"}"
#define BAD_VERSION "{\"code\":5,\"message\":\"Unsupported protocol version\"}"
#define POLLING "/socket.io/?EIO=4&transport=polling"

static void pass_ms(int ms)
{
    (void)poll(NULL, 0, ms); /* what is tested is that time passes */
}

/* --- handshake --- */

static void handshake_has_five_keys(void **state)
{
    static const char *const targets[] = {POLLING, "/socket.io?EIO=4&transport=polling",
                                          "/socket.io/?t=abc&streamKey=k%20y&transport=polling&"
                                          "EIO=4&_=17"};
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        char sid[SID_BYTES], expected[256];
        int fd = eio_rig_begin("GET", targets[i], NULL, 0);
        struct rig_answer answer = rig_read_answer(fd, 0);
        char *type = rig_header(&answer, "content-type");
        char *control = rig_header(&answer, "cache-control");
        assert_int_equal(answer.status, 200);
        assert_string_equal(type, "text/plain; charset=UTF-8");
        assert_string_equal(control, "no-store");
        assert_int_equal(sscanf(answer.body, "0{\"sid\":\"%20[A-Za-z0-9_-]\"", sid), 1);
        (void)snprintf(expected, sizeof expected,
                       "0{\"sid\":\"%s\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
                       "\"pingTimeout\":20000,\"maxPayload\":1000000}",
                       sid);
        assert_string_equal(answer.body, expected);
        free(type);
        free(control);
        rig_answer_free(&answer);
        close(fd);
    }
    assert_int_equal(eio_rig_opened(), 3);
}

static void errors_come_in_the_order_of_the_reference(void **state)
{
    static const struct {
        const char *method, *target, *body;
    } rows[] = {
        {"GET", "/socket.io/", UNKNOWN_TRANSPORT},
        {"GET", "/socket.io/?EIO=4", UNKNOWN_TRANSPORT},
        {"POST", "/socket.io/?EIO=4&transport=abc", UNKNOWN_TRANSPORT},
        {"GET", "/socket.io/?EIO=4&transport=webtransport&sid=x", UNKNOWN_TRANSPORT},
        {"GET", POLLING "&sid=abc", UNKNOWN_SID},
        {"POST", POLLING "&sid=AAAAAAAAAAAAAAAAAAAA", UNKNOWN_SID},
        {"PUT", POLLING "&sid=AAAAAAAAAAAAAAAAAAAA", UNKNOWN_SID},
        {"POST", POLLING, BAD_METHOD},
        {"PUT", "/socket.io/?transport=polling", BAD_METHOD},
        {"POST", "/socket.io/?EIO=4&transport=websocket", BAD_METHOD},
        {"GET", "/socket.io/?EIO=4&transport=websocket", BAD_REQUEST},
        {"GET", "/socket.io/?EIO=3&transport=websocket", BAD_REQUEST},
        {"GET", "/socket.io/?transport=polling", BAD_VERSION},
        {"GET", "/socket.io/?EIO=3&transport=polling", BAD_VERSION},
        {"GET", "/socket.io/?EIO=abc&transport=polling&sid=", BAD_VERSION},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        eio_rig_expect(eio_rig_begin(rows[i].method, rows[i].target, NULL, 0), 400, rows[i].body);
    assert_int_equal(eio_rig_opened(), 0);
}

static void a_refused_handshake_is_forbidden(void **state)
{
    (void)state;
    eio_rig_expect(eio_rig_begin("GET", POLLING "&deny=1", NULL, 0), 403,
                   "{\"code\":4,\"message\":\"This is not allowed\"}");
    eio_rig_expect(eio_rig_begin("GET", POLLING "&crowd=1", NULL, 0), 429,
                   "{\"code\":4,\"message\":\"Too many requests\"}");
}

static void sessions_of_an_address_are_counted(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    if (eio_rig_workers > 1)
        return; /* the count is a worker's */
    eio_rig_limit("eio_sessions_per_address", 2);
    eio_rig_open(sid);
    eio_rig_open(sid);
    free(eio_rig_end(eio_rig_begin("GET", POLLING, NULL, 0), 429));
    eio_rig_post(sid, "1", 200, "ok");
    eio_rig_get(sid, 200, "6");
    eio_rig_await_closed(1);
    eio_rig_limit("eio_sessions", 1);
    eio_rig_open(sid);
    free(eio_rig_end(eio_rig_begin("GET", POLLING, NULL, 0), 503));
}

static void a_known_session_takes_get_and_post_alone(void **state)
{
    char sid[SID_BYTES], target[128];
    (void)state;
    eio_rig_open(sid);
    (void)snprintf(target, sizeof target, POLLING "&sid=%s", sid);
    eio_rig_expect(eio_rig_begin("PUT", target, NULL, 0), 400, BAD_REQUEST);
    (void)snprintf(target, sizeof target, "/socket.io/?EIO=4&transport=websocket&sid=%s", sid);
    eio_rig_expect(eio_rig_begin("GET", target, NULL, 0), 400, BAD_REQUEST);
    eio_rig_post(sid, "4still here", 200, "ok");
    eio_rig_get(sid, 200, "4still here");
}

/* --- packets --- */

static void a_get_is_held_until_something_comes(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    for (int i = 0; i < 10; i++) {
        char text[32], packet[40];
        int get = eio_rig_begin_get(sid);
        struct pollfd poller = {get, POLLIN, 0};
        assert_int_equal(poll(&poller, 1, 20), 0);
        (void)snprintf(packet, sizeof packet, "4message %d", i);
        (void)snprintf(text, sizeof text, "4message %d", i);
        eio_rig_post(sid, packet, 200, "ok");
        eio_rig_expect(get, 200, text);
    }
}

static void a_post_is_answered_ok_as_html(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int fd = eio_rig_begin_post(sid, "4x");
    struct rig_answer answer = rig_read_answer(fd, 0);
    char *type = rig_header(&answer, "content-type");
    assert_string_equal(type, "text/html");
    assert_string_equal(answer.body, "ok");
    free(type);
    rig_answer_free(&answer);
    close(fd);
}

static void packets_are_joined(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    eio_rig_post(sid,
                 "4test1\x1e"
                 "4t\xc3\xa9st2\x1e"
                 "3\x1e"
                 "6\x1e"
                 "4test3",
                 200, "ok");
    eio_rig_get(sid, 200,
                "4test1\x1e"
                "4t\xc3\xa9st2\x1e"
                "4test3");
    eio_rig_post(sid,
                 "4\x1e"
                 "bAQIDBA==",
                 200, "ok");
    eio_rig_get(sid, 200,
                "4\x1e"
                "bAQIDBA==");
}

/* It takes several turns, between which others have theirs. */
static void a_body_of_many_packets_is_read_to_its_end(void **state)
{
    char sid[SID_BYTES], body[1024];
    STRBUF_AUTO struct strbuf answer;
    (void)state;
    uint32_t count = 0;
    body[0] = '\0';
    for (size_t len = 0; count < 160; count++)
        len += (size_t)snprintf(body + len, sizeof body - len, "%s4%03u", count ? "\x1e" : "",
                                count);
    eio_rig_open(sid);
    eio_rig_post(sid, body, 200, "ok");
    strbuf_init(&answer, sizeof body);
    for (uint32_t i = 0; i < count; i++) {
        strbuf_addf(&answer, "%s4%03u", i % 16 ? "\x1e" : "", i);
        if (i % 16 != 15)
            continue;
        eio_rig_get(sid, 200, strbuf_cstr(&answer));
        strbuf_clear(&answer);
    }
}

static void sixteen_packets_are_in_one_answer(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    eio_rig_post(sid, "4many", 200, "ok");
    eio_rig_get(sid, 200,
                "400\x1e"
                "401\x1e"
                "402\x1e"
                "403\x1e"
                "404\x1e"
                "405\x1e"
                "406\x1e"
                "407\x1e"
                "408\x1e"
                "409\x1e"
                "410\x1e"
                "411\x1e"
                "412\x1e"
                "413\x1e"
                "414\x1e"
                "415");
    eio_rig_get(sid, 200,
                "416\x1e"
                "417\x1e"
                "418\x1e"
                "419");
}

static void what_is_no_packet_ends_the_session(void **state)
{
    static const char *const bad[] = {"abc",     "2",     "2probe",    "7",
                                      "4ok\x1e", "b!!!!", "4\xff\xfe", ""};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char sid[SID_BYTES];
        eio_rig_open(sid);
        eio_rig_post(sid, bad[i], 400, BAD_REQUEST);
        eio_rig_get(sid, 400, UNKNOWN_SID);
        eio_rig_await_closed((uint32_t)i + 1);
    }
}

static void octets_and_large_bodies_are_refused(void **state)
{
    char sid[SID_BYTES], head[256], *large = calloc(1, 1000002);
    (void)state;
    assert_non_null(large);
    memset(large, 'x', 1000001);
    large[0] = '4';
    eio_rig_open(sid);
    free(eio_rig_end(eio_rig_begin_post(sid, large), 413));
    eio_rig_post(sid, "4here", 200, "ok");
    free(large);
    int fd = rig_connect();
    int bytes = snprintf(head, sizeof head,
                         "POST " POLLING "&sid=%s HTTP/1.1\r\nHost: t\r\n"
                         "Content-Type: application/octet-stream\r\nContent-Length: 2\r\n\r\n4x",
                         sid);
    rig_send(fd, head, (size_t)bytes);
    eio_rig_expect(fd, 400, BAD_REQUEST);
    eio_rig_get(sid, 400, UNKNOWN_SID);
}

/* --- two at a time --- */

static void two_gets_end_the_session(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int first = eio_rig_begin_get(sid);
    pass_ms(100);
    eio_rig_get(sid, 400, BAD_REQUEST);
    eio_rig_expect(first, 200, "1");
    eio_rig_get(sid, 400, UNKNOWN_SID);
    eio_rig_await_closed(1);
}

static void two_posts_end_the_session(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int first = eio_rig_begin_post(sid, "4hold\x1e"
                                        "4behind");
    pass_ms(100);
    eio_rig_post(sid, "4x", 400, BAD_REQUEST);
    eio_rig_expect(first, 400, UNKNOWN_SID);
    eio_rig_get(sid, 400, UNKNOWN_SID);
}

static void a_get_that_is_left_ends_the_session(void **state)
{
    char sids[4][SID_BYTES];
    int fds[4];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        eio_rig_open(sids[i]);
        fds[i] = eio_rig_begin_get(sids[i]);
    }
    pass_ms(100);
    for (size_t i = 0; i < 4; i++)
        close(fds[i]);
    eio_rig_await_closed(4);
    for (size_t i = 0; i < 4; i++)
        eio_rig_get(sids[i], 400, UNKNOWN_SID);
}

static void a_post_behind_a_get_that_was_left_finds_out(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    if (eio_rig_workers > 1)
        return; /* there it is the sweep of the GET's worker */
    eio_rig_open(sid);
    int fd = eio_rig_begin_get(sid);
    pass_ms(100);
    close(fd);
    eio_rig_post(sid, "4x", 400, BAD_REQUEST);
}

/* --- pauses --- */

static void a_paused_session_answers_its_post_late(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    uint64_t before_ms = clock_ms();
    eio_rig_post(sid,
                 "4a\x1e"
                 "4pause\x1e"
                 "4b\x1e"
                 "4pause\x1e"
                 "4c",
                 200, "ok");
    assert_true(clock_ms() - before_ms >= 350);
    eio_rig_get(sid, 200,
                "4a\x1e"
                "4b\x1e"
                "4c");
    assert_int_equal(eio_rig_disturbed(), 0);
}

static void a_post_whose_client_left_is_read_to_its_end(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int fd = eio_rig_begin_post(sid, "4pause\x1e"
                                     "4behind");
    pass_ms(100);
    close(fd);
    eio_rig_get(sid, 200, "4behind");
}

static void bodies_that_wait_are_bounded(void **state)
{
    char sid[SID_BYTES], other[SID_BYTES], *body = calloc(1, 1024);
    (void)state;
    assert_non_null(body);
    if (eio_rig_workers == 1) {
        eio_rig_limit("eio_post_bytes", 1024);
        memset(body, 'x', 1020);
        memcpy(body,
               "4hold\x1e"
               "4",
               7);
        eio_rig_open(sid);
        eio_rig_open(other);
        int fd = eio_rig_begin_post(sid, body);
        pass_ms(100);
        free(eio_rig_end(eio_rig_begin_post(other, "4more"), 503));
        eio_rig_release();
        eio_rig_expect(fd, 200, "ok");
        eio_rig_post(other, "4more", 200, "ok");
    }
    free(body);
}

static void a_client_that_never_polls_is_closed(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    eio_rig_post(sid, "4flood", 200, "ok");
    eio_rig_await_closed(1);
    eio_rig_get(sid, 400, UNKNOWN_SID);
}

/* --- goodbyes --- */

static void a_close_behind_its_get_sends_it_home(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    int get = eio_rig_begin_get(sid);
    pass_ms(100);
    eio_rig_post(sid, "1", 200, "ok");
    eio_rig_expect(get, 200, "6");
    eio_rig_get(sid, 400, UNKNOWN_SID);
    eio_rig_await_closed(1);
}

static void a_close_before_its_get_sends_it_home(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    eio_rig_post(sid,
                 "4dropped\x1e"
                 "1",
                 200, "ok");
    eio_rig_await_closed(1);
    eio_rig_post(sid, "4x", 400, UNKNOWN_SID);
    eio_rig_get(sid, 200, "6");
    eio_rig_get(sid, 400, UNKNOWN_SID);
}

static void the_server_closes_behind_what_waits(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    eio_rig_post(sid,
                 "4first\x1e"
                 "4close\x1e"
                 "4never",
                 200, "ok");
    eio_rig_await_closed(1);
    eio_rig_get(sid, 200,
                "4first\x1e"
                "4bye\x1e"
                "1");
    eio_rig_get(sid, 400, UNKNOWN_SID);
    eio_rig_open(sid);
    int get = eio_rig_begin_get(sid);
    pass_ms(100);
    eio_rig_post(sid, "4close", 200, "ok");
    eio_rig_expect(get, 200,
                   "4bye\x1e"
                   "1");
}

static void a_goodbye_counts_among_the_packets_of_an_answer(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    eio_rig_post(sid,
                 "4many\x1e"
                 "4close",
                 200, "ok");
    free(eio_rig_end(eio_rig_begin_get(sid), 200));
    eio_rig_get(sid, 200,
                "416\x1e"
                "417\x1e"
                "418\x1e"
                "419\x1e"
                "4bye\x1e"
                "1");
    eio_rig_get(sid, 400, UNKNOWN_SID);
}

static void the_stop_answers_what_is_held(void **state)
{
    char sid[SID_BYTES];
    int gets[5];
    for (size_t i = 0; i < 5; i++) {
        eio_rig_open(sid);
        gets[i] = eio_rig_begin_get(sid);
    }
    pass_ms(100);
    eio_rig_teardown(state);
    for (size_t i = 0; i < 5; i++) {
        struct rig_answer answer = rig_read_answer(gets[i], 0);
        assert_true(answer.status == 200 || answer.status == 503);
        rig_answer_free(&answer);
        close(gets[i]);
    }
    eio_rig_setup(state);
}

/* --- heartbeat --- */

static void beat_every(int64_t interval_ms, int64_t timeout_ms)
{
    eio_rig_limit("eio_ping_interval_ms", interval_ms);
    eio_rig_limit("eio_ping_timeout_ms", timeout_ms);
}

static void pongs_keep_a_session(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    beat_every(100, 1000);
    eio_rig_open(sid);
    for (int i = 0; i < 5; i++) {
        eio_rig_get(sid, 200, "2");
        eio_rig_post(sid, "3", 200, "ok");
    }
    eio_rig_post(sid, "4alive", 200, "ok");
    char *body = eio_rig_end(eio_rig_begin_get(sid), 200);
    assert_non_null(strstr(body, "4alive")); /* and the next ping, on a slow machine */
    free(body);
}

static void without_a_pong_it_ends_at_its_time(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    beat_every(150, 400);
    eio_rig_open(sid);
    pass_ms(550);
    eio_rig_get(sid, 400, UNKNOWN_SID);
    eio_rig_open(sid);
    eio_rig_get(sid, 200, "2");
    int get = eio_rig_begin_get(sid);
    eio_rig_expect(get, 200, "1");
    eio_rig_await_closed(2);
}

static void a_pause_is_not_the_clients_silence(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    beat_every(150, 30);
    eio_rig_open(sid);
    eio_rig_post(sid,
                 "4pause\x1e"
                 "3\x1e"
                 "4after",
                 200, "ok");
    char *body = eio_rig_end(eio_rig_begin_get(sid), 200);
    assert_memory_equal(body,
                        "2\x1e"
                        "4after",
                        8);
    free(body);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, eio_rig_setup, eio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(handshake_has_five_keys),
        TEST(errors_come_in_the_order_of_the_reference),
        TEST(a_refused_handshake_is_forbidden),
        TEST(sessions_of_an_address_are_counted),
        TEST(a_known_session_takes_get_and_post_alone),
        TEST(a_get_is_held_until_something_comes),
        TEST(a_post_is_answered_ok_as_html),
        TEST(packets_are_joined),
        TEST(a_body_of_many_packets_is_read_to_its_end),
        TEST(sixteen_packets_are_in_one_answer),
        TEST(what_is_no_packet_ends_the_session),
        TEST(octets_and_large_bodies_are_refused),
        TEST(two_gets_end_the_session),
        TEST(two_posts_end_the_session),
        TEST(a_get_that_is_left_ends_the_session),
        TEST(a_post_behind_a_get_that_was_left_finds_out),
        TEST(a_paused_session_answers_its_post_late),
        TEST(a_post_whose_client_left_is_read_to_its_end),
        TEST(bodies_that_wait_are_bounded),
        TEST(a_client_that_never_polls_is_closed),
        TEST(a_close_behind_its_get_sends_it_home),
        TEST(a_close_before_its_get_sends_it_home),
        TEST(the_server_closes_behind_what_waits),
        TEST(a_goodbye_counts_among_the_packets_of_an_answer),
        TEST(the_stop_answers_what_is_held),
        TEST(pongs_keep_a_session),
        TEST(without_a_pong_it_ends_at_its_time),
        TEST(a_pause_is_not_the_clients_silence),
    };
    int failed = cmocka_run_group_tests_name("one worker", tests, NULL, NULL);
    eio_rig_workers = 3;
    return failed + cmocka_run_group_tests_name("three workers", tests, NULL, NULL);
}
