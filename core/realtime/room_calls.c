/* SPDX-License-Identifier: MIT */
/*
 * What plugins ask of rooms beside joining: questions, which wait for the home's answer, and
 * orders, which do not.
 */
#include "base/arena.h"
#include "base/mem.h"
#include "loop/worker.h"
#include "realtime/room_inner.h"

static void answer(struct rooms *rooms, struct room_ask *ask)
{
    if (rooms && ask->answered)
        ask->answered(rooms, ask);
    if (ask->wait)
        fiber_resume(ask->wait, DAIS_OK);
    else
        ask->free(ask);
}

static void on_answer(struct mail *mail)
{
    answer(rooms_self(), CONTAINER_OF(mail, struct room_ask, mail));
}

static void on_ask(struct mail *mail)
{
    struct room_ask *ask = CONTAINER_OF(mail, struct room_ask, mail);
    struct rooms *rooms = rooms_self();
    if (rooms)
        ask->at_home(rooms, ask);
    else
        ask->code = DAIS_E_UNAVAILABLE;
    if (ask->worker == worker_index()) {
        answer(rooms, ask);
        return;
    }
    ask->mail.deliver = on_answer;
    if (!room_post(ask->worker, &ask->mail))
        ask->free(ask); /* that worker has ended, and its fibers before */
}

int32_t room_ask_home(struct room_ask *ask)
{
    struct fiber_wait wait;
    fiber_wait_init(&wait);
    ask->wait = &wait;
    ask->worker = worker_index();
    ask->mail.deliver = on_ask;
    int32_t code = mail_send(worker_home(room_name_view(ask->name)), &ask->mail);
    if (code != DAIS_OK)
        return code == DAIS_E_GONE ? DAIS_E_UNAVAILABLE : code;
    code = fiber_suspend(&wait, FIBER_FOREVER);
    if (code == DAIS_OK)
        return ask->code;
    ask->wait = NULL;
    return DAIS_E_CANCELLED;
}

/* The numbers, and some viewers. */
struct census {
    struct room_ask ask;
    struct dais_room_count count;
    uint32_t viewers_max;
    uint32_t viewers;
    uint32_t lens[DAIS_ROOM_SAMPLE_MAX];
    struct strbuf texts; /* one behind the other */
};

static void free_census(struct room_ask *ask)
{
    struct census *census = CONTAINER_OF(ask, struct census, ask);
    room_name_unref(ask->name);
    strbuf_fini(&census->texts);
    mem_free(census);
}

static void take_census(struct rooms *rooms, struct room_ask *ask)
{
    struct census *census = CONTAINER_OF(ask, struct census, ask);
    const struct room *room = room_find(rooms, ask->name);
    if (!room) {
        census->count.epoch = rooms->epoch;
        return;
    }
    room_fill_count(room, &census->count);
    uint32_t cursor = 0;
    void *value;
    while (census->viewers < census->viewers_max &&
           idmap_next(&room->viewers, &cursor, NULL, &value)) {
        const struct room_viewer *viewer = value;
        strbuf_add(&census->texts, dais_str(viewer->text, viewer->len));
        census->lens[census->viewers++] = viewer->len;
    }
    ask->code = strbuf_error(&census->texts);
}

/* Has a census of up to `max` viewers taken; the caller's on DAIS_OK. */
static int32_t census_of(const struct dais_room *name, uint32_t max, struct census **ret_census)
{
    if (!rooms_self() || !fiber_self())
        return DAIS_E_STATE;
    struct census *census = mem_zalloc(1, sizeof *census);
    if (!census)
        return DAIS_E_MEMORY;
    census->viewers_max = max;
    census->ask.at_home = take_census;
    census->ask.free = free_census;
    strbuf_init(&census->texts, (size_t)DAIS_ROOM_SAMPLE_MAX * DAIS_ROOM_VIEWER_BYTES_MAX);
    int32_t code = room_name_new(name, &census->ask.name);
    if (code == DAIS_OK)
        code = room_ask_home(&census->ask);
    if (code == DAIS_OK)
        *ret_census = census;
    else if (code != DAIS_E_CANCELLED)
        free_census(&census->ask);
    return code;
}

int32_t room_count(const struct dais_room *room, struct dais_room_count *ret_count)
{
    struct census *census = NULL;
    int32_t code = census_of(room, 0, &census);
    if (code != DAIS_OK)
        return code;
    *ret_count = census->count;
    free_census(&census->ask);
    return DAIS_OK;
}

static int32_t copy_texts(const struct census *census, struct dais_str *ret_viewers)
{
    const char *at = census->texts.ptr;
    for (uint32_t i = 0; i < census->viewers; i++) {
        ret_viewers[i] = arena_dup(fiber_arena(), dais_str(at, census->lens[i]));
        if (!ret_viewers[i].ptr)
            return DAIS_E_MEMORY;
        at += census->lens[i];
    }
    return DAIS_OK;
}

int32_t room_sample(const struct dais_room *room, uint32_t max, struct dais_str *ret_viewers,
                    uint32_t *ret_count)
{
    struct census *census = NULL;
    if (max > DAIS_ROOM_SAMPLE_MAX)
        max = DAIS_ROOM_SAMPLE_MAX;
    int32_t code = census_of(room, max, &census);
    if (code != DAIS_OK)
        return code;
    code = copy_texts(census, ret_viewers);
    if (code == DAIS_OK)
        *ret_count = census->viewers;
    free_census(&census->ask);
    return code;
}

/* One that is joining is none yet. */
static int32_t find_member(dais_handle handle, const struct dais_room *room,
                           struct room_member **ret_member)
{
    struct socket *socket = rooms_self() ? socket_find(handle) : NULL;
    if (!socket)
        return DAIS_E_GONE;
    struct room_name *name = NULL;
    int32_t code = room_name_new(room, &name);
    if (code != DAIS_OK)
        return code;
    struct room_member *member = room_member_find(socket, room_name_view(name));
    room_name_unref(name);
    if (!member || !member->group)
        return DAIS_E_NOT_FOUND;
    *ret_member = member;
    return DAIS_OK;
}

int32_t room_has(const struct dais_room *room, dais_handle handle)
{
    struct room_member *member;
    return find_member(handle, room, &member);
}

int32_t room_leave(dais_handle handle, const struct dais_room *room)
{
    struct room_member *member;
    int32_t code = find_member(handle, room, &member);
    if (code != DAIS_OK)
        return code;
    room_group_catch_up(member);
    room_part_drop(member);
    return DAIS_OK;
}

static void on_event(struct mail *mail)
{
    struct room_event *event = CONTAINER_OF(mail, struct room_event, mail);
    struct rooms *rooms = rooms_self();
    struct room *room = rooms ? room_find(rooms, event->name) : NULL;
    /* Only what is kept makes a room: nobody is there to hear it. */
    if (rooms && !room && event->emission->delivery == MESSAGE_DURABLE &&
        room_open(rooms, event->name, &room) != DAIS_OK)
        room = NULL;
    if (room)
        room_publish(room, event);
    room_event_unref(event);
}

static bool is_known(const struct dais_room *room)
{
    return room_kind_find(room->kind) != NULL;
}

int32_t room_emit(const struct dais_room *room, const struct dais_emit *emit)
{
    if (!rooms_self())
        return DAIS_E_STATE;
    if (!is_known(room))
        return DAIS_E_NOT_FOUND;
    struct room_event *event = NULL;
    int32_t code = room_event_new(room, emit, &event);
    if (code != DAIS_OK)
        return code;
    event->mail.deliver = on_event;
    code = mail_send(worker_home(room_name_view(event->name)), &event->mail);
    if (code != DAIS_OK)
        room_event_unref(event);
    return code;
}

/* What is to be done at a room's home. */
struct order {
    struct mail mail;
    struct room_name *name;
    struct room_event *last; /* may be NULL */
    void (*obey)(struct rooms *rooms, struct order *order);
    uint32_t ttl_ms;
    uint32_t len;
    char viewer[];
};

static void free_order(struct order *order)
{
    room_name_unref(order->name);
    room_event_unref(order->last);
    mem_free(order);
}

static void on_order(struct mail *mail)
{
    struct order *order = CONTAINER_OF(mail, struct order, mail);
    struct rooms *rooms = rooms_self();
    if (rooms)
        order->obey(rooms, order);
    free_order(order);
}

/* Sends an order home; `last` may be NULL. */
static int32_t give(const struct dais_room *room, const struct dais_emit *last,
                    const struct order *what, struct dais_str viewer)
{
    if (!rooms_self())
        return DAIS_E_STATE;
    if (viewer.len > DAIS_ROOM_VIEWER_BYTES_MAX)
        return DAIS_E_INVALID;
    struct order *order = mem_alloc(sizeof *order + viewer.len);
    if (!order)
        return DAIS_E_MEMORY;
    *order = *what;
    order->mail.deliver = on_order;
    order->len = (uint32_t)viewer.len;
    if (viewer.len > 0)
        memcpy(order->viewer, viewer.ptr, viewer.len);
    int32_t code = room_name_new(room, &order->name);
    if (code == DAIS_OK && last)
        code = room_event_new(room, last, &order->last);
    if (code == DAIS_OK)
        code = mail_send(worker_home(room_name_view(order->name)), &order->mail);
    if (code != DAIS_OK)
        free_order(order);
    return code;
}

static void obey_remove(struct rooms *rooms, struct order *order)
{
    struct room *room = NULL;
    if (room_open(rooms, order->name, &room) != DAIS_OK)
        return;
    uint64_t viewer = room_viewer_hash(dais_str(order->viewer, order->len));
    room_removal_note(room, viewer);
    room_dismiss(room, viewer, order->last);
}

int32_t room_remove(const struct dais_room *room, struct dais_str viewer,
                    const struct dais_emit *last)
{
    if (!is_known(room))
        return DAIS_E_NOT_FOUND;
    if (viewer.len == 0)
        return DAIS_E_INVALID;
    return give(room, last, &(struct order){.obey = obey_remove}, viewer);
}

static void obey_lease(struct rooms *rooms, struct order *order)
{
    struct room *room = NULL;
    int32_t code = room_open(rooms, order->name, &room);
    if (code == DAIS_OK)
        code = room_viewer_lease(room, dais_str(order->viewer, order->len), order->ttl_ms);
    if (code != DAIS_OK)
        room_metrics_add(ROOM_METRIC_REFUSED, 1);
}

int32_t room_lease(const struct dais_room *room, struct dais_str viewer, uint32_t ttl_ms)
{
    if (!is_known(room))
        return DAIS_E_NOT_FOUND;
    if (viewer.len == 0)
        return DAIS_E_INVALID;
    return give(room, NULL, &(struct order){.obey = obey_lease, .ttl_ms = ttl_ms}, viewer);
}

static void obey_close(struct rooms *rooms, struct order *order)
{
    struct room *room = room_find(rooms, order->name);
    if (!room)
        return;
    room_dismiss(room, 0, order->last);
    room_renew(room);
}

int32_t room_close(const struct dais_room *room, const struct dais_emit *last)
{
    return give(room, last, &(struct order){.obey = obey_close}, dais_str(NULL, 0));
}
