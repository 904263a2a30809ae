/* SPDX-License-Identifier: MIT */
#include "conn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"
#include "dais/svc/streams.h"
#include "live.h"

/* Unfinished messages of one connection together, beside one of full size. */
#define BUFFERED_BYTES_SPARE (2u << 20)
#define OUTPUT_BYTES_MAX 65536u
/* An encoder sends a frame in several pieces, and many encoders send at the same time. */
#define GATHER_MS 10u
/* While no input comes, a connection looks this often whether another took its stream. */
#define LOOK_MS 1000u
#define IDENTITY_BYTES_MAX 128u
#define ADDRESS_BYTES_MAX 300u

struct conn_config conn_config;
uint32_t conn_metrics_first;

/* One encoder. Lives in its fiber; on the heap because a session is larger than a frame. */
struct encoder {
    dais_handle conn;
    struct dais_str peer;
    uint64_t deadline_ms; /* for the publish, then for the next media */
    bool publishing;
    bool displaced;
    uint64_t began_ms;
    char stream[64]; /* playback id, for logs */
    struct live live;
    struct session session;
};

static void count(enum conn_metric metric, int64_t value)
{
    dais_metrics->add(conn_metrics_first + metric, value);
}

static void *body_new(void *ctx, uint32_t bytes, uint8_t **ret_data)
{
    struct dais_buf *buf = dais_mem->buf_new(bytes);
    if (buf)
        *ret_data = buf->data;
    return buf;
}

static void body_ref(void *ctx, void *body)
{
    dais_mem->buf_ref(body);
}

static void body_unref(void *ctx, void *body)
{
    dais_mem->buf_unref(body);
}

/* One line about an encoder: what happened, to which stream, and why. Never a key. */
static void tell(const struct encoder *encoder, uint32_t level, const char *event,
                 const char *detail)
{
    const struct dais_log_value values[] = {
        {"peer", encoder->peer},
        {"encoder", dais_str(encoder->session.encoder, encoder->session.encoder_bytes)},
        {"stream", dais_cstr(encoder->stream)},
        {"detail", dais_cstr(detail)},
    };
    if (dais_log->enabled(level))
        dais_log->write(level, dais_cstr(event), values, sizeof(values) / sizeof(values[0]));
}

static int32_t send_output(struct encoder *encoder)
{
    struct dais_str out = session_output(&encoder->session);
    if (out.len == 0)
        return 0;
    int32_t error = dais_net->write(encoder->conn, out);
    if (!error)
        session_sent(&encoder->session, out.len);
    return error;
}

/* Tells the encoder that it may not publish (any more). */
static int32_t refuse(struct encoder *encoder, const char *code, const char *description)
{
    count(CONN_REFUSED, 1);
    tell(encoder, DAIS_WARN, "refused", description);
    return session_refuse(&encoder->session, dais_cstr(code), dais_cstr(description));
}

/* Whether an answer is final. Without one an encoder takes the end of the connection for a failure
 * and comes back by itself, which is right while the database is away. */
static int32_t refuse_key(struct encoder *encoder, int32_t error)
{
    if (error == DAIS_E_DENIED || error == DAIS_E_NOT_FOUND)
        return refuse(encoder, "NetStream.Publish.Denied", "The stream key is not known.");
    if (error == DAIS_E_CONFLICT)
        return refuse(encoder, "NetStream.Publish.BadName", "The stream takes no media now.");
    tell(encoder, DAIS_WARN, "not decided", "the stream key could not be looked up");
    return error;
}

static int32_t refuse_publisher(struct encoder *encoder, int32_t error)
{
    if (error == DAIS_E_CONFLICT)
        return refuse(encoder, "NetStream.Publish.BadName",
                      "Another encoder publishes this stream.");
    if (error == DAIS_E_DENIED)
        return refuse(encoder, "NetStream.Publish.BadName",
                      "Another encoder took this stream over.");
    if (error == DAIS_E_LIMIT)
        return refuse(encoder, "NetStream.Publish.Rejected",
                      "The server has no room for another stream.");
    return error;
}

static int32_t authorize(const struct session_publish *publish, struct dais_ingest *ret_ingest)
{
    int32_t error = DAIS_E_DENIED;
    if (publish->key.len > 0)
        error = dais_streams_authorize(publish->key, ret_ingest);
    if (error == DAIS_E_DENIED && publish->other_key.len > 0)
        error = dais_streams_authorize(publish->other_key, ret_ingest);
    return error;
}

/* [worker] Called by the hub; the fiber sees it when it next looks. */
static void displaced(uint64_t cookie)
{
    struct encoder *encoder = (struct encoder *)(uintptr_t)cookie; /* lives until it unpublishes */
    encoder->displaced = true;
}

static struct dais_str address_of(struct dais_str peer)
{
    const char *colon = peer.len ? memrchr(peer.ptr, ':', peer.len) : NULL;
    return colon ? dais_str(peer.ptr, (uint64_t)(colon - peer.ptr)) : peer;
}

static int32_t open_publisher(struct encoder *encoder, const struct dais_ingest *ingest)
{
    const struct session *session = &encoder->session;
    struct dais_str address = address_of(encoder->peer);
    char identity[IDENTITY_BYTES_MAX];
    char source[IDENTITY_BYTES_MAX];
    snprintf(identity, sizeof(identity), "%.*s %.*s", (int)address.len, address.ptr,
             (int)session->encoder_bytes, session->encoder);
    snprintf(source, sizeof(source), "rtmp %.*s", (int)encoder->peer.len, encoder->peer.ptr);
    const struct dais_publish request = {
        .stream = ingest->playback_id,
        .identity = dais_cstr(identity),
        .source = dais_cstr(source),
        .displaced = displaced,
        .cookie = (uint64_t)(uintptr_t)encoder,
        .session_after = ingest->session,
    };
    dais_handle publisher;
    encoder->displaced = false;
    int32_t error = dais_media->publish(&request, &publisher);
    if (error)
        return error;
    live_init(&encoder->live, publisher);
    snprintf(encoder->stream, sizeof(encoder->stream), "%.*s", (int)ingest->playback_id.len,
             ingest->playback_id.ptr);
    return 0;
}

/* Whoever replaced the key while this encoder was being let in stopped a stream that it had not
 * taken yet. From now on a stop reaches it. */
static int32_t authorize_again(struct encoder *encoder, const struct session_publish *publish)
{
    struct dais_ingest ingest;
    int32_t error = authorize(publish, &ingest);
    if (!error && dais_str_eq(ingest.playback_id, dais_cstr(encoder->stream)))
        return 0;
    error = error ? error : DAIS_E_DENIED;
    /* Nothing is over because the key could not be looked up. */
    dais_media->unpublish(encoder->live.publisher, error == DAIS_E_DENIED);
    live_fini(&encoder->live);
    return error;
}

static int32_t begin_publication(struct encoder *encoder, const struct session_publish *publish)
{
    struct dais_ingest ingest;
    int32_t error = authorize(publish, &ingest);
    if (error)
        return refuse_key(encoder, error);
    error = open_publisher(encoder, &ingest);
    if (error)
        return refuse_publisher(encoder, error);
    error = authorize_again(encoder, publish);
    if (error)
        return refuse_key(encoder, error);
    encoder->publishing = true;
    encoder->began_ms = dais_fiber->now_ms();
    encoder->deadline_ms = encoder->began_ms + (uint64_t)conn_config.media_timeout_ms;
    count(CONN_PUBLISHERS, 1);
    tell(encoder, DAIS_INFO, "publishing", "begins");
    return session_accept(&encoder->session);
}

static void end_publication(struct encoder *encoder, bool clean, const char *why)
{
    if (!encoder->publishing)
        return;
    encoder->publishing = false;
    dais_media->unpublish(encoder->live.publisher, clean);
    count(CONN_PUBLISHERS, -1);
    count(CONN_PACKETS_DROPPED, (int64_t)encoder->live.packets_dropped);
    char detail[128];
    snprintf(detail, sizeof(detail), "%s after %" PRIu64 " s, %" PRIu64 " packets dropped", why,
             (dais_fiber->now_ms() - encoder->began_ms) / 1000, encoder->live.packets_dropped);
    tell(encoder, DAIS_INFO, "published", detail);
    live_fini(&encoder->live);
    encoder->deadline_ms = dais_fiber->now_ms() + (uint64_t)conn_config.handshake_timeout_ms;
}

static int32_t refuse_codec(struct encoder *encoder)
{
    const struct flv_packet *packet = &encoder->live.refused;
    uint32_t codec = packet->codec;
    char name[5] = {(char)(codec >> 24), (char)(codec >> 16), (char)(codec >> 8), (char)codec};
    char text[96];
    if (codec)
        snprintf(text, sizeof(text), "Only H.264 and AAC are taken; this is %s.", name);
    else
        snprintf(text, sizeof(text), "Only H.264 and AAC are taken; this is FLV codec %u.",
                 packet->legacy_codec);
    int32_t error = refuse(encoder, "NetStream.Publish.Rejected", text);
    end_publication(encoder, true, "refused");
    return error;
}

/* The encoder has no part in the stream any more: it must not believe that it is a lost link. */
static int32_t give_way(struct encoder *encoder)
{
    int32_t error = refuse(encoder, "NetStream.Publish.BadName",
                           "Another encoder took this stream over.");
    end_publication(encoder, false, "displaced");
    return error;
}

static int32_t take_media(struct encoder *encoder, const struct session_media *media)
{
    int32_t error = live_media(&encoder->live, media);
    if (media->body)
        body_unref(NULL, media->body);
    if (error == DAIS_E_GONE)
        return give_way(encoder);
    if (error == DAIS_E_MEDIA_TYPE)
        return refuse_codec(encoder);
    if (media->type != CHUNK_DATA_AMF0)
        encoder->deadline_ms = dais_fiber->now_ms() + (uint64_t)conn_config.media_timeout_ms;
    return error;
}

static int32_t take_event(struct encoder *encoder, const struct session_event *event)
{
    if (event->kind == SESSION_PUBLISH)
        return begin_publication(encoder, &event->publish);
    if (event->kind == SESSION_MEDIA)
        return take_media(encoder, &event->media);
    end_publication(encoder, true, "stopped");
    return 0;
}

/* The view of the input ends where the fiber suspends, and deciding about a publish does. */
static int32_t hold(struct dais_str *in, struct dais_buf **ret_held)
{
    if (in->len == 0)
        return 0;
    struct dais_buf *held = dais_mem->buf_new(in->len);
    if (!held)
        return DAIS_E_MEMORY;
    memcpy(held->data, in->ptr, in->len);
    in->ptr = (const char *)held->data;
    dais_mem->buf_unref(*ret_held);
    *ret_held = held;
    return 0;
}

static int32_t consume_step(struct encoder *encoder, struct dais_str *in, struct dais_buf **held)
{
    struct session_event event;
    int32_t status = session_feed(&encoder->session, in, &event);
    if (status < 0)
        return status;
    int32_t error = 0;
    if (status > 0 && event.kind == SESSION_PUBLISH)
        error = hold(in, held);
    if (status > 0 && !error)
        error = take_event(encoder, &event);
    if (!error)
        error = send_output(encoder);
    return error ? error : status;
}

/* Works off one piece of input. */
static int32_t consume(struct encoder *encoder, struct dais_str in)
{
    struct dais_buf *held = NULL;
    int32_t status;
    do {
        status = consume_step(encoder, &in, &held);
    } while (encoder->session.state != SESSION_REFUSED && (status > 0 || (!status && in.len > 0)));
    dais_mem->buf_unref(held);
    return status < 0 ? status : 0;
}

/* DAIS_E_CONFLICT when another publisher took over, DAIS_E_TIMEOUT past the deadline. */
static int32_t wait_input(struct encoder *encoder, struct dais_str *ret_input)
{
    for (;;) {
        uint64_t now_ms = dais_fiber->now_ms();
        if (now_ms >= encoder->deadline_ms)
            return DAIS_E_TIMEOUT;
        uint64_t wait_ms = encoder->deadline_ms - now_ms;
        int32_t error = dais_net->read(encoder->conn, wait_ms < LOOK_MS ? wait_ms : LOOK_MS,
                                       ret_input);
        if (error != DAIS_E_TIMEOUT)
            return error;
        if (encoder->publishing && encoder->displaced)
            return DAIS_E_CONFLICT;
    }
}

static int32_t converse(struct encoder *encoder)
{
    struct dais_str in;
    int32_t error = 0;
    while (!error && encoder->session.state != SESSION_REFUSED) {
        error = wait_input(encoder, &in);
        if (error == DAIS_E_CONFLICT)
            return give_way(encoder);
        if (error)
            return error;
        error = consume(encoder, in);
    }
    return error;
}

static const char *reason(int32_t error)
{
    switch (error) {
    case 0:
        return "refused";
    case DAIS_E_GONE:
        return "connection lost";
    case DAIS_E_TIMEOUT:
        return "silent for too long";
    case DAIS_E_CANCELLED:
        return "server stops";
    case DAIS_E_TOO_LARGE:
        return "message too large";
    case DAIS_E_INVALID:
        return "broken input";
    case DAIS_E_LIMIT:
        return "a limit was passed";
    default:
        return "failed";
    }
}

static void serve_encoder(struct encoder *encoder)
{
    const struct session_config config = {
        .bodies = {NULL, body_new, body_ref, body_unref},
        .message_bytes_max = (uint32_t)conn_config.message_bytes_max,
        .buffered_bytes_max = (uint32_t)conn_config.message_bytes_max + BUFFERED_BYTES_SPARE,
        .seed = (uint64_t)dais_fiber->unix_ms() ^ encoder->conn << 20,
    };
    session_init(&encoder->session, &config);
    encoder->peer = dais_net->peer(encoder->conn);
    encoder->deadline_ms = dais_fiber->now_ms() + (uint64_t)conn_config.handshake_timeout_ms;
    int32_t error = converse(encoder);
    bool broken = error == DAIS_E_INVALID || error == DAIS_E_TOO_LARGE || error == DAIS_E_LIMIT;
    if (broken) {
        count(CONN_BROKEN, 1);
        tell(encoder, DAIS_WARN, "closed", reason(error));
    }
    end_publication(encoder, false, reason(error));
    if (encoder->session.state == SESSION_REFUSED && send_output(encoder))
        tell(encoder, DAIS_WARN, "closed", "the refusal could not be sent");
    session_fini(&encoder->session);
}

static void serve(dais_handle conn)
{
    struct encoder *encoder = dais_mem->state_alloc(sizeof(*encoder));
    if (!encoder)
        return;
    encoder->conn = conn;
    serve_encoder(encoder);
    dais_mem->state_free(encoder);
}

static int32_t listen_on(struct dais_listener *listener, int64_t port)
{
    uint32_t workers = dais_fiber->workers();
    uint32_t connections = (uint32_t)conn_config.connections_max;
    listener->connections_max = workers > 1 ? (connections + workers - 1) / workers : connections;
    struct dais_str host = conn_config.listen;
    bool bare_v6 = host.len > 0 && host.ptr[0] != '[' && memchr(host.ptr, ':', host.len);
    char address[ADDRESS_BYTES_MAX];
    snprintf(address, sizeof(address), bare_v6 ? "[%.*s]:%u" : "%.*s:%u", (int)host.len, host.ptr,
             (uint32_t)port);
    return dais_net->listen(listener, dais_cstr(address));
}

int32_t conn_listen(void)
{
    static struct dais_listener plain = {
        .name = "rtmp",
        .output_bytes_max = OUTPUT_BYTES_MAX,
        .serve = serve,
        .gather_ms = GATHER_MS,
    };
    static struct dais_listener secure = {
        .name = "rtmps",
        .output_bytes_max = OUTPUT_BYTES_MAX,
        .serve = serve,
        .gather_ms = GATHER_MS,
        .flags = DAIS_LISTENER_TLS,
    };
    int32_t error = listen_on(&plain, conn_config.port);
    return !error && conn_config.tls_port ? listen_on(&secure, conn_config.tls_port) : error;
}
