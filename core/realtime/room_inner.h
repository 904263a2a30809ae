/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the files of rooms share. Every struct belongs to one worker, but for what travels by mail
 * and what is counted by an atomic number (names, events).
 *
 *   room_kinds     tables of kinds; asking `admit`
 *   room_event     an event of a room; the calls that travel to its home
 *   room_ring      what a home keeps for those who come back, and its encoding
 *   room_viewers   a home's distinct viewers, leases, removals
 *   room_presence  telling a kind's plugin, and who watches it, who came and went
 *   room_home      homes: their life, numbering, telling the parts
 *   room_branch    what a home knows of one worker's part; a worker that is behind
 *   room_part      a worker's part of a room: its members, who has left
 *   room_group     members that get the same bytes; the batch of the turn
 *   room_join      entering
 *   room_calls     the other functions of dais.rooms/1
 *   room_worker    start and end of a worker's rooms, metrics
 */
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"
#include "loop/fiber.h"
#include "loop/mail.h"
#include "loop/timer.h"
#include "realtime/emission.h"
#include "realtime/link.h"
#include "realtime/room.h"

#include <stdatomic.h>

/** A batch is sent before the turn's end when it is that long. */
#define ROOM_BATCH_BYTES_MAX 65536u
/** Encoded events of one step of a replay; the next step waits until the client has taken it. */
#define ROOM_REPLAY_BYTES_MAX 65536u
/** Replays that a room keeps encoded for others who come back to the same place. */
#define ROOM_REPLAYS_MAX 8u
/** Viewers who came and went that a plugin has not been told of yet; more are not told. */
#define ROOM_CHANGES_MAX 512u
/** Removals that are remembered for joins which were admitted before them. */
#define ROOM_REMOVALS_MAX 64u
/** How often leases are looked at, and encoded replays are given up, in milliseconds. */
#define ROOM_LOOK_MS 1000u

enum room_metric {
    ROOM_METRIC_ROOMS,
    ROOM_METRIC_MEMBERS,
    ROOM_METRIC_DURABLE,
    ROOM_METRIC_REPLACEABLE,
    ROOM_METRIC_DROPPABLE,
    ROOM_METRIC_DELIVERIES,
    ROOM_METRIC_RESUMED,
    ROOM_METRIC_RESYNCED,
    ROOM_METRIC_REPLAYED,
    ROOM_METRIC_REFUSED,
    ROOM_METRIC_BEHIND,
    ROOM_METRIC_LOST,
    ROOM_METRIC_COUNT
};

/** Adds to one of the metrics above. */
void room_metrics_add(enum room_metric metric, int64_t value);

/** "<kind>:<id>", counted. */
struct room_name {
    _Atomic uint32_t references;
    uint32_t kind_len;
    uint32_t len;
    char text[];
};

/** DAIS_E_INVALID for what no room is called, DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t room_name_new(const struct dais_room *room, struct room_name **ret_name);
struct room_name *room_name_ref(struct room_name *name);
void room_name_unref(struct room_name *name);

static inline struct dais_str room_name_view(const struct room_name *name)
{
    return dais_str(name->text, name->len);
}

static inline struct dais_room room_name_split(const struct room_name *name)
{
    return (struct dais_room){
        .kind = dais_str(name->text, name->kind_len),
        .id = dais_str(name->text + name->kind_len + 1, name->len - name->kind_len - 1),
    };
}

/** A kind by its name; lives as long as the process. `row` and `owner` change while the workers
 * stand still; NULL: no plugin has it. */
struct room_kind {
    char name[DAIS_ROOM_KIND_BYTES_MAX + 1];
    const struct dais_room_kind *row;
    const struct http_owner *owner;
    const struct room_watch *watches; /* those of other plugins; a list */
};

/** Who watches a kind; belongs to the table in use. */
struct room_watch {
    struct room_watch_info info;
    const struct room_watch *next; /* of the same kind */
};

/** NULL when there never was one. [worker] */
struct room_kind *room_kind_find(struct dais_str name);
/** Whether its functions may be called now. */
bool room_kind_is_open(const struct room_kind *kind);
/** Asks `admit`. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t room_kind_admit(const struct room_kind *kind,
                                          const struct dais_room_entry *entry);
/** Whether the functions of this plugin may be called now. */
bool room_owner_is_open(const struct http_owner *owner);
/** The mark under which they run; `callback` is a constant name. */
struct owner room_owner_mark(const struct http_owner *owner, const char *callback);

/** An event of a room. Written by its emitter, then by the home, then immutable. */
struct room_event {
    struct mail mail; /* to the home */
    _Atomic uint32_t references;
    uint32_t bytes; /* of memory, roughly */
    struct room_name *name;
    struct emission *emission;
    uint64_t epoch;
    uint64_t seq; /* 0: not numbered */
    uint64_t born_ms;
};

DAIS_CHECK_RESULT int32_t room_event_new(const struct dais_room *room, const struct dais_emit *emit,
                                         struct room_event **ret_event);
struct room_event *room_event_ref(struct room_event *event);
void room_event_unref(struct room_event *event);
/** Appends the event as a dialect's sockets of a form get it. DAIS_E_NOT_FOUND: they get nothing,
 * DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t room_event_encode(const struct room_event *event, uint32_t dialect,
                                            const struct socket_form *form, struct strbuf *out);
/** Appends "room:resync"; as room_event_encode. */
DAIS_CHECK_RESULT int32_t room_resync_encode(const struct envelope_mark *at,
                                             const struct socket_form *form, struct strbuf *out);

/** Its argument, shorter than that. */
#define ROOM_RESYNC_BYTES_MAX (ROOM_NAME_BYTES_MAX + 80u)
void room_resync_args(const struct envelope_mark *at, struct strbuf *out);

/** Where the messages of a buffer end. */
struct room_end {
    uint32_t end;
    uint32_t class;
    uint32_t key;
};

/** Messages one behind the other, being written. Zeroed is empty. */
struct room_batch {
    struct strbuf bytes;
    struct room_end *ends;
    uint32_t count;
    uint32_t capacity;
};

void room_batch_init(struct room_batch *batch);
void room_batch_fini(struct room_batch *batch);
/** What was appended to `bytes` behind `from` is a message; false without memory: it is taken off.
 */
bool room_batch_end(struct room_batch *batch, uint32_t from, uint32_t class, uint32_t key);

/** Encoded events for those who come back to one place; immutable once made. */
struct room_replay {
    _Atomic uint32_t references;
    uint32_t dialect;
    const struct socket_form *form;
    uint64_t from;        /* what the client has seen */
    uint64_t to;          /* the last event in it */
    struct dais_buf *buf; /* NULL: no bytes */
    struct room_end *ends;
    uint32_t count;
};

/** Gives a reference back; NULL is ignored. */
void room_replay_unref(struct room_replay *replay);

/** What a home keeps. */
struct room_ring {
    struct room_event **slots;
    uint32_t first;
    uint32_t count;
    uint32_t capacity;
    uint64_t bytes;
    struct room_replay *replays[ROOM_REPLAYS_MAX];
    uint32_t replays_next;
};

struct room;
struct rooms;

/** Keeps an event (takes a reference), and gives up the oldest ones past the limits. */
void room_ring_put(struct room *room, struct room_event *event);
/** Gives up what is too old. */
void room_ring_age(struct room *room);
/** Gives up what was encoded for those who came back. */
void room_ring_relax(struct room *room);
void room_ring_clear(struct room *room);
/** Event number `index` from the oldest. */
static inline struct room_event *room_ring_at(const struct room_ring *ring, uint32_t index)
{
    return ring->slots[(ring->first + index) & (ring->capacity - 1)];
}
/** Whether everything behind `seq` is there. */
bool room_ring_covers(const struct room *room, uint64_t seq);
/** Events behind `from`, encoded, as many as one step takes; NULL without memory. */
struct room_replay *room_ring_replay(struct room *room, uint64_t from, uint32_t dialect,
                                     const struct socket_form *form);

/** Somebody who is there. */
struct room_viewer {
    uint64_t workers;  /* bits: where it has sockets */
    uint64_t lease_ms; /* end of its lease; 0: none */
    uint32_t len;
    char text[];
};

/** Who came or went, on its way to the plugin. */
struct room_change {
    struct room_change *next;
    uint32_t what; /* enum dais_presence_what */
    uint32_t len;
    char text[];
};

/** The change that is being told: to the kind's plugin, then to those who watch. */
struct room_telling {
    uint32_t what;           /* enum dais_presence_what; 0: nothing is */
    bool kind;               /* its plugin has been told */
    uint64_t plugins;        /* bits: those that watch and have been told */
    struct room_change *who; /* of JOINED and LEFT */
};

struct room_removal {
    uint64_t viewer;
    uint64_t at_ms;
};

/** What a home knows of one worker. */
struct room_branch {
    uint32_t members;
    bool behind;   /* it was not told everything: nothing more until it has caught up */
    bool nudged;   /* a nudge is under way */
    uint64_t told; /* behind: the last number that it was told */
};

/** A room at its home. */
struct room {
    struct rooms *rooms;
    struct room_name *name;
    struct room_kind *kind;
    uint64_t epoch;
    uint64_t seq;
    struct room_ring ring;
    struct idmap viewers; /* hash of the text → struct room_viewer */
    uint32_t members;
    uint32_t peak;
    uint32_t leases;
    struct timer timer; /* the numbers, leases, the ring's age, the room's end */
    /* presence */
    struct room_change *changes;
    struct room_change **changes_end;
    uint32_t changes_count;
    bool changed; /* the number of viewers is another than told */
    bool telling; /* a fiber tells */
    struct room_telling now;
    uint64_t told_ms;
    uint64_t looked_ms; /* when leases and replays were last looked at */
    uint32_t behind;    /* branches that are */
    struct room_removal *removals;
    uint32_t removals_count;
    uint64_t idle_ms; /* since when nobody is there; 0: somebody is */
    struct room_branch branches[];
};

/** The home, made when it is new. DAIS_E_LIMIT past limit `rooms`, DAIS_E_MEMORY, DAIS_E_NOT_FOUND
 * for a kind that never was. */
DAIS_CHECK_RESULT int32_t room_open(struct rooms *rooms, struct room_name *name,
                                    struct room **ret_room);
/** The home, or NULL. */
struct room *room_find(struct rooms *rooms, const struct room_name *name);
/** Has the room looked at in the next turn: something is to be told, kept or given up. */
void room_arm(struct room *room);
/** Frees a room that was taken out of its worker's map. */
void room_free(struct room *room);
void room_fill_count(const struct room *room, struct dais_room_count *ret_count);
/** A number that was not there before and that nobody guesses; exact in JavaScript. */
uint64_t room_epoch_new(void);
/** Begins another epoch; what was missed is forgotten. */
void room_renew(struct room *room);

/** Numbers an event (durable ones) and tells all parts. */
void room_publish(struct room *room, struct room_event *event);
/** Ends the memberships and leases of a viewer (0: of all); `last` may be NULL. */
void room_dismiss(struct room *room, uint64_t viewer, struct room_event *last);
/** Tells one worker's part what it was not told, before anything else is. */
void room_branch_catch_up(struct room *room, uint32_t worker);
/** Tells a worker's part an event. */
void room_branch_tell(struct room *room, uint32_t worker, struct room_event *event);
/** Asks those that are behind whether they have caught up; false when some could not be asked. */
bool room_branches_nudge(struct room *room);
/** Tells a worker's part to end memberships. */
void room_branch_dismiss(struct room *room, uint32_t worker, uint64_t viewer,
                         struct room_event *last);

/** The number of a viewer's text, never 0. */
uint64_t room_viewer_hash(struct dais_str text);
/** A viewer has a socket on a worker, or a lease. DAIS_E_MEMORY, DAIS_E_LIMIT. */
DAIS_CHECK_RESULT int32_t room_viewer_come(struct room *room, struct dais_str text,
                                           uint32_t worker);
DAIS_CHECK_RESULT int32_t room_viewer_lease(struct room *room, struct dais_str text,
                                            uint32_t ttl_ms);
/** The last socket of a viewer on a worker is gone. */
void room_viewer_leave(struct room *room, uint64_t viewer, uint32_t worker);
/** The leases that are over end. */
void room_viewers_expire(struct room *room);
/** Ends the lease of a viewer, or (0) of all. */
void room_viewer_unlease(struct room *room, uint64_t viewer);
void room_viewers_free(struct room *room);
bool room_viewer_is_there(const struct room *room, uint64_t viewer);
/** Remembers a removal; whether a viewer was removed since `since_ms`. */
void room_removal_note(struct room *room, uint64_t viewer);
bool room_removal_since(const struct room *room, uint64_t viewer, uint64_t since_ms);

/** Somebody came or went. */
void room_presence_change(struct room *room, enum dais_presence_what what, struct dais_str viewer);
/** Tells the plugin what is due; when something is due later, in `*ret_ms` (else unchanged). */
void room_presence_tell(struct room *room, uint64_t *ret_ms);
void room_presence_free(struct room *room);

struct room_group;
struct room_part;

/** A socket in a room. When it has left it travels home, to say so. */
struct room_member {
    struct mail mail;
    struct room_member *next; /* of its socket; then of those who left with it */
    struct socket *socket;    /* NULL: it is gone while joining */
    union {
        struct room_part *part;
        struct room_name *name; /* of one that has left */
    };
    struct room_group *group; /* NULL: joining, or left */
    uint64_t viewer;
    uint32_t index; /* in its group; of one that has left: its worker */
    bool counted;   /* home has it among its members */
    bool last;      /* of one that has left: no other socket of the viewer is there */
};

/** A member in its group. */
struct room_seat {
    struct link *link;
    struct room_member *member;
    uint32_t start; /* of the batch: what it has already */
};

/** Members that get the same bytes. */
struct room_group {
    struct room_group *next;
    struct room_part *part;
    const struct socket_form *form;
    uint32_t dialect;
    uint32_t count; /* of seats */
    uint32_t capacity;
    bool closing; /* its members are being closed: it stays until that is done */
    struct list_node dirty;
    struct room_seat *seats;
    struct room_batch batch;
};

/** A worker's part of a room. */
struct room_part {
    struct rooms *rooms;
    struct room_name *name;
    uint32_t home;
    uint32_t members; /* those joining included */
    struct room_group *groups;
    struct idmap viewers; /* hash of the text → how many members it has */
    struct room_member *left;
    struct room_member **left_end;
    struct list_node dirty; /* some have left */
};

/** Adds a member that joins. DAIS_E_MEMORY, DAIS_E_LIMIT. */
DAIS_CHECK_RESULT int32_t room_part_enter(struct rooms *rooms, struct room_name *name,
                                          struct socket *socket, uint64_t viewer,
                                          struct room_member **ret_member);
/** Takes a member off, wherever it stands; its part may be gone then. */
void room_part_drop(struct room_member *member);
/** Tells home who has left. */
void room_part_tell(struct room_part *part);
/** Home has told: an event, or that some were lost. */
void room_part_deliver(struct rooms *rooms, const struct room_event *event);
void room_part_resync(struct rooms *rooms, const struct room_name *name,
                      const struct envelope_mark *at);
/** Ends the memberships of a viewer (0: of all), who get `last` (or NULL) before. */
void room_part_dismiss(struct rooms *rooms, const struct room_name *name, uint64_t viewer,
                       const struct room_event *last);
struct room_member *room_member_find(const struct socket *socket, struct dais_str name);
/** At the end: sockets are gone, nobody is told. */
void room_parts_free(struct rooms *rooms);

/** Seats a member, in the group of that dialect and of its socket's form. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t room_group_add(struct room_member *member, uint32_t dialect);
/** Takes a member out of its group, which may be gone then. What the batch has is not sent. */
void room_group_remove(struct room_member *member);
/** Appends an event to the batch. */
void room_group_append(struct room_group *group, const struct room_event *event,
                       struct room_member *except);
void room_group_resync(struct room_group *group, const struct envelope_mark *at);
/** Sends the batch to the members. The group may be gone then. */
void room_group_send(struct room_group *group);
/** Hands one member what the batch has for it; nothing for one that is still joining. */
void room_group_catch_up(struct room_member *member);
/** Sends one member an event by itself. */
void room_group_send_one(struct room_member *member, const struct room_event *event);
/** Messages in a buffer that begins at `base` of what the ends count. */
struct room_span {
    struct dais_buf *buf;
    uint32_t base;
    uint32_t count;
    const struct room_end *ends;
};
/** Puts the messages behind `start` on one link; how many. */
uint32_t room_link_put(struct link *link, const struct room_span *span, uint32_t start);

/** Something that is asked of a home by a fiber that waits for the answer. */
struct room_ask {
    struct mail mail;
    struct fiber_wait *wait; /* NULL: nobody waits any more */
    uint32_t worker;         /* that asks */
    int32_t code;
    void (*at_home)(struct rooms *rooms, struct room_ask *ask);  /* fills the answer */
    void (*answered)(struct rooms *rooms, struct room_ask *ask); /* may be NULL */
    void (*free)(struct room_ask *ask);
    struct room_name *name;
};

/**
 * Sends `ask` home and waits. Then the ask is still the caller's, unless DAIS_E_CANCELLED: it is
 * freed when the answer comes. DAIS_E_LIMIT. [fiber, suspends]
 */
DAIS_CHECK_RESULT int32_t room_ask_home(struct room_ask *ask);

/** A worker's rooms. */
struct rooms {
    uint32_t worker;
    bool draining;
    struct map homes;
    struct map parts;
    struct list dirty_groups;
    struct list dirty_parts;
    struct room_batch spare; /* memory of the last batch, for the next one */
    uint64_t ring_bytes;
    uint32_t members;
    uint64_t epoch; /* of the rooms that are made next: whoever asks for the numbers of one that is
                       not there yet can come back to it */
};

/** Of this worker; NULL before its start and after its stop. */
struct rooms *rooms_self(void);

/** Sends what must arrive (an answer, a release); false when that worker has ended: the message
 * stays with the sender. */
bool room_post(uint32_t worker, struct mail *mail);
