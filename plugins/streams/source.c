/* SPDX-License-Identifier: MIT */
#include "source.h"

#include "store.h"

#define UUID_BYTES 36

static int is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/** What is no uuid names no stream; the database would call it an error. */
static int is_uuid(struct dais_str text)
{
    if (text.len != UUID_BYTES)
        return 0;
    for (uint64_t i = 0; i < UUID_BYTES; i++) {
        int dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.ptr[i] != '-' : !is_hex(text.ptr[i]))
            return 0;
    }
    return 1;
}

static int32_t tell(const struct store_room *room, struct dais_room_found *ret_room)
{
    *ret_room = (struct dais_room_found){.kind = dais_cstr(source_live.kind),
                                         .id = room->id,
                                         .owner_id = room->owner_id,
                                         .title = room->title,
                                         .flags = DAIS_ROOM_OPEN};
    return DAIS_OK;
}

static int32_t find(struct dais_str id, struct dais_room_found *ret_room)
{
    struct store_room room;
    int32_t error = is_uuid(id) ? store_room(id, &room) : DAIS_E_NOT_FOUND;
    return error ? error : tell(&room, ret_room);
}

static int32_t default_of(struct dais_str user_id, struct dais_room_found *ret_room)
{
    struct store_room room;
    int32_t error = is_uuid(user_id) ? store_room_of(user_id, &room) : DAIS_E_NOT_FOUND;
    return error ? error : tell(&room, ret_room);
}

const struct dais_roomsource_v1 source_live = {
    .kind = "live", .find = find, .default_of = default_of};
