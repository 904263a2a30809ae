/* SPDX-License-Identifier: MIT */
/*
 * Pings and the end of patience. No timer for each ws: those that wait for the same thing stand in
 * one list, in the order of time, and one tick of the worker looks at the fronts.
 */
#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "realtime/ws_inner.h"

#include <string.h>

/** The tick: a fraction of the shortest delay, within bounds. */
#define TICKS_PER_DELAY 8u
#define TICK_MS_MIN 5u
#define TICK_MS_MAX 500u

/** Pings of one tick: those who came at once (after a restart) are not all pinged at once. */
#define PINGS_PER_TICK(ws_count) ((ws_count) / 16 + 16)

static uint32_t now_ms(void)
{
    return (uint32_t)clock_tick_ms();
}

void ws_clock_set(struct link_worker *worker, struct ws *ws, enum ws_wait wait)
{
    list_remove(&ws->timed);
    ws->wait = (uint8_t)wait;
    ws->due_ms = now_ms() + worker->delays_ms[wait];
    list_push(&worker->waits[wait], &ws->timed);
    if (!timer_is_armed(&worker->tick))
        timer_start_every(&worker->tick, worker->tick_ms);
}

void ws_clock_forget(struct link_worker *worker, struct ws *ws)
{
    list_remove(&ws->timed);
    if (worker->ws_count == 0)
        timer_stop(&worker->tick);
}

static void ping(struct link_worker *worker, struct ws *ws)
{
    const struct message message = {.buf = worker->ping,
                                    .len = (uint32_t)worker->ping->len,
                                    .class = OUTQ_CONTROL,
                                    .key = OUTQ_KEY_PING};
    ws->heard = false;
    link_put(ws->link, &message);
    ws_clock_set(worker, ws, WS_WAIT_PONG);
}

/* One whose input is paused can't be heard; TCP tells when it is lost. */
static void look_for_life(struct link_worker *worker, struct ws *ws)
{
    if (ws->heard || ws->paused)
        ws_clock_set(worker, ws, WS_WAIT_PING);
    else
        ws_kill(ws);
}

static void be_due(struct link_worker *worker, struct ws *ws)
{
    switch ((enum ws_wait)ws->wait) {
    case WS_WAIT_FIRST:
    case WS_WAIT_PING:
        ping(worker, ws);
        break;
    case WS_WAIT_PONG:
        look_for_life(worker, ws);
        break;
    default:
        ws_kill(ws);
    }
}

static void run_list(struct link_worker *worker, enum ws_wait wait, uint32_t count_max)
{
    const struct list *list = &worker->waits[wait];
    uint32_t now = now_ms();
    for (uint32_t i = 0; i < count_max && !list_is_empty(list); i++) {
        struct ws *ws = LIST_ITEM(list_first(list), struct ws, timed);
        if ((int32_t)(now - ws->due_ms) < 0)
            break;
        /* A dead one is about to go, at the end of this turn. */
        if (ws->state == WS_DEAD)
            ws_clock_set(worker, ws, WS_WAIT_NOTHING);
        else
            be_due(worker, ws);
    }
}

static void on_tick(struct timer *timer)
{
    struct link_worker *worker = CONTAINER_OF(timer, struct link_worker, tick);
    run_list(worker, WS_WAIT_FIRST, PINGS_PER_TICK(worker->ws_count));
    run_list(worker, WS_WAIT_PING, PINGS_PER_TICK(worker->ws_count));
    run_list(worker, WS_WAIT_PONG, UINT32_MAX);
    run_list(worker, WS_WAIT_CLOSE, UINT32_MAX);
}

static uint32_t tick_ms(const struct link_worker *worker)
{
    uint32_t shortest = TICK_MS_MAX * TICKS_PER_DELAY;
    for (uint32_t i = 0; i < WS_WAIT_NOTHING; i++) {
        if (worker->delays_ms[i] < shortest)
            shortest = worker->delays_ms[i];
    }
    uint32_t tick = shortest / TICKS_PER_DELAY;
    return tick < TICK_MS_MIN ? TICK_MS_MIN : tick;
}

int32_t ws_clock_init(struct link_worker *worker)
{
    uint32_t ping_ms = (uint32_t)limit_get(LIMIT_WS_PING_MS);
    uint32_t pong_ms = (uint32_t)limit_get(LIMIT_WS_PONG_MS);
    worker->delays_ms[WS_WAIT_FIRST] = ping_ms;
    worker->delays_ms[WS_WAIT_PONG] = pong_ms;
    worker->delays_ms[WS_WAIT_PING] = ping_ms > pong_ms ? ping_ms - pong_ms : ping_ms;
    worker->delays_ms[WS_WAIT_CLOSE] = (uint32_t)limit_get(LIMIT_WS_CLOSE_MS);
    worker->tick_ms = tick_ms(worker);
    for (uint32_t i = 0; i < WS_WAIT_COUNT; i++)
        list_init(&worker->waits[i]);
    timer_init(&worker->tick, on_tick);
    worker->ping = ws_control_frame(WS_OPCODE_PING, dais_str("", 0));
    return worker->ping ? DAIS_OK : DAIS_E_MEMORY;
}

void ws_clock_fini(struct link_worker *worker)
{
    timer_stop(&worker->tick);
    buf_unref(worker->ping);
    worker->ping = NULL;
}
