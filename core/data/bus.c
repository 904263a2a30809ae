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

/* Stays while there is a row of it. */
struct topic {
    struct subscription *first;
};

/* What travels to one worker. */
struct envelope {
    struct mail mail;
    struct event *event;
};

/* One event for all workers; the last envelope that is opened frees it. */
struct event {
    struct dais_bus_event view; /* of the bytes behind the envelopes */
    _Atomic uint32_t left;
    struct envelope envelopes[];
};

/* Written while no worker looks, but for the count of events. */
static struct {
    struct map topics;
    uint32_t rows;
    _Atomic uint32_t events; /* alive */
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
    if (map_put(&bus.topics, name, topic) == DAIS_OK)
        return topic;
    mem_free(topic);
    return NULL;
}

/* Takes off the rows that lie in `table`; a topic without rows goes. */
static void remove_rows(struct topic *topic, struct dais_str name,
                        const struct dais_subscription *table, uint32_t count)
{
    struct subscription **at = &topic->first;
    while (*at) {
        struct subscription *subscription = *at;
        if (subscription->row < table || subscription->row >= table + count) {
            at = &subscription->next;
            continue;
        }
        *at = subscription->next;
        mem_free(subscription);
        bus.rows--;
    }
    if (topic->first)
        return;
    map_remove(&bus.topics, name);
    mem_free(topic);
}

void bus_unsubscribe(const struct dais_subscription *table)
{
    uint32_t count = 0;
    while (table[count].topic)
        count++;
    for (uint32_t i = 0; i < count; i++) {
        struct dais_str name = dais_cstr(table[i].topic);
        struct topic *topic = map_get(&bus.topics, name);
        if (topic)
            remove_rows(topic, name, table, count);
    }
}

static int32_t subscribe(uint32_t owner, const struct dais_subscription *row)
{
    struct subscription *subscription = mem_zalloc(1, sizeof *subscription);
    struct topic *topic = subscription ? topic_of(dais_cstr(row->topic)) : NULL;
    if (!topic) {
        mem_free(subscription);
        return DAIS_E_MEMORY;
    }
    subscription->row = row;
    subscription->owner = owner;
    struct subscription **last = &topic->first;
    while (*last)
        last = &(*last)->next;
    *last = subscription;
    bus.rows++;
    return DAIS_OK;
}

int32_t bus_subscribe_check(const struct dais_subscription *table)
{
    if (!table)
        return DAIS_E_INVALID;
    uint32_t count = 0;
    for (; table[count].topic; count++) {
        const struct dais_subscription *row = &table[count];
        if (!row->handle || !row->topic[0] || strlen(row->topic) > TOPIC_BYTES_MAX)
            return DAIS_E_INVALID;
    }
    return bus.rows + count > (uint32_t)limit_get(LIMIT_BUS_SUBSCRIPTIONS) ? DAIS_E_LIMIT : DAIS_OK;
}

int32_t bus_subscribe(uint32_t owner, const struct dais_subscription *table)
{
    int32_t code = bus_subscribe_check(table);
    if (code != DAIS_OK)
        return code;
    for (const struct dais_subscription *row = table; row->topic && code == DAIS_OK; row++)
        code = subscribe(owner, row);
    if (code != DAIS_OK)
        bus_unsubscribe(table);
    return code;
}

static void free_event(struct event *event, uint32_t opened)
{
    if (opened == 0 || atomic_fetch_sub(&event->left, opened) != opened)
        return;
    mem_free(event);
    atomic_fetch_sub(&bus.events, 1);
}

static void open_envelope(struct mail *mail)
{
    struct envelope *envelope = CONTAINER_OF(mail, struct envelope, mail);
    struct event *event = envelope->event;
    /* Its rows may be others than when it was sent. */
    const struct topic *topic = map_get(&bus.topics, event->view.topic);
    const struct subscription *subscription = topic ? topic->first : NULL;
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

static struct event *make_event(const struct dais_bus_event *from, uint32_t workers)
{
    struct event *event;
    size_t head = sizeof *event + workers * sizeof event->envelopes[0];
    event = mem_alloc(head + from->topic.len + from->key.len + from->payload.len);
    if (!event)
        return NULL;
    atomic_init(&event->left, workers);
    char *to = (char *)event + head;
    to = put(to, from->topic, &event->view.topic);
    to = put(to, from->key, &event->view.key);
    put(to, from->payload, &event->view.payload);
    for (uint32_t i = 0; i < workers; i++)
        event->envelopes[i] = (struct envelope){.mail = {.deliver = open_envelope}, .event = event};
    return event;
}

/* Counts one event more, unless there are too many. */
static bool take_place(void)
{
    if (atomic_fetch_add(&bus.events, 1) < (uint32_t)limit_get(LIMIT_BUS_EVENTS))
        return true;
    atomic_fetch_sub(&bus.events, 1);
    return false;
}

/* Whether worker `index` got the envelope: its mail may be full, since the events are bounded. */
static bool send_envelope(uint32_t index, struct envelope *envelope)
{
    int32_t code = mail_send(index, &envelope->mail);
    if (code == DAIS_E_LIMIT)
        mail_post(index, &envelope->mail);
    return code != DAIS_E_GONE;
}

int32_t bus_deliver(const struct dais_bus_event *event)
{
    uint32_t workers = worker_count(), missed = 0;
    if (!worker_self())
        return DAIS_E_STATE;
    if (!map_get(&bus.topics, event->topic))
        return DAIS_OK;
    if (!take_place())
        return DAIS_E_LIMIT;
    struct event *shared = make_event(event, workers);
    if (!shared) {
        atomic_fetch_sub(&bus.events, 1);
        return DAIS_E_MEMORY;
    }
    for (uint32_t i = 0; i < workers; i++)
        missed += !send_envelope(i, &shared->envelopes[i]);
    /* The last line that may touch the event: the workers have begun to open it. */
    free_event(shared, missed);
    return DAIS_OK;
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
