/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "loop/worker.h"
#include "realtime/room_inner.h"

static const struct metrics_row METRICS[ROOM_METRIC_COUNT] = {
    [ROOM_METRIC_ROOMS] = {.name = "dais_rooms", .kind = METRICS_GAUGE, .help = "Rooms"},
    [ROOM_METRIC_MEMBERS] = {.name = "dais_room_members",
                             .kind = METRICS_GAUGE,
                             .help = "Memberships of sockets in rooms"},
    [ROOM_METRIC_DURABLE] = {.name = "dais_room_events_total",
                             .kind = METRICS_COUNTER,
                             .help = "Events of rooms by class",
                             .labels = "class=\"durable\""},
    [ROOM_METRIC_REPLACEABLE] = {.name = "dais_room_events_total",
                                 .kind = METRICS_COUNTER,
                                 .help = "Events of rooms by class",
                                 .labels = "class=\"replaceable\""},
    [ROOM_METRIC_DROPPABLE] = {.name = "dais_room_events_total",
                               .kind = METRICS_COUNTER,
                               .help = "Events of rooms by class",
                               .labels = "class=\"droppable\""},
    [ROOM_METRIC_DELIVERIES] = {.name = "dais_room_deliveries_total",
                                .kind = METRICS_COUNTER,
                                .help = "Events of rooms handed to members' connections"},
    [ROOM_METRIC_RESUMED] = {.name = "dais_room_resumed_total",
                             .kind = METRICS_COUNTER,
                             .help = "Members that came back and got all they had missed"},
    [ROOM_METRIC_RESYNCED] = {.name = "dais_room_resynced_total",
                              .kind = METRICS_COUNTER,
                              .help = "Members told to ask for the state anew"},
    [ROOM_METRIC_REPLAYED] = {.name = "dais_room_replayed_total",
                              .kind = METRICS_COUNTER,
                              .help = "Events sent again to members that came back"},
    [ROOM_METRIC_REFUSED] = {.name = "dais_room_refused_total",
                             .kind = METRICS_COUNTER,
                             .help = "Joins and leases that were refused"},
    [ROOM_METRIC_BEHIND] = {.name = "dais_room_behind_total",
                            .kind = METRICS_COUNTER,
                            .help = "Times that a worker with full mail had to be told later"},
    [ROOM_METRIC_LOST] = {.name = "dais_room_closed_total",
                          .kind = METRICS_COUNTER,
                          .help = "Members closed because there was no memory to tell them"},
};

static uint32_t first_metric;

void room_metrics_add(enum room_metric metric, int64_t value)
{
    metrics_add(first_metric + metric, value);
}

int32_t rooms_init(void)
{
    return metrics_register(METRICS, ROOM_METRIC_COUNT, &first_metric);
}

struct rooms *rooms_self(void)
{
    return worker_self() ? worker_slot_get(WORKER_SLOT_ROOMS) : NULL;
}

uint32_t rooms_count(void)
{
    const struct rooms *rooms = rooms_self();
    return rooms ? rooms->homes.count : 0;
}

uint32_t rooms_members(void)
{
    const struct rooms *rooms = rooms_self();
    return rooms ? rooms->members : 0;
}

bool room_post(uint32_t worker, struct mail *mail)
{
    if (mail_send(worker, mail) == DAIS_OK)
        return true;
    if (worker_stopping())
        return false;
    mail_post(worker, mail);
    return true;
}

/* Batches first: what is sent may show that somebody has left. */
static void on_turn_end(void *arg)
{
    struct rooms *rooms = arg;
    struct list_node *node;
    while ((node = list_first(&rooms->dirty_groups)))
        room_group_send(LIST_ITEM(node, struct room_group, dirty));
    while ((node = list_first(&rooms->dirty_parts)))
        room_part_tell(LIST_ITEM(node, struct room_part, dirty));
}

int32_t rooms_worker_start(void)
{
    struct rooms *rooms = mem_zalloc(1, sizeof *rooms);
    if (!rooms)
        return DAIS_E_MEMORY;
    rooms->worker = worker_index();
    rooms->epoch = room_epoch_new();
    map_init(&rooms->homes, (uint32_t)limit_get(LIMIT_ROOMS));
    map_init(&rooms->parts, UINT32_MAX);
    list_init(&rooms->dirty_groups);
    list_init(&rooms->dirty_parts);
    room_batch_init(&rooms->spare);
    int32_t code = worker_hook_add(WORKER_HOOK_END, on_turn_end, rooms);
    if (code != DAIS_OK) {
        mem_free(rooms);
        return code;
    }
    worker_slot_set(WORKER_SLOT_ROOMS, rooms);
    return DAIS_OK;
}

void rooms_worker_drain(void)
{
    struct rooms *rooms = rooms_self();
    if (rooms)
        rooms->draining = true;
}

static void free_homes(struct rooms *rooms)
{
    uint32_t cursor = 0;
    void *room;
    while (map_next(&rooms->homes, &cursor, NULL, &room))
        room_free(room);
    map_fini(&rooms->homes);
}

void rooms_worker_stop(void)
{
    struct rooms *rooms = rooms_self();
    if (!rooms)
        return;
    worker_hook_remove(WORKER_HOOK_END, on_turn_end, rooms);
    worker_slot_set(WORKER_SLOT_ROOMS, NULL);
    room_parts_free(rooms);
    free_homes(rooms);
    room_batch_fini(&rooms->spare);
    mem_free(rooms);
}
