/* SPDX-License-Identifier: MIT */
#include "realtime/outq.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"

#include <string.h>

#define RING_ENTRIES_MIN 8u
/** Far more than any budget lets in; the ring's arithmetic relies on it. */
#define RING_ENTRIES_MAX (UINT32_C(1) << 20)
/** What an entry costs besides its bytes. */
#define ENTRY_BYTES ((uint32_t)sizeof(struct outq_entry))

/** Between the packets of a poll (Engine.IO v4). */
#define PACKET_SEPARATOR '\x1e'

/* --- the ring --- */

static struct outq_entry *entry_at(const struct outq *queue, uint32_t index)
{
    if (!queue->ring)
        return (struct outq_entry *)&queue->one;
    return &queue->ring[(queue->first + index) & (queue->capacity - 1)];
}

static bool grow(struct outq *queue, uint32_t entries)
{
    uint32_t capacity = queue->capacity ? queue->capacity : RING_ENTRIES_MIN;
    while (capacity < entries)
        capacity *= 2;
    if (entries > RING_ENTRIES_MAX)
        return false;
    struct outq_entry *ring = mem_alloc(capacity * sizeof *ring);
    if (!ring)
        return false;
    for (uint32_t i = 0; i < queue->count; i++)
        ring[i] = *entry_at(queue, i);
    mem_free(queue->ring);
    queue->ring = ring;
    queue->capacity = capacity;
    queue->first = 0;
    return true;
}

static bool has_room(struct outq *queue, uint32_t entries)
{
    uint32_t room = queue->ring ? queue->capacity : 1;
    return queue->count + entries <= room || grow(queue, queue->count + entries);
}

/* What an entry counts for; `sent` is taken off while it is sent. */
static uint32_t cost(const struct outq_entry *entry)
{
    return entry->len + ENTRY_BYTES;
}

static bool may_merge(uint32_t class)
{
    return class == MESSAGE_DURABLE || class == MESSAGE_DROPPABLE;
}

/* Whether it lies right behind the last entry and shares its fate: once in, droppable ones stay. */
static bool merge(struct outq *queue, const struct message *message)
{
    struct outq_entry *last = queue->count ? entry_at(queue, queue->count - 1) : NULL;
    if (!last || last->buf != message->buf || last->offset + last->len != message->offset)
        return false;
    if (!may_merge(last->class) || !may_merge(message->class))
        return false;
    last->len += message->len;
    queue->bytes += message->len;
    return true;
}

static bool append(struct outq *queue, const struct message *message)
{
    if (merge(queue, message))
        return true;
    if (!has_room(queue, 1))
        return false;
    struct outq_entry *entry = entry_at(queue, queue->count);
    *entry = (struct outq_entry){.buf = buf_ref(message->buf),
                                 .offset = message->offset,
                                 .len = message->len,
                                 .class = message->class,
                                 .key = message->key};
    queue->count++;
    queue->bytes += cost(entry);
    queue->replaceable += !may_merge(message->class);
    return true;
}

static void forget(struct outq *queue, struct outq_entry *entry)
{
    queue->replaceable -= !may_merge(entry->class);
    buf_unref(entry->buf);
}

static void shrink_if_empty(struct outq *queue)
{
    if (queue->count > 0)
        return;
    CHECK(queue->bytes == 0 && queue->replaceable == 0);
    mem_free(queue->ring);
    *queue = (struct outq){.ring = NULL};
}

/* --- putting --- */

/* Takes out an earlier one that the message replaces; not one that is under way. From the end: who
 * sends pings without a pause has its pong replaced each time, whatever waits before it. */
static bool replace(struct outq *queue, const struct message *message)
{
    uint32_t first = queue->sent > 0;
    if (queue->replaceable == 0 || may_merge(message->class))
        return false;
    for (uint32_t i = queue->count; i-- > first;) {
        struct outq_entry *entry = entry_at(queue, i);
        if (entry->class != message->class || entry->key != message->key)
            continue;
        queue->bytes -= cost(entry);
        forget(queue, entry);
        for (uint32_t k = i + 1; k < queue->count; k++)
            *entry_at(queue, k - 1) = *entry_at(queue, k);
        queue->count--;
        return true;
    }
    return false;
}

enum outq_put outq_put(struct outq *queue, const struct message *message, uint64_t bytes_max)
{
    CHECK(message->len > 0);
    bool durable = message->class == MESSAGE_DURABLE;
    bool replaced = replace(queue, message);
    uint64_t room = message->class == MESSAGE_DROPPABLE ? bytes_max / 2 : bytes_max;
    uint64_t after = (uint64_t)queue->bytes + message->len + ENTRY_BYTES;
    if (after > room || !append(queue, message)) {
        shrink_if_empty(queue);
        return durable ? OUTQ_FULL : OUTQ_DROPPED;
    }
    return replaced ? OUTQ_REPLACED : OUTQ_KEPT;
}

bool outq_append(struct outq *to, struct outq *from)
{
    CHECK(from->sent == 0);
    if (from->count == 0)
        return true;
    if (to->count == 0) {
        *to = *from;
        *from = (struct outq){.ring = NULL};
        return true;
    }
    if (!has_room(to, from->count))
        return false;
    for (uint32_t i = 0; i < from->count; i++)
        *entry_at(to, to->count++) = *entry_at(from, i);
    to->bytes += from->bytes;
    to->replaceable += from->replaceable;
    mem_free(from->ring);
    *from = (struct outq){.ring = NULL};
    return true;
}

/* --- taking --- */

uint32_t outq_iov(const struct outq *queue, struct iovec *iov, uint32_t count, uint64_t bytes_max)
{
    uint32_t pieces = 0;
    uint64_t bytes = 0;
    for (; pieces < count && pieces < queue->count && bytes < bytes_max; pieces++) {
        const struct outq_entry *entry = entry_at(queue, pieces);
        uint32_t skip = pieces == 0 ? queue->sent : 0;
        iov[pieces].iov_base = (uint8_t *)entry->buf->data + entry->offset + skip;
        iov[pieces].iov_len = entry->len - skip;
        bytes += iov[pieces].iov_len;
    }
    return pieces;
}

static void pop(struct outq *queue)
{
    struct outq_entry *entry = entry_at(queue, 0);
    queue->bytes -= cost(entry) - queue->sent;
    queue->sent = 0;
    forget(queue, entry);
    queue->first = queue->ring ? (queue->first + 1) & (queue->capacity - 1) : 0;
    queue->count--;
}

void outq_sent(struct outq *queue, uint64_t bytes)
{
    while (bytes > 0) {
        CHECK(queue->count > 0);
        uint32_t rest = entry_at(queue, 0)->len - queue->sent;
        if (bytes < rest) {
            queue->sent += (uint32_t)bytes;
            queue->bytes -= (uint32_t)bytes;
            break;
        }
        bytes -= rest;
        pop(queue);
    }
    shrink_if_empty(queue);
}

void outq_clear(struct outq *queue)
{
    while (queue->count > 0)
        pop(queue);
    shrink_if_empty(queue);
}

/* The length of an entry up to the end of the frame in which `sent` lies. */
static uint32_t cut_at(const struct outq_entry *entry, uint32_t sent)
{
    struct dais_str rest = dais_str((const char *)entry->buf->data + entry->offset, entry->len);
    struct dais_str payload;
    bool binary;
    while (entry->len - rest.len < sent)
        CHECK(frame_next(&rest, &binary, &payload));
    return entry->len - (uint32_t)rest.len;
}

void outq_cut(struct outq *queue)
{
    if (queue->count == 0 || queue->sent == 0) {
        outq_clear(queue);
        return;
    }
    struct outq_entry *entry = entry_at(queue, 0);
    for (uint32_t i = 1; i < queue->count; i++)
        forget(queue, entry_at(queue, i));
    queue->count = 1;
    entry->len = cut_at(entry, queue->sent);
    queue->bytes = cost(entry) - queue->sent;
    if (entry->len == queue->sent)
        outq_clear(queue);
}

/* --- polling --- */

static void add_packet(struct strbuf *out, bool binary, struct dais_str payload)
{
    if (strbuf_view(out).len > 0)
        strbuf_addc(out, PACKET_SEPARATOR);
    if (!binary) {
        strbuf_add(out, payload);
        return;
    }
    strbuf_addc(out, 'b');
    strbuf_add_base64(out, payload);
}

/* What was taken is no part of the first entry any more: frames begin where it does. */
static void begin_anew(struct outq *queue)
{
    if (queue->sent == 0)
        return;
    struct outq_entry *entry = entry_at(queue, 0);
    entry->offset += queue->sent;
    entry->len -= queue->sent;
    queue->sent = 0;
}

uint32_t outq_take(struct outq *queue, uint32_t packets_max, struct strbuf *out)
{
    uint32_t packets = 0;
    while (packets < packets_max && queue->count > 0) {
        const struct outq_entry *entry = entry_at(queue, 0);
        const char *bytes = (const char *)entry->buf->data + entry->offset;
        struct dais_str rest = dais_str(bytes + queue->sent, entry->len - queue->sent);
        uint64_t before = rest.len;
        struct dais_str payload;
        bool binary;
        CHECK(frame_next(&rest, &binary, &payload));
        add_packet(out, binary, payload);
        outq_sent(queue, before - rest.len);
        begin_anew(queue);
        packets++;
    }
    return packets;
}
