/* SPDX-License-Identifier: MIT */
/*
 * Entering a room: `admit` on the joining fiber, then the home, then a seat where the answer
 * stands among what home tells.
 *
 * A client that comes back gets what it missed in steps: home encodes as much as a link takes
 * easily, and is asked for the next step when the client has taken that. Only the answer with the
 * last step makes it a member; from there on everything comes by the room.
 */
#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/worker.h"
#include "realtime/call.h"
#include "realtime/room_inner.h"

/* How long a client that replays is left alone before the next look whether it has taken a step. */
#define DRAIN_MS 5u

/* What is asked of the home, and its answer. */
struct join {
    struct room_ask ask;
    struct room_member *member; /* NULL: it is one already, only the numbers are asked for */
    const struct socket_form *form;
    uint32_t dialect;
    uint32_t viewer_len;
    uint64_t admitted_ms; /* when `admit` was asked */
    uint64_t epoch;       /* 0: nothing to resume */
    uint64_t seq;
    struct dais_room_joined joined;
    struct room_replay *replay;
    bool more; /* the replay goes on */
    char viewer[DAIS_ROOM_VIEWER_BYTES_MAX];
};

static void free_join(struct room_ask *ask)
{
    struct join *join = CONTAINER_OF(ask, struct join, ask);
    room_name_unref(ask->name);
    room_replay_unref(join->replay);
    mem_free(join->member); /* only when its worker has ended meanwhile */
    mem_free(join);
}

/* Finds what was missed, as much as goes into one step. */
static int32_t resume(struct room *room, struct join *join)
{
    if (join->epoch == 0)
        return DAIS_OK;
    room_ring_age(room);
    if (join->epoch != room->epoch || !room_ring_covers(room, join->seq)) {
        join->joined.resumed = DAIS_ROOM_RESYNC;
        return DAIS_OK;
    }
    join->joined.resumed = DAIS_ROOM_REPLAYED;
    if (join->seq == room->seq)
        return DAIS_OK;
    join->replay = room_ring_replay(room, join->seq, join->dialect, join->form);
    if (!join->replay)
        return DAIS_E_MEMORY;
    join->more = join->replay->to < room->seq;
    return DAIS_OK;
}

static int32_t check(const struct room *room, const struct join *join, uint64_t viewer)
{
    const struct dais_room_kind *row = room->kind->row;
    uint64_t members_max = row && row->members_max ? row->members_max
                                                   : (uint64_t)limit_get(LIMIT_ROOM_MEMBERS);
    if (room_removal_since(room, viewer, join->admitted_ms))
        return DAIS_E_DENIED;
    if (room->members >= members_max && !room_viewer_is_there(room, viewer))
        return DAIS_E_LIMIT;
    return DAIS_OK;
}

static int32_t enter(struct room *room, struct join *join)
{
    struct dais_str viewer = dais_str(join->viewer, join->viewer_len);
    uint32_t worker = join->ask.worker;
    int32_t code = check(room, join, room_viewer_hash(viewer));
    if (code == DAIS_OK)
        code = resume(room, join);
    if (code != DAIS_OK || join->more)
        return code;
    if (room->branches[worker].behind)
        room_branch_catch_up(room, worker);
    if (room->branches[worker].behind)
        return DAIS_E_MEMORY;
    code = room_viewer_come(room, viewer, worker);
    if (code != DAIS_OK)
        return code;
    room->members++;
    room->branches[worker].members++;
    return DAIS_OK;
}

static void at_home(struct rooms *rooms, struct room_ask *ask)
{
    struct join *join = CONTAINER_OF(ask, struct join, ask);
    struct room *room = NULL;
    ask->code = room_open(rooms, ask->name, &room);
    if (ask->code == DAIS_OK && join->member)
        ask->code = enter(room, join);
    if (ask->code == DAIS_OK)
        room_fill_count(room, &join->joined.count);
}

/* Puts the step on the link. */
static void put_replay(struct join *join, struct link *link)
{
    const struct room_replay *replay = join->replay;
    if (!replay)
        return;
    join->seq = replay->to;
    join->joined.replayed += replay->count;
    room_metrics_add(ROOM_METRIC_REPLAYED, replay->count);
    if (replay->buf && !link_write(link, replay->buf, 0, (uint32_t)replay->buf->len)) {
        const struct room_span span = {
            .buf = replay->buf, .count = replay->count, .ends = replay->ends};
        (void)room_link_put(link, &span, 0);
    }
    room_replay_unref(join->replay);
    join->replay = NULL;
}

static int32_t tell_resync(struct join *join, struct socket *socket)
{
    char text[ROOM_RESYNC_BYTES_MAX];
    struct strbuf args;
    strbuf_init_on(&args, text, sizeof text);
    struct envelope_mark at = {.room = room_name_view(join->ask.name),
                               .epoch = join->joined.count.epoch,
                               .seq = join->joined.count.seq};
    room_resync_args(&at, &args);
    struct socket_event event = {.name = dais_cstr("room:resync"), .args = strbuf_view(&args)};
    room_metrics_add(ROOM_METRIC_RESYNCED, 1);
    return socket_event(socket, &event, MESSAGE_DURABLE);
}

static int32_t seat(struct rooms *rooms, struct join *join)
{
    struct room_member *member = join->member;
    int32_t code = room_group_add(member, join->dialect);
    if (code != DAIS_OK)
        return code;
    rooms->members++;
    room_metrics_add(ROOM_METRIC_MEMBERS, 1);
    if (join->joined.resumed == DAIS_ROOM_RESYNC)
        return tell_resync(join, member->socket);
    if (join->joined.resumed == DAIS_ROOM_REPLAYED)
        room_metrics_add(ROOM_METRIC_RESUMED, 1);
    return DAIS_OK;
}

/* What home has granted. */
static int32_t settle(struct rooms *rooms, struct join *join)
{
    const struct socket *socket = join->member->socket;
    if (!socket || !join->ask.wait)
        return DAIS_E_GONE;
    put_replay(join, socket->link);
    return join->more ? DAIS_OK : seat(rooms, join);
}

/* On the worker that asked, in the order of what home tells. */
static void answered(struct rooms *rooms, struct room_ask *ask)
{
    struct join *join = CONTAINER_OF(ask, struct join, ask);
    struct room_member *member = join->member;
    if (!member)
        return;
    member->counted = ask->code == DAIS_OK && !join->more;
    if (ask->code == DAIS_OK)
        ask->code = settle(rooms, join);
    if (ask->code == DAIS_OK)
        return;
    room_part_drop(member);
    join->member = NULL;
}

/* Waits until the client has taken most of the last step. */
static int32_t drain(const struct room_member *member)
{
    uint64_t low = (uint64_t)limit_get(LIMIT_SOCKET_OUTPUT_BYTES) / 4;
    while (member->socket && member->socket->link->queue.bytes > low) {
        int32_t code = fiber_sleep(DRAIN_MS);
        if (code != DAIS_OK)
            return code;
    }
    return member->socket ? DAIS_OK : DAIS_E_GONE;
}

/* Asks home, on a fiber that may be cancelled: then the join is freed when its answer comes, and
 * `*owned` is NULL. */
static int32_t ask_home(struct join **owned)
{
    int32_t code = room_ask_home(&(*owned)->ask);
    if (code == DAIS_E_CANCELLED)
        *owned = NULL;
    return code;
}

/* Asks home until everything missed is on its way; as ask_home. */
static int32_t ask_all(struct join **owned)
{
    struct join *join = *owned;
    int32_t code;
    do {
        join->more = false;
        code = ask_home(owned);
        if (code != DAIS_OK || !join->more)
            return code;
        code = drain(join->member);
    } while (code == DAIS_OK);
    return code;
}

/* Copies who it is, for `admit` may give way. NULL: a guest, or no memory. */
static const struct dais_identity *keep_identity(const struct socket *socket)
{
    const struct dais_identity *now = socket_identity(socket);
    struct dais_arena *arena = fiber_arena();
    struct dais_identity *copy = now ? arena_alloc(arena, sizeof *copy) : NULL;
    if (!copy)
        return NULL;
    *copy = *now;
    copy->user_id = arena_dup(arena, now->user_id);
    copy->session_id = arena_dup(arena, now->session_id);
    copy->name = arena_dup(arena, now->name);
    copy->role = arena_dup(arena, now->role);
    return copy;
}

static int32_t admit(struct join *join, const struct socket *socket)
{
    const struct room_kind *kind = room_kind_find(room_name_split(join->ask.name).kind);
    if (!kind || !room_kind_is_open(kind)) {
        call_explain(DAIS_E_UNAVAILABLE, NULL, "the room's plugin is not there for the moment");
        return DAIS_E_UNAVAILABLE;
    }
    struct dais_room_entry entry = {
        .room = room_name_split(join->ask.name),
        .viewer = dais_str(join->viewer, join->viewer_len),
        .socket = socket->handle,
        .dialect = join->dialect ? emission_dialect_name(join->dialect) : NULL,
    };
    entry.identity = keep_identity(socket);
    if (!entry.identity && socket_identity(socket))
        return DAIS_E_MEMORY;
    join->admitted_ms = clock_ms();
    return room_kind_admit(kind, &entry);
}

static uint32_t count_rooms(const struct socket *socket)
{
    uint32_t count = 0;
    for (const struct room_member *member = socket->members; member; member = member->next)
        count++;
    return count;
}

/* Between `admit` and the first question: a member that has no seat yet. */
static int32_t begin(struct rooms *rooms, struct join *join, dais_handle handle)
{
    struct socket *socket = socket_find(handle);
    if (!socket || !socket->link)
        return DAIS_E_GONE;
    if (rooms->draining)
        return DAIS_E_UNAVAILABLE;
    struct dais_str name = room_name_view(join->ask.name);
    if (room_member_find(socket, name))
        return DAIS_E_CONFLICT;
    if (count_rooms(socket) >= (uint64_t)limit_get(LIMIT_SOCKET_ROOMS)) {
        call_explain(DAIS_E_LIMIT, NULL, "the client is in too many rooms");
        return DAIS_E_LIMIT;
    }
    uint64_t epoch = 0, seq = 0;
    if (socket_resume(socket, name, &epoch, &seq) && join->epoch == 0) {
        join->epoch = epoch;
        join->seq = seq;
    }
    uint64_t viewer = room_viewer_hash(dais_str(join->viewer, join->viewer_len));
    int32_t code = room_part_enter(rooms, join->ask.name, socket, viewer, &join->member);
    if (code == DAIS_OK)
        room_part_tell(join->member->part); /* who left before has left before */
    return code;
}

static void explain(int32_t code)
{
    if (code == DAIS_E_LIMIT)
        call_explain(code, NULL, "the room is full, or the server is too busy");
    if (code == DAIS_E_DENIED)
        call_explain(code, NULL, "removed from the room");
    if (code != DAIS_OK)
        room_metrics_add(ROOM_METRIC_REFUSED, 1);
}

static int32_t enter_new(struct rooms *rooms, struct join **owned, dais_handle handle)
{
    struct join *join = *owned;
    int32_t code = admit(join, socket_find(handle));
    if (code == DAIS_OK)
        code = begin(rooms, join, handle);
    if (code != DAIS_OK) {
        room_metrics_add(ROOM_METRIC_REFUSED, 1);
        return code;
    }
    code = ask_all(owned);
    if (code != DAIS_OK && *owned && join->member) {
        room_part_drop(join->member); /* home was not asked, or not for the last time */
        join->member = NULL;
    }
    explain(code);
    return code;
}

/* It is one already: only what it gets may change. */
static int32_t enter_again(struct join **owned, dais_handle handle)
{
    const struct join *join = *owned;
    int32_t code = ask_home(owned);
    if (code != DAIS_OK)
        return code;
    const struct socket *socket = socket_find(handle);
    struct room_member *member = socket ? room_member_find(socket, room_name_view(join->ask.name))
                                        : NULL;
    if (!member || !member->group)
        return DAIS_E_GONE;
    if (member->group->dialect == join->dialect)
        return DAIS_OK;
    room_group_catch_up(member);
    room_group_remove(member);
    code = room_group_add(member, join->dialect);
    if (code != DAIS_OK)
        room_part_drop(member);
    return code;
}

static int32_t make(const struct socket *socket, const struct dais_room_join *how,
                    struct join **ret_join)
{
    int32_t dialect = how->dialect ? emission_dialect(how->dialect) : socket->dialect;
    if (dialect < 0)
        return dialect;
    struct join *join = mem_zalloc(1, sizeof *join);
    if (!join)
        return DAIS_E_MEMORY;
    int32_t code = room_name_new(&how->room, &join->ask.name);
    if (code != DAIS_OK) {
        mem_free(join);
        return code;
    }
    char scratch[SOCKET_VIEWER_BYTES_MAX];
    struct dais_str viewer = socket_viewer(socket, scratch);
    CHECK(viewer.len <= sizeof join->viewer);
    join->viewer_len = (uint32_t)viewer.len;
    memcpy(join->viewer, viewer.ptr, viewer.len);
    join->ask.at_home = at_home;
    join->ask.answered = answered;
    join->ask.free = free_join;
    join->form = socket->form;
    join->dialect = (uint32_t)dialect;
    join->epoch = how->epoch;
    join->seq = how->seq;
    *ret_join = join;
    return DAIS_OK;
}

int32_t room_join(dais_handle handle, const struct dais_room_join *how,
                  struct dais_room_joined *ret_joined)
{
    struct rooms *rooms = rooms_self();
    const struct socket *socket = rooms ? socket_find(handle) : NULL;
    if (!rooms || !fiber_self())
        return DAIS_E_STATE;
    if (!socket || !socket->link)
        return DAIS_E_GONE;
    if (socket->state != SOCKET_OPEN)
        return DAIS_E_STATE;
    if (how->flags != 0 || how->reserved != 0)
        return DAIS_E_INVALID;
    struct join *join = NULL;
    int32_t code = make(socket, how, &join);
    if (code != DAIS_OK)
        return code;
    const struct room_member *member = room_member_find(socket, room_name_view(join->ask.name));
    code = member ? enter_again(&join, handle) : enter_new(rooms, &join, handle);
    if (!join)
        return code;
    if (code == DAIS_OK)
        *ret_joined = join->joined;
    join->member = NULL;
    free_join(&join->ask);
    return code;
}
