/* SPDX-License-Identifier: MIT */
/*
 * Telling plugins who came, who went and how many there are, on the room's home: one change at a
 * time, first the plugin of the kind, then those who watch it. Each is called on a fiber of its own
 * mark, which goes on with what is next as long as that is for the same code, and else starts the
 * next one: a reload of any of them waits for no other. The numbers are told at most once in limit
 * `room_count_ms`, the last ones always.
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
    mem_free(room->now.who);
    room->now = (struct room_telling){0};
    while (room->changes)
        mem_free(take(room));
}

/* Whether anybody is to be told, now or when the kind's plugin is there again. */
static bool is_heard(const struct room_kind *kind)
{
    return !kind->row || kind->row->presence || kind->watches;
}

void room_presence_change(struct room *room, enum dais_presence_what what, struct dais_str viewer)
{
    room->changed = true;
    room_arm(room);
    bool heard = (room->kind->row && room->kind->row->presence) || room->kind->watches;
    if (!heard || room->viewers.count > (uint64_t)limit_get(LIMIT_ROOM_FLOODS) ||
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

/* The plugin of a kind that is stopped or missing hears of it later. */
static bool must_wait(const struct room_kind *kind)
{
    if (!kind->row)
        return !kind->watches;
    return kind->row->presence && !room_kind_is_open(kind);
}

/* Takes the next change; false when nothing is due. */
static bool begin(struct room *room)
{
    if (must_wait(room->kind))
        return false;
    struct room_change *who = take(room);
    if (!who && !counts_are_due(room))
        return false;
    room->now = (struct room_telling){.what = who ? who->what : DAIS_PRESENCE_COUNT, .who = who};
    if (!who) {
        room->changed = false;
        room->told_ms = clock_tick_ms();
    }
    return true;
}

/* Somebody who is to be told. */
struct listener {
    void (*presence)(const struct dais_presence *change);
    struct owner mark;
    bool is_kind;
};

_Static_assert(OWNERS_MAX <= 64, "each plugin has a bit of room_telling.plugins");

static uint64_t bit_of(uint32_t plugin)
{
    return 1ull << (plugin & 63);
}

/* Who has not been told of this change. Plugins are known by their number, since rows may be others
 * than before: of newer code. */
static bool find(const struct room *room, struct listener *ret_listener)
{
    const struct room_kind *kind = room->kind;
    const struct room_telling *now = &room->now;
    if (!now->kind && kind->row && kind->row->presence && room_kind_is_open(kind)) {
        *ret_listener = (struct listener){kind->row->presence,
                                          room_owner_mark(kind->owner, kind->row->name), true};
        return true;
    }
    for (const struct room_watch *watch = kind->watches; watch; watch = watch->next) {
        const struct room_watch_info *info = &watch->info;
        if ((now->plugins & bit_of(info->owner->plugin)) || !room_owner_is_open(info->owner))
            continue;
        *ret_listener = (struct listener){info->watch->presence,
                                          room_owner_mark(info->owner, info->watch->kind), false};
        return true;
    }
    return false;
}

/* The next one to be told, of this change or of the next one. */
static bool next(struct room *room, struct listener *ret_listener)
{
    while (room->now.what || begin(room)) {
        if (find(room, ret_listener))
            return true;
        mem_free(room->now.who);
        room->now = (struct room_telling){0};
    }
    return false;
}

/* One call of a plugin. The room lives as long as `telling` is set. */
static void tell(struct room *room, const struct listener *listener)
{
    const struct room_change *who = room->now.who;
    struct dais_presence change = {.room = room_name_split(room->name), .what = room->now.what};
    room_fill_count(room, &change.count);
    if (who)
        change.viewer = dais_str(who->text, who->len);
    if (listener->is_kind)
        room->now.kind = true;
    else
        room->now.plugins |= bit_of(listener->mark.plugin);
    fiber_deadline_set((uint64_t)limit_get(LIMIT_HTTP_HANDLER_MS));
    listener->presence(&change);
}

/* Other code is told on a fiber of its own, so that this one's is done. */
static bool is_mine(const struct listener *listener)
{
    struct owner mine = owner_get();
    return mine.plugin == listener->mark.plugin && mine.generation == listener->mark.generation &&
           fiber_cancel_reason() == DAIS_OK;
}

static bool start(struct room *room, const struct listener *listener);

static void run(void *arg)
{
    struct room *room = arg;
    struct listener listener;
    while (!worker_stopping() && next(room, &listener)) {
        if (is_mine(&listener)) {
            tell(room, &listener);
            continue;
        }
        if (start(room, &listener))
            return;
        break;
    }
    room->telling = false;
    room_arm(room);
}

static bool start(struct room *room, const struct listener *listener)
{
    struct fiber_spec spec = {
        .name = "room presence", .fn = run, .arg = room, .owner = listener->mark};
    room->telling = true;
    if (fiber_spawn(&spec, NULL) == DAIS_OK)
        return true;
    room->telling = false;
    return false;
}

/* When the next change may be told that is not told now. */
static uint64_t later_ms(const struct room *room)
{
    bool counts_alone = !room->now.what && !room->changes && !must_wait(room->kind);
    if (counts_alone && !counts_are_due(room))
        return room->told_ms + pace_ms() - clock_tick_ms();
    return pace_ms();
}

void room_presence_tell(struct room *room, uint64_t *ret_ms)
{
    struct listener listener;
    if (room->telling || (!room->now.what && !room->changes && !room->changed))
        return;
    if (!is_heard(room->kind)) {
        room_presence_free(room);
        room->changed = false;
        return;
    }
    if (!worker_stopping() && next(room, &listener) && start(room, &listener))
        return;
    if (room->now.what || room->changes || room->changed)
        *ret_ms = later_ms(room);
}
