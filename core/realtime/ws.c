/* SPDX-License-Identifier: MIT */
#include "realtime/ws.h"

#include "base/check.h"
#include "base/mem.h"
#include "loop/worker.h"
#include "realtime/ws_inner.h"

#include <errno.h>

#define MAGIC CHECK_MAGIC_OF('W', 'S', 'O', 'C')

void ws_kill(struct ws *ws)
{
    if (ws->state == WS_DEAD)
        return;
    if (ws->state == WS_OPEN) {
        ws->code = WS_CLOSE_LOST;
        link_count(link_worker(), LINK_METRIC_WS_LOST, 1);
    }
    ws->state = WS_DEAD;
    ws->link->over = true;
    link_mark(ws->link);
}

/* --- input --- */

static void be_closed_by_peer(struct ws *ws, uint32_t code)
{
    if (ws->state == WS_OPEN) {
        ws->code = (uint16_t)code;
        outq_cut(&ws->link->queue);
        if (!ws_put_close(ws, code, dais_str("", 0)))
            ws_kill(ws);
    }
    if (ws->state == WS_DEAD)
        return;
    ws->state = WS_DONE;
    ws->link->over = true;
    ws_clock_set(link_worker(), ws, WS_WAIT_CLOSE);
    link_mark(ws->link);
}

static void take_message(struct ws *ws, const struct ws_input_event *event)
{
    if (ws->state != WS_OPEN)
        return;
    link_count(link_worker(), LINK_METRIC_MESSAGES_IN, 1);
    ws->events->message(ws->owner, event->payload, event->kind == WS_INPUT_BINARY);
}

static void take_event(struct ws *ws, const struct ws_input_event *event)
{
    switch (event->kind) {
    case WS_INPUT_TEXT:
    case WS_INPUT_BINARY:
        take_message(ws, event);
        break;
    case WS_INPUT_PING:
        ws_put_pong(ws, event->payload);
        break;
    case WS_INPUT_PONG:
        break;
    case WS_INPUT_CLOSE:
        be_closed_by_peer(ws, event->code);
        break;
    case WS_INPUT_FAILED:
        ws_close(ws, event->code, dais_str("", 0));
        break;
    }
}

static bool may_go_on(const struct ws *ws)
{
    return ws->state != WS_DEAD && !ws->paused;
}

/* `*budget`: how many more events this turn may have. */
static void take_bytes(struct ws *ws, struct dais_str *bytes, uint32_t *budget)
{
    struct ws_input_event event;
    while (*budget > 0 && may_go_on(ws) && ws_input_next(&ws->input, bytes, &event)) {
        take_event(ws, &event);
        --*budget;
    }
}

/* Paused, or enough for this turn, in the middle of what was read. */
static void hold(struct ws *ws, struct dais_str bytes)
{
    if (bytes.len == 0 || ws->state == WS_DEAD)
        return;
    CHECK(!ws->held);
    ws->held = buf_copy(bytes);
    ws->held_from = 0;
    if (!ws->held)
        ws_kill(ws);
}

static void take_held(struct ws *ws, uint32_t *budget)
{
    struct dais_buf *held = ws->held;
    struct dais_str bytes = dais_str("", 0);
    if (held)
        bytes = str_sub(buf_view(held), ws->held_from, held->len);
    take_bytes(ws, &bytes, budget);
    if (!held)
        return;
    ws->held_from = (uint32_t)(held->len - bytes.len);
    if (bytes.len > 0)
        return;
    ws->held = NULL;
    buf_unref(held);
}

/* Whether there may be more. */
static bool read_some(struct ws *ws, uint32_t *budget)
{
    struct link_worker *worker = link_worker();
    ssize_t got = wire_read(ws->wire, worker->read, sizeof worker->read);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        ws_kill(ws);
        return false;
    }
    ws->heard = true;
    link_count(worker, LINK_METRIC_BYTES_IN, got);
    struct dais_str bytes = dais_str((const char *)worker->read, (uint64_t)got);
    take_bytes(ws, &bytes, budget);
    hold(ws, bytes);
    return may_go_on(ws);
}

/* A client that sends without a pause does not keep the others waiting. */
static void take_input(struct ws *ws)
{
    uint32_t budget = WS_EVENTS_MAX;
    ws->wake = false;
    take_held(ws, &budget);
    bool more = may_go_on(ws);
    for (uint32_t i = 0; more && budget > 0 && i < WS_READS_MAX; i++)
        more = read_some(ws, &budget);
    if (!more)
        return;
    ws->wake = true;
    link_mark(ws->link);
}

/* --- events --- */

static void on_ready(void *arg, uint32_t events)
{
    struct ws *ws = CHECK_CAST(ws, arg, MAGIC);
    if (ws->state == WS_DEAD)
        return;
    link_worker()->visited = false; /* that of this turn is still to come */
    if (events & POLL_WRITABLE) {
        ws->blocked = false;
        ws_flush(ws);
    }
    if (ws->state != WS_DEAD && !ws->wake && (events & ~POLL_WRITABLE))
        take_input(ws);
    if (events & POLL_ERROR)
        ws_kill(ws);
    ws_watch(ws);
}

void ws_watch(struct ws *ws)
{
    uint32_t events = (ws->paused ? 0 : POLL_READABLE) | (ws->blocked ? POLL_WRITABLE : 0);
    if (ws->state != WS_DEAD && wire_watch(ws->wire, events, on_ready, ws))
        ws_kill(ws);
}

static void end(struct ws *ws)
{
    struct link_worker *worker = link_worker();
    struct link *link = ws->link;
    const struct ws_events *events = ws->events;
    void *owner = ws->owner;
    uint32_t code = ws->code;
    worker->ws_count--;
    ws_clock_forget(worker, ws);
    link_count(worker, LINK_METRIC_WS, -1);
    list_remove(&link->dirty);
    outq_clear(&link->queue);
    link->ws = NULL;
    ws_input_fini(&ws->input);
    buf_unref(ws->held);
    wire_close(ws->wire);
    ws->magic = 0;
    mem_free(ws);
    events->closed(owner, code);
}

void ws_visit(struct ws *ws)
{
    if (ws->state != WS_DEAD && ws->wake)
        take_input(ws);
    if (ws->state != WS_DEAD && !ws->blocked)
        ws_flush(ws);
    if (ws->state == WS_DEAD)
        end(ws);
}

/* --- for owners --- */

static struct ws *make(struct link_worker *worker, struct wire *wire, struct link *link,
                       const struct ws_options *options)
{
    struct ws *ws = mem_zalloc(1, sizeof *ws);
    if (!ws)
        return NULL;
    *ws = (struct ws){.magic = MAGIC,
                      .state = WS_OPEN,
                      .wake = true,
                      .wire = wire,
                      .link = link,
                      .events = options->events,
                      .owner = options->owner};
    ws_input_init(&ws->input, &worker->readers, options->message_bytes_max);
    if (options->early.len > 0 && !(ws->held = buf_copy(options->early))) {
        mem_free(ws);
        return NULL;
    }
    return ws;
}

int32_t ws_open(struct wire *wire, struct link *link, const struct ws_options *options,
                struct ws **ret_ws)
{
    struct link_worker *worker = link_worker();
    CHECK(!link->ws);
    bool refused = worker->draining || link->over;
    struct ws *ws = refused ? NULL : make(worker, wire, link, options);
    int32_t code = refused ? DAIS_E_STATE : ws ? DAIS_OK : DAIS_E_MEMORY;
    if (ws)
        code = wire_watch(wire, POLL_READABLE, on_ready, ws);
    if (code) {
        wire_close(wire);
        buf_unref(ws ? ws->held : NULL);
        mem_free(ws);
        return code;
    }
    link->ws = ws;
    worker->ws_count++;
    link_count(worker, LINK_METRIC_WS, 1);
    ws_clock_set(worker, ws, options->own_pings ? WS_WAIT_NOTHING : WS_WAIT_FIRST);
    link_mark(link);
    *ret_ws = ws;
    return DAIS_OK;
}

void ws_close(struct ws *ws, uint32_t code, struct dais_str reason)
{
    CHECK(ws->magic == MAGIC);
    if (ws->state != WS_OPEN)
        return;
    ws->code = (uint16_t)code;
    ws->state = WS_CLOSING;
    ws->link->over = true;
    ws_input_discard(&ws->input);
    if (code == WS_CLOSE_SLOW)
        outq_cut(&ws->link->queue);
    ws_clock_set(link_worker(), ws, WS_WAIT_CLOSE);
    ws_resume(ws);
    if (!ws_put_close(ws, code, reason))
        ws_kill(ws);
    link_mark(ws->link);
}

void ws_abort(struct ws *ws)
{
    CHECK(ws->magic == MAGIC);
    ws_kill(ws);
}

void ws_pause(struct ws *ws)
{
    CHECK(ws->magic == MAGIC);
    if (ws->state != WS_OPEN || ws->paused)
        return;
    ws->paused = true;
    ws_watch(ws);
}

void ws_resume(struct ws *ws)
{
    CHECK(ws->magic == MAGIC);
    if (!ws->paused)
        return;
    ws->paused = false;
    ws->wake = true;
    ws_watch(ws);
    link_mark(ws->link);
}

int32_t ws_move(struct ws *ws, struct link *link, const struct ws_events *events, void *owner)
{
    CHECK(ws->magic == MAGIC && !link->ws);
    struct link *former = ws->link;
    if (ws->state != WS_OPEN || link->over)
        return DAIS_E_STATE;
    if (!outq_append(&former->queue, &link->queue))
        return DAIS_E_MEMORY;
    link->queue = former->queue;
    former->queue = (struct outq){.ring = NULL};
    list_remove(&former->dirty);
    former->ws = NULL;
    link->ws = ws;
    ws->link = link;
    ws->events = events;
    ws->owner = owner;
    link_mark(link);
    return DAIS_OK;
}

const struct wire *ws_wire(const struct ws *ws)
{
    CHECK(ws->magic == MAGIC);
    return ws->wire;
}
