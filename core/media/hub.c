/* SPDX-License-Identifier: MIT */
#include "media/hub.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "loop/worker.h"
#include "media/message.h"

/** A publisher on its own worker. */
struct publisher {
    struct list_node node;
    dais_handle handle;
    dais_handle stream; /* on the home worker; 0 until accepted */
    uint64_t session;
    uint32_t home;
    bool displaced;
    struct owner owner;
    void (*on_displaced)(uint64_t cookie);
    uint64_t cookie;
    struct hub_credit *credit;
};

/** What a worker keeps: its own publishers and the streams that live here. */
struct hub_worker {
    struct handle_table publishers;
    struct list all;
    struct hub_streams *streams;
};

struct hub_observer hub_observers[HUB_OBSERVERS_MAX];
uint32_t hub_metrics;

static const struct metrics_row METRICS[] = {
    [HUB_METRIC_STREAMS] = {.name = "dais_media_streams",
                            .kind = METRICS_GAUGE,
                            .help = "Streams that are live or in their grace period"},
    [HUB_METRIC_PACKETS] = {.name = "dais_media_packets_total",
                            .kind = METRICS_COUNTER,
                            .help = "Packets handed to observers"},
    [HUB_METRIC_BYTES] = {.name = "dais_media_bytes_total",
                          .kind = METRICS_COUNTER,
                          .help = "Bytes of these packets"},
    [HUB_METRIC_DROPPED] = {.name = "dais_media_packets_dropped_total",
                            .kind = METRICS_COUNTER,
                            .help = "Packets dropped because their home worker was behind"},
    [HUB_METRIC_REFUSED] = {.name = "dais_media_publishers_refused_total",
                            .kind = METRICS_COUNTER,
                            .help = "Publishers refused because the stream had one"},
    [HUB_METRIC_TAKEOVERS] = {.name = "dais_media_takeovers_total",
                              .kind = METRICS_COUNTER,
                              .help = "Publishers that gave way to another one"},
};

int32_t hub_init(void)
{
    memset(hub_observers, 0, sizeof hub_observers);
    return metrics_register(METRICS, sizeof METRICS / sizeof METRICS[0], &hub_metrics);
}

/** Whether nothing refers to the row any more. */
static bool is_free(const struct hub_observer *row)
{
    return !row->calls || (!row->is_on && atomic_load(&row->streams) == 0);
}

int32_t hub_observe_check(const struct dais_media_observer *observer, uint32_t more)
{
    if (!observer || !observer->name)
        return DAIS_E_INVALID;
    for (uint32_t i = 0; i < HUB_OBSERVERS_MAX && more > 0; i++)
        more -= is_free(&hub_observers[i]);
    return more > 0 ? DAIS_E_LIMIT : DAIS_OK;
}

int32_t hub_observe(const struct owner *owner, const struct dais_media_observer *observer)
{
    int32_t error = hub_observe_check(observer, 1);
    if (error)
        return error;
    struct hub_observer *row = hub_observers;
    while (!is_free(row))
        row++;
    row->owner = *owner;
    row->calls = observer;
    row->is_on = true;
    return DAIS_OK;
}

void hub_unobserve(const struct dais_media_observer *observer)
{
    for (uint32_t i = 0; i < HUB_OBSERVERS_MAX; i++)
        if (hub_observers[i].calls == observer)
            hub_observers[i].is_on = false;
}

uint32_t hub_observed(const struct dais_media_observer *observer)
{
    uint32_t streams = 0;
    for (uint32_t i = 0; i < HUB_OBSERVERS_MAX; i++)
        if (hub_observers[i].calls == observer)
            streams += atomic_load(&hub_observers[i].streams);
    return streams;
}

static struct hub_worker *self(void)
{
    return worker_self() ? worker_slot_get(WORKER_SLOT_MEDIA) : NULL;
}

struct hub_streams *hub_streams_self(void)
{
    const struct hub_worker *worker = self();
    return worker ? worker->streams : NULL;
}

int32_t hub_worker_start(void)
{
    struct hub_worker *worker = mem_zalloc(1, sizeof *worker);
    if (!worker)
        return DAIS_E_MEMORY;
    worker->streams = streams_new();
    if (!worker->streams) {
        mem_free(worker);
        return DAIS_E_MEMORY;
    }
    list_init(&worker->all);
    handle_table_init(&worker->publishers, (uint8_t)worker_index(), HANDLE_COUNT_MAX);
    worker_slot_set(WORKER_SLOT_MEDIA, worker);
    return DAIS_OK;
}

static void publisher_free(struct hub_worker *worker, struct publisher *publisher)
{
    list_remove(&publisher->node);
    handle_remove(&worker->publishers, publisher->handle);
    buf_unref(publisher->credit->keeper);
    mem_free(publisher);
}

void hub_worker_stop(void)
{
    struct hub_worker *worker = self();
    if (!worker)
        return;
    LIST_EACH (node, &worker->all)
        publisher_free(worker, LIST_ITEM(node, struct publisher, node));
    streams_free(worker->streams);
    handle_table_fini(&worker->publishers);
    worker_slot_set(WORKER_SLOT_MEDIA, NULL);
    mem_free(worker);
}

static struct hub_credit *credit_new(void)
{
    struct dais_buf *keeper = buf_new(sizeof(struct hub_credit));
    if (!keeper)
        return NULL;
    struct hub_credit *credit = (struct hub_credit *)keeper->data;
    credit->keeper = keeper;
    atomic_init(&credit->bytes, 0);
    return credit;
}

static int32_t publisher_new(struct hub_worker *worker, const struct dais_publish *request,
                             struct publisher **ret_publisher)
{
    struct publisher *publisher = mem_zalloc(1, sizeof *publisher);
    if (!publisher)
        return DAIS_E_MEMORY;
    publisher->owner = owner_get();
    publisher->home = worker_home(request->stream);
    publisher->on_displaced = request->displaced;
    publisher->cookie = request->cookie;
    publisher->credit = credit_new();
    int32_t error = publisher->credit
                        ? handle_add(&worker->publishers, publisher, &publisher->handle)
                        : DAIS_E_MEMORY;
    if (error) {
        if (publisher->credit)
            buf_unref(publisher->credit->keeper);
        mem_free(publisher);
        return error;
    }
    list_push(&worker->all, &publisher->node);
    *ret_publisher = publisher;
    return DAIS_OK;
}

/** Asks the home worker; the request is on this stack, so the wait is not cancelled. */
static int32_t home_ask(struct hub_request *request, uint32_t home)
{
    fiber_wait_init(&request->wait);
    int32_t error = mail_send(home, &request->mail);
    if (error)
        return error == DAIS_E_LIMIT ? DAIS_E_UNAVAILABLE : error;
    fiber_mask();
    error = fiber_suspend(&request->wait, FIBER_FOREVER);
    fiber_unmask();
    return error;
}

int32_t hub_publish(const struct dais_publish *request, dais_handle *ret_publisher)
{
    struct hub_worker *worker = self();
    if (!worker || !fiber_self())
        return DAIS_E_STATE;
    if (request->stream.len == 0 || request->stream.len > HUB_NAME_BYTES_MAX)
        return DAIS_E_INVALID;
    struct publisher *publisher;
    int32_t error = publisher_new(worker, request, &publisher);
    if (error)
        return error;
    struct hub_request ask = {
        .mail = {.deliver = streams_on_request},
        .publish = request,
        .publisher = publisher->handle,
        .worker = worker_index(),
    };
    error = home_ask(&ask, publisher->home);
    if (error) {
        publisher_free(worker, publisher);
        return error;
    }
    publisher->stream = ask.ret_stream;
    publisher->session = ask.ret_session;
    *ret_publisher = publisher->handle;
    return DAIS_OK;
}

void hub_on_notice(struct mail *mail)
{
    struct hub_notice *notice = CONTAINER_OF(mail, struct hub_notice, mail);
    struct hub_worker *worker = self();
    struct publisher *publisher = worker ? handle_get(&worker->publishers, notice->publisher)
                                         : NULL;
    mem_free(notice);
    if (!publisher || publisher->displaced)
        return;
    publisher->displaced = true;
    if (!publisher->on_displaced)
        return;
    const struct owner core = owner_get();
    owner_set(&publisher->owner);
    publisher->on_displaced(publisher->cookie);
    owner_set(&core);
}

void hub_message_free(struct hub_message *message)
{
    if (message->kind == HUB_TRACK)
        buf_unref(message->track.config);
    if (message->kind == HUB_PACKET) {
        atomic_fetch_sub_explicit(&message->credit->bytes, message->packet.len,
                                  memory_order_relaxed);
        buf_unref(message->packet.buf);
        buf_unref(message->credit->keeper);
    }
    mem_free(message);
}

/** A message from `publisher` to its stream, still without contents; NULL without memory. */
static struct hub_message *message_new(const struct publisher *publisher, enum hub_kind kind)
{
    struct hub_message *message = mem_zalloc(1, sizeof *message);
    if (!message)
        return NULL;
    message->mail.deliver = streams_on_message;
    message->kind = kind;
    message->stream = publisher->stream;
    message->session = publisher->session;
    return message;
}

static int32_t publisher_find(dais_handle handle, struct publisher **ret_publisher)
{
    struct hub_worker *worker = self();
    if (!worker)
        return DAIS_E_STATE;
    struct publisher *publisher = handle_get(&worker->publishers, handle);
    if (!publisher || publisher->displaced)
        return DAIS_E_GONE;
    *ret_publisher = publisher;
    return DAIS_OK;
}

int32_t hub_track(dais_handle handle, const struct dais_track *track)
{
    struct publisher *publisher;
    int32_t error = publisher_find(handle, &publisher);
    if (error)
        return error;
    if (track->index >= DAIS_MEDIA_TRACKS_MAX || !track->config)
        return DAIS_E_INVALID;
    struct hub_message *message = message_new(publisher, HUB_TRACK);
    if (!message)
        return DAIS_E_MEMORY;
    message->track = *track;
    buf_ref(track->config);
    error = mail_send(publisher->home, &message->mail);
    if (error)
        hub_message_free(message);
    return error;
}

/** Whether the packet stays within what may be under way. */
static bool credit_take(struct publisher *publisher, uint32_t len)
{
    int64_t under_way = atomic_fetch_add_explicit(&publisher->credit->bytes, len,
                                                  memory_order_relaxed) +
                        len;
    if (under_way <= limit_get(LIMIT_MEDIA_QUEUE_BYTES))
        return true;
    atomic_fetch_sub_explicit(&publisher->credit->bytes, len, memory_order_relaxed);
    return false;
}

int32_t hub_packet(dais_handle handle, const struct dais_packet *packet)
{
    struct publisher *publisher;
    int32_t error = publisher_find(handle, &publisher);
    if (error)
        return error;
    if (packet->track >= DAIS_MEDIA_TRACKS_MAX || packet->offset > packet->buf->len ||
        packet->len > packet->buf->len - packet->offset)
        return DAIS_E_INVALID;
    if (!credit_take(publisher, packet->len)) {
        metrics_add(hub_metrics + HUB_METRIC_DROPPED, 1);
        return DAIS_E_LIMIT;
    }
    struct hub_message *message = message_new(publisher, HUB_PACKET);
    if (!message) {
        atomic_fetch_sub_explicit(&publisher->credit->bytes, packet->len, memory_order_relaxed);
        return DAIS_E_MEMORY;
    }
    message->packet = *packet;
    message->credit = publisher->credit;
    buf_ref(packet->buf);
    buf_ref(publisher->credit->keeper);
    error = mail_send(publisher->home, &message->mail);
    if (error) {
        hub_message_free(message);
        metrics_add(hub_metrics + HUB_METRIC_DROPPED, 1);
    }
    return error;
}

void hub_unpublish(dais_handle handle, uint32_t clean)
{
    struct hub_worker *worker = self();
    struct publisher *publisher = worker ? handle_get(&worker->publishers, handle) : NULL;
    if (!publisher)
        return;
    struct hub_message *message = publisher->displaced ? NULL
                                                       : message_new(publisher, HUB_UNPUBLISH);
    if (message) {
        message->clean = clean;
        mail_post(publisher->home, &message->mail);
    }
    publisher_free(worker, publisher);
}

int32_t hub_stop(struct dais_str stream)
{
    if (!worker_self())
        return DAIS_E_STATE;
    if (stream.len == 0 || stream.len > HUB_NAME_BYTES_MAX)
        return DAIS_E_NOT_FOUND;
    struct hub_message *message = mem_zalloc(1, sizeof *message);
    if (!message)
        return DAIS_E_MEMORY;
    message->mail.deliver = streams_on_message;
    message->kind = HUB_STOP;
    hub_text_set(&message->name, stream);
    int32_t error = mail_send(worker_home(stream), &message->mail);
    if (error)
        hub_message_free(message);
    return error;
}
