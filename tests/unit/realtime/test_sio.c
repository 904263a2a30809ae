/* SPDX-License-Identifier: MIT */
/* Clients of Socket.IO over a WebSocket and by polling. */
#include "sio_rig.h"

#include "base/limits.h"
#include "client_frames.h"
#include "realtime/ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BACK(args) "42[\"message-back\"," args "]"

/* --- CONNECT --- */

static void test_connect(void **state)
{
    int fd = sio_rig_session("");
    (void)state;
    eio_rig_send(fd, "40");
    sio_rig_expect_begin(fd, "40{\"sid\":\"");
    eio_rig_expect_text(fd, "42[\"auth\",{}]");
    close(fd);
    sio_rig_await_gone(1);
}

static void test_connect_with_auth_payload(void **state)
{
    int fd = sio_rig_session("");
    (void)state;
    eio_rig_send(fd, "40{\"a\":[1, 2]}");
    sio_rig_expect_begin(fd, "40{\"sid\":\"");
    eio_rig_expect_text(fd, "42[\"auth\",{\"a\":[1, 2]}]");
    close(fd);
}

static void test_public_id_is_not_the_sid(void **state)
{
    int fd = sio_rig_upgrade("/socket.io/?EIO=4&transport=websocket");
    char sid[32], id[32];
    (void)state;
    struct eio_frame frame = eio_rig_read(fd);
    assert_int_equal(sscanf(frame.payload, "0{\"sid\":\"%20[A-Za-z0-9_-]\"", sid), 1);
    eio_rig_send(fd, "40");
    frame = eio_rig_read(fd);
    assert_int_equal(sscanf(frame.payload, "40{\"sid\":\"%20[A-Za-z0-9_-]\"}", id), 1);
    assert_string_not_equal(sid, id);
    close(fd);
}

static void test_custom_namespace(void **state)
{
    int fd = sio_rig_session("");
    (void)state;
    eio_rig_send(fd, "40/custom,{\"token\":null}");
    sio_rig_expect_begin(fd, "40/custom,{\"sid\":\"");
    eio_rig_expect_text(fd, "42/custom,[\"auth\",{\"token\":null}]");
    eio_rig_send(fd, "40");
    sio_rig_expect_begin(fd, "40{\"sid\":\"");
    eio_rig_expect_text(fd, "42[\"auth\",{}]");
    close(fd);
    sio_rig_await_gone(2);
}

static void test_unknown_namespace(void **state)
{
    int fd = sio_rig_session("");
    (void)state;
    eio_rig_send(fd, "40/random");
    eio_rig_expect_text(fd, "44/random,{\"message\":\"Invalid namespace\"}");
    eio_rig_send(fd, "40");
    sio_rig_expect_begin(fd, "40{\"sid\":\"");
    close(fd);
}

static void test_unknown_namespaces_without_an_end_close(void **state)
{
    int fd = sio_rig_session("");
    (void)state;
    for (int i = 0; i < 3; i++)
        eio_rig_send(fd, "40/random");
    for (int i = 0; i < 2; i++)
        sio_rig_expect_begin(fd, "44/random,");
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_POLICY);
}

/* Each makes handlers run and may have a token verified; other namespaces of a client do not count.
 */
static void test_connecting_again_is_counted(void **state)
{
    (void)state;
    int fd = sio_rig_client();
    eio_rig_send(fd, "40/custom");
    sio_rig_expect_begin(fd, "40/custom,{\"sid\"");
    sio_rig_expect_begin(fd, "42/custom,[\"auth\"");
    eio_rig_send(fd, "41");
    eio_rig_send(fd, "40");
    sio_rig_expect_begin(fd, "40{\"sid\"");
    sio_rig_expect_begin(fd, "42[\"auth\"");
    eio_rig_send(fd, "41");
    eio_rig_send(fd, "40");
    sio_rig_expect_begin(fd, "44{\"message\":\"too many connections");
    close(fd);
}

static void test_refused_by_a_handler(void **state)
{
    int fd = sio_rig_session("");
    (void)state;
    eio_rig_send(fd, "40/closed,");
    eio_rig_expect_text(fd,
                        "44/closed,{\"message\":\"not you\",\"data\":{\"title\":\"This is not "
                        "allowed\",\"status\":403,\"code\":\"denied\",\"detail\":\"not you\"}}");
    eio_rig_send(fd, "40/closed,");
    sio_rig_expect_begin(fd, "44/closed,{");
    close(fd);
}

static void test_bad_token_is_told(void **state)
{
    struct eio_frame frame;
    int fd = sio_rig_session("");
    (void)state;
    eio_rig_send(fd, "40{\"token\":\"bad\"}");
    frame = eio_rig_read(fd);
    assert_int_equal(strncmp(frame.payload, "44{\"message\":\"", 14), 0);
    assert_non_null(strstr(frame.payload, "\"code\":\"unauthenticated\""));
    eio_rig_send(fd, "40{\"token\":7}");
    frame = eio_rig_read(fd);
    assert_non_null(strstr(frame.payload, "\"field\":\"token\""));
    close(fd);
}

static void assert_viewer(int fd, const char *answer)
{
    eio_rig_send(fd, "420[\"who\"]");
    sio_rig_expect_begin(fd, answer);
    close(fd);
}

static int client_with(const char *query, const char *connect)
{
    int fd = sio_rig_session(query);
    eio_rig_send(fd, connect);
    sio_rig_expect_begin(fd, "40{\"sid\":\"");
    sio_rig_expect_begin(fd, "42[\"auth\",");
    return fd;
}

static void test_token_in_payload_or_query(void **state)
{
    (void)state;
    assert_viewer(client_with("", "40{\"token\":\"g\\u006fod\"}"), "430[\"u1\"]");
    assert_viewer(client_with("&token=g%6fod", "40"), "430[\"u1\"]");
    assert_viewer(client_with("&token=bad", "40{\"token\":\"good\"}"), "430[\"u1\"]");
    assert_viewer(client_with("", "40{\"guest\":\"anna\"}"), "430[\"guest:anna\"]");
    assert_viewer(client_with("&guest=anna", "40"), "430[\"guest:anna\"]");
    assert_viewer(client_with("", "40"), "430[\"socket:");
}

static void test_who_joins_nothing_is_closed(void **state)
{
    int fd = sio_rig_session("");
    (void)state;
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_LOGIN_TIMEOUT);
}

static void test_who_joined_stays(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "41");
    sio_rig_await_gone(1);
    assert_false(rig_closed_within(fd, 400));
    close(fd);
}

/* --- what breaks the protocol --- */

static void assert_closes(const char *const *texts)
{
    int fd = sio_rig_session("");
    for (; *texts; texts++)
        eio_rig_send(fd, *texts);
    assert_true(rig_closed_within(fd, 3000));
    close(fd);
}

static void test_traffic_before_connect_closes(void **state)
{
    (void)state;
    assert_closes((const char *const[]){"42[\"message\",1]", NULL});
    assert_closes((const char *const[]){"41", NULL});
    assert_closes((const char *const[]){"40/custom,", "42[\"message\"]", NULL});
}

static void test_second_connect_closes(void **state)
{
    (void)state;
    assert_closes((const char *const[]){"40", "40", NULL});
}

static void test_invalid_packets_close(void **state)
{
    (void)state;
    assert_closes((const char *const[]){"4abc", NULL});
    assert_closes((const char *const[]){"40", "42{}", NULL});
    assert_closes((const char *const[]){"40", "42abc[\"message-with-ack\",1]", NULL});
    assert_closes((const char *const[]){"44{\"message\":\"a\"}", NULL});
}

static void test_stray_binary_closes(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send_binary(fd, "abc", 3);
    assert_true(rig_closed_within(fd, 3000));
    close(fd);
}

static void test_text_among_attachments_closes(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "452-[\"message\",{\"_placeholder\":true,\"num\":0}]");
    eio_rig_send_binary(fd, "abc", 3);
    eio_rig_send(fd, "42[\"message\",1]");
    assert_true(rig_closed_within(fd, 3000));
    close(fd);
}

static void test_attachments_are_bounded_together(void **state)
{
    char bytes[600];
    int fd = sio_rig_client();
    (void)state;
    memset(bytes, 'x', sizeof bytes);
    eio_rig_send(fd, "452-[\"message\",{\"_placeholder\":true,\"num\":0}]");
    eio_rig_send_binary(fd, bytes, sizeof bytes);
    eio_rig_send_binary(fd, bytes, sizeof bytes);
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_TOO_BIG);
}

/* --- events --- */

/* All clients of a worker together; what is complete does not count any more. */
static void test_packets_in_part_are_bounded_together(void **state)
{
    char packet[700], bytes[500];
    int fd = sio_rig_client();
    (void)state;
    snprintf(packet, sizeof packet, "451-[\"message\",{\"_placeholder\":true,\"num\":0},\"%0*d\"]",
             600, 0);
    for (int i = 0; i < 3; i++) {
        eio_rig_send(fd, packet);
        eio_rig_send_binary(fd, "abc", 3);
        sio_rig_expect_begin(fd, "451-[\"message-back\"");
        sio_rig_expect_binary(fd, "abc");
    }
    memset(bytes, 'x', sizeof bytes);
    eio_rig_send(fd, packet);
    eio_rig_send_binary(fd, bytes, sizeof bytes);
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_TRY_LATER);
}

static void test_arguments_pass_as_they_came(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "42[\"message\",1,\"2\",{\"3\" : [true, 1.50, \"\\u00e9\"]}]");
    eio_rig_expect_text(fd, BACK("1,\"2\",{\"3\" : [true, 1.50, \"\\u00e9\"]}"));
    eio_rig_send(fd, "42[ \"mess\\u0061ge\" , [] ]");
    eio_rig_expect_text(fd, BACK("[]"));
    close(fd);
}

static void test_acknowledged(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "42456[\"message-with-ack\",1,\"2\",{\"3\":[false]}]");
    eio_rig_expect_text(fd, "43456[1,\"2\",{\"3\":[false]}]");
    eio_rig_send(fd, "4218446744073709551615[\"message-with-ack\"]");
    eio_rig_expect_text(fd, "4318446744073709551615[]");
    eio_rig_send(fd, "420[\"done\"]");
    eio_rig_expect_text(fd, "430[{\"ok\":true}]");
    close(fd);
}

static void test_failures_are_acknowledged(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "421[\"fail\"]");
    eio_rig_expect_text(fd, "431[{\"ok\":false,\"error\":{\"title\":\"The state of the resource "
                            "does not allow this\",\"status\":409,\"code\":\"conflict\",\"detail\":"
                            "\"it is taken\",\"field\":\"seat\"}}]");
    eio_rig_send(fd, "422[\"unheard of\"]");
    sio_rig_expect_begin(fd, "432[{\"ok\":false,\"error\":{");
    eio_rig_send(fd, "423[\"\\u0000\"]");
    sio_rig_expect_begin(fd, "433[{\"ok\":false,\"error\":{");
    eio_rig_send(fd, "42[\"fail\"]");
    sio_rig_expect_begin(fd, "42[\"error\",{\"event\":\"fail\",\"error\":{");
    close(fd);
}

static void test_binary_both_ways(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "452-[\"message\",{\"_placeholder\":true,\"num\":0},"
                     "{\"a\":{\"_placeholder\":true,\"num\":1}}]");
    eio_rig_send_binary(fd, "abc", 3);
    eio_rig_send_binary(fd, "de", 2);
    eio_rig_expect_text(fd, "452-[\"message-back\",{\"_placeholder\":true,\"num\":0},"
                            "{\"a\":{\"_placeholder\":true,\"num\":1}}]");
    sio_rig_expect_binary(fd, "abc");
    sio_rig_expect_binary(fd, "de");
    eio_rig_send(fd, "451-7[\"message-with-ack\",{\"_placeholder\":true,\"num\":0}]");
    eio_rig_send_binary(fd, "f", 1);
    eio_rig_expect_text(fd, "461-7[{\"_placeholder\":true,\"num\":0}]");
    sio_rig_expect_binary(fd, "f");
    eio_rig_send(fd, "450-[\"message\",1]");
    eio_rig_expect_text(fd, BACK("1"));
    close(fd);
}

static void test_client_left_among_attachments(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "452-[\"message\",{\"_placeholder\":true,\"num\":0}]");
    eio_rig_send_binary(fd, "abc", 3);
    close(fd);
    sio_rig_await_gone(1);
}

static void test_server_asks(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "4210[\"ask\",\"how?\"]");
    eio_rig_expect_text(fd, "421[\"question\",\"how?\"]");
    eio_rig_send(fd, "4399[\"nobody asked\"]");
    eio_rig_send(fd, "431[\"so\",2]");
    eio_rig_expect_text(fd, "4310[\"so\",2]");
    close(fd);
}

/* --- leaving --- */

static void test_disconnect_leaves_the_session_open(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "41");
    sio_rig_await_gone(1);
    eio_rig_send(fd, "40");
    sio_rig_expect_begin(fd, "40{\"sid\":\"");
    eio_rig_expect_text(fd, "42[\"auth\",{}]");
    close(fd);
}

static void test_who_is_kicked_gets_a_disconnect(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "42[\"kick\"]");
    eio_rig_expect_text(fd, "41");
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_DENIED);
    sio_rig_await_gone(1);
}

static void test_kicked_from_one_namespace_stays_in_the_other(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "40/custom,");
    sio_rig_expect_begin(fd, "40/custom,{\"sid\":\"");
    eio_rig_expect_text(fd, "42/custom,[\"auth\",{}]");
    eio_rig_send(fd, "42[\"kick\"]");
    eio_rig_send(fd, "42[\"message\",1]");
    eio_rig_expect_text(fd, "41");
    sio_rig_await_gone(1);
    eio_rig_send(fd, "42[\"message\",2]"); /* under way when it was told: no reason to close */
    eio_rig_send(fd, "40");
    sio_rig_expect_begin(fd, "40{\"sid\":\"");
    close(fd);
    sio_rig_await_gone(3);
}

static void test_who_is_closed_may_come_back(void **state)
{
    int fd = sio_rig_client();
    (void)state;
    eio_rig_send(fd, "42[\"close\"]");
    assert_int_equal(eio_rig_expect_close(fd), WS_CLOSE_NORMAL);
    sio_rig_await_gone(1);
}

/* --- polling --- */

static void test_polling(void **state)
{
    char sid[SID_BYTES];
    (void)state;
    eio_rig_open(sid);
    eio_rig_post(sid, "40{\"a\":1}", 200, "ok");
    char *body = eio_rig_end(eio_rig_begin_get(sid), 200);
    assert_int_equal(strncmp(body, "40{\"sid\":\"", 10), 0);
    if (!strstr(body, "\x1e")) {
        free(body);
        body = eio_rig_end(eio_rig_begin_get(sid), 200);
    }
    assert_non_null(strstr(body, "42[\"auth\",{\"a\":1}]"));
    free(body);
    eio_rig_post(sid,
                 "451-1[\"message-with-ack\",{\"_placeholder\":true,\"num\":0}]\x1e"
                 "bYWJj",
                 200, "ok");
    eio_rig_get(sid, 200,
                "461-1[{\"_placeholder\":true,\"num\":0}]\x1e"
                "bYWJj");
    eio_rig_post(sid, "42{}", 200, "ok");
    sio_rig_await_gone(1);
}

static int setup_connect_limit(void **state)
{
    assert_int_equal(limit_set(dais_cstr("sio_connect_ms"), 200), DAIS_OK);
    return sio_rig_setup(state);
}

static int setup_payload_limit(void **state)
{
    assert_int_equal(limit_set(dais_cstr("eio_payload_bytes"), 1024), DAIS_OK);
    return sio_rig_setup(state);
}

static int setup_input_limit(void **state)
{
    assert_int_equal(limit_set(dais_cstr("socket_input_bytes"), 1024), DAIS_OK);
    return sio_rig_setup(state);
}

static int setup_refusals_limit(void **state)
{
    assert_int_equal(limit_set(dais_cstr("socket_refusals"), 3), DAIS_OK);
    return sio_rig_setup(state);
}

static int setup_two_connects(void **state)
{
    sio_rig_allow(2);
    return sio_rig_setup(state);
}

#define SIO_TEST(test) cmocka_unit_test_setup_teardown(test, sio_rig_setup, sio_rig_teardown)

static int run(uint32_t workers)
{
    const struct CMUnitTest tests[] = {
        SIO_TEST(test_connect),
        SIO_TEST(test_connect_with_auth_payload),
        SIO_TEST(test_public_id_is_not_the_sid),
        SIO_TEST(test_custom_namespace),
        SIO_TEST(test_unknown_namespace),
        cmocka_unit_test_setup_teardown(test_unknown_namespaces_without_an_end_close,
                                        setup_refusals_limit, sio_rig_teardown),
        cmocka_unit_test_setup_teardown(test_connecting_again_is_counted, setup_two_connects,
                                        sio_rig_teardown),
        SIO_TEST(test_refused_by_a_handler),
        SIO_TEST(test_bad_token_is_told),
        SIO_TEST(test_token_in_payload_or_query),
        cmocka_unit_test_setup_teardown(test_who_joins_nothing_is_closed, setup_connect_limit,
                                        sio_rig_teardown),
        cmocka_unit_test_setup_teardown(test_who_joined_stays, setup_connect_limit,
                                        sio_rig_teardown),
        SIO_TEST(test_traffic_before_connect_closes),
        SIO_TEST(test_second_connect_closes),
        SIO_TEST(test_invalid_packets_close),
        SIO_TEST(test_stray_binary_closes),
        SIO_TEST(test_text_among_attachments_closes),
        cmocka_unit_test_setup_teardown(test_attachments_are_bounded_together, setup_payload_limit,
                                        sio_rig_teardown),
        cmocka_unit_test_setup_teardown(test_packets_in_part_are_bounded_together,
                                        setup_input_limit, sio_rig_teardown),
        SIO_TEST(test_arguments_pass_as_they_came),
        SIO_TEST(test_acknowledged),
        SIO_TEST(test_failures_are_acknowledged),
        SIO_TEST(test_binary_both_ways),
        SIO_TEST(test_client_left_among_attachments),
        SIO_TEST(test_server_asks),
        SIO_TEST(test_disconnect_leaves_the_session_open),
        SIO_TEST(test_who_is_kicked_gets_a_disconnect),
        SIO_TEST(test_kicked_from_one_namespace_stays_in_the_other),
        SIO_TEST(test_who_is_closed_may_come_back),
        SIO_TEST(test_polling),
    };
    eio_rig_workers = workers;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return run(1) + run(3);
}
