/* SPDX-License-Identifier: MIT */
/* Conversations: what a client sends, which events come out, what the server answers. */
#include <stdio.h>
#include <string.h>

#include "talk.h"

static void stream_1_args(struct amf0_writer *writer)
{
    amf0_write_null(writer);
    amf0_write_number(writer, 1);
}

static void stream_9_args(struct amf0_writer *writer)
{
    amf0_write_null(writer);
    amf0_write_number(writer, 9);
}

static void fmle_sequence(void **state)
{
    struct talk *talk = *state;
    talk_connect(talk);
    talk_command(talk, "releaseStream", 2, 0, talk_name_args);
    talk_command(talk, "FCPublish", 3, 0, talk_name_args);
    talk_command(talk, "_checkbw", 7, 0, talk_no_args);
    talk_expect_silence(talk);
    talk_said(talk, "_result 2@0 \n_result 3@0 \n_result 7@0 \n");
    struct session_publish asked = talk_publish(talk);
    talk_assert_text(asked.app, "live/x");
    talk_assert_text(asked.name, "KEY");
    talk_assert_text(asked.key, "KEY");
    talk_assert_text(asked.other_key, "T");
    talk_assert_text(asked.encoder, "FMLE/3.0");
    assert_int_equal(session_accept(&talk->session), 0);
    talk_said(talk, "onFCPublish 0@0 NetStream.Publish.Start\n"
                    "onStatus 0@1 NetStream.Publish.Start\nuser 0 1\n");
}

static void nothing_positive_before_the_decision(void **state)
{
    struct talk *talk = *state;
    talk_connect(talk);
    talk_publish(talk);
    talk_said(talk, "");
    talk_expect_error(talk, DAIS_E_STATE);
    assert_int_equal(
        session_refuse(&talk->session, dais_cstr("NetStream.Publish.Denied"), dais_cstr("No.")), 0);
    talk_said(talk, "onStatus 0@1 NetStream.Publish.Denied\n");
    talk_expect_error(talk, DAIS_E_STATE);
    assert_int_equal(session_accept(&talk->session), DAIS_E_STATE);
}

static void media_before_the_decision_waits_and_outside_is_dropped(void **state)
{
    struct talk *talk = *state;
    talk_connect(talk);
    talk_media(talk, CHUNK_AUDIO, 0, dais_cstr("early"));
    talk_expect_silence(talk);
    talk_publish(talk);
    talk_media(talk, CHUNK_AUDIO, 1, dais_cstr("kept"));
    assert_int_equal(session_accept(&talk->session), 0);
    struct session_event event = talk_expect_event(talk, SESSION_MEDIA);
    talk_assert_text(event.media.data, "kept");
    talk_release(talk, &event);
}

static void media_and_amf3_data(void **state)
{
    struct talk *talk = *state;
    talk_publish_and_accept(talk);
    talk_media(talk, CHUNK_VIDEO, 40, dais_cstr("video"));
    talk_media(talk, CHUNK_DATA_AMF3, 41, dais_str("\0data", 5));
    talk_media(talk, CHUNK_AUDIO, 42, dais_str("", 0));
    talk_media(talk, 19, 43, dais_cstr("shared object"));
    struct session_event event = talk_expect_event(talk, SESSION_MEDIA);
    assert_int_equal(event.media.type, CHUNK_VIDEO);
    assert_int_equal(event.media.timestamp_ms, 40);
    talk_assert_text(event.media.data, "video");
    talk_release(talk, &event);
    event = talk_expect_event(talk, SESSION_MEDIA);
    assert_int_equal(event.media.type, CHUNK_DATA_AMF0);
    talk_assert_text(event.media.data, "data");
    talk_release(talk, &event);
    event = talk_expect_event(talk, SESSION_MEDIA);
    assert_int_equal(event.media.data.len, 0);
    talk_release(talk, &event);
    talk_expect_silence(talk);
}

static int64_t time_of_next(struct talk *talk, uint32_t timestamp)
{
    talk_media(talk, CHUNK_AUDIO, timestamp, dais_cstr("a"));
    struct session_event event = talk_expect_event(talk, SESSION_MEDIA);
    talk_release(talk, &event);
    return event.media.timestamp_ms;
}

static void timestamps_do_not_wrap(void **state)
{
    struct talk *talk = *state;
    talk_publish_and_accept(talk);
    assert_int_equal(time_of_next(talk, 0xfffffff0u), 0xfffffff0);
    assert_int_equal(time_of_next(talk, 0x10), 0x100000010);
    assert_int_equal(time_of_next(talk, 0xfffffffeu), 0xfffffffe);
    assert_int_equal(time_of_next(talk, 0x7ffffff0u), 0x17ffffff0);
}

static void timestamps_that_run_away_end_the_connection(void **state)
{
    struct talk *talk = *state;
    talk_publish_and_accept(talk);
    uint32_t timestamp = 0;
    struct session_event event;
    int32_t status;
    do {
        timestamp += 0x7fffffffu;
        talk_media(talk, CHUNK_AUDIO, timestamp, dais_cstr("a"));
        status = talk_hear(talk, &event);
        if (status > 0)
            talk_release(talk, &event);
    } while (status > 0);
    assert_int_equal(status, DAIS_E_INVALID);
}

static void aggregates_become_messages(void **state)
{
    struct talk *talk = *state;
    talk_publish_and_accept(talk);
    talk_media(talk, CHUNK_AGGREGATE, 1000,
               dais_str("\x08\0\0\x02\0\0\x64\0\0\0\0ab\0\0\0\x0d"
                        "\x0f\0\0\0\0\0\x64\0\0\0\0\0\0\0\x0b"
                        "\x09\0\0\x01\0\0\x78\0\0\0\0c\0\0\0\x0c",
                        48 - 4));
    struct session_event event = talk_expect_event(talk, SESSION_MEDIA);
    assert_int_equal(event.media.type, CHUNK_AUDIO);
    assert_int_equal(event.media.timestamp_ms, 1000);
    talk_assert_text(event.media.data, "ab");
    talk_release(talk, &event);
    event = talk_expect_event(talk, SESSION_MEDIA);
    assert_int_equal(event.media.type, CHUNK_VIDEO);
    assert_int_equal(event.media.timestamp_ms, 1020);
    talk_assert_text(event.media.data, "c");
    talk_release(talk, &event);
    talk_expect_silence(talk);
    talk_media(talk, CHUNK_AGGREGATE, 1000, dais_cstr("broken"));
    talk_expect_error(talk, DAIS_E_INVALID);
}

static void each_way_to_stop_is_one_event(void **state)
{
    struct talk *talk = *state;
    const char *ways[] = {"FCUnpublish", "deleteStream", "closeStream"};
    talk_publish_and_accept(talk);
    for (size_t i = 0; i < 3; i++) {
        talk_command(talk, ways[i], 0, 1, i == 0 ? talk_name_args : stream_1_args);
        talk_command(talk, "deleteStream", 0, 0, stream_1_args);
        talk_expect_event(talk, SESSION_UNPUBLISH);
        talk_expect_silence(talk);
        talk_said(talk, "onStatus 0@1 NetStream.Unpublish.Success\n");
        talk_command(talk, "publish", 5, 1, talk_name_args);
        talk_expect_event(talk, SESSION_PUBLISH);
        assert_int_equal(session_accept(&talk->session), 0);
        talk_said(talk, "onStatus 0@1 NetStream.Publish.Start\nuser 0 1\n");
    }
}

static void deleting_another_stream_is_no_stop(void **state)
{
    struct talk *talk = *state;
    talk_publish_and_accept(talk);
    talk_command(talk, "deleteStream", 0, 0, stream_9_args);
    talk_expect_silence(talk);
    assert_int_equal(talk->session.state, SESSION_PUBLISHING);
}

static void a_second_publish_is_refused(void **state)
{
    struct talk *talk = *state;
    talk_publish_and_accept(talk);
    talk_command(talk, "publish", 6, 2, talk_name_args);
    talk_expect_silence(talk);
    talk_said(talk, "onStatus 0@2 NetStream.Publish.BadName\n");
    assert_int_equal(talk->session.state, SESSION_PUBLISHING);
}

static void a_publication_can_be_taken_away(void **state)
{
    struct talk *talk = *state;
    talk_publish_and_accept(talk);
    assert_int_equal(session_refuse(&talk->session, dais_cstr("NetStream.Publish.BadName"),
                                    dais_cstr("Another encoder took over.")),
                     0);
    talk_said(talk, "onStatus 0@1 NetStream.Publish.BadName\n");
}

static void amf3_commands(void **state)
{
    struct talk *talk = *state;
    talk_connect(talk);
    const struct support_command sent = {"createStream", 2, 0, CHUNK_COMMAND_AMF3, talk_no_args};
    support_command(&talk->sent, &sent);
    talk_expect_silence(talk);
    talk_said(talk, "_result 2@0 \n");
}

static void playing_and_unknown_commands_are_refused(void **state)
{
    struct talk *talk = *state;
    talk_connect(talk);
    talk_command(talk, "play", 0, 1, talk_name_args);
    talk_command(talk, "getStreamLength", 8, 0, talk_name_args);
    talk_command(talk, "whatever", 9, 0, talk_no_args);
    talk_command(talk, "whatever", 0, 0, talk_no_args);
    talk_command(talk, "_result", 3, 0, talk_no_args);
    talk_expect_silence(talk);
    talk_said(talk, "onStatus 0@1 NetStream.Play.StreamNotFound\n_result 8@0 \n"
                    "_error 9@0 NetConnection.Call.Failed\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, talk_setup, talk_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fmle_sequence),
        TEST(nothing_positive_before_the_decision),
        TEST(media_before_the_decision_waits_and_outside_is_dropped),
        TEST(media_and_amf3_data),
        TEST(timestamps_do_not_wrap),
        TEST(timestamps_that_run_away_end_the_connection),
        TEST(aggregates_become_messages),
        TEST(each_way_to_stop_is_one_event),
        TEST(deleting_another_stream_is_no_stop),
        TEST(a_second_publish_is_refused),
        TEST(a_publication_can_be_taken_away),
        TEST(amf3_commands),
        TEST(playing_and_unknown_commands_are_refused),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
