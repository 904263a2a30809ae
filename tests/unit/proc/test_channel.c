/* SPDX-License-Identifier: MIT */
/* The wire between supervisor and server process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proc/channel.h"

static int ends[2];

static int open_ends(void **state)
{
    (void)state;
    return channel_open(ends) == DAIS_OK ? 0 : -1;
}

static int close_ends(void **state)
{
    (void)state;
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static void test_a_message_arrives_with_its_descriptors(void **state)
{
    (void)state;
    int pipes[2], received[SOCKETS_GROUP_MAX];
    uint32_t count = 99;
    char letter = 0;
    struct channel_message message = {.kind = CHANNEL_SOCKETS, .count = 1}, got;
    snprintf(message.text, sizeof message.text, "127.0.0.1:1935");
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(channel_send(ends[0], &message, &pipes[0], 1), DAIS_OK);
    assert_int_equal(channel_receive(ends[1], &got, received, &count), DAIS_OK);
    assert_memory_equal(&got, &message, sizeof got);
    assert_int_equal(count, 1);
    assert_true((fcntl(received[0], F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    assert_int_equal(read(received[0], &letter, 1), 1);
    assert_int_equal(letter, 'x');
    close(received[0]);
    close(pipes[0]);
    close(pipes[1]);
}

static void test_a_peer_that_does_not_read_holds_nobody_up(void **state)
{
    (void)state;
    const struct channel_message message = {.kind = CHANNEL_LISTEN};
    int32_t error = DAIS_OK;
    alarm(20); /* a send that blocks ends the test */
    for (uint32_t i = 0; i < 100000 && error == DAIS_OK; i++)
        error = channel_send(ends[0], &message, NULL, 0);
    alarm(0);
    assert_int_equal(error, DAIS_E_UNAVAILABLE);
}

static void test_a_whole_group_fits(void **state)
{
    (void)state;
    int fds[SOCKETS_GROUP_MAX], received[SOCKETS_GROUP_MAX];
    uint32_t count = 0;
    struct channel_message message = {.kind = CHANNEL_SOCKETS}, got;
    for (uint32_t i = 0; i < SOCKETS_GROUP_MAX; i++)
        fds[i] = STDERR_FILENO;
    assert_int_equal(channel_send(ends[0], &message, fds, SOCKETS_GROUP_MAX), DAIS_OK);
    assert_int_equal(channel_receive(ends[1], &got, received, &count), DAIS_OK);
    assert_int_equal(count, SOCKETS_GROUP_MAX);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(close(received[i]), 0);
}

static void test_the_other_end_gone(void **state)
{
    (void)state;
    int received[SOCKETS_GROUP_MAX];
    uint32_t count = 0;
    struct channel_message message = {.kind = CHANNEL_READY}, got;
    close(ends[1]);
    ends[1] = -1;
    assert_int_equal(channel_receive(ends[0], &got, received, &count), DAIS_E_GONE);
    assert_int_equal(channel_send(ends[0], &message, NULL, 0), DAIS_E_GONE);
}

static void test_what_is_no_message_is_refused_and_its_descriptors_closed(void **state)
{
    (void)state;
    int received[SOCKETS_GROUP_MAX], pipes[2];
    uint32_t count = 0;
    char letter = 0;
    struct channel_message message, got;
    assert_int_equal(write(ends[0], "short", 5), 5);
    assert_int_equal(channel_receive(ends[1], &got, received, &count), DAIS_E_INVALID);

    memset(&message, 'x', sizeof message); /* texts without an end */
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(channel_send(ends[0], &message, &pipes[1], 1), DAIS_OK);
    assert_int_equal(channel_receive(ends[1], &got, received, &count), DAIS_E_INVALID);
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &letter, 1), 0); /* nobody else holds the writing end */
    close(pipes[0]);
}

static void test_nothing_there(void **state)
{
    (void)state;
    int received[SOCKETS_GROUP_MAX];
    uint32_t count = 0;
    struct channel_message got;
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(channel_receive(ends[0], &got, received, &count), DAIS_E_UNAVAILABLE);
}

int main(void)
{
#define CHANNEL_TEST(name) cmocka_unit_test_setup_teardown(name, open_ends, close_ends)
    const struct CMUnitTest tests[] = {
        CHANNEL_TEST(test_a_message_arrives_with_its_descriptors),
        CHANNEL_TEST(test_a_peer_that_does_not_read_holds_nobody_up),
        CHANNEL_TEST(test_a_whole_group_fits),
        CHANNEL_TEST(test_the_other_end_gone),
        CHANNEL_TEST(test_what_is_no_message_is_refused_and_its_descriptors_closed),
        CHANNEL_TEST(test_nothing_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
