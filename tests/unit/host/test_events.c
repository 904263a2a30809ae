/* SPDX-License-Identifier: MIT */
/* Events and rooms of a plugin, from `/ws` through all layers on two workers and back. */
#include "testhost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SOCKETS 8u

static struct testhost *host;
static struct testhost_socket *sockets[SOCKETS];

static int start(void **state)
{
    (void)state;
    const struct testhost_options options = {.plugins = "  talk: {path: " TEST_PLUGINS
                                                        "/talk.so}\n"};
    if (testhost_start(&options, &host) == DAIS_OK)
        return 0;
    print_error("%s", testhost_problem());
    return -1;
}

static int stop(void **state)
{
    (void)state;
    return testhost_stop(host);
}

static int leave(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SOCKETS; i++) {
        testhost_socket_close(sockets[i]);
        sockets[i] = NULL;
    }
    return 0;
}

static struct testhost_socket *enter(uint32_t i)
{
    assert_int_equal(testhost_socket_open(host, NULL, &sockets[i]), DAIS_OK);
    return sockets[i];
}

static void say(struct testhost_socket *socket, const char *text)
{
    assert_int_equal(testhost_socket_send(socket, text), DAIS_OK);
}

/** The next message with `part` in it has `also` in it, too. */
static void hear(struct testhost_socket *socket, const char *part, const char *also)
{
    struct dais_str text;
    assert_int_equal(testhost_socket_wait(socket, part, &text), DAIS_OK);
    if (!memmem(text.ptr, text.len, also, strlen(also)))
        fail_msg("%.*s has no %s", (int)text.len, text.ptr, also);
}

static void test_an_event_is_answered(void **state)
{
    (void)state;
    struct testhost_socket *socket = enter(0);
    say(socket, "{\"event\":\"talk:say\",\"data\":{\"text\":\"hello\"},\"id\":1}");
    hear(socket, "\"id\":1", "\"text\":\"hello\"");
}

static void test_answers_keep_their_order(void **state)
{
    char text[128];
    (void)state;
    struct testhost_socket *socket = enter(0);
    say(socket, "{\"event\":\"talk:wait\",\"data\":{\"number\":20,\"text\":\"a\"},\"id\":0}");
    for (uint32_t i = 1; i < 200; i++) {
        snprintf(text, sizeof text, "{\"event\":\"talk:say\",\"data\":{\"text\":\"a\"},\"id\":%u}",
                 i);
        say(socket, text);
    }
    for (uint32_t i = 0; i < 200; i++) {
        snprintf(text, sizeof text, "\"id\":%u,", i);
        hear(socket, "\"ack\"", text);
    }
}

static void test_a_problem_says_why(void **state)
{
    (void)state;
    struct testhost_socket *socket = enter(0);
    say(socket, "{\"event\":\"talk:say\",\"data\":{\"text\":5},\"id\":1}");
    hear(socket, "\"id\":1", "\"field\":\"text\"");
    say(socket, "{\"event\":\"talk:nothing\",\"id\":2}");
    hear(socket, "\"id\":2", "\"status\":404");
    say(socket, "{\"event\":\"talk:nothing\"}");
    hear(socket, "\"error\"", "\"event\":\"talk:nothing\"");
}

static void test_members_of_both_workers_hear_it_all(void **state)
{
    char text[128];
    (void)state;
    for (uint32_t i = 0; i < SOCKETS; i++) {
        say(enter(i), "{\"event\":\"talk:join\",\"data\":{\"to\":\"both\"},\"id\":1}");
        hear(sockets[i], "\"id\":1", "\"ok\":true");
    }
    for (uint32_t i = 0; i < 100; i++)
        say(sockets[i % 2], "{\"event\":\"talk:shout\",\"data\":{\"to\":\"both\",\"text\":\"x\"}}");
    for (uint32_t i = 0; i < SOCKETS; i++)
        for (uint32_t seq = 1; seq <= 100; seq++) {
            snprintf(text, sizeof text, "\"seq\":%u}", seq);
            hear(sockets[i], "talk:heard", text);
        }
}

static void test_everybody_hears(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SOCKETS; i++) {
        say(enter(i), "{\"event\":\"talk:say\",\"data\":{\"text\":\"here\"},\"id\":1}");
        hear(sockets[i], "\"id\":1", "here");
    }
    say(sockets[0], "{\"event\":\"talk:all\",\"data\":{\"text\":\"to all\"}}");
    for (uint32_t i = 0; i < SOCKETS; i++)
        hear(sockets[i], "talk:heard", "to all");
}

static void test_a_plugin_closes(void **state)
{
    struct dais_str text;
    (void)state;
    struct testhost_socket *socket = enter(0);
    say(socket, "{\"event\":\"talk:close\",\"data\":{\"number\":4003}}");
    assert_int_equal(testhost_socket_wait(socket, "nothing", &text), DAIS_E_GONE);
    assert_int_equal(testhost_socket_code(socket), 4003);
}

static void test_a_wrong_token_is_refused(void **state)
{
    (void)state;
    assert_int_equal(testhost_socket_open(host, "token=wrong", &sockets[0]), DAIS_E_DENIED);
}

/** Sockets stay while their plugin's code is replaced. */
static void test_a_reload_is_not_seen(void **state)
{
    static const char reload[] = "{\"verb\":\"plugin reload\",\"args\":{\"name\":\"talk\"}}";
    struct testhost_reply reply;
    (void)state;
    struct testhost_socket *socket = enter(0);
    for (uint32_t i = 0; i < 3; i++) {
        say(socket, "{\"event\":\"talk:wait\",\"data\":{\"number\":30,\"text\":\"a\"},\"id\":1}");
        assert_int_equal(testhost_control(host, reload, &reply), DAIS_OK);
        assert_non_null(memmem(reply.body.ptr, reply.body.len, "\"ok\":true", 9));
        hear(socket, "\"id\":1", "\"ok\":true");
    }
}

static void test_the_document_has_them(void **state)
{
    struct testhost_reply reply;
    (void)state;
    assert_int_equal(testhost_get(host, "/docs/asyncapi.json", &reply), DAIS_OK);
    assert_int_equal(reply.status, 200);
    assert_non_null(memmem(reply.body.ptr, reply.body.len, "talk:say", 8));
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_event_is_answered),     TEST(test_answers_keep_their_order),
        TEST(test_a_problem_says_why),       TEST(test_members_of_both_workers_hear_it_all),
        TEST(test_everybody_hears),          TEST(test_a_plugin_closes),
        TEST(test_a_wrong_token_is_refused), TEST(test_a_reload_is_not_seen),
        TEST(test_the_document_has_them),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
