/* SPDX-License-Identifier: MIT */
/*
 * The durable events that a home keeps: at most so many, so old and so large as the limits say; the
 * oldest go first. Who comes back gets those behind the last one it has seen, encoded once for all
 * who come back to the same place while nothing new happens.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "realtime/room_inner.h"

void room_ring_relax(struct room *room)
{
    struct room_ring *ring = &room->ring;
    for (uint32_t i = 0; i < ROOM_REPLAYS_MAX; i++) {
        room_replay_unref(ring->replays[i]);
        ring->replays[i] = NULL;
    }
    ring->replays_next = 0;
}

static void drop_oldest(struct room *room)
{
    struct room_ring *ring = &room->ring;
    struct room_event *event = room_ring_at(ring, 0);
    ring->first = (ring->first + 1) & (ring->capacity - 1);
    ring->count--;
    ring->bytes -= event->bytes;
    room->rooms->ring_bytes -= event->bytes;
    room_event_unref(event);
}

void room_ring_clear(struct room *room)
{
    room_ring_relax(room);
    while (room->ring.count > 0)
        drop_oldest(room);
    mem_free(room->ring.slots);
    room->ring = (struct room_ring){.slots = NULL};
}

void room_ring_age(struct room *room)
{
    struct room_ring *ring = &room->ring;
    uint64_t now_ms = clock_tick_ms(), kept_ms = (uint64_t)limit_get(LIMIT_ROOM_RING_MS);
    while (ring->count > 0 && room_ring_at(ring, 0)->born_ms + kept_ms <= now_ms)
        drop_oldest(room);
    if (ring->count == 0 && ring->slots)
        room_ring_clear(room);
}

static bool grow(struct room_ring *ring)
{
    if (ring->count < ring->capacity)
        return true;
    uint32_t capacity = ring->capacity ? ring->capacity * 2 : 8;
    struct room_event **slots = mem_zalloc(capacity, sizeof *slots);
    if (!slots)
        return false;
    for (uint32_t i = 0; i < ring->count; i++)
        slots[i] = room_ring_at(ring, i);
    mem_free(ring->slots);
    ring->slots = slots;
    ring->first = 0;
    ring->capacity = capacity;
    return true;
}

static bool is_over(const struct room *room, const struct room_event *event)
{
    const struct room_ring *ring = &room->ring;
    return ring->count >= (uint64_t)limit_get(LIMIT_ROOM_RING_EVENTS) ||
           ring->bytes + event->bytes > (uint64_t)limit_get(LIMIT_ROOM_RING_BYTES) ||
           room->rooms->ring_bytes + event->bytes > (uint64_t)limit_get(LIMIT_ROOM_RINGS_BYTES);
}

void room_ring_put(struct room *room, struct room_event *event)
{
    struct room_ring *ring = &room->ring;
    room_ring_relax(room);
    while (ring->count > 0 && is_over(room, event))
        drop_oldest(room);
    if (is_over(room, event) || !grow(ring)) {
        room_ring_clear(room); /* a hole: nobody can be served from before it */
        return;
    }
    ring->slots[(ring->first + ring->count) & (ring->capacity - 1)] = room_event_ref(event);
    ring->count++;
    ring->bytes += event->bytes;
    room->rooms->ring_bytes += event->bytes;
}

bool room_ring_covers(const struct room *room, uint64_t seq)
{
    if (seq > room->seq)
        return false;
    return room->seq - seq <= room->ring.count;
}

static struct room_replay *find(const struct room_ring *ring, uint64_t from, uint32_t dialect,
                                const struct socket_form *form)
{
    for (uint32_t i = 0; i < ROOM_REPLAYS_MAX; i++) {
        struct room_replay *replay = ring->replays[i];
        if (replay && replay->from == from && replay->dialect == dialect && replay->form == form)
            return replay;
    }
    return NULL;
}

/* Encodes from `replay->from` on; false without memory. */
static bool encode(const struct room *room, struct room_replay *replay, struct room_batch *batch)
{
    const struct room_ring *ring = &room->ring;
    uint32_t index = ring->count - (uint32_t)(room->seq - replay->from);
    for (; index < ring->count && batch->bytes.len < ROOM_REPLAY_BYTES_MAX; index++) {
        const struct room_event *event = room_ring_at(ring, index);
        uint32_t from = (uint32_t)batch->bytes.len;
        int32_t code = room_event_encode(event, replay->dialect, replay->form, &batch->bytes);
        if (code == DAIS_E_MEMORY)
            return false;
        if (code == DAIS_OK && !room_batch_end(batch, from, MESSAGE_DURABLE, 0))
            return false;
        replay->to = event->seq;
    }
    return true;
}

static bool fill(const struct room *room, struct room_replay *replay)
{
    struct room_batch batch;
    room_batch_init(&batch);
    bool good = encode(room, replay, &batch);
    if (good && batch.bytes.len > 0) {
        replay->buf = buf_copy(strbuf_view(&batch.bytes));
        good = replay->buf != NULL;
    }
    replay->ends = batch.ends;
    replay->count = batch.count;
    batch.ends = NULL;
    room_batch_fini(&batch);
    return good;
}

static struct room_replay *make(struct room *room, uint64_t from, uint32_t dialect,
                                const struct socket_form *form)
{
    struct room_replay *replay = mem_zalloc(1, sizeof *replay);
    if (!replay)
        return NULL;
    atomic_init(&replay->references, 1);
    replay->dialect = dialect;
    replay->form = form;
    replay->from = replay->to = from;
    if (fill(room, replay))
        return replay;
    room_replay_unref(replay);
    return NULL;
}

struct room_replay *room_ring_replay(struct room *room, uint64_t from, uint32_t dialect,
                                     const struct socket_form *form)
{
    struct room_ring *ring = &room->ring;
    struct room_replay *replay = find(ring, from, dialect, form);
    if (!replay) {
        replay = make(room, from, dialect, form);
        if (!replay)
            return NULL;
        struct room_replay **place = &ring->replays[ring->replays_next++ % ROOM_REPLAYS_MAX];
        room_replay_unref(*place);
        *place = replay;
        room_arm(room);
    }
    atomic_fetch_add_explicit(&replay->references, 1, memory_order_relaxed);
    return replay;
}
