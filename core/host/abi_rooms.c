/* SPDX-License-Identifier: MIT */
/* dais.rooms/1: registration is the host's, everything else is realtime's. */
#include "host/abi.h"
#include "host/registration.h"
#include "realtime/room.h"

static int32_t kinds(const struct dais_room_kind *table)
{
    struct generation *generation = registration_check("rooms.kinds");
    if (!generation)
        return DAIS_E_STATE;
    int32_t error = room_kinds_check(table);
    if (error)
        return registration_refuse(generation, error, "kinds of rooms: %s", room_problem());
    return registration_add(generation, REGISTRATION_ROOM_KINDS, table, dais_str(NULL, 0));
}

static int32_t observe(const struct dais_room_watch *table)
{
    struct generation *generation = registration_check("rooms.observe");
    if (!generation)
        return DAIS_E_STATE;
    int32_t error = room_watches_check(table);
    if (error)
        return registration_refuse(generation, error, "watches of rooms: %s", room_problem());
    return registration_add(generation, REGISTRATION_ROOM_WATCHES, table, dais_str(NULL, 0));
}

const struct dais_rooms_v1 abi_rooms = {
    .kinds = kinds,
    .join = room_join,
    .leave = room_leave,
    .has = room_has,
    .emit = room_emit,
    .count = room_count,
    .sample = room_sample,
    .remove = room_remove,
    .lease = room_lease,
    .close = room_close,
    .observe = observe,
};
