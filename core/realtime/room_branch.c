/* SPDX-License-Identifier: MIT */
/*
 * What a home tells the parts: by a call on its own worker, by mail on others.
 *
 * A worker whose mail is full is *behind* from the first durable event that it could not be told.
 * It is then told nothing, until a nudge has gone there (which is never refused) and come back: its
 * mail has been read up to there. Then it gets what it missed in one piece, or, if that is not
 * there any more, its members are told to ask for the state anew.
 */
#include "base/log.h"
#include "base/mem.h"
#include "loop/worker.h"
#include "realtime/room_inner.h"

/* One event for one worker. */
struct told {
    struct mail mail;
    struct room_event *event;
};

static void on_told(struct mail *mail)
{
    struct told *told = CONTAINER_OF(mail, struct told, mail);
    struct rooms *rooms = rooms_self();
    if (rooms)
        room_part_deliver(rooms, told->event);
    room_event_unref(told->event);
    mem_free(told);
}

/* Asks a worker that is behind whether it has read its mail. */
struct nudge {
    struct mail mail;
    struct room_name *name;
    uint32_t home;
    uint32_t worker;
};

static void free_nudge(struct nudge *nudge)
{
    room_name_unref(nudge->name);
    mem_free(nudge);
}

static void on_nudge_back(struct mail *mail)
{
    struct nudge *nudge = CONTAINER_OF(mail, struct nudge, mail);
    struct rooms *rooms = rooms_self();
    struct room *room = rooms ? room_find(rooms, nudge->name) : NULL;
    if (room) {
        room->branches[nudge->worker].nudged = false;
        if (room->branches[nudge->worker].behind)
            room_branch_catch_up(room, nudge->worker);
    }
    free_nudge(nudge);
}

static void on_nudge(struct mail *mail)
{
    struct nudge *nudge = CONTAINER_OF(mail, struct nudge, mail);
    nudge->mail.deliver = on_nudge_back;
    if (!room_post(nudge->home, &nudge->mail))
        free_nudge(nudge);
}

static bool nudge_one(struct room *room, uint32_t worker)
{
    struct nudge *nudge = mem_alloc(sizeof *nudge);
    if (!nudge)
        return false;
    *nudge = (struct nudge){.mail = {.deliver = on_nudge},
                            .name = room_name_ref(room->name),
                            .home = room->rooms->worker,
                            .worker = worker};
    if (!room_post(worker, &nudge->mail)) {
        free_nudge(nudge);
        return false;
    }
    room->branches[worker].nudged = true;
    return true;
}

bool room_branches_nudge(struct room *room)
{
    bool all = true;
    for (uint32_t i = 0; i < worker_count(); i++) {
        const struct room_branch *branch = &room->branches[i];
        if (branch->behind && !branch->nudged && !nudge_one(room, i))
            all = false;
    }
    return all;
}

static void fall_behind(struct room *room, uint32_t worker, uint64_t told)
{
    struct room_branch *branch = &room->branches[worker];
    branch->behind = true;
    branch->told = told;
    room->behind++;
    room_metrics_add(ROOM_METRIC_BEHIND, 1);
    if (!branch->nudged && !nudge_one(room, worker))
        room_arm(room);
}

static bool mail_event(uint32_t worker, struct room_event *event)
{
    struct told *told = mem_alloc(sizeof *told);
    if (!told)
        return false;
    *told = (struct told){.mail = {.deliver = on_told}, .event = room_event_ref(event)};
    if (mail_send(worker, &told->mail) == DAIS_OK)
        return true;
    room_event_unref(event);
    mem_free(told);
    return false;
}

void room_branch_tell(struct room *room, uint32_t worker, struct room_event *event)
{
    if (worker == room->rooms->worker) {
        room_part_deliver(room->rooms, event);
        return;
    }
    if (room->branches[worker].behind || mail_event(worker, event))
        return;
    if (event->seq)
        fall_behind(room, worker, event->seq - 1);
}

/* What a worker has missed. */
struct missed {
    struct mail mail;
    struct room_name *name;
    uint64_t epoch;
    uint64_t seq;
    uint32_t count; /* 0: it is not there any more */
    struct room_event *events[];
};

static void free_missed(struct missed *missed)
{
    for (uint32_t i = 0; i < missed->count; i++)
        room_event_unref(missed->events[i]);
    room_name_unref(missed->name);
    mem_free(missed);
}

static void on_missed(struct mail *mail)
{
    struct missed *missed = CONTAINER_OF(mail, struct missed, mail);
    struct rooms *rooms = rooms_self();
    struct envelope_mark at = {
        .room = room_name_view(missed->name), .epoch = missed->epoch, .seq = missed->seq};
    if (rooms && missed->count == 0)
        room_part_resync(rooms, missed->name, &at);
    for (uint32_t i = 0; rooms && i < missed->count; i++)
        room_part_deliver(rooms, missed->events[i]);
    free_missed(missed);
}

void room_branch_catch_up(struct room *room, uint32_t worker)
{
    struct room_branch *branch = &room->branches[worker];
    uint32_t count = 0;
    if (room_ring_covers(room, branch->told))
        count = (uint32_t)(room->seq - branch->told);
    struct missed *missed = mem_alloc(sizeof *missed + count * sizeof(struct room_event *));
    if (!missed) {
        room_arm(room); /* still behind: nudged again */
        return;
    }
    *missed = (struct missed){.mail = {.deliver = on_missed},
                              .name = room_name_ref(room->name),
                              .epoch = room->epoch,
                              .seq = room->seq,
                              .count = count};
    for (uint32_t i = 0; i < count; i++)
        missed->events[i] = room_event_ref(room_ring_at(&room->ring, room->ring.count - count + i));
    if (!room_post(worker, &missed->mail))
        free_missed(missed);
    branch->behind = false;
    room->behind--;
}

/* Memberships to be ended. */
struct dismissal {
    struct mail mail;
    struct room_name *name;
    struct room_event *last; /* may be NULL */
    uint64_t viewer;
};

static void free_dismissal(struct dismissal *dismissal)
{
    room_name_unref(dismissal->name);
    room_event_unref(dismissal->last);
    mem_free(dismissal);
}

static void on_dismissal(struct mail *mail)
{
    struct dismissal *dismissal = CONTAINER_OF(mail, struct dismissal, mail);
    struct rooms *rooms = rooms_self();
    if (rooms)
        room_part_dismiss(rooms, dismissal->name, dismissal->viewer, dismissal->last);
    free_dismissal(dismissal);
}

void room_branch_dismiss(struct room *room, uint32_t worker, uint64_t viewer,
                         struct room_event *last)
{
    if (worker == room->rooms->worker) {
        room_part_dismiss(room->rooms, room->name, viewer, last);
        return;
    }
    struct dismissal *dismissal = mem_alloc(sizeof *dismissal);
    if (!dismissal) {
        LOG_ERROR("members stay in a room that they were removed from", log_code(DAIS_E_MEMORY));
        return;
    }
    *dismissal = (struct dismissal){.mail = {.deliver = on_dismissal},
                                    .name = room_name_ref(room->name),
                                    .last = last ? room_event_ref(last) : NULL,
                                    .viewer = viewer};
    if (!room_post(worker, &dismissal->mail))
        free_dismissal(dismissal);
}
