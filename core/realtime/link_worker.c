/* SPDX-License-Identifier: MIT */
/* A worker's part of links: who has to be visited at the end of the turn. */
#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "loop/worker.h"
#include "realtime/ws_inner.h"

static const struct metrics_row metric_rows[LINK_METRIC_COUNT] = {
    [LINK_METRIC_WS] = {.name = "dais_ws_connections",
                        .kind = METRICS_GAUGE,
                        .help = "Open WebSockets, Engine.IO's included"},
    [LINK_METRIC_WS_LOST] = {.name = "dais_ws_lost_total",
                             .kind = METRICS_COUNTER,
                             .help = "WebSockets whose connection broke or went silent"},
    [LINK_METRIC_MESSAGES_IN] = {.name = "dais_ws_messages_received_total",
                                 .kind = METRICS_COUNTER,
                                 .help = "Messages of WebSocket clients"},
    [LINK_METRIC_BYTES_IN] = {.name = "dais_ws_received_bytes_total",
                              .kind = METRICS_COUNTER,
                              .help = "Bytes read from WebSockets, heads of frames included"},
    [LINK_METRIC_WRITES] = {.name = "dais_ws_writes_total",
                            .kind = METRICS_COUNTER,
                            .help = "System calls that wrote to WebSockets"},
    [LINK_METRIC_BYTES_OUT] = {.name = "dais_ws_sent_bytes_total",
                               .kind = METRICS_COUNTER,
                               .help = "Bytes written to WebSockets, heads of frames included"},
    [LINK_METRIC_DROPPED] = {.name = "dais_link_messages_dropped_total",
                             .kind = METRICS_COUNTER,
                             .help = "Messages left out because their client reads too slowly"},
    [LINK_METRIC_REPLACED] = {.name = "dais_link_messages_replaced_total",
                              .kind = METRICS_COUNTER,
                              .help = "Messages that gave way to later ones before they were read"},
    [LINK_METRIC_SLOW] = {.name = "dais_link_slow_closed_total",
                          .kind = METRICS_COUNTER,
                          .help = "Clients closed because they read too slowly"},
};

struct link_worker *link_worker(void)
{
    struct link_worker *worker = worker_slot_get(WORKER_SLOT_LINKS);
    CHECK_MSG(worker, "link_worker_start comes first");
    return worker;
}

void link_count(const struct link_worker *worker, enum link_metric metric, int64_t value)
{
    metrics_add(worker->metrics + (uint32_t)metric, value);
}

void link_mark(struct link *link)
{
    struct link_worker *worker = link_worker();
    if (list_is_linked(&link->dirty))
        return;
    list_push(&worker->dirty, &link->dirty);
    if (worker->visited)
        worker_spin();
}

bool link_count_input(uint64_t bytes)
{
    return ws_readers_count(&link_worker()->readers, bytes);
}

void link_give_back_input(uint64_t bytes)
{
    struct link_worker *worker = worker_slot_get(WORKER_SLOT_LINKS);
    if (worker)
        ws_readers_give_back(&worker->readers, bytes);
}

/* The owner may free the link in here. */
static void visit(struct link *link)
{
    struct ws *ws = link->ws; /* goes away only in ws_visit */
    bool slow = link->slow && !(ws && ws->state == WS_DEAD);
    if (slow) {
        link->slow = false;
        if (link->ops && link->ops->overflow)
            link->ops->overflow(link);
        else if (ws)
            ws_close(ws, WS_CLOSE_SLOW, dais_cstr("read too slowly, resume"));
    }
    if (ws)
        ws_visit(ws);
    else if (slow)
        return;
    else if (link->ops && link->ops->flush)
        link->ops->flush(link);
}

/* Who is marked in here is visited in the next turn, which comes at once. */
static void visit_all(void *arg)
{
    struct link_worker *worker = arg;
    struct list now;
    worker->visited = true;
    list_init(&now);
    list_append(&now, &worker->dirty);
    for (struct list_node *node = list_pop(&now); node; node = list_pop(&now))
        visit(LIST_ITEM(node, struct link, dirty));
}

static void begin_turn(void *arg)
{
    struct link_worker *worker = arg;
    worker->visited = false;
}

static void free_worker(struct link_worker *worker)
{
    worker_hook_remove(WORKER_HOOK_END, visit_all, worker);
    worker_hook_remove(WORKER_HOOK_BEGIN, begin_turn, worker);
    worker_slot_set(WORKER_SLOT_LINKS, NULL);
    ws_clock_fini(worker);
    ws_readers_fini(&worker->readers);
    mem_free(worker);
}

int32_t link_worker_start(void)
{
    CHECK(!worker_slot_get(WORKER_SLOT_LINKS));
    struct link_worker *worker = mem_zalloc(1, sizeof *worker);
    if (!worker)
        return DAIS_E_MEMORY;
    list_init(&worker->dirty);
    worker->readers.bytes_max = (uint64_t)limit_get(LIMIT_SOCKET_INPUT_BYTES);
    worker->output_bytes_max = (uint64_t)limit_get(LIMIT_SOCKET_OUTPUT_BYTES);
    int32_t code = ws_clock_init(worker);
    if (code == DAIS_OK)
        code = metrics_register(metric_rows, LINK_METRIC_COUNT, &worker->metrics);
    if (code == DAIS_OK)
        code = worker_hook_add(WORKER_HOOK_BEGIN, begin_turn, worker);
    if (code == DAIS_OK)
        code = worker_hook_add(WORKER_HOOK_END, visit_all, worker);
    worker_slot_set(WORKER_SLOT_LINKS, worker);
    if (code)
        free_worker(worker);
    return code;
}

void link_worker_drain(void)
{
    struct link_worker *worker = link_worker();
    worker->draining = true;
    for (uint32_t i = 0; i < WS_WAIT_COUNT; i++) {
        LIST_EACH (node, &worker->waits[i])
            ws_close(LIST_ITEM(node, struct ws, timed), WS_CLOSE_GOING_AWAY,
                     dais_cstr("the server stops"));
    }
}

void link_worker_stop(void)
{
    struct link_worker *worker = worker_slot_get(WORKER_SLOT_LINKS);
    if (!worker)
        return;
    worker->draining = true;
    for (uint32_t i = 0; i < WS_WAIT_COUNT; i++) {
        while (!list_is_empty(&worker->waits[i])) {
            struct ws *ws = LIST_ITEM(list_first(&worker->waits[i]), struct ws, timed);
            ws_kill(ws);
            ws_visit(ws);
        }
    }
    while (list_pop(&worker->dirty)) {
    }
    free_worker(worker);
}
