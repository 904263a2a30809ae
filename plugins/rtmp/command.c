/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <string.h>

#include "amf0.h"
#include "name.h"
#include "reply.h"

/* One command as it arrived; `args` stands behind name and transaction number. */
struct command {
    struct dais_str name;
    double transaction;
    uint32_t stream;
    struct amf0_reader args;
};

static int32_t keep(struct dais_str value, char *room, uint32_t room_bytes, uint16_t *ret_bytes)
{
    if (value.len > room_bytes)
        return DAIS_E_LIMIT;
    if (value.len > 0)
        memcpy(room, value.ptr, value.len);
    *ret_bytes = (uint16_t)value.len;
    return 0;
}

static int32_t keep_property(struct session *session, struct dais_str key, struct dais_str value)
{
    if (dais_str_eq(key, dais_cstr("app")))
        return keep(value, session->app, sizeof(session->app), &session->app_bytes);
    if (dais_str_eq(key, dais_cstr("tcUrl")))
        return keep(value, session->url, sizeof(session->url), &session->url_bytes);
    if (dais_str_eq(key, dais_cstr("flashVer"))) {
        if (value.len > sizeof(session->encoder))
            value.len = sizeof(session->encoder);
        return keep(value, session->encoder, sizeof(session->encoder), &session->encoder_bytes);
    }
    return 0;
}

static int32_t read_properties(struct session *session, struct amf0_reader *args)
{
    struct amf0_value value;
    int32_t error = amf0_read(args, &value);
    if (error)
        return error;
    if (value.kind != AMF0_OBJECT)
        return DAIS_E_INVALID;
    struct dais_str key;
    int32_t status;
    while ((status = amf0_read_key(args, &key)) > 0) {
        error = amf0_read(args, &value);
        if (!error && value.kind == AMF0_STRING)
            error = keep_property(session, key, value.string);
        else if (!error)
            error = amf0_skip_rest(args, &value);
        if (error)
            return error;
    }
    return status;
}

static int32_t handle_connect(struct session *session, struct command *command,
                              struct session_event *event)
{
    if (session->state != SESSION_OPEN)
        return DAIS_E_INVALID;
    int32_t error = read_properties(session, &command->args);
    if (error)
        return error;
    session->state = SESSION_CONNECTED;
    return reply_connected(session, command->transaction);
}

static int32_t handle_create_stream(struct session *session, struct command *command,
                                    struct session_event *event)
{
    if (session->streams == SESSION_STREAMS_MAX)
        return DAIS_E_LIMIT;
    session->streams++;
    return reply_number(session, command->transaction, session->streams);
}

/* releaseStream and FCPublish: answered, since some encoders wait; nothing is decided yet. */
static int32_t handle_announcement(struct session *session, struct command *command,
                                   struct session_event *event)
{
    if (dais_str_eq(command->name, dais_cstr("FCPublish")))
        session->fc_publish = true;
    return command->transaction > 0 ? reply_undefined(session, command->transaction) : 0;
}

static int32_t refuse(struct session *session, uint32_t stream, const char *code,
                      const char *description)
{
    const struct reply_status status = {
        .stream = stream,
        .level = dais_cstr("error"),
        .code = dais_cstr(code),
        .description = dais_cstr(description),
    };
    return reply_status(session, &status);
}

static void describe_publish(const struct session *session, struct session_publish *publish)
{
    struct dais_str app = dais_str(session->app, session->app_bytes);
    struct name_parts parts = name_parse(dais_str(session->name, session->name_bytes), app,
                                         dais_str(session->url, session->url_bytes));
    *publish = (struct session_publish){
        .app = name_without_query(app),
        .name = parts.name,
        .key = parts.key,
        .other_key = parts.other_key,
        .encoder = dais_str(session->encoder, session->encoder_bytes),
    };
}

static int32_t handle_publish(struct session *session, struct command *command,
                              struct session_event *event)
{
    if (session->state == SESSION_PUBLISHING)
        return refuse(session, command->stream, "NetStream.Publish.BadName",
                      "This connection publishes already.");
    struct amf0_value name;
    int32_t error = amf0_skip(&command->args); /* null */
    if (!error)
        error = amf0_read(&command->args, &name);
    if (error)
        return error;
    if (name.kind != AMF0_STRING) /* an empty field of some encoders: the key may be in the URL */
        name.string = dais_str("", 0);
    error = keep(name.string, session->name, sizeof(session->name), &session->name_bytes);
    if (error)
        return error;
    session->publish_stream = command->stream;
    session->timed = false;
    session->state = SESSION_DECIDING;
    event->kind = SESSION_PUBLISH;
    describe_publish(session, &event->publish);
    return 1;
}

/* Whether a deleteStream means the publication; a number that is missing does. */
static bool means_publication(struct session *session, struct command *command)
{
    double stream;
    if (!dais_str_eq(command->name, dais_cstr("deleteStream")))
        return true;
    if (amf0_skip(&command->args) || amf0_read_number(&command->args, &stream))
        return true;
    return stream == (double)session->publish_stream;
}

static int32_t handle_stop(struct session *session, struct command *command,
                           struct session_event *event)
{
    bool asks = dais_str_eq(command->name, dais_cstr("FCUnpublish")) && command->transaction > 0;
    int32_t error = asks ? reply_undefined(session, command->transaction) : 0;
    if (error)
        return error;
    if (session->state != SESSION_PUBLISHING || !means_publication(session, command))
        return 0;
    session->state = SESSION_CONNECTED;
    error = reply_unpublished(session);
    session->fc_publish = false;
    if (error)
        return error;
    event->kind = SESSION_UNPUBLISH;
    return 1;
}

static int32_t handle_question(struct session *session, struct command *command,
                               struct session_event *event)
{
    return reply_number(session, command->transaction, 0);
}

static int32_t handle_play(struct session *session, struct command *command,
                           struct session_event *event)
{
    return refuse(session, command->stream, "NetStream.Play.StreamNotFound",
                  "This server takes streams by RTMP and gives none.");
}

static int32_t handle_silence(struct session *session, struct command *command,
                              struct session_event *event)
{
    return 0;
}

static const struct {
    struct dais_str name;
    bool connected; /* only after connect */
    int32_t (*handle)(struct session *session, struct command *command,
                      struct session_event *event);
} commands[] = {
    {DAIS_STR_INIT("connect"), false, handle_connect},
    {DAIS_STR_INIT("releaseStream"), true, handle_announcement},
    {DAIS_STR_INIT("FCPublish"), true, handle_announcement},
    {DAIS_STR_INIT("createStream"), true, handle_create_stream},
    {DAIS_STR_INIT("publish"), true, handle_publish},
    {DAIS_STR_INIT("FCUnpublish"), true, handle_stop},
    {DAIS_STR_INIT("deleteStream"), true, handle_stop},
    {DAIS_STR_INIT("closeStream"), true, handle_stop},
    {DAIS_STR_INIT("_checkbw"), true, handle_question},
    {DAIS_STR_INIT("getStreamLength"), true, handle_question},
    {DAIS_STR_INIT("play"), true, handle_play},
    {DAIS_STR_INIT("play2"), true, handle_play},
    {DAIS_STR_INIT("_result"), true, handle_silence},
    {DAIS_STR_INIT("_error"), true, handle_silence},
    {DAIS_STR_INIT("onStatus"), true, handle_silence},
};

int32_t command_handle(struct session *session, uint32_t stream, struct dais_str body,
                       struct session_event *ret_event)
{
    struct command command = {.stream = stream};
    amf0_reader_init(&command.args, body);
    int32_t error = amf0_read_string(&command.args, &command.name);
    if (error)
        return error;
    /* Some clients leave the number of commands without an answer out. */
    struct amf0_reader before = command.args;
    if (amf0_read_number(&command.args, &command.transaction)) {
        command.args = before;
        command.transaction = 0;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (!dais_str_eq(commands[i].name, command.name))
            continue;
        if (commands[i].connected && session->state == SESSION_OPEN)
            return DAIS_E_INVALID;
        return commands[i].handle(session, &command, ret_event);
    }
    return command.transaction > 0 ? reply_unknown(session, command.transaction) : 0;
}
