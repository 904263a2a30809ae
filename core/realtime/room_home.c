/* SPDX-License-Identifier: MIT */
/*
 * A room at its home. One timer looks after it: it tells the plugin the numbers, ends leases, gives
 * up what is too old, and in the end the room itself, when nobody was there for as long as events
 * are kept; much sooner where there was none.
 */
#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "loop/worker.h"
#include "realtime/room_inner.h"

/* How soon a worker is asked again that could not be asked. */
#define NUDGE_MS 50u
/* A room in which nothing was said stays for so many times limit `room_count_ms`: long enough for
 * its numbers not to be told too often, and for a page to be loaded anew. */
#define BLANK_PACES 5u

struct room *room_find(struct rooms *rooms, const struct room_name *name)
{
    return map_get(&rooms->homes, room_name_view(name));
}

uint64_t room_epoch_new(void)
{
    return (random_u64() >> 12) | 1;
}

void room_renew(struct room *room)
{
    room_ring_clear(room);
    room->epoch = room->rooms->epoch = room_epoch_new();
    room->seq = 0;
    room->peak = room->viewers.count;
    for (uint32_t i = 0; i < worker_count(); i++)
        room->branches[i].told = 0;
}

void room_free(struct room *room)
{
    CHECK(!room->telling);
    timer_stop(&room->timer);
    room_ring_clear(room);
    room_viewers_free(room);
    room_presence_free(room);
    room_name_unref(room->name);
    mem_free(room);
    room_metrics_add(ROOM_METRIC_ROOMS, -1);
}

/* Whoever comes next misses nothing when it is made anew. Who enters rooms of any name and leaves
 * them does not fill the worker with them. */
static bool is_blank(const struct room *room)
{
    return room->seq == 0 && !room->removals && !room->changed && !room->changes && !room->now.what;
}

/* How long it stays when nobody is there. */
static uint64_t kept_of(const struct room *room)
{
    uint64_t kept_ms = (uint64_t)limit_get(LIMIT_ROOM_RING_MS);
    uint64_t blank_ms = BLANK_PACES * (uint64_t)limit_get(LIMIT_ROOM_COUNT_MS);
    return is_blank(room) && blank_ms < kept_ms ? blank_ms : kept_ms;
}

/* Whether the room is over; else when that will be, at the latest, in `*ret_ms`. */
static bool is_over(struct room *room, uint64_t *ret_ms)
{
    uint64_t now_ms = clock_tick_ms(), kept_ms = kept_of(room);
    if (room->ring.count > 0) {
        uint64_t left_ms = room_ring_at(&room->ring, 0)->born_ms + kept_ms - now_ms;
        *ret_ms = left_ms < *ret_ms ? left_ms : *ret_ms;
    }
    if (room->members > 0 || room->viewers.count > 0) {
        room->idle_ms = 0;
        return false;
    }
    if (room->idle_ms == 0)
        room->idle_ms = now_ms;
    if (room->idle_ms + kept_ms > now_ms) {
        uint64_t left_ms = room->idle_ms + kept_ms - now_ms;
        *ret_ms = left_ms < *ret_ms ? left_ms : *ret_ms;
        return false;
    }
    return room->ring.count == 0 && !room->telling && room->behind == 0;
}

/* What is not urgent. */
static void look(struct room *room, uint64_t *ret_ms)
{
    if (room->leases == 0 && room->ring.replays_next == 0)
        return;
    if (clock_tick_ms() >= room->looked_ms + ROOM_LOOK_MS) {
        room->looked_ms = clock_tick_ms();
        room_viewers_expire(room);
        room_ring_relax(room);
    }
    *ret_ms = room->looked_ms + ROOM_LOOK_MS - clock_tick_ms();
}

/* Should it be made again, its numbers are not to be taken for those that were given here. */
static void end(struct room *room)
{
    struct rooms *rooms = room->rooms;
    if (room->seq > 0 && room->epoch == rooms->epoch)
        rooms->epoch = room_epoch_new();
    map_remove(&rooms->homes, room_name_view(room->name));
    room_free(room);
}

static void on_timer(struct timer *timer)
{
    struct room *room = CONTAINER_OF(timer, struct room, timer);
    uint64_t next_ms = UINT64_MAX, told_ms = UINT64_MAX;
    room_ring_age(room);
    look(room, &next_ms);
    if (room->behind > 0 && !room_branches_nudge(room) && next_ms > NUDGE_MS)
        next_ms = NUDGE_MS;
    room_presence_tell(room, &told_ms);
    if (told_ms < next_ms)
        next_ms = told_ms;
    if (is_over(room, &next_ms)) {
        end(room);
        return;
    }
    if (next_ms != UINT64_MAX)
        timer_start(&room->timer, next_ms);
    else
        timer_stop(&room->timer);
}

void room_arm(struct room *room)
{
    timer_start(&room->timer, 0);
}

static int32_t make(struct rooms *rooms, struct room_name *name, struct room **ret_room)
{
    struct room_kind *kind = room_kind_find(room_name_split(name).kind);
    if (!kind)
        return DAIS_E_NOT_FOUND;
    struct room *room = mem_zalloc(1, sizeof *room + worker_count() * sizeof(struct room_branch));
    if (!room)
        return DAIS_E_MEMORY;
    int32_t code = map_put(&rooms->homes, room_name_view(name), room);
    if (code != DAIS_OK) {
        mem_free(room);
        return code;
    }
    room->rooms = rooms;
    room->name = room_name_ref(name);
    room->kind = kind;
    room->epoch = rooms->epoch;
    room->changes_end = &room->changes;
    idmap_init(&room->viewers, (uint32_t)limit_get(LIMIT_ROOM_MEMBERS));
    timer_init(&room->timer, on_timer);
    room_metrics_add(ROOM_METRIC_ROOMS, 1);
    *ret_room = room;
    return DAIS_OK;
}

int32_t room_open(struct rooms *rooms, struct room_name *name, struct room **ret_room)
{
    struct room *room = room_find(rooms, name);
    if (!room) {
        int32_t code = make(rooms, name, &room);
        if (code != DAIS_OK)
            return code;
        room_arm(room);
    }
    *ret_room = room;
    return DAIS_OK;
}

void room_fill_count(const struct room *room, struct dais_room_count *ret_count)
{
    *ret_count = (struct dais_room_count){.epoch = room->epoch,
                                          .seq = room->seq,
                                          .viewers = room->viewers.count,
                                          .members = room->members,
                                          .peak = room->peak};
}

static enum room_metric metric_of(uint32_t delivery)
{
    if (delivery == MESSAGE_DURABLE)
        return ROOM_METRIC_DURABLE;
    return delivery == MESSAGE_REPLACEABLE ? ROOM_METRIC_REPLACEABLE : ROOM_METRIC_DROPPABLE;
}

void room_publish(struct room *room, struct room_event *event)
{
    event->epoch = room->epoch;
    event->born_ms = clock_tick_ms();
    if (event->emission->delivery == MESSAGE_DURABLE) {
        event->seq = ++room->seq;
        room_ring_put(room, event);
        if (!timer_is_armed(&room->timer))
            room_arm(room);
    }
    room_metrics_add(metric_of(event->emission->delivery), 1);
    for (uint32_t i = 0; room->members > 0 && i < worker_count(); i++) {
        if (room->branches[i].members > 0)
            room_branch_tell(room, i, event);
    }
}

void room_dismiss(struct room *room, uint64_t viewer, struct room_event *last)
{
    const struct room_viewer *who = viewer ? idmap_get(&room->viewers, viewer) : NULL;
    uint64_t workers = who ? who->workers : 0;
    for (uint32_t i = 0; i < worker_count(); i++) {
        bool is_there = viewer ? (workers >> i & 1) != 0 : room->branches[i].members > 0;
        if (is_there)
            room_branch_dismiss(room, i, viewer, last);
    }
    room_viewer_unlease(room, viewer);
}
