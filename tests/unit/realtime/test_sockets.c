/* SPDX-License-Identifier: MIT */
#include "socket_rig.h"

#include "base/clock.h"
#include "realtime/ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define NOTES 100

static void test_events_are_answered(void **state)
{
    (void)state;
    int fd = socket_rig_connect("");
    socket_rig_say(fd, "{\"event\":\"echo\",\"data\":{\"a\":[1,2]},\"id\":1}",
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true,\"data\":{\"a\":[1,2]}}");
    socket_rig_say(fd, "{\"event\":\"fields\",\"data\":{\"n\":7},\"id\":\"x\"}",
                   "{\"event\":\"ack\",\"id\":\"x\",\"ok\":true,\"data\":{\"n\":7}}");
    socket_rig_say(fd, "{\"event\":\"note\",\"data\":{\"n\":2},\"id\":3}",
                   "{\"event\":\"ack\",\"id\":3,\"ok\":true}");
    socket_rig_say(fd, "{\"event\":\"quick\",\"data\":1,\"id\":4}",
                   "{\"event\":\"ack\",\"id\":4,\"ok\":true,\"data\":1}");
    close(fd);
}

/* Whatever goes wrong, a client that waits for an answer gets one. */
static void test_every_failure_is_answered(void **state)
{
    static const struct {
        const char *envelope;
        const char *told[3];
    } rows[] = {
        {"{\"event\":\"nothing\",\"id\":1}", {"\"status\":404", "there is no such event"}},
        {"{\"event\":\"fields\",\"data\":{\"n\":0},\"id\":1}",
         {"\"status\":400", "\"field\":\"n\""}},
        {"{\"event\":\"fields\",\"data\":{\"m\":1},\"id\":1}",
         {"\"status\":400", "\"field\":\"m\""}},
        {"{\"event\":\"fields\",\"id\":1}", {"\"status\":400", "\"field\":\"n\""}},
        {"{\"event\":\"fields\",\"data\":[],\"id\":1}", {"\"status\":400"}},
        {"{\"event\":\"member\",\"id\":1}", {"\"status\":401", "log in"}},
        {"{\"event\":\"admin\",\"id\":1}", {"\"status\":401"}},
        {"{\"event\":\"fail\",\"id\":1}",
         {"\"status\":409", "\"field\":\"seat\"", "\"detail\":\"is taken\""}},
        {"{\"event\":\"broken\",\"id\":1}", {"\"status\":500"}},
        {"{\"event\":\"late\",\"id\":1}", {"\"status\":504"}},
        {"{\"event\":\"out\",\"id\":1}", {"\"status\":503", "crashed too often"}},
        {"{\"event\":\"auth:refresh\",\"data\":{\"token\":\"x\"},\"id\":1}", {"\"status\":409"}},
        {"{\"event\":\"auth\",\"data\":{\"tokens\":\"x\"},\"id\":1}", {"\"field\":\"tokens\""}},
    };
    (void)state;
    socket_rig_limit("event_handler_ms", 300);
    int fd = socket_rig_connect("");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eio_rig_send(fd, rows[i].envelope);
        struct eio_frame frame = eio_rig_read(fd);
        if (strncmp(frame.payload, "{\"event\":\"ack\",\"id\":1,\"ok\":false,\"error\":{", 41) != 0)
            fail_msg("%s: %s", rows[i].envelope, frame.payload);
        for (size_t j = 0; j < 3 && rows[i].told[j]; j++)
            if (!strstr(frame.payload, rows[i].told[j]))
                fail_msg("%s: %s is not in %s", rows[i].envelope, rows[i].told[j], frame.payload);
    }
    close(fd);
}

static void test_without_an_id_errors_are_events(void **state)
{
    (void)state;
    int fd = socket_rig_connect("");
    socket_rig_say_begin(fd, "{\"event\":\"nothing\"}",
                         "{\"event\":\"error\",\"data\":{\"event\":\"nothing\",\"error\":{");
    socket_rig_say_begin(fd, "{\"event\":", "{\"event\":\"error\",\"data\":{");
    eio_rig_send(fd, "{\"event\":\"note\",\"data\":{\"n\":2}}"); /* says nothing */
    socket_rig_say(fd, "{\"event\":\"echo\",\"id\":1}", "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    close(fd);
}

static void test_binary_messages_are_not_taken(void **state)
{
    (void)state;
    int fd = socket_rig_connect("");
    eio_rig_send_binary(fd, "x", 1);
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_UNSUPPORTED);
    close(fd);
}

/* Some handlers take their time; what came behind waits. More comes than the inbox holds. */
static void test_order_is_kept(void **state)
{
    char text[64], expected[1024] = "";
    (void)state;
    int fd = socket_rig_connect("?guest=slow"); /* and the first ones wait for the connect handler
                                                 */
    for (int i = 1; i <= NOTES; i++) {
        (void)snprintf(text, sizeof text, "{\"event\":\"note\",\"data\":{\"n\":%d}%s}", i,
                       i == NOTES ? ",\"id\":1" : "");
        eio_rig_send(fd, text);
        (void)snprintf(text, sizeof text, "%d ", i);
        strncat(expected, text, sizeof expected - strlen(expected) - 1);
    }
    eio_rig_expect_text(fd, "{\"event\":\"welcome\",\"data\":null}");
    eio_rig_expect_text(fd, "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    assert_string_equal(socket_rig_notes(), expected);
    close(fd);
}

/* What was sent before a client left is done, then it is gone. */
static void test_what_was_sent_is_handled_after_the_end(void **state)
{
    (void)state;
    int fd = socket_rig_connect("");
    for (int i = 0; i < 3; i++)
        eio_rig_send(fd, "{\"event\":\"note\",\"data\":{\"n\":1}}");
    close(fd);
    socket_rig_await_gone(1);
    assert_string_equal(socket_rig_notes(), "1 1 1 ");
}

static void test_input_pauses_when_too_much_waits(void **state)
{
    char text[1024];
    (void)state;
    socket_rig_limit("socket_inbox", 2);
    int fd = socket_rig_connect("");
    memset(text, ' ', sizeof text);
    for (int i = 0; i < 60; i++) {
        (void)snprintf(text + 900, sizeof text - 900,
                       "{\"event\":\"note\",\"data\":{\"n\":%d},\"id\":%d}", i % 7 + 1, i);
        eio_rig_send(fd, text);
    }
    for (int i = 0; i < 60; i++) {
        (void)snprintf(text, sizeof text, "{\"event\":\"ack\",\"id\":%d,\"ok\":true}", i);
        eio_rig_expect_text(fd, text);
    }
    close(fd);
}

static void test_rates_are_told_when_to_come_back(void **state)
{
    (void)state;
    int fd = socket_rig_connect("");
    for (int i = 0; i < 3; i++)
        socket_rig_say(fd, "{\"event\":\"count\",\"id\":1}",
                       "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    eio_rig_send(fd, "{\"event\":\"count\",\"id\":2}");
    struct eio_frame frame = eio_rig_read(fd);
    assert_non_null(strstr(frame.payload, "\"status\":429"));
    assert_non_null(strstr(frame.payload, "\"retryAfter\":2"));
    socket_rig_say(fd, "{\"event\":\"echo\",\"id\":3}", "{\"event\":\"ack\",\"id\":3,\"ok\":true}");
    close(fd);
}

static void test_a_flood_ends_the_connection(void **state)
{
    (void)state;
    socket_rig_limit("socket_refusals", 3);
    socket_rig_allow(1, 0);
    int fd = socket_rig_connect("");
    for (int i = 0; i < 4; i++)
        eio_rig_send(fd, "{\"event\":\"nothing\"}");
    for (int i = 0; i < 3; i++)
        sio_rig_expect_begin(fd, "{\"event\":\"error\"");
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_TOO_MANY);
    close(fd);
}

static void test_a_flood_of_what_is_no_message_ends_the_connection(void **state)
{
    (void)state;
    socket_rig_limit("socket_refusals", 3);
    int fd = socket_rig_connect("");
    for (int i = 0; i < 2; i++)
        socket_rig_say_begin(fd, "{", "{\"event\":\"error\"");
    socket_rig_say(fd, "{\"event\":\"echo\",\"id\":1}", "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    for (int i = 0; i < 3; i++)
        eio_rig_send(fd, "{");
    for (int i = 0; i < 2; i++)
        sio_rig_expect_begin(fd, "{\"event\":\"error\"");
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_TOO_MANY);
    close(fd);
}

static void test_handshakes_are_counted(void **state)
{
    (void)state;
    socket_rig_allow(0, 2);
    assert_int_equal(socket_rig_status(""), 101);
    assert_int_equal(socket_rig_status(""), 101);
    int fd = rig_connect();
    struct rig_answer answer = rig_ask(fd, "GET /ws HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\n"
                                           "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    assert_int_equal(answer.status, 429);
    char *header = rig_header(&answer, "retry-after");
    assert_string_equal(header, "2");
    free(header);
    rig_answer_free(&answer);
    close(fd);
}

static void test_an_address_has_so_many_sockets(void **state)
{
    (void)state;
    socket_rig_limit("sockets_per_address", 1);
    int fd = socket_rig_connect("");
    if (socket_rig_workers == 1)
        assert_int_equal(socket_rig_status(""), 429);
    close(fd);
    socket_rig_await_gone(1);
    close(socket_rig_connect(""));
}

static void test_what_is_no_websocket_is_refused(void **state)
{
    (void)state;
    assert_int_equal(rig_status("GET /ws HTTP/1.1\r\nHost: t\r\n\r\n"), 426);
    assert_int_equal(socket_rig_status("?guest=a%20b"), 101); /* told by an event */
    int fd = socket_rig_connect("?guest=a%20b");
    sio_rig_expect_begin(fd, "{\"event\":\"error\",\"data\":{\"event\":\"connect\",\"error\":{");
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_DENIED);
    close(fd);
}

static void test_connect_handlers_refuse(void **state)
{
    (void)state;
    int fd = socket_rig_connect("?guest=bad");
    eio_rig_send(fd, "{\"event\":\"echo\",\"id\":1}");
    struct eio_frame frame = eio_rig_read(fd);
    assert_non_null(strstr(frame.payload, "not you"));
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_DENIED);
    close(fd);
    close(socket_rig_connect(""));
    socket_rig_await_gone(1); /* the other one was never in */
}

/* Nobody comes past a connect handler whose plugin crashed too often. */
static void test_a_guard_that_is_away_lets_nobody_in(void **state)
{
    (void)state;
    atomic_store(&socket_rig_guard.closed, 1);
    int fd = socket_rig_connect("");
    sio_rig_expect_begin(fd, "{\"event\":\"error\",\"data\":{\"event\":\"connect\",\"error\":{");
    close(fd);
    atomic_store(&socket_rig_guard.closed, 0);
    fd = socket_rig_connect("");
    eio_rig_send(fd, "{\"event\":\"echo\",\"id\":1}");
    sio_rig_expect_begin(fd, "{\"event\":\"ack\",\"id\":1,\"ok\":true");
    close(fd);
}

static void test_viewers(void **state)
{
    (void)state;
    int fd = socket_rig_connect("?guest=Kim-1_");
    socket_rig_say(fd, "{\"event\":\"who\",\"id\":1}",
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true,\"data\":\"guest:Kim-1_ 0\"}");
    close(fd);
    fd = socket_rig_connect("");
    socket_rig_say_begin(fd, "{\"event\":\"who\",\"id\":1}",
                         "{\"event\":\"ack\",\"id\":1,\"ok\":true,\"data\":\"socket:");
    close(fd);
}

static void test_resume_is_taken_once(void **state)
{
    static const char found[] = "{\"event\":\"ack\",\"id\":1,\"ok\":true,\"data\":[1,5,12]}";
    static const char none[] = "{\"event\":\"ack\",\"id\":1,\"ok\":true,\"data\":[0,0,0]}";
    (void)state;
    int fd = socket_rig_connect("?resume=%7B%22x:2%22:%7B%22epoch%22:1,%22seq%22:2%7D,"
                                "%22live:%5Cu0031%22:%7B%22epoch%22:5,%22seq%22:12%7D%7D");
    socket_rig_say(fd, "{\"event\":\"resume\",\"id\":1}", found);
    socket_rig_say(fd, "{\"event\":\"resume\",\"id\":1}", none);
    close(fd);
    fd = socket_rig_connect("");
    static char message[1024]; /* no room has such a name, and it would be kept */
    (void)snprintf(message, sizeof message,
                   "{\"event\":\"auth\",\"data\":{\"resume\":{\"live:%0200d\":"
                   "{\"epoch\":1,\"seq\":2}}},\"id\":1}",
                   0);
    eio_rig_send(fd, message);
    assert_non_null(strstr(eio_rig_read(fd).payload, "\"field\":\"resume\""));
    close(fd);
    fd = socket_rig_connect("?resume=1");
    struct eio_frame frame = eio_rig_read(fd);
    assert_non_null(strstr(frame.payload, "\"field\":\"resume\""));
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_DENIED);
    close(fd);
}

/* With several workers the sockets are on different ones. */
static void test_events_reach_others(void **state)
{
    enum { CLIENTS = 6 };
    int fds[CLIENTS];
    (void)state;
    socket_rig_token("a", "anna", DAIS_ROLE_ATTENDEE, 600000);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = socket_rig_connect(i % 2 ? "?token=a" : "");
        socket_rig_say(fds[i], "{\"event\":\"echo\",\"id\":1}",
                       "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    }
    socket_rig_say(fds[0], "{\"event\":\"user\",\"data\":7,\"id\":1}",
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    for (int i = 1; i < CLIENTS; i += 2)
        eio_rig_expect_text(fds[i], "{\"event\":\"told\",\"data\":7}");
    socket_rig_say(fds[2], "{\"event\":\"remember\",\"id\":1}",
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    socket_rig_say(fds[0], "{\"event\":\"other\",\"data\":8,\"id\":1}",
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    eio_rig_expect_text(fds[2], "{\"event\":\"told\",\"data\":8}");
    socket_rig_say(fds[0], "{\"event\":\"all\",\"data\":9,\"id\":1}",
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true}"); /* it is left out */
    for (int i = 1; i < CLIENTS; i++)
        eio_rig_expect_text(fds[i], i == 2 ? "{\"event\":\"t\",\"data\":9}"
                                           : "{\"event\":\"told\",\"data\":9}");
    socket_rig_say(fds[0], "{\"event\":\"kick\",\"id\":1}",
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    assert_int_equal(eio_rig_expect_close(fds[2]), WS_CLOSE_DENIED);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
}

static void test_a_client_is_asked(void **state)
{
    (void)state;
    int asked = socket_rig_connect(""), fd = socket_rig_connect("");
    socket_rig_say(asked, "{\"event\":\"remember\",\"id\":1}",
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    eio_rig_send(fd, "{\"event\":\"ask\",\"data\":{\"q\":1},\"id\":5}");
    eio_rig_expect_text(asked, "{\"event\":\"question\",\"data\":{\"q\":1},\"id\":1}");
    eio_rig_send(asked, "{\"event\":\"ack\",\"id\":1,\"data\":\"yes\"}");
    eio_rig_expect_text(fd, "{\"event\":\"ack\",\"id\":5,\"ok\":true,\"data\":\"yes\"}");
    eio_rig_send(fd, "{\"event\":\"ask\",\"id\":6}");
    eio_rig_expect_text(asked, "{\"event\":\"question\",\"data\":null,\"id\":2}");
    struct eio_frame frame = eio_rig_read(fd); /* it does not answer */
    assert_non_null(strstr(frame.payload, "\"id\":6,\"ok\":false"));
    assert_non_null(strstr(frame.payload, "\"status\":504"));
    eio_rig_send(fd, "{\"event\":\"ask\",\"id\":7}");
    eio_rig_expect_text(asked, "{\"event\":\"question\",\"data\":null,\"id\":3}");
    close(asked);
    frame = eio_rig_read(fd);
    assert_non_null(strstr(frame.payload, "\"status\":410"));
    close(fd);
}

static void test_a_stop_closes_with_1001(void **state)
{
    enum { CLIENTS = 5 };
    int fds[CLIENTS];
    (void)state;
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = socket_rig_connect("");
        socket_rig_say(fds[i], "{\"event\":\"echo\",\"id\":1}",
                       "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    }
    socket_rig_stop();
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(eio_rig_expect_close(fds[i]), WS_CLOSE_GOING_AWAY);
        close(fds[i]);
    }
    assert_int_equal(socket_rig_gone(), CLIENTS);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, socket_rig_setup, socket_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_events_are_answered),
        TEST(test_every_failure_is_answered),
        TEST(test_without_an_id_errors_are_events),
        TEST(test_binary_messages_are_not_taken),
        TEST(test_order_is_kept),
        TEST(test_what_was_sent_is_handled_after_the_end),
        TEST(test_input_pauses_when_too_much_waits),
        TEST(test_rates_are_told_when_to_come_back),
        TEST(test_a_flood_ends_the_connection),
        TEST(test_a_flood_of_what_is_no_message_ends_the_connection),
        TEST(test_handshakes_are_counted),
        TEST(test_an_address_has_so_many_sockets),
        TEST(test_what_is_no_websocket_is_refused),
        TEST(test_connect_handlers_refuse),
        TEST(test_a_guard_that_is_away_lets_nobody_in),
        TEST(test_viewers),
        TEST(test_resume_is_taken_once),
        TEST(test_events_reach_others),
        TEST(test_a_client_is_asked),
        TEST(test_a_stop_closes_with_1001),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    socket_rig_workers = 3;
    return failed + cmocka_run_group_tests_name("three workers", tests, NULL, NULL);
}
