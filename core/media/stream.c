/* SPDX-License-Identifier: MIT */
/* The home worker's side of the hub: streams, takeover, grace, observers. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "loop/timer.h"
#include "loop/worker.h"
#include "media/message.h"

/** Identities that were just thrown out of a stream; the oldest is forgotten first. */
#define DENIED_MAX 4u

struct denied {
    uint64_t identity; /* keyed hash */
    uint64_t until_ms;
};

/** A stream on its home worker. */
struct stream {
    struct hub_streams *home;
    dais_handle handle;
    struct hub_text name;
    struct hub_text source;
    uint64_t session;
    uint64_t identity;
    dais_handle publisher;
    uint32_t worker; /* of the publisher */
    bool has_publisher;
    uint64_t heard_ms; /* last packet, or the start */
    uint32_t tracks;   /* bit i: track i was announced in this session */
    struct timer grace;
    struct denied denied[DENIED_MAX];
    uint32_t denied_next;
    uint64_t observers; /* bit i: row i was there when the stream began */
    uint64_t cookies[HUB_OBSERVERS_MAX];
};

_Static_assert(HUB_OBSERVERS_MAX <= 64, "a stream keeps its observers in 64 bits");

struct hub_streams {
    struct map by_name;
    struct handle_table handles;
    uint64_t session_last;
};

struct hub_streams *streams_new(void)
{
    struct hub_streams *streams = mem_zalloc(1, sizeof *streams);
    if (!streams)
        return NULL;
    uint32_t max = (uint32_t)limit_get(LIMIT_MEDIA_STREAMS);
    map_init(&streams->by_name, max);
    handle_table_init(&streams->handles, (uint8_t)worker_index(), max);
    return streams;
}

static struct dais_stream_info stream_info(const struct stream *stream)
{
    return (struct dais_stream_info){
        .stream = hub_text_view(&stream->name),
        .source = hub_text_view(&stream->source),
        .session = stream->session,
    };
}

enum event { EVENT_BEGIN, EVENT_TRACK, EVENT_PACKET, EVENT_GAP, EVENT_RESUME, EVENT_END };

/** Tells one observer; `what` is what its function takes besides the cookie. */
static void observer_tell(const struct dais_media_observer *calls, uint64_t *cookie,
                          enum event event, const void *what)
{
    bool wants_packets = (calls->flags & DAIS_OBSERVE_PACKETS) != 0;
    if (event == EVENT_BEGIN && calls->begin)
        *cookie = calls->begin(what);
    else if (event == EVENT_TRACK && calls->track && wants_packets)
        calls->track(*cookie, what);
    else if (event == EVENT_PACKET && calls->packet && wants_packets)
        calls->packet(*cookie, what);
    else if (event == EVENT_GAP && calls->gap)
        calls->gap(*cookie);
    else if (event == EVENT_RESUME && calls->resume)
        calls->resume(*cookie, what);
    else if (event == EVENT_END && calls->end)
        calls->end(*cookie);
}

/** Tells all observers of the stream, each as its owner. */
static void observers_tell(struct stream *stream, enum event event, const void *what)
{
    const struct owner core = owner_get();
    for (uint64_t left = stream->observers; left != 0; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        owner_set(&hub_observers[i].owner);
        observer_tell(hub_observers[i].calls, &stream->cookies[i], event, what);
    }
    owner_set(&core);
}

/** The stream is told to those who observe now, from its begin to its end. */
static void observers_take(struct stream *stream)
{
    for (uint32_t i = 0; i < HUB_OBSERVERS_MAX; i++) {
        if (!hub_observers[i].calls || !hub_observers[i].is_on)
            continue;
        stream->observers |= 1ull << i;
        atomic_fetch_add(&hub_observers[i].streams, 1);
    }
}

static void observers_release(struct stream *stream)
{
    for (uint64_t left = stream->observers; left != 0; left &= left - 1)
        atomic_fetch_sub(&hub_observers[__builtin_ctzll(left)].streams, 1);
    stream->observers = 0;
}

static void publisher_displace(struct stream *stream)
{
    if (!stream->has_publisher)
        return;
    stream->has_publisher = false;
    struct hub_notice *notice = mem_alloc(sizeof *notice);
    if (!notice)
        return; /* its next packet is of an old session and is dropped */
    *notice = (struct hub_notice){.mail = {.deliver = hub_on_notice},
                                  .publisher = stream->publisher};
    mail_post(stream->worker, &notice->mail);
}

static void stream_end(struct stream *stream)
{
    timer_stop(&stream->grace);
    publisher_displace(stream);
    observers_tell(stream, EVENT_END, NULL);
    observers_release(stream);
    LOG_INFO("stream ended", log_str("stream", hub_text_view(&stream->name)));
    map_remove(&stream->home->by_name, hub_text_view(&stream->name));
    handle_remove(&stream->home->handles, stream->handle);
    metrics_add(hub_metrics + HUB_METRIC_STREAMS, -1);
    mem_free(stream);
}

void streams_free(struct hub_streams *streams)
{
    for (;;) {
        uint32_t cursor = 0;
        void *value;
        if (!map_next(&streams->by_name, &cursor, NULL, &value))
            break;
        struct stream *stream = value;
        stream->has_publisher = false; /* all fibers have ended: nobody is left to be told */
        stream_end(stream);
    }
    map_fini(&streams->by_name);
    handle_table_fini(&streams->handles);
    mem_free(streams);
}

static void on_grace_over(struct timer *timer)
{
    stream_end(CONTAINER_OF(timer, struct stream, grace));
}

static int32_t stream_new(struct hub_streams *home, struct dais_str name,
                          struct stream **ret_stream)
{
    struct stream *stream = mem_zalloc(1, sizeof *stream);
    if (!stream)
        return DAIS_E_MEMORY;
    stream->home = home;
    hub_text_set(&stream->name, name);
    timer_init(&stream->grace, on_grace_over);
    int32_t error = handle_add(&home->handles, stream, &stream->handle);
    if (!error)
        error = map_put(&home->by_name, name, stream);
    if (error) {
        handle_remove(&home->handles, stream->handle);
        mem_free(stream);
        return error;
    }
    observers_take(stream);
    metrics_add(hub_metrics + HUB_METRIC_STREAMS, 1);
    *ret_stream = stream;
    return DAIS_OK;
}

static bool is_denied(const struct stream *stream, uint64_t identity)
{
    for (uint32_t i = 0; i < DENIED_MAX; i++)
        if (stream->denied[i].identity == identity && stream->denied[i].until_ms > clock_tick_ms())
            return true;
    return false;
}

/** Whether the publisher of `stream` gives way to one of `identity`. */
static int32_t takeover_check(const struct stream *stream, uint64_t identity)
{
    if (!stream->has_publisher)
        return DAIS_OK;
    uint64_t silent_ms = clock_tick_ms() - stream->heard_ms;
    if (silent_ms >= (uint64_t)limit_get(LIMIT_MEDIA_SILENT_MS))
        return DAIS_OK;
    if (identity != stream->identity)
        return DAIS_E_CONFLICT;
    return is_denied(stream, identity) ? DAIS_E_DENIED : DAIS_OK;
}

/** Remembers that a publisher of this identity was thrown out by one of the same identity. */
static void denied_add(struct stream *stream, uint64_t identity)
{
    stream->denied[stream->denied_next] = (struct denied){
        .identity = identity,
        .until_ms = clock_tick_ms() + (uint64_t)limit_get(LIMIT_MEDIA_DISPLACED_MS),
    };
    stream->denied_next = (stream->denied_next + 1) % DENIED_MAX;
}

/** The clock gives the number, so that it rises over restarts, unless it was set back. */
static uint64_t session_next(struct hub_streams *home, uint64_t after)
{
    uint64_t now = (uint64_t)clock_unix_ms();
    if (after > home->session_last)
        home->session_last = after;
    home->session_last = now > home->session_last ? now : home->session_last + 1;
    return home->session_last;
}

/** Makes the sender of `request` the publisher of `stream`. */
static void publisher_set(struct stream *stream, const struct hub_request *request,
                          uint64_t identity)
{
    if (stream->has_publisher) {
        metrics_add(hub_metrics + HUB_METRIC_TAKEOVERS, 1);
        if (identity == stream->identity)
            denied_add(stream, identity);
        publisher_displace(stream);
    }
    timer_stop(&stream->grace);
    hub_text_set(&stream->source, request->publish->source);
    stream->identity = identity;
    stream->publisher = request->publisher;
    stream->worker = request->worker;
    stream->has_publisher = true;
    stream->heard_ms = clock_tick_ms();
    stream->session = session_next(stream->home, request->publish->session_after);
    stream->tracks = 0;
}

static int32_t request_decide(struct hub_streams *home, struct hub_request *request)
{
    struct dais_str name = request->publish->stream;
    uint64_t identity = hash_bytes(request->publish->identity);
    struct stream *stream = map_get(&home->by_name, name);
    bool is_new = !stream;
    int32_t error = is_new ? stream_new(home, name, &stream) : takeover_check(stream, identity);
    if (error) {
        metrics_add(hub_metrics + HUB_METRIC_REFUSED, 1);
        return error;
    }
    publisher_set(stream, request, identity);
    request->ret_stream = stream->handle;
    request->ret_session = stream->session;
    const struct dais_stream_info info = stream_info(stream);
    LOG_INFO(is_new ? "stream begins" : "stream goes on", log_str("stream", info.stream),
             log_str("source", info.source));
    observers_tell(stream, is_new ? EVENT_BEGIN : EVENT_RESUME, &info);
    return DAIS_OK;
}

/** The answer, back on the publisher's worker. */
static void on_answer(struct mail *mail)
{
    struct hub_request *request = CONTAINER_OF(mail, struct hub_request, mail);
    fiber_resume(&request->wait, request->result);
}

void streams_on_request(struct mail *mail)
{
    struct hub_request *request = CONTAINER_OF(mail, struct hub_request, mail);
    struct hub_streams *home = hub_streams_self();
    request->result = home ? request_decide(home, request) : DAIS_E_GONE;
    request->mail.deliver = on_answer;
    mail_post(request->worker, &request->mail);
}

static void on_track(struct stream *stream, const struct dais_track *track)
{
    stream->tracks |= 1u << track->index;
    observers_tell(stream, EVENT_TRACK, track);
}

static void on_packet(struct stream *stream, const struct dais_packet *packet)
{
    stream->heard_ms = clock_tick_ms();
    if (!(stream->tracks & 1u << packet->track))
        return; /* a packet before its track means nothing to anybody */
    metrics_add(hub_metrics + HUB_METRIC_PACKETS, 1);
    metrics_add(hub_metrics + HUB_METRIC_BYTES, packet->len);
    observers_tell(stream, EVENT_PACKET, packet);
}

static void on_unpublish(struct stream *stream, bool clean)
{
    stream->has_publisher = false;
    if (clean) {
        stream_end(stream);
        return;
    }
    LOG_INFO("stream lost its encoder", log_str("stream", hub_text_view(&stream->name)));
    observers_tell(stream, EVENT_GAP, NULL);
    timer_start(&stream->grace, (uint64_t)limit_get(LIMIT_MEDIA_GRACE_MS));
}

/** The stream that a message is for, or NULL when it is not, or no longer, for any. */
static struct stream *message_stream(struct hub_streams *home, const struct hub_message *message)
{
    if (message->kind == HUB_STOP)
        return map_get(&home->by_name, hub_text_view(&message->name));
    struct stream *stream = handle_get(&home->handles, message->stream);
    return stream && stream->has_publisher && stream->session == message->session ? stream : NULL;
}

void streams_on_message(struct mail *mail)
{
    struct hub_message *message = CONTAINER_OF(mail, struct hub_message, mail);
    struct hub_streams *home = hub_streams_self();
    struct stream *stream = home ? message_stream(home, message) : NULL;
    if (stream) {
        switch (message->kind) {
        case HUB_TRACK:
            on_track(stream, &message->track);
            break;
        case HUB_PACKET:
            on_packet(stream, &message->packet);
            break;
        case HUB_UNPUBLISH:
            on_unpublish(stream, message->clean != 0);
            break;
        case HUB_STOP:
            stream_end(stream);
            break;
        }
    }
    hub_message_free(message);
}
