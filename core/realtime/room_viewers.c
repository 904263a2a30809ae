/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "realtime/room_inner.h"

/* How many leases one look ends before it begins anew: a map may not change while it is visited. */
#define ENDED_MAX 256u

uint64_t room_viewer_hash(struct dais_str text)
{
    uint64_t hash = hash_bytes(text);
    return hash ? hash : 1; /* 0 stands for all */
}

static int32_t make(struct room *room, uint64_t hash, struct dais_str text,
                    struct room_viewer **ret_viewer)
{
    if (room->viewers.count >= room->viewers.count_max)
        return DAIS_E_LIMIT;
    struct room_viewer *viewer = mem_alloc(sizeof *viewer + text.len);
    if (!viewer)
        return DAIS_E_MEMORY;
    *viewer = (struct room_viewer){.len = (uint32_t)text.len};
    memcpy(viewer->text, text.ptr, text.len);
    int32_t code = idmap_put(&room->viewers, hash, viewer);
    if (code != DAIS_OK) {
        mem_free(viewer);
        return code;
    }
    if (room->viewers.count > room->peak)
        room->peak = room->viewers.count;
    room_presence_change(room, DAIS_PRESENCE_JOINED, text);
    *ret_viewer = viewer;
    return DAIS_OK;
}

/* Takes a viewer out who has neither socket nor lease. */
static void settle(struct room *room, uint64_t hash, struct room_viewer *viewer)
{
    if (viewer->workers || viewer->lease_ms)
        return;
    room_presence_change(room, DAIS_PRESENCE_LEFT, dais_str(viewer->text, viewer->len));
    idmap_remove(&room->viewers, hash);
    mem_free(viewer);
}

int32_t room_viewer_come(struct room *room, struct dais_str text, uint32_t worker)
{
    uint64_t hash = room_viewer_hash(text);
    struct room_viewer *viewer = idmap_get(&room->viewers, hash);
    int32_t code = viewer ? DAIS_OK : make(room, hash, text, &viewer);
    if (code == DAIS_OK)
        viewer->workers |= 1ull << worker;
    return code;
}

void room_viewer_leave(struct room *room, uint64_t hash, uint32_t worker)
{
    struct room_viewer *viewer = idmap_get(&room->viewers, hash);
    if (!viewer)
        return;
    viewer->workers &= ~(1ull << worker);
    settle(room, hash, viewer);
}

static void end_lease(struct room *room, uint64_t hash, struct room_viewer *viewer)
{
    if (!viewer->lease_ms)
        return;
    viewer->lease_ms = 0;
    room->leases--;
    settle(room, hash, viewer);
}

int32_t room_viewer_lease(struct room *room, struct dais_str text, uint32_t ttl_ms)
{
    uint64_t hash = room_viewer_hash(text);
    struct room_viewer *viewer = idmap_get(&room->viewers, hash);
    if (ttl_ms == 0) {
        if (viewer)
            end_lease(room, hash, viewer);
        return DAIS_OK;
    }
    int32_t code = viewer ? DAIS_OK : make(room, hash, text, &viewer);
    if (code != DAIS_OK)
        return code;
    room->leases += viewer->lease_ms == 0;
    viewer->lease_ms = clock_tick_ms() + ttl_ms;
    return DAIS_OK;
}

/* Ends leases that end before `until_ms`; false when some may be left. */
static bool end_some(struct room *room, uint64_t until_ms)
{
    uint64_t ended[ENDED_MAX];
    uint32_t count = 0, cursor = 0;
    uint64_t hash;
    void *value;
    while (count < ENDED_MAX && idmap_next(&room->viewers, &cursor, &hash, &value)) {
        const struct room_viewer *viewer = value;
        if (viewer->lease_ms && viewer->lease_ms <= until_ms)
            ended[count++] = hash;
    }
    for (uint32_t i = 0; i < count; i++)
        end_lease(room, ended[i], idmap_get(&room->viewers, ended[i]));
    return count < ENDED_MAX;
}

void room_viewers_expire(struct room *room)
{
    while (room->leases > 0 && !end_some(room, clock_tick_ms()))
        ;
}

void room_viewer_unlease(struct room *room, uint64_t hash)
{
    if (hash == 0) {
        while (room->leases > 0 && !end_some(room, UINT64_MAX))
            ;
        return;
    }
    struct room_viewer *viewer = idmap_get(&room->viewers, hash);
    if (viewer)
        end_lease(room, hash, viewer);
}

void room_viewers_free(struct room *room)
{
    uint32_t cursor = 0;
    void *viewer;
    while (idmap_next(&room->viewers, &cursor, NULL, &viewer))
        mem_free(viewer);
    idmap_fini(&room->viewers);
    mem_free(room->removals);
}

bool room_viewer_is_there(const struct room *room, uint64_t hash)
{
    return idmap_get(&room->viewers, hash) != NULL;
}

void room_removal_note(struct room *room, uint64_t hash)
{
    if (!room->removals) {
        room->removals = mem_zalloc(ROOM_REMOVALS_MAX, sizeof *room->removals);
        if (!room->removals)
            return; /* who was admitted this moment may stay until the next removal */
    }
    struct room_removal *place = &room->removals[room->removals_count++ % ROOM_REMOVALS_MAX];
    *place = (struct room_removal){.viewer = hash, .at_ms = clock_ms()};
}

bool room_removal_since(const struct room *room, uint64_t hash, uint64_t since_ms)
{
    for (uint32_t i = 0; room->removals && i < ROOM_REMOVALS_MAX; i++) {
        const struct room_removal *removal = &room->removals[i];
        if (removal->viewer == hash && removal->at_ms >= since_ms)
            return true;
    }
    return false;
}
