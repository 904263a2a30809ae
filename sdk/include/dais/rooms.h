/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.rooms/1: rooms, their members, who is present, and events that are not lost.
 *
 * A room is a kind and an id: "live:4f…". It needs no making: it is there as soon as somebody joins
 * it or emits to it. Its kind is a row in a table of the plugin that decides who may enter. Rooms,
 * members and what they missed live in the core: a reload of the plugin takes nothing away, and the
 * row of the same name in newer code goes on with the rooms that exist. While no plugin has the
 * kind, joins fail with DAIS_E_UNAVAILABLE and everybody stays.
 *
 * A durable event of a room gets the next `seq` when it is accepted, and reaches all members in
 * that order, once. Who was away comes back with the `epoch` and `seq` that it saw last and gets
 * exactly what it missed, or, when that is no longer all there (1,000 events, 10 minutes, another
 * epoch), the event "room:resync" {"room","epoch","seq"}: then the client asks for the state anew.
 * Numbers may be missing in what a client sees: events that had no rendering for its dialect.
 *
 * History and then live, without a gap: call `count`, then read the history, and give the client
 * both; it joins with that `epoch` and `seq`. What was stored in between comes twice at most: tell
 * it by an id of its own. This holds for rooms that nobody has entered yet, too.
 *
 * What only some may see (moderators, say) goes to a room of its own, or to a dialect for which the
 * others have a row without an event.
 *
 * Viewers are distinct: the tabs of one user count once, and so does a lease (somebody who watches
 * without a socket). A viewer's text is the id of the user; "guest:<name>" for a guest who gave
 * itself one; "socket:<socket id>" for others.
 */
#include "dais/events.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a kind's name: lower-case letters, digits, '-', '_'. */
#define DAIS_ROOM_KIND_BYTES_MAX 32u
/** Bytes of a room's id: any UTF-8 without control characters, quotes and backslashes. */
#define DAIS_ROOM_ID_BYTES_MAX 96u
/** Bytes of a viewer's text. */
#define DAIS_ROOM_VIEWER_BYTES_MAX 128u
/** Viewers that `sample` gives at most. */
#define DAIS_ROOM_SAMPLE_MAX 50u

/** The name of a room; borrowed for the call. */
struct dais_room {
    struct dais_str kind;
    struct dais_str id;
};

/** How many there are. */
struct dais_room_count {
    uint64_t epoch;   /**< of the numbers: another one after the room was empty long or a restart */
    uint64_t seq;     /**< of the newest durable event; 0: none in this epoch */
    uint32_t viewers; /**< distinct, leases included */
    uint32_t members; /**< sockets */
    uint32_t peak;    /**< most viewers at a time since the room was last empty for long */
    uint32_t reserved;
};

/** Somebody wants to enter. Valid during the call. */
struct dais_room_entry {
    struct dais_room room;
    /** NULL for guests. */
    const struct dais_identity *identity;
    struct dais_str viewer;
    dais_handle socket;
    const char *dialect; /**< as in the join */
};

enum dais_presence_what {
    DAIS_PRESENCE_JOINED = 1, /**< the first socket or lease of a viewer */
    DAIS_PRESENCE_LEFT,       /**< the last one is gone */
    DAIS_PRESENCE_COUNT       /**< the number of viewers changed; at most once a second */
};

/** What changed. Valid during the call. */
struct dais_presence {
    struct dais_room room;
    uint32_t what; /**< enum dais_presence_what */
    uint32_t reserved;
    struct dais_str viewer;       /**< of JOINED and LEFT; else absent */
    struct dais_room_count count; /**< as it is when the function is called */
};

/**
 * A kind of room. Tables of them are const; the last row has the name NULL.
 *
 * `presence` runs on the room's home worker, for one room one call at a time, in order. JOINED and
 * LEFT are told while a room has at most limit `room_floods` viewers (200): beyond that only COUNT
 * is called. It is called with the last numbers, always.
 */
struct dais_room_kind {
    const char *name;
    uint32_t flags;       /**< 0 */
    uint32_t members_max; /**< 0: limit `room_members`; a join past it gives DAIS_E_LIMIT */
    /**
     * [fiber] [suspends] Whether somebody may enter: DAIS_OK, or the error that the join returns
     * (DAIS_E_DENIED: banned, private; DAIS_E_NOT_FOUND: no such room). NULL: everybody may, and
     * every id that reaches `join` makes a room: where ids come from clients, have one. Asked at
     * each join, also when a removed user comes back; not again while somebody is in: who loses a
     * right (bus topic "identity.revoked") is to be removed.
     */
    int32_t (*admit)(const struct dais_room_entry *entry);
    /** [fiber] NULL: not told. */
    void (*presence)(const struct dais_presence *change);
    const char *summary; /**< one line, for documents */
};

/**
 * Somebody else than the kind's plugin wants to know who is there. Tables of them are const; the
 * last row has the kind NULL.
 */
struct dais_room_watch {
    const char *kind;  /**< of any plugin; it need not exist (yet) */
    uint32_t flags;    /**< 0 */
    uint32_t reserved; /**< 0 */
    /** [fiber] As `presence` of struct dais_room_kind, and after it for each change. Required. */
    void (*presence)(const struct dais_presence *change);
    const char *summary; /**< one line, for documents */
};

/** How a socket enters. */
struct dais_room_join {
    struct dais_room room;
    /** Which renderings of events it gets (dais/events.h); NULL: those for the dialect that the
     * socket speaks, if it named one. */
    const char *dialect;
    /**
     * The last event that the client has seen, to get what it missed. epoch 0: what the client
     * said about this room when its socket was opened ("resume"), else nothing was missed.
     */
    uint64_t epoch;
    uint64_t seq;
    uint32_t flags;    /**< 0 */
    uint32_t reserved; /**< 0 */
};

enum dais_resumed {
    DAIS_ROOM_FRESH = 0, /**< nothing was asked for: events come from here on */
    DAIS_ROOM_REPLAYED,  /**< everything missed comes before everything new */
    DAIS_ROOM_RESYNC     /**< it is not all there any more; "room:resync" was sent */
};

/** The answer. */
struct dais_room_joined {
    struct dais_room_count count;
    uint32_t resumed;  /**< enum dais_resumed */
    uint32_t replayed; /**< how many events were sent again */
};

struct dais_rooms_v1 {
    /** [setup] Declares kinds; the table ends with a row whose name is NULL. DAIS_E_CONFLICT:
     * another plugin has one of them, DAIS_E_LIMIT. */
    int32_t (*kinds)(const struct dais_room_kind *table);
    /**
     * [fiber] [suspends] Makes a socket of this worker a member; for one that is already it gives
     * the numbers, and `dialect` counts from now on. What it missed is on its way when this
     * returns. What `admit` said · DAIS_E_UNAVAILABLE: no plugin has the kind · DAIS_E_LIMIT: the
     * room is full (its viewers may still enter with more sockets of theirs), or the server is
     * too busy, or it is a member of too many rooms (limit `socket_rooms`) · DAIS_E_DENIED: removed
     * meanwhile · DAIS_E_INVALID · DAIS_E_GONE: the socket is.
     */
    int32_t (*join)(dais_handle socket, const struct dais_room_join *join,
                    struct dais_room_joined *ret_joined);
    /** [fiber] [worker] Ends a membership. DAIS_E_NOT_FOUND: it was none, DAIS_E_GONE. */
    int32_t (*leave)(dais_handle socket, const struct dais_room *room);
    /** [fiber] [worker] DAIS_OK: a socket of this worker is a member, `admit` has let it in, and it
     * was not removed since. DAIS_E_NOT_FOUND: it is none, DAIS_E_GONE, DAIS_E_INVALID. */
    int32_t (*has)(const struct dais_room *room, dais_handle socket);
    /**
     * [fiber] [worker] Sends to all members, from any worker. Call it after the commit: what one
     * worker emits is numbered in that order. DAIS_E_LIMIT: too much is under way, nobody gets it ·
     * DAIS_E_TOO_LARGE past limit `event_bytes` · DAIS_E_MEMORY · DAIS_E_INVALID ·
     * DAIS_E_NOT_FOUND: no plugin ever had the kind. Nobody hears what is not durable in a room
     * without members. It goes by the room's home: what is sent to a socket directly may be there
     * before.
     */
    int32_t (*emit)(const struct dais_room *room, const struct dais_emit *emit);
    /** [fiber] [suspends] The numbers; of a room that is not there yet the epoch that it will have,
     * unless that takes long, and zeros. DAIS_E_LIMIT, DAIS_E_INVALID. */
    int32_t (*count)(const struct dais_room *room, struct dais_room_count *ret_count);
    /**
     * [fiber] [suspends] Some of the viewers who are there, at most `max` (≤ DAIS_ROOM_SAMPLE_MAX).
     * The texts are in the fiber's arena.
     */
    int32_t (*sample)(const struct dais_room *room, uint32_t max, struct dais_str *ret_viewers,
                      uint32_t *ret_count);
    /**
     * [fiber] [worker] Ends all memberships and leases of a viewer in a room, on all workers; joins
     * that were admitted before are refused. `last` (may be NULL) is sent to them first. Whether it
     * may come back is up to `admit`: write the ban before. DAIS_E_LIMIT.
     */
    int32_t (*remove)(const struct dais_room *room, struct dais_str viewer,
                      const struct dais_emit *last);
    /**
     * [fiber] [worker] Counts a viewer without a socket for `ttl_ms` from now (0: no longer).
     * DAIS_E_LIMIT.
     */
    int32_t (*lease)(const struct dais_room *room, struct dais_str viewer, uint32_t ttl_ms);
    /**
     * [fiber] [worker] Ends all memberships and leases; `last` (may be NULL) is sent first. What
     * was missed is forgotten; the next join begins another epoch. DAIS_E_LIMIT.
     */
    int32_t (*close)(const struct dais_room *room, const struct dais_emit *last);
    /**
     * [setup] Registers watches; the table ends with a row whose kind is NULL. While a plugin that
     * watches is being replaced no change is lost to it: the newer code hears what is next.
     */
    int32_t (*observe)(const struct dais_room_watch *table);
};

DAIS_SLOT const struct dais_rooms_v1 *dais_rooms;
#define DAIS_NEED_ROOMS DAIS_NEED(rooms, "dais.rooms/1", 0)

#ifdef __cplusplus
}
#endif
