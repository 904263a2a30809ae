/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.roomsource/1: which rooms exist, and whose they are. Asked by plugins that add something to
 * rooms of others: chat, polls, gifts.
 *
 * A plugin that makes rooms of a kind offers an instance named after the kind: `streams` offers
 * "dais.roomsource/1:live". Askers know no provider: they need dais.services/1 alone and go through
 * the functions below, which ask the plugins that are there, one after another. Where a kind's
 * plugin is missing or left out, its rooms are not found. That a room has changed is told on the
 * bus.
 */
#include "dais/error.h"
#include "dais/services.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Bus topic: a room is another one than it was, closed, open again, removed, renamed, given to
 * somebody else. The kind's plugin publishes it behind the commit, with the room's id as the key.
 * Whoever remembers what was found forgets it.
 */
#define DAIS_TOPIC_ROOM_CHANGED "room.changed"

/** The service, of which each kind of room has an instance. */
#define DAIS_ROOMSOURCE "dais.roomsource/1"

/** Something happens in it and people may talk: upcoming, live, or between two shows. */
#define DAIS_ROOM_OPEN 1u

/** A room that exists. The views live as long as the running fiber. */
struct dais_room_found {
    struct dais_str kind;     /**< of rooms (dais/rooms.h): "live", "session" */
    struct dais_str id;       /**< uuid, lower case */
    struct dais_str owner_id; /**< uuid of the user whose room it is */
    struct dais_str title;
    uint32_t flags;    /**< DAIS_ROOM_… */
    uint32_t reserved; /**< 0 */
};

struct dais_roomsource_v1 {
    const char *kind; /**< the kind of its rooms */
    /** [fiber] [suspends] Finds a room. DAIS_E_NOT_FOUND: there is none, or `id` is no uuid ·
     * DAIS_E_UNAVAILABLE, DAIS_E_TIMEOUT, DAIS_E_CANCELLED, DAIS_E_MEMORY: cannot be known. */
    int32_t (*find)(struct dais_str id, struct dais_room_found *ret_room);
    /**
     * [fiber] [suspends] The room that "my stream" stands for where a client names none: the user's
     * oldest. Errors as `find`.
     */
    int32_t (*default_of)(struct dais_str user_id, struct dais_room_found *ret_room);
};

/** What a source is asked; see dais_room_ask. */
#define DAIS_ROOM_ASK_ID 0u
#define DAIS_ROOM_ASK_USER 1u

/** [fiber] [suspends] Asks the sources of `kind` (NULL: of all kinds); see below. */
static inline int32_t dais_room_ask(const char *kind, uint32_t what, struct dais_str id,
                                    struct dais_room_found *ret_room)
{
    int32_t answer = DAIS_E_NOT_FOUND;
    for (uint32_t i = 0; answer != DAIS_E_CANCELLED; i++) {
        const struct dais_roomsource_v1 *source = (const struct dais_roomsource_v1 *)
                                                      dais_services->each(DAIS_ROOMSOURCE, i);
        if (!source)
            break;
        if (kind && strcmp(kind, source->kind) != 0)
            continue;
        uint64_t entered = dais_services->enter(source);
        int32_t error = what == DAIS_ROOM_ASK_USER ? source->default_of(id, ret_room)
                                                   : source->find(id, ret_room);
        dais_services->leave(entered);
        if (!error)
            return DAIS_OK;
        if (error != DAIS_E_NOT_FOUND)
            answer = error;
    }
    return answer;
}

/**
 * [fiber] [suspends] Finds the room `id`, of `kind` or, with NULL, of any kind. DAIS_E_NOT_FOUND:
 * all sources say so · DAIS_E_UNAVAILABLE …: one could not say, and no other one found it.
 */
static inline int32_t dais_room_find(const char *kind, struct dais_str id,
                                     struct dais_room_found *ret_room)
{
    return dais_room_ask(kind, DAIS_ROOM_ASK_ID, id, ret_room);
}

/** [fiber] [suspends] The default room of a user, of `kind` or, with NULL, of the first kind that
 * has one. Errors as dais_room_find. */
static inline int32_t dais_room_default(const char *kind, struct dais_str user_id,
                                        struct dais_room_found *ret_room)
{
    return dais_room_ask(kind, DAIS_ROOM_ASK_USER, user_id, ret_room);
}

#ifdef __cplusplus
}
#endif
