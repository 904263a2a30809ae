/* SPDX-License-Identifier: MIT */
/*
 * Telling the plugin of a kind who came, who went and how many there are: one fiber for one room at
 * a time, on the room's home. The numbers are told at most once in limit `room_count_ms`, the last
 * ones always.
 */
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/worker.h"
#include "realtime/room_inner.h"

static struct room_change *take(struct room *room)
{
    struct room_change *change = room->changes;
    if (!change)
        return NULL;
    room->changes = change->next;
    if (!room->changes)
        room->changes_end = &room->changes;
    room->changes_count--;
    return change;
}

void room_presence_free(struct room *room)
{
    while (room->changes)
        mem_free(take(room));
}

void room_presence_change(struct room *room, enum dais_presence_what what, struct dais_str viewer)
{
    room->changed = true;
    room_arm(room);
    const struct dais_room_kind *row = room->kind->row;
    if (!row || !row->presence || room->viewers.count > (uint64_t)limit_get(LIMIT_ROOM_FLOODS) ||
        room->changes_count == ROOM_CHANGES_MAX)
        return;
    struct room_change *change = mem_alloc(sizeof *change + viewer.len);
    if (!change)
        return; /* the numbers will be told all the same */
    *change = (struct room_change){.what = what, .len = (uint32_t)viewer.len};
    memcpy(change->text, viewer.ptr, viewer.len);
    *room->changes_end = change;
    room->changes_end = &change->next;
    room->changes_count++;
}

static uint64_t pace_ms(void)
{
    return (uint64_t)limit_get(LIMIT_ROOM_COUNT_MS);
}

static bool counts_are_due(const struct room *room)
{
    return room->changed && clock_tick_ms() >= room->told_ms + pace_ms();
}

/* One call of the plugin. The room lives as long as `telling` is set. */
static void tell_one(struct room *room, const struct dais_room_kind *row)
{
    struct dais_presence change = {.room = room_name_split(room->name),
                                   .what = DAIS_PRESENCE_COUNT};
    room_fill_count(room, &change.count);
    struct room_change *who = take(room);
    if (who) {
        change.what = who->what;
        change.viewer = dais_str(who->text, who->len);
    } else {
        room->changed = false;
        room->told_ms = clock_tick_ms();
    }
    fiber_deadline_set((uint64_t)limit_get(LIMIT_HTTP_HANDLER_MS));
    row->presence(&change);
    mem_free(who);
}

/* Newer code is told on a fiber of its own, so that this one's code is done. */
static bool may_go_on(const struct room_kind *kind)
{
    if (!kind->row || !kind->row->presence || worker_stopping())
        return false;
    struct owner mine = owner_get(), theirs = room_kind_owner(kind);
    return mine.plugin == theirs.plugin && mine.generation == theirs.generation &&
           fiber_cancel_reason() == DAIS_OK;
}

static void run(void *arg)
{
    struct room *room = arg;
    while ((room->changes || counts_are_due(room)) && may_go_on(room->kind))
        tell_one(room, room->kind->row);
    room->telling = false;
    room_arm(room);
}

static bool start(struct room *room)
{
    struct fiber_spec spec = {
        .name = "room presence", .fn = run, .arg = room, .owner = room_kind_owner(room->kind)};
    room->telling = true;
    if (fiber_spawn(&spec, NULL) == DAIS_OK)
        return true;
    room->telling = false;
    return false;
}

void room_presence_tell(struct room *room, uint64_t *ret_ms)
{
    if (room->telling || (!room->changes && !room->changed))
        return;
    const struct room_kind *kind = room->kind;
    if (kind->row && !kind->row->presence) {
        room_presence_free(room);
        room->changed = false;
        return;
    }
    if (!room_kind_is_open(kind) || worker_stopping()) {
        *ret_ms = pace_ms();
        return;
    }
    if (!room->changes && !counts_are_due(room)) {
        *ret_ms = room->told_ms + pace_ms() - clock_tick_ms();
        return;
    }
    if (!start(room))
        *ret_ms = pace_ms();
}
