/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Rooms (dais/rooms.h): from emitters on any worker over the room's home to members on all.
 *
 *   rooms_init           main thread, before the workers start
 *   rooms_worker_start   on each worker, before link_worker_start: what the end of a turn writes to
 *                        links goes out in that turn
 *   rooms_worker_drain   on each worker: joins are refused from here on
 *   rooms_worker_stop    on each worker, when its sockets are gone
 *   rooms_fini           main thread, after the workers
 *
 * Each room has a home worker, a hash of its name: there its events get their numbers, there are
 * what was missed and who is present (room_home). A worker with members has a part of the room: the
 * members in groups that get the same bytes, and for each group what this turn has brought
 * (room_part, room_group). Home and parts speak by mail; where they are on one worker, home calls.
 * In either case what home tells a part comes in one order, and a member begins where the answer to
 * its join stands in it: nothing is left out between replay and what is new, and nothing doubled.
 *
 * Kinds stand in tables as events do (events.h): filled on the main thread, swapped while the
 * workers stand still. A room keeps its kind by name, so newer code takes over what is there.
 */
#include "dais/rooms.h"
#include "net/http.h"
#include "realtime/socket.h"

struct room_table;

/** Kinds of rooms that a process may see, over all tables. */
#define ROOM_KINDS_MAX 64u
/** Watches of kinds in one table. */
#define ROOM_WATCHES_MAX 256u
/** Bytes of a room's name: its kind, ':', its id. */
#define ROOM_NAME_BYTES_MAX (DAIS_ROOM_KIND_BYTES_MAX + 1u + DAIS_ROOM_ID_BYTES_MAX)

/** Registers metrics. DAIS_E_… of metrics_register. [main thread] */
DAIS_CHECK_RESULT int32_t rooms_init(void);
/** Forgets the table in use and all kinds. [main thread] */
void rooms_fini(void);

/** See above. DAIS_E_MEMORY, DAIS_E_LIMIT. [worker] */
DAIS_CHECK_RESULT int32_t rooms_worker_start(void);
void rooms_worker_drain(void);
void rooms_worker_stop(void);

/** An empty table. DAIS_E_MEMORY. [main thread] */
DAIS_CHECK_RESULT int32_t room_table_new(struct room_table **ret_table);

/**
 * Adds the rows of dais_rooms_v1.kinds for `owner`; both must last until room_use has taken a table
 * without them and no fiber runs under the owner's mark. DAIS_E_INVALID for a row that cannot be
 * right, DAIS_E_CONFLICT when another row has its name, DAIS_E_LIMIT past ROOM_KINDS_MAX:
 * room_problem then tells the row and why. [main thread]
 */
DAIS_CHECK_RESULT int32_t room_table_kinds(struct room_table *table, struct http_owner *owner,
                                           const struct dais_room_kind *rows);

/** The same for rows of dais_rooms_v1.observe, past ROOM_WATCHES_MAX; their kinds need not be
 * there. DAIS_E_CONFLICT when the owner watches a kind already. [main thread] */
DAIS_CHECK_RESULT int32_t room_table_watches(struct room_table *table, struct http_owner *owner,
                                             const struct dais_room_watch *rows);

/** As above, without a table: whether each row for itself can be right. [any thread] */
DAIS_CHECK_RESULT int32_t room_kinds_check(const struct dais_room_kind *rows);
DAIS_CHECK_RESULT int32_t room_watches_check(const struct dais_room_watch *rows);

/** Gives back a table that was never used; NULL is ignored. [main thread] */
void room_table_free(struct room_table *table);

/** Looks kinds up in `table` from now on, and takes it over; the one before is freed. NULL: there
 * are none, joins answer DAIS_E_UNAVAILABLE. [parked, or before the workers start] */
void room_use(struct room_table *table);

/** Why the last function of this thread failed that fills a table: a line. */
const char *room_problem(void);

/** One kind in use, for documents. */
struct room_kind_info {
    const struct dais_room_kind *kind;
    const struct http_owner *owner;
};

/** One watch in use. */
struct room_watch_info {
    const struct dais_room_watch *watch;
    const struct http_owner *owner;
};

/** Calls `visit` for every kind, or watch, of the table in use. [main thread, or worker without
 * giving way] */
void room_each_watch(void (*visit)(const struct room_watch_info *info, void *context),
                     void *context);
void room_each_kind(void (*visit)(const struct room_kind_info *info, void *context), void *context);

/* The functions of struct dais_rooms_v1; their contract is written there. */
int32_t room_join(dais_handle socket, const struct dais_room_join *join,
                  struct dais_room_joined *ret_joined);
int32_t room_leave(dais_handle socket, const struct dais_room *room);
int32_t room_has(const struct dais_room *room, dais_handle socket);
int32_t room_emit(const struct dais_room *room, const struct dais_emit *emit);
int32_t room_count(const struct dais_room *room, struct dais_room_count *ret_count);
int32_t room_sample(const struct dais_room *room, uint32_t max, struct dais_str *ret_viewers,
                    uint32_t *ret_count);
int32_t room_remove(const struct dais_room *room, struct dais_str viewer,
                    const struct dais_emit *last);
int32_t room_lease(const struct dais_room *room, struct dais_str viewer, uint32_t ttl_ms);
int32_t room_close(const struct dais_room *room, const struct dais_emit *last);

/**
 * Hands the socket what this turn has brought to its rooms so far, so that a message put on its
 * link now comes behind. Nothing to do for a socket without `members`. [worker]
 */
void room_catch_up(struct socket *socket);

/**
 * The socket is about to lose its link: it leaves all its rooms, and joins under way come to
 * nothing. Called before `link` and `handle` are cleared. [worker]
 */
void room_socket_gone(struct socket *socket);

/** Rooms that have their home on this worker, and memberships on it. [worker] */
uint32_t rooms_count(void);
uint32_t rooms_members(void);
