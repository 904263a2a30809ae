/* SPDX-License-Identifier: MIT */
/*
 * A plugin whose rooms others find and watch, in variants: KIND is the kind of its rooms and the
 * end of its id, VERSION what it says of itself. A room is there when its id is the kind, or
 * "both"; "lost" cannot be known.
 */
#include "dais/dais.h"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

static int32_t tell(struct dais_str id, struct dais_room_found *ret_room)
{
    *ret_room = (struct dais_room_found){.kind = dais_cstr(KIND),
                                         .id = dais_mem->arena_dup(dais_mem->arena_self(), id),
                                         .owner_id = dais_cstr("owner of " KIND),
                                         .title = dais_cstr(KIND " " TEXT(VERSION)),
                                         .flags = DAIS_ROOM_OPEN};
    return DAIS_OK;
}

static int32_t find(struct dais_str id, struct dais_room_found *ret_room)
{
    if (dais_str_eq(id, dais_cstr("lost")))
        return DAIS_E_UNAVAILABLE;
    int32_t error = dais_fiber->sleep(1); /* as if it asked somebody */
    if (error)
        return error;
    int known = dais_str_eq(id, dais_cstr(KIND)) || dais_str_eq(id, dais_cstr("both"));
    return known ? tell(id, ret_room) : DAIS_E_NOT_FOUND;
}

static int32_t default_of(struct dais_str user_id, struct dais_room_found *ret_room)
{
    return dais_str_eq(user_id, dais_cstr("nobody")) ? DAIS_E_NOT_FOUND
                                                     : tell(dais_cstr(KIND), ret_room);
}

static const struct dais_roomsource_v1 SOURCE = {KIND, find, default_of};

static void presence(const struct dais_presence *change)
{
    const struct dais_rendering renderings[] = {
        {.event = "source:saw", .json = DAIS_STR_INIT(TEXT(VERSION))}, {.event = NULL}};
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    if (change->what == DAIS_PRESENCE_JOINED && dais_rooms->emit(&change->room, &emit))
        dais_logf(DAIS_WARN, "who came was not told");
}

static const struct dais_room_kind KINDS[] = {
    {.name = KIND, .presence = presence, .summary = "A test's"}, {.name = NULL}};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    return dais_rooms->kinds(KINDS);
}

static const struct dais_need NEEDS[] = {
    DAIS_NEED_FIBER, DAIS_NEED_LOG, DAIS_NEED_MEM, DAIS_NEED_ROOMS, {NULL, NULL, 0, 0}};

#ifdef OFFERS_AS
#define INSTANCE OFFERS_AS
#else
#define INSTANCE KIND
#endif

static const struct dais_offer OFFERS[] = {{DAIS_ROOMSOURCE ":" INSTANCE, &SOURCE}, {NULL, NULL}};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "source_" KIND,
    .version = TEXT(VERSION) ".0.0",
    .needs = NEEDS,
    .offers = OFFERS,
    .init = init,
};
