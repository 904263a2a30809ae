/* SPDX-License-Identifier: MIT */
/* What a session bears: order, bounds, a peer that does not read, acknowledgements. */
#include <stdio.h>
#include <string.h>

#include "talk.h"

static void order_is_kept(void **state)
{
    struct talk *talk = *state;
    support_handshake(&talk->sent);
    talk_command(talk, "publish", 5, 1, talk_name_args);
    talk_expect_error(talk, DAIS_E_INVALID);
}

static void connecting_twice_is_broken(void **state)
{
    struct talk *talk = *state;
    talk_connect(talk);
    talk_command(talk, "connect", 1, 0, talk_connect_args);
    talk_expect_error(talk, DAIS_E_INVALID);
}

static void long_name_args(struct amf0_writer *writer)
{
    char name[SESSION_NAME_BYTES_MAX + 1];
    memset(name, 'n', sizeof(name));
    amf0_write_null(writer);
    amf0_write_string(writer, dais_str(name, sizeof(name)));
}

static void names_are_bounded(void **state)
{
    struct talk *talk = *state;
    talk_connect(talk);
    talk_command(talk, "publish", 5, 1, long_name_args);
    talk_expect_error(talk, DAIS_E_LIMIT);
}

static void streams_are_bounded(void **state)
{
    struct talk *talk = *state;
    talk_connect(talk);
    for (uint32_t i = 0; i < SESSION_STREAMS_MAX; i++)
        talk_command(talk, "createStream", 0, 0, talk_no_args);
    talk->answers.chunk_bytes = SESSION_CHUNK_BYTES;
    struct session_event event;
    struct dais_str in = support_view(&talk->sent);
    while (in.len > 0) {
        assert_int_equal(session_feed(&talk->session, &in, &event), 0);
        session_sent(&talk->session, session_output(&talk->session).len);
    }
    talk->sent.len = 0;
    talk_command(talk, "createStream", 0, 0, talk_no_args);
    talk_expect_error(talk, DAIS_E_LIMIT);
}

/* Who has not shown a key yet gets no memory for frames. */
static void strangers_send_commands_only(void **state)
{
    struct talk *talk = *state;
    static char frame[SESSION_COMMAND_BYTES_MAX + 1];
    talk_connect(talk);
    talk_media(talk, CHUNK_VIDEO, 0, dais_str(frame, sizeof(frame)));
    talk_expect_error(talk, DAIS_E_TOO_LARGE);
}

static void publishers_send_frames(void **state)
{
    struct talk *talk = *state;
    static char frame[SESSION_COMMAND_BYTES_MAX + 1];
    talk_publish_and_accept(talk);
    talk_media(talk, CHUNK_VIDEO, 0, dais_str(frame, sizeof(frame)));
    struct session_event event = talk_expect_event(talk, SESSION_MEDIA);
    assert_int_equal(event.media.data.len, sizeof(frame));
    talk_release(talk, &event);
}

/* A peer that never reads: input rests, nothing grows and nothing is lost. */
static void input_rests_while_output_waits(void **state)
{
    struct talk *talk = *state;
    talk_connect(talk);
    for (uint32_t i = 0; i < 200; i++)
        talk_command(talk, "whatever", 9, 0, talk_no_args);
    struct dais_str in = support_view(&talk->sent);
    struct session_event event;
    assert_int_equal(session_feed(&talk->session, &in, &event), 0);
    assert_true(in.len > 0);
    uint64_t left = in.len;
    assert_int_equal(session_feed(&talk->session, &in, &event), 0);
    assert_int_equal(in.len, left);
    talk_expect_silence(talk);
    size_t answers = 0;
    for (const char *at = talk->said; (at = strstr(at, "_error")); at++)
        answers++;
    assert_true(answers > 80); /* `said` is shorter than all of them */
}

static void pings_are_answered(void **state)
{
    struct talk *talk = *state;
    talk_connect(talk);
    talk_media(talk, CHUNK_USER_CONTROL, 0, dais_str("\0\x06\0\0\x04\xd2", 6));
    talk_media(talk, CHUNK_USER_CONTROL, 0, dais_str("\0\x03\0\0\0\x01\0\0\0\x64", 10));
    talk_media(talk, CHUNK_USER_CONTROL, 0, dais_str("\0", 1));
    talk_expect_silence(talk);
    talk_said(talk, "user 7 1234\n");
}

static void received_bytes_are_acknowledged(void **state)
{
    struct talk *talk = *state;
    static char payload[60000];
    talk_publish_and_accept(talk);
    talk_media(talk, CHUNK_WINDOW_ACK_SIZE, 0, dais_str("\0\0\xc3\x50", 4)); /* 50,000 */
    talk_expect_silence(talk);
    talk_said(talk, "");
    talk_media(talk, CHUNK_VIDEO, 0, dais_str(payload, sizeof(payload)));
    struct session_event event = talk_expect_event(talk, SESSION_MEDIA);
    talk_release(talk, &event);
    char expected[32];
    snprintf(expected, sizeof(expected), "3 %u\n", (uint32_t)talk->session.received_bytes);
    talk_said(talk, expected);
}

static void empty_input_and_empty_messages(void **state)
{
    struct talk *talk = *state;
    struct session_event event;
    struct dais_str nothing = {NULL, 0};
    assert_int_equal(session_feed(&talk->session, &nothing, &event), 0);
    talk_connect(talk);
    assert_int_equal(session_feed(&talk->session, &nothing, &event), 0);
    talk_media(talk, CHUNK_AGGREGATE, 0, dais_str("", 0));
    talk_media(talk, CHUNK_USER_CONTROL, 0, dais_str("", 0));
    talk_media(talk, CHUNK_WINDOW_ACK_SIZE, 0, dais_str("", 0));
    talk_expect_silence(talk);
    talk_media(talk, CHUNK_COMMAND_AMF0, 0, dais_str("", 0));
    talk_expect_error(talk, DAIS_E_INVALID);
}

static void rtmpe_is_refused_without_a_word(void **state)
{
    struct talk *talk = *state;
    support_append(&talk->sent, "\x06", 1);
    talk_expect_error(talk, DAIS_E_INVALID);
    assert_int_equal(session_output(&talk->session).len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, talk_setup, talk_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(order_is_kept),
        TEST(connecting_twice_is_broken),
        TEST(names_are_bounded),
        TEST(streams_are_bounded),
        TEST(strangers_send_commands_only),
        TEST(publishers_send_frames),
        TEST(input_rests_while_output_waits),
        TEST(pings_are_answered),
        TEST(received_bytes_are_acknowledged),
        TEST(empty_input_and_empty_messages),
        TEST(rtmpe_is_refused_without_a_word),
    };
    return cmocka_run_group_tests_name("session_limits", tests, NULL, NULL);
}
