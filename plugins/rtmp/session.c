/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <assert.h>
#include <string.h>

#include "bytes.h"
#include "command.h"
#include "flv.h"
#include "reply.h"

#define USER_PING 6u
/* A peer that asks for acknowledgements more often than this gets them this often. */
#define WINDOW_BYTES_MIN 4096u
#define TIMESTAMP_MS_MAX ((int64_t)1 << 42) /* 139 years */

void session_init(struct session *session, const struct session_config *config)
{
    memset(session, 0, offsetof(struct session, app));
    session->bodies = config->bodies;
    session->window_bytes = SESSION_WINDOW_BYTES;
    session->chunk_bytes = CHUNK_BYTES_DEFAULT;
    session->output_bytes = 0;
    session->message_bytes_max = config->message_bytes_max;
    session->buffered_bytes_max = config->buffered_bytes_max;
    /* Strangers get the memory that commands take, not that of frames. */
    chunk_reader_init(&session->chunks, &config->bodies, SESSION_COMMAND_BYTES_MAX,
                      2 * SESSION_COMMAND_BYTES_MAX);
    static_assert(SESSION_OUTPUT_BYTES_PAUSE >= HANDSHAKE_REPLY_BYTES, "the reply is made in it");
    handshake_init(&session->handshake, session->output, config->seed);
}

static void release(struct session *session, void *body)
{
    if (body)
        session->bodies.body_unref(session->bodies.ctx, body);
}

void session_fini(struct session *session)
{
    release(session, session->aggregate.body);
    session->aggregate.body = NULL;
    chunk_reader_fini(&session->chunks);
}

/*
 * Timestamps wrap at 2^32 ms; the nearest reading to the last one is meant. A peer that jumps ahead
 * again and again is stopped long before anything that is computed from its times can overflow.
 */
static int32_t unwrap(struct session *session, uint32_t timestamp)
{
    if (!session->timed) {
        session->timed = true;
        session->timestamp_ms = timestamp;
    } else {
        session->timestamp_ms += (int32_t)(timestamp - (uint32_t)session->timestamp_ms);
    }
    if (session->timestamp_ms > TIMESTAMP_MS_MAX || session->timestamp_ms < -TIMESTAMP_MS_MAX)
        return DAIS_E_INVALID;
    return 0;
}

/* Takes the caller's reference of `body`. Media outside a publication is dropped. */
static int32_t give_media(struct session *session, const struct session_media *media,
                          uint32_t timestamp, struct session_event *event)
{
    if (session->state != SESSION_PUBLISHING) {
        release(session, media->body);
        return 0;
    }
    int32_t error = unwrap(session, timestamp);
    if (error) {
        release(session, media->body);
        return error;
    }
    event->kind = SESSION_MEDIA;
    event->media = *media;
    event->media.timestamp_ms = session->timestamp_ms;
    return 1;
}

static int32_t handle_user_control(struct session *session, struct dais_str body)
{
    const uint8_t *data = (const uint8_t *)body.ptr;
    if (body.len < 6 || bytes_get16(data) != USER_PING)
        return 0;
    return reply_pong(session, bytes_get32(data + 2));
}

static void handle_window(struct session *session, struct dais_str body)
{
    if (body.len < 4)
        return;
    uint32_t bytes = bytes_get32((const uint8_t *)body.ptr);
    if (bytes == 0 || bytes > SESSION_WINDOW_BYTES)
        bytes = SESSION_WINDOW_BYTES;
    session->window_bytes = bytes < WINDOW_BYTES_MIN ? WINDOW_BYTES_MIN : bytes;
}

/* An AMF3 message of encoders is one zero byte and then AMF0. */
static struct dais_str without_amf3_marker(struct dais_str body)
{
    if (body.len > 0 && body.ptr[0] == 0) {
        body.ptr++;
        body.len--;
    }
    return body;
}

static int32_t handle_message(struct session *session, const struct chunk_message *message,
                              struct session_event *event)
{
    struct dais_str body = dais_str((const char *)message->data, message->bytes);
    struct session_media media = {.type = message->type, .body = message->body, .data = body};
    int32_t status = 0;
    switch (message->type) {
    case CHUNK_DATA_AMF3:
        media.type = CHUNK_DATA_AMF0;
        media.data = without_amf3_marker(body);
        return give_media(session, &media, message->timestamp, event);
    case CHUNK_AUDIO:
    case CHUNK_VIDEO:
    case CHUNK_DATA_AMF0:
        return give_media(session, &media, message->timestamp, event);
    case CHUNK_AGGREGATE:
        session->aggregate = (struct session_aggregate){
            .body = message->body, .rest = body, .timestamp = message->timestamp};
        return 0;
    case CHUNK_COMMAND_AMF3:
        body = without_amf3_marker(body);
        /* fall through */
    case CHUNK_COMMAND_AMF0:
        status = command_handle(session, message->message_stream_id, body, event);
        break;
    case CHUNK_USER_CONTROL:
        status = handle_user_control(session, body);
        break;
    case CHUNK_WINDOW_ACK_SIZE:
        handle_window(session, body);
        break;
    default: /* acknowledgements, shared objects, what we do not know */
        break;
    }
    release(session, message->body);
    return status;
}

static void end_aggregate(struct session *session)
{
    release(session, session->aggregate.body);
    session->aggregate.body = NULL;
}

/* The next message of an aggregate; the tags' times count from the first one's. */
static int32_t read_aggregate(struct session *session, struct session_event *event)
{
    struct session_aggregate *aggregate = &session->aggregate;
    struct flv_tag tag;
    int32_t status = session->state == SESSION_PUBLISHING ? flv_next_tag(&aggregate->rest, &tag)
                                                          : 0;
    if (status <= 0) {
        end_aggregate(session);
        return status;
    }
    if (!aggregate->begun)
        aggregate->first = tag.timestamp;
    aggregate->begun = true;
    if (tag.type != CHUNK_AUDIO && tag.type != CHUNK_VIDEO && tag.type != CHUNK_DATA_AMF0)
        return 0;
    session->bodies.body_ref(session->bodies.ctx, aggregate->body);
    struct session_media media = {.type = tag.type, .body = aggregate->body, .data = tag.data};
    return give_media(session, &media, aggregate->timestamp + (tag.timestamp - aggregate->first),
                      event);
}

/* Returns 0 when more input is needed, 1 when the handshake went on. */
static int32_t shake_hands(struct session *session, struct dais_str *in)
{
    int32_t status = handshake_feed(&session->handshake, in, session->output);
    if (status < 0 || status == HANDSHAKE_MORE)
        return status;
    if (status == HANDSHAKE_REPLY)
        session->output_bytes = HANDSHAKE_REPLY_BYTES;
    else
        session->state = SESSION_OPEN;
    return 1;
}

static int32_t read_message(struct session *session, struct dais_str *in,
                            struct session_event *event, bool *ret_starved)
{
    struct chunk_message message;
    int32_t status = chunk_read(&session->chunks, in, &message);
    *ret_starved = status == 0;
    return status > 0 ? handle_message(session, &message, event) : status;
}

static int32_t advance(struct session *session, struct dais_str *in, struct session_event *event)
{
    while (session->output_bytes <= SESSION_OUTPUT_BYTES_PAUSE) {
        bool starved = false;
        int32_t status;
        if (session->state == SESSION_HANDSHAKING) {
            status = shake_hands(session, in);
            if (status <= 0)
                return status;
            continue;
        }
        if (session->aggregate.body)
            status = read_aggregate(session, event);
        else
            status = read_message(session, in, event, &starved);
        if (status != 0 || starved)
            return status;
    }
    return 0;
}

int32_t session_feed(struct session *session, struct dais_str *in, struct session_event *ret_event)
{
    if (session->state == SESSION_DECIDING || session->state == SESSION_REFUSED)
        return DAIS_E_STATE;
    uint64_t before = in->len;
    struct session_event event = {0};
    int32_t status = advance(session, in, &event);
    session->received_bytes += before - in->len;
    bool due = session->received_bytes - session->acknowledged_bytes >= session->window_bytes;
    if (status >= 0 && due) {
        int32_t error = reply_ack(session);
        assert(error == 0); /* input was taken, so half of the output was free a message ago */
        (void)error;
    }
    if (status > 0)
        *ret_event = event;
    return status;
}

int32_t session_accept(struct session *session)
{
    if (session->state != SESSION_DECIDING)
        return DAIS_E_STATE;
    session->state = SESSION_PUBLISHING;
    chunk_reader_bound(&session->chunks, session->message_bytes_max, session->buffered_bytes_max);
    return reply_published(session);
}

int32_t session_refuse(struct session *session, struct dais_str code, struct dais_str description)
{
    if (session->state != SESSION_DECIDING && session->state != SESSION_PUBLISHING)
        return DAIS_E_STATE;
    session->state = SESSION_REFUSED;
    const struct reply_status status = {
        .stream = session->publish_stream,
        .level = dais_cstr("error"),
        .code = code,
        .description = description,
    };
    return reply_status(session, &status);
}

struct dais_str session_output(const struct session *session)
{
    return dais_str((const char *)session->output, session->output_bytes);
}

void session_sent(struct session *session, uint64_t bytes)
{
    assert(bytes <= session->output_bytes);
    session->output_bytes -= (uint32_t)bytes;
    memmove(session->output, session->output + bytes, session->output_bytes);
}

int32_t session_send(struct session *session, const struct chunk_message *message)
{
    size_t bytes;
    int32_t error = chunk_write(message, session->chunk_bytes,
                                session->output + session->output_bytes,
                                sizeof(session->output) - session->output_bytes, &bytes);
    if (error)
        return error;
    session->output_bytes += (uint32_t)bytes;
    return 0;
}
