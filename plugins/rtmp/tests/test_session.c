/* SPDX-License-Identifier: MIT */
/* Conversations: what a client sends, which events come out, what the server answers. */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "support.h"

struct talk {
    struct support_bodies counts;
    struct session session;
    struct support_bytes sent;   /* by the client, not yet fed */
    uint32_t shaken;             /* bytes of the server's handshake that were taken */
    struct chunk_reader answers; /* the client's reader */
    struct support_bodies answer_counts;
    char said[4096]; /* what the server said, a line a message */
};

static int setup(void **state)
{
    static struct talk talk;
    memset(&talk, 0, sizeof(talk));
    struct session_config config = support_config(&talk.counts);
    struct chunk_bodies bodies = support_bodies(&talk.answer_counts);
    session_init(&talk.session, &config);
    chunk_reader_init(&talk.answers, &bodies, 1u << 20, 1u << 20);
    *state = &talk;
    return 0;
}

static int teardown(void **state)
{
    struct talk *talk = *state;
    session_fini(&talk->session);
    chunk_reader_fini(&talk->answers);
    support_free(&talk->sent);
    assert_int_equal(talk->counts.alive, 0);
    assert_int_equal(talk->answer_counts.alive, 0);
    return 0;
}

static void release(struct talk *talk, const struct session_event *event)
{
    if (event->kind == SESSION_MEDIA && event->media.body)
        talk->session.bodies.body_unref(talk->session.bodies.ctx, event->media.body);
}

/* The value of `code` in the object that a status carries, if there is one. */
static struct dais_str code_of(struct amf0_reader *reader)
{
    struct amf0_value value;
    struct dais_str key;
    if (amf0_skip(reader) || amf0_at_end(reader) || amf0_read(reader, &value) ||
        value.kind != AMF0_OBJECT)
        return dais_str("", 0);
    while (amf0_read_key(reader, &key) > 0) {
        assert_int_equal(amf0_read(reader, &value), 0);
        if (dais_str_eq(key, dais_cstr("code")))
            return value.string;
    }
    return dais_str("", 0);
}

static void note(struct talk *talk, const struct chunk_message *message)
{
    size_t used = strlen(talk->said);
    char *to = talk->said + used;
    size_t room = sizeof(talk->said) - used;
    struct dais_str name;
    double transaction;
    if (message->type == CHUNK_COMMAND_AMF0) {
        struct amf0_reader reader;
        amf0_reader_init(&reader, dais_str((const char *)message->data, message->bytes));
        assert_int_equal(amf0_read_string(&reader, &name), 0);
        assert_int_equal(amf0_read_number(&reader, &transaction), 0);
        struct dais_str code = code_of(&reader);
        snprintf(to, room, "%.*s %g@%u %.*s\n", (int)name.len, name.ptr, transaction,
                 message->message_stream_id, (int)code.len, code.len ? code.ptr : "");
    } else if (message->type == CHUNK_USER_CONTROL) {
        snprintf(to, room, "user %u %u\n", bytes_get16(message->data),
                 bytes_get32(message->data + 2));
    } else {
        snprintf(to, room, "%u %u\n", message->type, bytes_get32(message->data));
    }
}

/* Sends the output to the client; the handshake comes first. */
static void drain(struct talk *talk)
{
    struct dais_str out = session_output(&talk->session);
    struct chunk_message message;
    uint64_t len = out.len;
    uint32_t shaken = HANDSHAKE_REPLY_BYTES - talk->shaken;
    if (shaken > len)
        shaken = (uint32_t)len;
    talk->shaken += shaken;
    out.ptr += shaken;
    out.len -= shaken;
    while (chunk_read(&talk->answers, &out, &message) > 0) {
        note(talk, &message);
        if (message.body)
            talk->answers.bodies.body_unref(talk->answers.bodies.ctx, message.body);
    }
    session_sent(&talk->session, len);
}

static void said(struct talk *talk, const char *expected)
{
    drain(talk);
    assert_string_equal(talk->said, expected);
    talk->said[0] = 0;
}

/* Feeds what the client sent. Returns 1 at an event, leaving the rest for the next call. */
static int32_t hear(struct talk *talk, struct session_event *event)
{
    struct dais_str in = support_view(&talk->sent);
    int32_t status;
    do {
        status = session_feed(&talk->session, &in, event);
        if (status == 0)
            drain(talk);
    } while (status == 0 && in.len > 0);
    memmove(talk->sent.data, in.ptr, in.len);
    talk->sent.len = in.len;
    return status;
}

static void expect_silence(struct talk *talk)
{
    struct session_event event;
    assert_int_equal(hear(talk, &event), 0);
}

static void expect_error(struct talk *talk, int32_t error)
{
    struct session_event event;
    assert_int_equal(hear(talk, &event), error);
}

static struct session_event expect_event(struct talk *talk, enum session_event_kind kind)
{
    struct session_event event;
    assert_int_equal(hear(talk, &event), 1);
    assert_int_equal(event.kind, kind);
    return event;
}

static void command(struct talk *talk, const char *name, double transaction, uint32_t stream,
                    void (*write_args)(struct amf0_writer *writer))
{
    const struct support_command sent = {name, transaction, stream, 0, write_args};
    support_command(&talk->sent, &sent);
}

static void connect_args(struct amf0_writer *writer)
{
    amf0_write_object(writer);
    amf0_write_key(writer, dais_cstr("app"));
    amf0_write_string(writer, dais_cstr("live/x?token=T"));
    amf0_write_key(writer, dais_cstr("junk"));
    amf0_write_object(writer);
    amf0_write_object_end(writer);
    amf0_write_key(writer, dais_cstr("flashVer"));
    amf0_write_string(writer, dais_cstr("FMLE/3.0"));
    amf0_write_key(writer, dais_cstr("tcUrl"));
    amf0_write_string(writer, dais_cstr("rtmp://h/live/x?token=T"));
    amf0_write_object_end(writer);
}

static void name_args(struct amf0_writer *writer)
{
    amf0_write_null(writer);
    amf0_write_string(writer, dais_cstr("dir/KEY?x=1"));
    amf0_write_string(writer, dais_cstr("live"));
}

static void no_args(struct amf0_writer *writer)
{
    amf0_write_null(writer);
}

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

static void media(struct talk *talk, uint8_t type, uint32_t timestamp, struct dais_str body)
{
    struct chunk_message message = {
        .csid = 4,
        .type = type,
        .timestamp = timestamp,
        .message_stream_id = 1,
        .data = (uint8_t *)(uintptr_t)body.ptr,
        .bytes = (uint32_t)body.len,
    };
    support_message(&talk->sent, &message, CHUNK_BYTES_DEFAULT);
}

static void connect(struct talk *talk)
{
    support_handshake(&talk->sent);
    expect_silence(talk);
    command(talk, "connect", 1, 0, connect_args);
    expect_silence(talk);
    said(talk, "5 2500000\n6 2500000\n_result 1@0 NetConnection.Connect.Success\n");
}

static struct session_publish publish(struct talk *talk)
{
    command(talk, "createStream", 4, 0, no_args);
    command(talk, "publish", 5, 1, name_args);
    struct session_event event = expect_event(talk, SESSION_PUBLISH);
    said(talk, "_result 4@0 \n");
    return event.publish;
}

static void publish_and_accept(struct talk *talk)
{
    connect(talk);
    publish(talk);
    assert_int_equal(session_accept(&talk->session), 0);
    said(talk, "onStatus 0@1 NetStream.Publish.Start\nuser 0 1\n");
}

static void assert_text(struct dais_str text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void fmle_sequence(void **state)
{
    struct talk *talk = *state;
    connect(talk);
    command(talk, "releaseStream", 2, 0, name_args);
    command(talk, "FCPublish", 3, 0, name_args);
    command(talk, "_checkbw", 7, 0, no_args);
    expect_silence(talk);
    said(talk, "_result 2@0 \n_result 3@0 \n_result 7@0 \n");
    struct session_publish asked = publish(talk);
    assert_text(asked.app, "live/x");
    assert_text(asked.name, "KEY");
    assert_text(asked.key, "KEY");
    assert_text(asked.other_key, "T");
    assert_text(asked.encoder, "FMLE/3.0");
    assert_int_equal(session_accept(&talk->session), 0);
    said(talk, "onFCPublish 0@0 NetStream.Publish.Start\n"
               "onStatus 0@1 NetStream.Publish.Start\nuser 0 1\n");
}

static void nothing_positive_before_the_decision(void **state)
{
    struct talk *talk = *state;
    connect(talk);
    publish(talk);
    said(talk, "");
    expect_error(talk, DAIS_E_STATE);
    assert_int_equal(
        session_refuse(&talk->session, dais_cstr("NetStream.Publish.Denied"), dais_cstr("No.")), 0);
    said(talk, "onStatus 0@1 NetStream.Publish.Denied\n");
    expect_error(talk, DAIS_E_STATE);
    assert_int_equal(session_accept(&talk->session), DAIS_E_STATE);
}

static void media_before_the_decision_waits_and_outside_is_dropped(void **state)
{
    struct talk *talk = *state;
    connect(talk);
    media(talk, CHUNK_AUDIO, 0, dais_cstr("early"));
    expect_silence(talk);
    publish(talk);
    media(talk, CHUNK_AUDIO, 1, dais_cstr("kept"));
    assert_int_equal(session_accept(&talk->session), 0);
    struct session_event event = expect_event(talk, SESSION_MEDIA);
    assert_text(event.media.data, "kept");
    release(talk, &event);
}

static void media_and_amf3_data(void **state)
{
    struct talk *talk = *state;
    publish_and_accept(talk);
    media(talk, CHUNK_VIDEO, 40, dais_cstr("video"));
    media(talk, CHUNK_DATA_AMF3, 41, dais_str("\0data", 5));
    media(talk, CHUNK_AUDIO, 42, dais_str("", 0));
    media(talk, 19, 43, dais_cstr("shared object"));
    struct session_event event = expect_event(talk, SESSION_MEDIA);
    assert_int_equal(event.media.type, CHUNK_VIDEO);
    assert_int_equal(event.media.timestamp_ms, 40);
    assert_text(event.media.data, "video");
    release(talk, &event);
    event = expect_event(talk, SESSION_MEDIA);
    assert_int_equal(event.media.type, CHUNK_DATA_AMF0);
    assert_text(event.media.data, "data");
    release(talk, &event);
    event = expect_event(talk, SESSION_MEDIA);
    assert_int_equal(event.media.data.len, 0);
    release(talk, &event);
    expect_silence(talk);
}

static int64_t time_of_next(struct talk *talk, uint32_t timestamp)
{
    media(talk, CHUNK_AUDIO, timestamp, dais_cstr("a"));
    struct session_event event = expect_event(talk, SESSION_MEDIA);
    release(talk, &event);
    return event.media.timestamp_ms;
}

static void timestamps_do_not_wrap(void **state)
{
    struct talk *talk = *state;
    publish_and_accept(talk);
    assert_int_equal(time_of_next(talk, 0xfffffff0u), 0xfffffff0);
    assert_int_equal(time_of_next(talk, 0x10), 0x100000010);
    assert_int_equal(time_of_next(talk, 0xfffffffeu), 0xfffffffe);
    assert_int_equal(time_of_next(talk, 0x7ffffff0u), 0x17ffffff0);
}

static void timestamps_that_run_away_end_the_connection(void **state)
{
    struct talk *talk = *state;
    publish_and_accept(talk);
    uint32_t timestamp = 0;
    struct session_event event;
    int32_t status;
    do {
        timestamp += 0x7fffffffu;
        media(talk, CHUNK_AUDIO, timestamp, dais_cstr("a"));
        status = hear(talk, &event);
        if (status > 0)
            release(talk, &event);
    } while (status > 0);
    assert_int_equal(status, DAIS_E_INVALID);
}

static void aggregates_become_messages(void **state)
{
    struct talk *talk = *state;
    publish_and_accept(talk);
    media(talk, CHUNK_AGGREGATE, 1000,
          dais_str("\x08\0\0\x02\0\0\x64\0\0\0\0ab\0\0\0\x0d"
                   "\x0f\0\0\0\0\0\x64\0\0\0\0\0\0\0\x0b"
                   "\x09\0\0\x01\0\0\x78\0\0\0\0c\0\0\0\x0c",
                   48 - 4));
    struct session_event event = expect_event(talk, SESSION_MEDIA);
    assert_int_equal(event.media.type, CHUNK_AUDIO);
    assert_int_equal(event.media.timestamp_ms, 1000);
    assert_text(event.media.data, "ab");
    release(talk, &event);
    event = expect_event(talk, SESSION_MEDIA);
    assert_int_equal(event.media.type, CHUNK_VIDEO);
    assert_int_equal(event.media.timestamp_ms, 1020);
    assert_text(event.media.data, "c");
    release(talk, &event);
    expect_silence(talk);
    media(talk, CHUNK_AGGREGATE, 1000, dais_cstr("broken"));
    expect_error(talk, DAIS_E_INVALID);
}

static void each_way_to_stop_is_one_event(void **state)
{
    struct talk *talk = *state;
    const char *ways[] = {"FCUnpublish", "deleteStream", "closeStream"};
    publish_and_accept(talk);
    for (size_t i = 0; i < 3; i++) {
        command(talk, ways[i], 0, 1, i == 0 ? name_args : stream_1_args);
        command(talk, "deleteStream", 0, 0, stream_1_args);
        expect_event(talk, SESSION_UNPUBLISH);
        expect_silence(talk);
        said(talk, "onStatus 0@1 NetStream.Unpublish.Success\n");
        command(talk, "publish", 5, 1, name_args);
        expect_event(talk, SESSION_PUBLISH);
        assert_int_equal(session_accept(&talk->session), 0);
        said(talk, "onStatus 0@1 NetStream.Publish.Start\nuser 0 1\n");
    }
}

static void deleting_another_stream_is_no_stop(void **state)
{
    struct talk *talk = *state;
    publish_and_accept(talk);
    command(talk, "deleteStream", 0, 0, stream_9_args);
    expect_silence(talk);
    assert_int_equal(talk->session.state, SESSION_PUBLISHING);
}

static void a_second_publish_is_refused(void **state)
{
    struct talk *talk = *state;
    publish_and_accept(talk);
    command(talk, "publish", 6, 2, name_args);
    expect_silence(talk);
    said(talk, "onStatus 0@2 NetStream.Publish.BadName\n");
    assert_int_equal(talk->session.state, SESSION_PUBLISHING);
}

static void a_publication_can_be_taken_away(void **state)
{
    struct talk *talk = *state;
    publish_and_accept(talk);
    assert_int_equal(session_refuse(&talk->session, dais_cstr("NetStream.Publish.BadName"),
                                    dais_cstr("Another encoder took over.")),
                     0);
    said(talk, "onStatus 0@1 NetStream.Publish.BadName\n");
}

static void amf3_commands(void **state)
{
    struct talk *talk = *state;
    connect(talk);
    const struct support_command sent = {"createStream", 2, 0, CHUNK_COMMAND_AMF3, no_args};
    support_command(&talk->sent, &sent);
    expect_silence(talk);
    said(talk, "_result 2@0 \n");
}

static void playing_and_unknown_commands_are_refused(void **state)
{
    struct talk *talk = *state;
    connect(talk);
    command(talk, "play", 0, 1, name_args);
    command(talk, "getStreamLength", 8, 0, name_args);
    command(talk, "whatever", 9, 0, no_args);
    command(talk, "whatever", 0, 0, no_args);
    command(talk, "_result", 3, 0, no_args);
    expect_silence(talk);
    said(talk, "onStatus 0@1 NetStream.Play.StreamNotFound\n_result 8@0 \n"
               "_error 9@0 NetConnection.Call.Failed\n");
}

static void order_is_kept(void **state)
{
    struct talk *talk = *state;
    support_handshake(&talk->sent);
    command(talk, "publish", 5, 1, name_args);
    expect_error(talk, DAIS_E_INVALID);
}

static void connecting_twice_is_broken(void **state)
{
    struct talk *talk = *state;
    connect(talk);
    command(talk, "connect", 1, 0, connect_args);
    expect_error(talk, DAIS_E_INVALID);
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
    connect(talk);
    command(talk, "publish", 5, 1, long_name_args);
    expect_error(talk, DAIS_E_LIMIT);
}

static void streams_are_bounded(void **state)
{
    struct talk *talk = *state;
    connect(talk);
    for (uint32_t i = 0; i < SESSION_STREAMS_MAX; i++)
        command(talk, "createStream", 0, 0, no_args);
    talk->answers.chunk_bytes = SESSION_CHUNK_BYTES;
    struct session_event event;
    struct dais_str in = support_view(&talk->sent);
    while (in.len > 0) {
        assert_int_equal(session_feed(&talk->session, &in, &event), 0);
        session_sent(&talk->session, session_output(&talk->session).len);
    }
    talk->sent.len = 0;
    command(talk, "createStream", 0, 0, no_args);
    expect_error(talk, DAIS_E_LIMIT);
}

/* A peer that never reads: input rests, nothing grows and nothing is lost. */
static void input_rests_while_output_waits(void **state)
{
    struct talk *talk = *state;
    connect(talk);
    for (uint32_t i = 0; i < 200; i++)
        command(talk, "whatever", 9, 0, no_args);
    struct dais_str in = support_view(&talk->sent);
    struct session_event event;
    assert_int_equal(session_feed(&talk->session, &in, &event), 0);
    assert_true(in.len > 0);
    uint64_t left = in.len;
    assert_int_equal(session_feed(&talk->session, &in, &event), 0);
    assert_int_equal(in.len, left);
    expect_silence(talk);
    size_t answers = 0;
    for (const char *at = talk->said; (at = strstr(at, "_error")); at++)
        answers++;
    assert_true(answers > 80); /* `said` is shorter than all of them */
}

static void pings_are_answered(void **state)
{
    struct talk *talk = *state;
    connect(talk);
    media(talk, CHUNK_USER_CONTROL, 0, dais_str("\0\x06\0\0\x04\xd2", 6));
    media(talk, CHUNK_USER_CONTROL, 0, dais_str("\0\x03\0\0\0\x01\0\0\0\x64", 10));
    media(talk, CHUNK_USER_CONTROL, 0, dais_str("\0", 1));
    expect_silence(talk);
    said(talk, "user 7 1234\n");
}

static void received_bytes_are_acknowledged(void **state)
{
    struct talk *talk = *state;
    static char payload[60000];
    publish_and_accept(talk);
    media(talk, CHUNK_WINDOW_ACK_SIZE, 0, dais_str("\0\0\xc3\x50", 4)); /* 50,000 */
    expect_silence(talk);
    said(talk, "");
    media(talk, CHUNK_VIDEO, 0, dais_str(payload, sizeof(payload)));
    struct session_event event = expect_event(talk, SESSION_MEDIA);
    release(talk, &event);
    char expected[32];
    snprintf(expected, sizeof(expected), "3 %u\n", (uint32_t)talk->session.received_bytes);
    said(talk, expected);
}

static void empty_input_and_empty_messages(void **state)
{
    struct talk *talk = *state;
    struct session_event event;
    struct dais_str nothing = {NULL, 0};
    assert_int_equal(session_feed(&talk->session, &nothing, &event), 0);
    connect(talk);
    assert_int_equal(session_feed(&talk->session, &nothing, &event), 0);
    media(talk, CHUNK_AGGREGATE, 0, dais_str("", 0));
    media(talk, CHUNK_USER_CONTROL, 0, dais_str("", 0));
    media(talk, CHUNK_WINDOW_ACK_SIZE, 0, dais_str("", 0));
    expect_silence(talk);
    media(talk, CHUNK_COMMAND_AMF0, 0, dais_str("", 0));
    expect_error(talk, DAIS_E_INVALID);
}

static void rtmpe_is_refused_without_a_word(void **state)
{
    struct talk *talk = *state;
    support_append(&talk->sent, "\x06", 1);
    expect_error(talk, DAIS_E_INVALID);
    assert_int_equal(session_output(&talk->session).len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        TEST(order_is_kept),
        TEST(connecting_twice_is_broken),
        TEST(names_are_bounded),
        TEST(streams_are_bounded),
        TEST(input_rests_while_output_waits),
        TEST(pings_are_answered),
        TEST(received_bytes_are_acknowledged),
        TEST(empty_input_and_empty_messages),
        TEST(rtmpe_is_refused_without_a_word),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
