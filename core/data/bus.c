/* SPDX-License-Identifier: MIT */
#include "data/bus.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "loop/mail.h"
#include "loop/worker.h"

#include <stdatomic.h>
#include <string.h>

#define TOPIC_BYTES_MAX 128u
#define KEY_BYTES_MAX 1024u

/* One row of a plugin's table, in the list of its topic. */
struct subscription {
    struct subscription *next;
    const struct dais_subscription *row;
    uint32_t owner;
};

struct topic {
    struct subscription *first, **last;
};

/* What travels to one worker. */
struct envelope {
    struct mail mail;
    struct event *event;
};

/* One event for all workers; the last envelope that is opened frees it. */
struct event {
    struct dais_bus_event view; /* of the bytes behind the envelopes */
    const struct topic *topic;
    _Atomic uint32_t left;
    struct envelope envelopes[];
};

/* Written during setup only. */
static struct {
    struct map topics;
    uint32_t rows;
    bus_bridge_fn bridge;
    void *bridge_context;
    bus_call_fn call;
} bus;

void bus_bridge(bus_bridge_fn bridge, void *context)
{
    bus.bridge = bridge;
    bus.bridge_context = context;
}

void bus_caller(bus_call_fn call)
{
    bus.call = call;
}

/* The topic's entry, made when it is new; NULL without memory. */
static struct topic *topic_of(struct dais_str name)
{
    if (!bus.topics.count_max)
        map_init(&bus.topics, (uint32_t)limit_get(LIMIT_BUS_SUBSCRIPTIONS));
    struct topic *topic = map_get(&bus.topics, name);
    if (topic)
        return topic;
    topic = mem_zalloc(1, sizeof *topic);
    if (!topic)
        return NULL;
    topic->last = &topic->first;
    if (map_put(&bus.topics, name, topic) == DAIS_OK)
        return topic;
    mem_free(topic);
    return NULL;
}

static int32_t subscribe(uint32_t owner, const struct dais_subscription *row)
{
    if (bus.rows >= (uint32_t)limit_get(LIMIT_BUS_SUBSCRIPTIONS))
        return DAIS_E_LIMIT;
    struct topic *topic = topic_of(dais_cstr(row->topic));
    struct subscription *subscription = topic ? mem_zalloc(1, sizeof *subscription) : NULL;
    if (!subscription)
        return DAIS_E_MEMORY;
    subscription->row = row;
    subscription->owner = owner;
    *topic->last = subscription;
    topic->last = &subscription->next;
    bus.rows++;
    return DAIS_OK;
}

int32_t bus_subscribe(uint32_t owner, const struct dais_subscription *table)
{
    if (!table)
        return DAIS_E_INVALID;
    for (const struct dais_subscription *row = table; row->topic; row++) {
        if (!row->handle || !row->topic[0] || strlen(row->topic) > TOPIC_BYTES_MAX)
            return DAIS_E_INVALID;
    }
    int32_t code = DAIS_OK;
    for (const struct dais_subscription *row = table; row->topic && code == DAIS_OK; row++)
        code = subscribe(owner, row);
    return code;
}

static void free_event(struct event *event, uint32_t opened)
{
    if (opened > 0 && atomic_fetch_sub(&event->left, opened) == opened)
        mem_free(event);
}

static void open_envelope(struct mail *mail)
{
    struct envelope *envelope = CONTAINER_OF(mail, struct envelope, mail);
    struct event *event = envelope->event;
    const struct subscription *subscription = event->topic->first;
    for (; subscription; subscription = subscription->next) {
        if (bus.call)
            bus.call(subscription->owner, subscription->row, &event->view);
        else
            subscription->row->handle(&event->view);
    }
    free_event(event, 1);
}

static char *put(char *to, struct dais_str text, struct dais_str *ret_copy)
{
    if (text.len > 0)
        memcpy(to, text.ptr, text.len);
    *ret_copy = text.ptr ? dais_str(to, text.len) : text;
    return to + text.len;
}

static struct event *make_event(const struct topic *topic, const struct dais_bus_event *from,
                                uint32_t workers)
{
    struct event *event;
    size_t head = sizeof *event + workers * sizeof event->envelopes[0];
    event = mem_alloc(head + from->topic.len + from->key.len + from->payload.len);
    if (!event)
        return NULL;
    event->topic = topic;
    atomic_init(&event->left, workers);
    char *to = (char *)event + head;
    to = put(to, from->topic, &event->view.topic);
    to = put(to, from->key, &event->view.key);
    put(to, from->payload, &event->view.payload);
    for (uint32_t i = 0; i < workers; i++)
        event->envelopes[i] = (struct envelope){.mail = {.deliver = open_envelope}, .event = event};
    return event;
}

/* Whether every worker has room. They may fill up in the meantime; then that one misses the event.
 */
static bool is_room(uint32_t workers)
{
    for (uint32_t i = 0; i < workers; i++) {
        if (mail_waiting(i) >= (uint32_t)limit_get(LIMIT_MAIL))
            return false;
    }
    return true;
}

int32_t bus_deliver(const struct dais_bus_event *event)
{
    uint32_t workers = worker_count(), missed = 0;
    const struct topic *topic = map_get(&bus.topics, event->topic);
    if (!worker_self())
        return DAIS_E_STATE;
    if (!topic)
        return DAIS_OK;
    if (!is_room(workers))
        return DAIS_E_LIMIT;
    struct event *shared = make_event(topic, event, workers);
    if (!shared)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < workers; i++)
        missed += mail_send(i, &shared->envelopes[i].mail) != DAIS_OK;
    /* The last line that may touch the event: the workers have begun to open it. */
    free_event(shared, missed);
    return missed > 0 ? DAIS_E_LIMIT : DAIS_OK;
}

int32_t bus_publish(const char *topic, struct dais_str key, struct dais_str payload)
{
    struct dais_bus_event event = {.topic = dais_cstr(topic), .key = key, .payload = payload};
    if (!topic || event.topic.len == 0 || event.topic.len > TOPIC_BYTES_MAX)
        return DAIS_E_INVALID;
    if (key.len > KEY_BYTES_MAX || payload.len > DAIS_BUS_PAYLOAD_BYTES_MAX)
        return DAIS_E_TOO_LARGE;
    if (bus.bridge && worker_self())
        bus.bridge(&event, bus.bridge_context);
    return bus_deliver(&event);
}

static void free_topic(struct topic *topic)
{
    while (topic->first) {
        struct subscription *subscription = topic->first;
        topic->first = subscription->next;
        mem_free(subscription);
    }
    mem_free(topic);
}

void bus_close(void)
{
    uint32_t cursor = 0;
    void *topic = NULL;
    while (map_next(&bus.topics, &cursor, NULL, &topic))
        free_topic(topic);
    map_fini(&bus.topics);
    memset(&bus, 0, sizeof bus);
}
