/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include "amf0.h"
#include "bytes.h"

#define CSID_CONTROL 2u
#define CSID_COMMAND 3u
#define CSID_STATUS 5u
#define BANDWIDTH_DYNAMIC 2u
#define USER_STREAM_BEGIN 0u
#define USER_PONG 7u
#define COMMAND_BYTES_MAX 1024u

#define FMS_VERSION "FMS/3,0,1,123"
#define FMS_CAPABILITIES 31

static struct dais_str text(const char *literal)
{
    return dais_cstr(literal);
}

static int32_t send_control(struct session *session, enum chunk_type type, uint8_t *data,
                            uint32_t bytes)
{
    struct chunk_message message = {
        .csid = CSID_CONTROL, .type = (uint8_t)type, .data = data, .bytes = bytes};
    return session_send(session, &message);
}

static int32_t send_number(struct session *session, enum chunk_type type, uint32_t number)
{
    uint8_t data[4];
    bytes_put32(data, number);
    return send_control(session, type, data, sizeof(data));
}

static int32_t send_user_control(struct session *session, uint32_t event, uint32_t number)
{
    uint8_t data[6];
    bytes_put16(data, event);
    bytes_put32(data + 2, number);
    return send_control(session, CHUNK_USER_CONTROL, data, sizeof(data));
}

static int32_t send_command(struct session *session, uint32_t stream,
                            const struct amf0_writer *writer)
{
    struct dais_str body;
    int32_t error = amf0_writer_done(writer, &body);
    if (error)
        return error;
    struct chunk_message message = {
        .csid = stream ? CSID_STATUS : CSID_COMMAND,
        .type = CHUNK_COMMAND_AMF0,
        .message_stream_id = stream,
        .data = (uint8_t *)writer->start,
        .bytes = (uint32_t)body.len,
    };
    return session_send(session, &message);
}

static void write_text(struct amf0_writer *writer, const char *key, struct dais_str value)
{
    amf0_write_key(writer, text(key));
    amf0_write_string(writer, value);
}

static void write_number(struct amf0_writer *writer, const char *key, double value)
{
    amf0_write_key(writer, text(key));
    amf0_write_number(writer, value);
}

static void begin(struct amf0_writer *writer, uint8_t *room, const char *name, double transaction)
{
    amf0_writer_init(writer, room, COMMAND_BYTES_MAX);
    amf0_write_string(writer, text(name));
    amf0_write_number(writer, transaction);
}

static void write_status(struct amf0_writer *writer, const struct reply_status *status)
{
    amf0_write_object(writer);
    write_text(writer, "level", status->level);
    write_text(writer, "code", status->code);
    write_text(writer, "description", status->description);
}

int32_t reply_ack(struct session *session)
{
    session->acknowledged_bytes = session->received_bytes;
    return send_number(session, CHUNK_ACK, (uint32_t)session->received_bytes);
}

int32_t reply_pong(struct session *session, uint32_t timestamp)
{
    return send_user_control(session, USER_PONG, timestamp);
}

static int32_t send_window_and_chunk_size(struct session *session)
{
    int32_t error = send_number(session, CHUNK_WINDOW_ACK_SIZE, SESSION_WINDOW_BYTES);
    if (error)
        return error;
    uint8_t bandwidth[5];
    bytes_put32(bandwidth, SESSION_WINDOW_BYTES);
    bandwidth[4] = BANDWIDTH_DYNAMIC;
    error = send_control(session, CHUNK_SET_PEER_BANDWIDTH, bandwidth, sizeof(bandwidth));
    if (error)
        return error;
    error = send_number(session, CHUNK_SET_CHUNK_SIZE, SESSION_CHUNK_BYTES);
    session->chunk_bytes = SESSION_CHUNK_BYTES;
    return error;
}

int32_t reply_connected(struct session *session, double transaction)
{
    int32_t error = send_window_and_chunk_size(session);
    if (error)
        return error;
    uint8_t room[COMMAND_BYTES_MAX];
    struct amf0_writer writer;
    begin(&writer, room, "_result", transaction);
    amf0_write_object(&writer);
    write_text(&writer, "fmsVer", text(FMS_VERSION));
    write_number(&writer, "capabilities", FMS_CAPABILITIES);
    amf0_write_object_end(&writer);
    const struct reply_status status = {
        .level = text("status"),
        .code = text("NetConnection.Connect.Success"),
        .description = text("Connection succeeded."),
    };
    write_status(&writer, &status);
    write_number(&writer, "objectEncoding", 0);
    amf0_write_object_end(&writer);
    return send_command(session, 0, &writer);
}

int32_t reply_number(struct session *session, double transaction, double number)
{
    uint8_t room[COMMAND_BYTES_MAX];
    struct amf0_writer writer;
    begin(&writer, room, "_result", transaction);
    amf0_write_null(&writer);
    amf0_write_number(&writer, number);
    return send_command(session, 0, &writer);
}

int32_t reply_undefined(struct session *session, double transaction)
{
    uint8_t room[COMMAND_BYTES_MAX];
    struct amf0_writer writer;
    begin(&writer, room, "_result", transaction);
    amf0_write_null(&writer);
    amf0_write_undefined(&writer);
    return send_command(session, 0, &writer);
}

int32_t reply_unknown(struct session *session, double transaction)
{
    uint8_t room[COMMAND_BYTES_MAX];
    struct amf0_writer writer;
    begin(&writer, room, "_error", transaction);
    amf0_write_null(&writer);
    const struct reply_status status = {
        .level = text("error"),
        .code = text("NetConnection.Call.Failed"),
        .description = text("This command is not known."),
    };
    write_status(&writer, &status);
    amf0_write_object_end(&writer);
    return send_command(session, 0, &writer);
}

static int32_t send_status(struct session *session, const char *command,
                           const struct reply_status *status)
{
    uint8_t room[COMMAND_BYTES_MAX];
    struct amf0_writer writer;
    begin(&writer, room, command, 0);
    amf0_write_null(&writer);
    write_status(&writer, status);
    amf0_write_object_end(&writer);
    return send_command(session, status->stream, &writer);
}

int32_t reply_status(struct session *session, const struct reply_status *status)
{
    return send_status(session, "onStatus", status);
}

int32_t reply_published(struct session *session)
{
    struct reply_status status = {
        .level = text("status"),
        .code = text("NetStream.Publish.Start"),
        .description = text("Publishing has begun."),
    };
    int32_t error = 0;
    if (session->fc_publish)
        error = send_status(session, "onFCPublish", &status);
    if (error)
        return error;
    status.stream = session->publish_stream;
    error = reply_status(session, &status);
    return error ? error : send_user_control(session, USER_STREAM_BEGIN, session->publish_stream);
}

int32_t reply_unpublished(struct session *session)
{
    struct reply_status status = {
        .level = text("status"),
        .code = text("NetStream.Unpublish.Success"),
        .description = text("Publishing has ended."),
    };
    int32_t error = 0;
    if (session->fc_publish)
        error = send_status(session, "onFCUnpublish", &status);
    if (error)
        return error;
    status.stream = session->publish_stream;
    return reply_status(session, &status);
}
