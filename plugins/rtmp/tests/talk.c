/* SPDX-License-Identifier: MIT */
#include "talk.h"

#include <stdio.h>
#include <string.h>

#include "bytes.h"

int talk_setup(void **state)
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

int talk_teardown(void **state)
{
    struct talk *talk = *state;
    session_fini(&talk->session);
    chunk_reader_fini(&talk->answers);
    support_free(&talk->sent);
    assert_int_equal(talk->counts.alive, 0);
    assert_int_equal(talk->answer_counts.alive, 0);
    return 0;
}

void talk_release(struct talk *talk, const struct session_event *event)
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

void talk_said(struct talk *talk, const char *expected)
{
    drain(talk);
    assert_string_equal(talk->said, expected);
    talk->said[0] = 0;
}

/* Feeds what the client sent. Returns 1 at an event, leaving the rest for the next call. */
int32_t talk_hear(struct talk *talk, struct session_event *event)
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

void talk_expect_silence(struct talk *talk)
{
    struct session_event event;
    assert_int_equal(talk_hear(talk, &event), 0);
}

void talk_expect_error(struct talk *talk, int32_t error)
{
    struct session_event event;
    assert_int_equal(talk_hear(talk, &event), error);
}

struct session_event talk_expect_event(struct talk *talk, enum session_event_kind kind)
{
    struct session_event event;
    assert_int_equal(talk_hear(talk, &event), 1);
    assert_int_equal(event.kind, kind);
    return event;
}

void talk_command(struct talk *talk, const char *name, double transaction, uint32_t stream,
                  void (*write_args)(struct amf0_writer *writer))
{
    const struct support_command sent = {name, transaction, stream, 0, write_args};
    support_command(&talk->sent, &sent);
}

void talk_connect_args(struct amf0_writer *writer)
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

void talk_name_args(struct amf0_writer *writer)
{
    amf0_write_null(writer);
    amf0_write_string(writer, dais_cstr("dir/KEY?x=1"));
    amf0_write_string(writer, dais_cstr("live"));
}

void talk_no_args(struct amf0_writer *writer)
{
    amf0_write_null(writer);
}

void talk_media(struct talk *talk, uint8_t type, uint32_t timestamp, struct dais_str body)
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

void talk_connect(struct talk *talk)
{
    support_handshake(&talk->sent);
    talk_expect_silence(talk);
    talk_command(talk, "connect", 1, 0, talk_connect_args);
    talk_expect_silence(talk);
    talk_said(talk, "5 2500000\n6 2500000\n_result 1@0 NetConnection.Connect.Success\n");
}

struct session_publish talk_publish(struct talk *talk)
{
    talk_command(talk, "createStream", 4, 0, talk_no_args);
    talk_command(talk, "publish", 5, 1, talk_name_args);
    struct session_event event = talk_expect_event(talk, SESSION_PUBLISH);
    talk_said(talk, "_result 4@0 \n");
    return event.publish;
}

void talk_publish_and_accept(struct talk *talk)
{
    talk_connect(talk);
    talk_publish(talk);
    assert_int_equal(session_accept(&talk->session), 0);
    talk_said(talk, "onStatus 0@1 NetStream.Publish.Start\nuser 0 1\n");
}
void talk_assert_text(struct dais_str text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}
