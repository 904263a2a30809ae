/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "base/handle.h"
#include "base/mem.h"
#include "loop/worker.h"
#include "realtime/room_inner.h"

static struct room_part *find(struct rooms *rooms, const struct room_name *name)
{
    return map_get(&rooms->parts, room_name_view(name));
}

static struct room_part *make(struct rooms *rooms, struct room_name *name)
{
    struct room_part *part = mem_zalloc(1, sizeof *part);
    if (!part)
        return NULL;
    if (map_put(&rooms->parts, room_name_view(name), part) != DAIS_OK) {
        mem_free(part);
        return NULL;
    }
    part->rooms = rooms;
    part->name = room_name_ref(name);
    part->home = worker_home(room_name_view(name));
    part->left_end = &part->left;
    idmap_init(&part->viewers, UINT32_MAX);
    return part;
}

static void free_if_empty(struct room_part *part)
{
    if (part->members > 0 || part->left)
        return;
    CHECK(!part->groups);
    map_remove(&part->rooms->parts, room_name_view(part->name));
    list_remove(&part->dirty);
    idmap_fini(&part->viewers);
    room_name_unref(part->name);
    mem_free(part);
}

/* How many members a viewer has here stands in the map itself. */
static uint32_t viewer_members(const struct room_part *part, uint64_t viewer)
{
    return (uint32_t)(uintptr_t)idmap_get(&part->viewers, viewer);
}

static int32_t viewer_enter(struct room_part *part, uint64_t viewer)
{
    uintptr_t members = viewer_members(part, viewer) + 1;
    return idmap_put(&part->viewers, viewer, (void *)members);
}

/* Whether that was the last one. */
static bool viewer_leave(struct room_part *part, uint64_t viewer)
{
    uintptr_t members = viewer_members(part, viewer) - 1;
    if (members == 0) {
        idmap_remove(&part->viewers, viewer);
        return true;
    }
    int32_t code = idmap_put(&part->viewers, viewer, (void *)members);
    CHECK(code == DAIS_OK); /* the key is there: nothing grows */
    return false;
}

int32_t room_part_enter(struct rooms *rooms, struct room_name *name, struct socket *socket,
                        uint64_t viewer, struct room_member **ret_member)
{
    struct room_part *part = find(rooms, name);
    if (!part)
        part = make(rooms, name);
    if (!part)
        return DAIS_E_MEMORY;
    struct room_member *member = mem_zalloc(1, sizeof *member);
    if (!member || viewer_enter(part, viewer) != DAIS_OK) {
        mem_free(member);
        free_if_empty(part);
        return DAIS_E_MEMORY;
    }
    part->members++;
    member->part = part;
    member->viewer = viewer;
    member->socket = socket;
    member->next = socket->members;
    socket->members = member;
    *ret_member = member;
    return DAIS_OK;
}

static void unlink_member(struct room_member *member)
{
    struct room_member **at = &member->socket->members;
    while (*at != member)
        at = &(*at)->next;
    *at = member->next;
    member->next = NULL;
    member->socket = NULL;
}

void room_part_drop(struct room_member *member)
{
    struct room_part *part = member->part;
    if (member->group) {
        room_group_remove(member);
        part->rooms->members--;
        room_metrics_add(ROOM_METRIC_MEMBERS, -1);
    }
    if (member->socket)
        unlink_member(member);
    member->last = viewer_leave(part, member->viewer);
    part->members--;
    if (!member->counted && !member->last) {
        mem_free(member);
        free_if_empty(part);
        return;
    }
    member->name = NULL;
    *part->left_end = member;
    part->left_end = &member->next;
    if (list_is_linked(&part->dirty))
        return;
    list_push(&part->rooms->dirty_parts, &part->dirty);
    worker_spin(); /* connections end at the end of turns: home is not to hear of it in the next */
}

static void free_left(struct room_member *member)
{
    room_name_unref(member->name);
    while (member) {
        struct room_member *next = member->next;
        mem_free(member);
        member = next;
    }
}

void room_socket_gone(struct socket *socket)
{
    while (socket->members) {
        struct room_member *member = socket->members;
        if (member->group)
            room_part_drop(member);
        else
            unlink_member(member); /* joining: the answer will find nobody */
    }
}

void room_catch_up(struct socket *socket)
{
    for (struct room_member *member = socket->members; member; member = member->next)
        room_group_catch_up(member);
}

/* At home: those who have left a worker's part. */
static void on_left(struct mail *mail)
{
    struct room_member *first = CONTAINER_OF(mail, struct room_member, mail);
    struct rooms *rooms = rooms_self();
    struct room *room = rooms ? room_find(rooms, first->name) : NULL;
    uint32_t worker = first->index;
    for (struct room_member *member = first; room && member; member = member->next) {
        room->members -= member->counted;
        room->branches[worker].members -= member->counted;
        if (member->last)
            room_viewer_leave(room, member->viewer, worker);
    }
    if (room && room->members == 0)
        room_arm(room);
    free_left(first);
}

void room_part_tell(struct room_part *part)
{
    struct room_member *first = part->left;
    list_remove(&part->dirty);
    if (!first)
        return;
    first->mail.deliver = on_left;
    first->name = room_name_ref(part->name);
    first->index = part->rooms->worker;
    if (!room_post(part->home, &first->mail))
        free_left(first);
    part->left = NULL;
    part->left_end = &part->left;
    free_if_empty(part);
}

struct room_member *room_member_find(const struct socket *socket, struct dais_str name)
{
    struct room_member *member = socket->members;
    while (member && !dais_str_eq(room_name_view(member->part->name), name))
        member = member->next;
    return member;
}

/* The member whom the event leaves out, if it is one of this worker. */
static struct room_member *excepted(const struct rooms *rooms, const struct room_event *event)
{
    dais_handle handle = event->emission->except;
    if (!handle || handle_tag(handle) != rooms->worker)
        return NULL;
    const struct socket *socket = socket_find(handle);
    return socket ? room_member_find(socket, room_name_view(event->name)) : NULL;
}

void room_part_deliver(struct rooms *rooms, const struct room_event *event)
{
    struct room_part *part = find(rooms, event->name);
    if (!part)
        return; /* its members have left: home will hear of it */
    struct room_member *except = excepted(rooms, event);
    for (struct room_group *group = part->groups, *next; group; group = next) {
        next = group->next;
        room_group_append(group, event, except);
    }
}

void room_part_resync(struct rooms *rooms, const struct room_name *name,
                      const struct envelope_mark *at)
{
    struct room_part *part = find(rooms, name);
    for (struct room_group *group = part ? part->groups : NULL, *next; group; group = next) {
        next = group->next;
        room_group_resync(group, at);
    }
}

static void dismiss(struct room_member *member, const struct room_event *last)
{
    room_group_catch_up(member);
    if (last)
        room_group_send_one(member, last);
    room_part_drop(member);
}

/* Seats move when one is taken: from the last to the first, those that move were looked at. */
static void dismiss_group(struct room_group *group, uint64_t viewer, const struct room_event *last)
{
    for (uint32_t i = group->count; i-- > 0;) {
        struct room_member *member = group->seats[i].member;
        bool was_only = group->count == 1;
        if (viewer == 0 || member->viewer == viewer)
            dismiss(member, last);
        if (was_only)
            return; /* the group may be gone */
    }
}

void room_part_dismiss(struct rooms *rooms, const struct room_name *name, uint64_t viewer,
                       const struct room_event *last)
{
    struct room_part *part = find(rooms, name);
    for (struct room_group *group = part ? part->groups : NULL, *next; group; group = next) {
        next = group->next;
        dismiss_group(group, viewer, last);
    }
}

void room_parts_free(struct rooms *rooms)
{
    uint32_t cursor = 0;
    void *value;
    while (map_next(&rooms->parts, &cursor, NULL, &value)) {
        struct room_part *part = value;
        while (part->groups)
            room_part_drop(part->groups->seats[0].member);
        if (part->left)
            free_left(part->left);
        idmap_fini(&part->viewers);
        room_name_unref(part->name);
        mem_free(part);
    }
    map_fini(&rooms->parts);
}
