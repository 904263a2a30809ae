/* SPDX-License-Identifier: MIT */
#include "socket_rig.h"

#include "base/clock.h"
#include "realtime/ws.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define HOUR_MS 3600000
#define WHO "{\"event\":\"who\",\"id\":1}"

static void expect_who(int fd, const char *who)
{
    char answer[128];
    (void)snprintf(answer, sizeof answer,
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true,\"data\":\"%s\"}", who);
    socket_rig_say(fd, WHO, answer);
}

static void test_a_token_is_verified_before_the_101(void **state)
{
    (void)state;
    socket_rig_token("good", "anna", DAIS_ROLE_ADMIN, HOUR_MS);
    assert_int_equal(socket_rig_status("?token=bad"), 401);
    socket_rig_provider(false);
    assert_int_equal(socket_rig_status("?token=good"), 503);
    socket_rig_provider(true);
    int fd = socket_rig_connect("?token=good");
    expect_who(fd, "anna 8");
    socket_rig_say(fd, "{\"event\":\"admin\",\"id\":1}",
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    close(fd);
    fd = rig_connect();
    static const char request[] = "GET /ws HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\n"
                                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                  "Authorization: Bearer good\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    rig_send(fd, request, sizeof request - 1);
    struct rig_answer answer = rig_read_answer(fd, 1);
    assert_int_equal(answer.status, 101);
    rig_answer_free(&answer);
    expect_who(fd, "anna 8");
    close(fd);
}

/* What comes behind the handshake waits for the slow provider. */
static void test_a_slow_provider_keeps_order(void **state)
{
    (void)state;
    socket_rig_token("good", "anna", DAIS_ROLE_SPEAKER, HOUR_MS);
    socket_rig_verify_ms(40);
    int fd = socket_rig_connect("?token=good");
    expect_who(fd, "anna 2");
    int left = rig_connect(); /* a client that does not wait */
    static const char request[] = "GET /ws?token=good HTTP/1.1\r\nHost: t\r\n"
                                  "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                  "Sec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    rig_send(left, request, sizeof request - 1);
    close(left);
    expect_who(fd, "anna 2");
    close(fd);
}

static void test_auth_as_the_first_event(void **state)
{
    (void)state;
    socket_rig_token("good", "anna", DAIS_ROLE_ATTENDEE, HOUR_MS);
    int fd = socket_rig_connect("");
    socket_rig_say_begin(fd, "{\"event\":\"auth\",\"data\":{\"token\":\"good\"},\"id\":1}",
                         "{\"event\":\"ack\",\"id\":1,\"ok\":true,\"data\":{\"expiresAt\":\"20");
    expect_who(fd, "anna 1");
    close(fd);
    fd = socket_rig_connect("");
    socket_rig_say(fd, "{\"event\":\"auth\",\"data\":{\"guest\":\"kim\"},\"id\":1}",
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    expect_who(fd, "guest:kim 0");
    socket_rig_say_begin(fd, "{\"event\":\"auth\",\"data\":{\"token\":\"good\"},\"id\":1}",
                         "{\"event\":\"ack\",\"id\":1,\"ok\":false"); /* too late */
    expect_who(fd, "guest:kim 0");
    close(fd);
}

/* Rooms know whom to remove by who it was when it entered. */
static void test_who_is_in_a_room_stays_who_it_is(void **state)
{
    (void)state;
    socket_rig_token("good", "anna", DAIS_ROLE_ATTENDEE, HOUR_MS);
    int fd = socket_rig_connect("?guest=lobby");
    socket_rig_say_begin(fd, "{\"event\":\"auth\",\"data\":{\"token\":\"good\"},\"id\":1}",
                         "{\"event\":\"ack\",\"id\":1,\"ok\":false");
    expect_who(fd, "guest:lobby 0");
    close(fd);
}

static void test_a_bad_auth_is_the_end(void **state)
{
    (void)state;
    int fd = socket_rig_connect("");
    eio_rig_send(fd, "{\"event\":\"auth\",\"data\":{\"token\":\"bad\"},\"id\":1}");
    struct eio_frame frame = eio_rig_read(fd);
    assert_non_null(strstr(frame.payload, "\"ok\":false"));
    assert_non_null(strstr(frame.payload, "\"status\":401"));
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_DENIED);
    close(fd);
}

/* A connect handler wants a user: the client may log in by its first event, for a while. */
static void test_login_where_handlers_ask_for_it(void **state)
{
    (void)state;
    socket_rig_limit("ws_login_ms", 1000);
    socket_rig_token("good", "anna", DAIS_ROLE_ATTENDEE, HOUR_MS);
    int fd = socket_rig_connect("?guest=shy");
    socket_rig_say_begin(fd, "{\"event\":\"echo\",\"id\":1}",
                         "{\"event\":\"ack\",\"id\":1,\"ok\":false");
    eio_rig_send(fd, "{\"event\":\"auth\",\"data\":{\"token\":\"good\"},\"id\":2}");
    sio_rig_expect_begin(fd, "{\"event\":\"ack\",\"id\":2,\"ok\":true");
    expect_who(fd, "anna 1");
    int idle = socket_rig_connect("?guest=shy");
    assert_int_equal(eio_rig_expect_close(idle), WS_CLOSE_LOGIN_TIMEOUT);
    close(idle);
    expect_who(fd, "anna 1");
    close(fd);
    socket_rig_await_gone(1);
}

static void test_expiry_is_told_then_ends(void **state)
{
    (void)state;
    socket_rig_limit("token_grace_ms", 100);
    socket_rig_token("short", "anna", DAIS_ROLE_ATTENDEE, 1500);
    int fd = socket_rig_connect("?token=short");
    sio_rig_expect_begin(fd, "{\"event\":\"auth:expiring\",\"data\":{\"expiresAt\":\"20");
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_EXPIRED);
    close(fd);
}

static void test_a_refresh_takes_the_token_s_place(void **state)
{
    (void)state;
    socket_rig_limit("token_grace_ms", 1000);
    socket_rig_token("short", "anna", DAIS_ROLE_ATTENDEE, 1100);
    socket_rig_token("long", "anna", DAIS_ROLE_SPEAKER, HOUR_MS);
    socket_rig_token("other", "bert", DAIS_ROLE_ADMIN, HOUR_MS);
    int fd = socket_rig_connect("?token=short");
    sio_rig_expect_begin(fd, "{\"event\":\"auth:expiring\"");
    eio_rig_send(fd, "{\"event\":\"auth:refresh\",\"data\":{\"token\":\"other\"},\"id\":2}");
    struct eio_frame frame = eio_rig_read(fd);
    assert_non_null(strstr(frame.payload, "\"status\":403"));
    socket_rig_say_begin(fd, "{\"event\":\"auth:refresh\",\"data\":{\"token\":\"bad\"},\"id\":2}",
                         "{\"event\":\"ack\",\"id\":2,\"ok\":false");
    expect_who(fd, "anna 1");
    socket_rig_say_begin(fd, "{\"event\":\"auth:refresh\",\"data\":{\"token\":\"long\"},\"id\":2}",
                         "{\"event\":\"ack\",\"id\":2,\"ok\":true,\"data\":{\"expiresAt\":\"20");
    expect_who(fd, "anna 2");
    assert_int_equal(rig_closed_within(fd, 2200), 0); /* the first one would have ended */
    expect_who(fd, "anna 2");
    close(fd);
}

static void test_revoked_sockets_are_closed(void **state)
{
    enum { CLIENTS = 6 };
    int fds[CLIENTS];
    (void)state;
    socket_rig_token("a", "anna", DAIS_ROLE_ATTENDEE, HOUR_MS);
    socket_rig_token("b", "bert", DAIS_ROLE_ATTENDEE, HOUR_MS);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = socket_rig_connect(i % 2 ? "?token=a" : "?token=b");
    for (int i = 0; i < CLIENTS; i++)
        expect_who(fds[i], i % 2 ? "anna 1" : "bert 1");
    socket_rig_token("a", "anna", 0, 0);
    uint64_t before = clock_ms();
    socket_rig_revoke("user:anna");
    for (int i = 1; i < CLIENTS; i += 2) {
        eio_rig_expect_text(fds[i], "{\"event\":\"auth:revoked\",\"data\":{}}");
        assert_int_equal(eio_rig_expect_close(fds[i]), WS_CLOSE_DENIED);
    }
    assert_true(clock_ms() - before < 2500); /* 250 ms on a machine that is not busy */
    for (int i = 0; i < CLIENTS; i += 2)
        expect_who(fds[i], "bert 1");
    socket_rig_token("b", "bert", 0, 0);
    socket_rig_revoke("session:s-b");
    for (int i = 0; i < CLIENTS; i += 2)
        eio_rig_expect_text(fds[i], "{\"event\":\"auth:revoked\",\"data\":{}}");
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
}

static void test_new_roles_count_at_once(void **state)
{
    (void)state;
    socket_rig_token("a", "anna", DAIS_ROLE_ADMIN, HOUR_MS);
    int fd = socket_rig_connect("?token=a");
    socket_rig_say(fd, "{\"event\":\"admin\",\"id\":1}",
                   "{\"event\":\"ack\",\"id\":1,\"ok\":true}");
    socket_rig_token("a", "anna", DAIS_ROLE_ATTENDEE, HOUR_MS);
    socket_rig_verify_ms(30); /* what comes meanwhile waits for the answer */
    socket_rig_revoke("user:anna");
    eio_rig_send(fd, "{\"event\":\"admin\",\"id\":2}");
    struct eio_frame frame = eio_rig_read(fd);
    assert_non_null(strstr(frame.payload, "\"id\":2,\"ok\":false"));
    assert_non_null(strstr(frame.payload, "\"status\":403"));
    expect_who(fd, "anna 1");
    close(fd);
}

static void test_what_cannot_be_verified_is_asked_again(void **state)
{
    (void)state;
    socket_rig_token("a", "anna", DAIS_ROLE_ADMIN, HOUR_MS);
    int fd = socket_rig_connect("?token=a");
    expect_who(fd, "anna 8");
    socket_rig_provider(false);
    socket_rig_revoke("user:anna");
    eio_rig_send(fd, WHO);
    struct eio_frame frame = eio_rig_read(fd);
    assert_non_null(strstr(frame.payload, "\"status\":503"));
    socket_rig_token("a", "anna", 0, 0);
    socket_rig_provider(true);
    eio_rig_expect_text(fd, "{\"event\":\"auth:revoked\",\"data\":{}}");
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_DENIED);
    close(fd);
}

/* Revoked while the provider was asked: it is asked once more. */
static void test_a_revocation_while_a_socket_opens(void **state)
{
    (void)state;
    socket_rig_token("a", "anna", DAIS_ROLE_ADMIN, HOUR_MS);
    int fd = socket_rig_connect("?token=a");
    expect_who(fd, "anna 8");
    uint32_t before = socket_rig_verified();
    socket_rig_verify_ms(50);
    int other = socket_rig_connect("?token=a"); /* its socket asks once more behind the 101 */
    socket_rig_await_verified(before + 2);
    socket_rig_revoke("user:anna");
    expect_who(other, "anna 8");
    expect_who(fd, "anna 8");
    assert_true(socket_rig_verified() >= before + 4); /* handshake, opening, both again */
    close(fd);
    close(other);
}

static void test_verifications_are_bounded(void **state)
{
    enum { CLIENTS = 12 };
    int fds[CLIENTS];
    (void)state;
    socket_rig_limit("token_checks", 2);
    socket_rig_token("a", "anna", DAIS_ROLE_ADMIN, HOUR_MS);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = socket_rig_connect("?token=a");
        expect_who(fds[i], "anna 8");
    }
    socket_rig_verify_ms(5);
    uint32_t before = socket_rig_verified();
    socket_rig_revoke("user:anna");
    for (int i = 0; i < CLIENTS; i++)
        expect_who(fds[i], "anna 8");
    assert_int_equal(socket_rig_verified(), before + CLIENTS);
    assert_true(socket_rig_verified_together() <= 2 * socket_rig_workers);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, socket_rig_setup, socket_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_token_is_verified_before_the_101),
        TEST(test_a_slow_provider_keeps_order),
        TEST(test_auth_as_the_first_event),
        TEST(test_who_is_in_a_room_stays_who_it_is),
        TEST(test_a_bad_auth_is_the_end),
        TEST(test_login_where_handlers_ask_for_it),
        TEST(test_expiry_is_told_then_ends),
        TEST(test_a_refresh_takes_the_token_s_place),
        TEST(test_revoked_sockets_are_closed),
        TEST(test_new_roles_count_at_once),
        TEST(test_what_cannot_be_verified_is_asked_again),
        TEST(test_a_revocation_while_a_socket_opens),
        TEST(test_verifications_are_bounded),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    socket_rig_workers = 3;
    return failed + cmocka_run_group_tests_name("three workers", tests, NULL, NULL);
}
