/* SPDX-License-Identifier: MIT */
/*
 * What a worker has of Engine.IO: its sessions by sid, how many of them each address has, and those
 * that are looked at in the next turn, since nothing calls a handler from within its own calls.
 */
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "loop/worker.h"
#include "realtime/eio_inner.h"

static const struct metrics_row metric_rows[EIO_METRIC_COUNT] = {
    [EIO_METRIC_SESSIONS] = {.name = "dais_eio_sessions",
                             .kind = METRICS_GAUGE,
                             .help = "Open sessions of Engine.IO, by all transports"},
    [EIO_METRIC_SESSIONS_TOTAL] = {.name = "dais_eio_sessions_total",
                                   .kind = METRICS_COUNTER,
                                   .help = "Sessions of Engine.IO that were opened"},
    [EIO_METRIC_UPGRADES_TOTAL] = {.name = "dais_eio_upgrades_total",
                                   .kind = METRICS_COUNTER,
                                   .help = "Sessions that went from polling to a WebSocket"},
    [EIO_METRIC_LOST_TOTAL] = {.name = "dais_eio_lost_total",
                               .kind = METRICS_COUNTER,
                               .help = "Sessions whose client did not answer a ping"},
};

void eio_worker_count(const struct eio_worker *worker, enum eio_metric metric, int64_t value)
{
    metrics_add(worker->metrics + (uint32_t)metric, value);
}

struct eio_worker *eio_worker_self(void)
{
    return worker_slot_get(WORKER_SLOT_ENGINE);
}

static bool is_at(const struct eio_session *session, const struct eio_endpoint *endpoint)
{
    return session->endpoint == endpoint ||
           dais_str_eq(dais_cstr(session->endpoint->http.path), dais_cstr(endpoint->http.path));
}

struct eio_session *eio_worker_find(const struct eio_sid *sid, const struct eio_endpoint *endpoint)
{
    struct eio_session *session = idmap_get(&eio_worker_self()->sessions, eio_sid_key(sid));
    if (!session || !eio_sid_eq(&session->sid, sid) || !is_at(session, endpoint))
        return NULL;
    if (eio_session_is_lost(session)) {
        eio_worker_count(eio_worker_self(), EIO_METRIC_LOST_TOTAL, 1);
        eio_session_end(session, WS_CLOSE_POLICY);
    }
    return session->state == EIO_STATE_OVER ? NULL : session;
}

int32_t eio_worker_enter(struct eio_worker *worker, uint64_t address_key)
{
    uint64_t open = (uint64_t)(uintptr_t)idmap_get(&worker->addresses, address_key);
    if (worker->draining || worker->count >= (uint64_t)limit_get(LIMIT_EIO_SESSIONS))
        return DAIS_E_UNAVAILABLE;
    if (open >= (uint64_t)limit_get(LIMIT_EIO_SESSIONS_PER_ADDRESS))
        return DAIS_E_LIMIT;
    if (idmap_put(&worker->addresses, address_key, (void *)(uintptr_t)(open + 1)) != DAIS_OK)
        return DAIS_E_MEMORY;
    worker->count++;
    eio_worker_count(worker, EIO_METRIC_SESSIONS, 1);
    eio_worker_count(worker, EIO_METRIC_SESSIONS_TOTAL, 1);
    return DAIS_OK;
}

void eio_worker_leave(struct eio_worker *worker, uint64_t address_key)
{
    uint64_t open = (uint64_t)(uintptr_t)idmap_get(&worker->addresses, address_key);
    CHECK(open > 0 && worker->count > 0);
    worker->count--;
    eio_worker_count(worker, EIO_METRIC_SESSIONS, -1);
    if (open == 1)
        (void)idmap_remove(&worker->addresses, address_key);
    else if (idmap_put(&worker->addresses, address_key, (void *)(uintptr_t)(open - 1)) != DAIS_OK)
        CHECK_MSG(false, "a key that is there needs no memory");
}

void eio_worker_later(struct eio_session *session)
{
    struct eio_worker *worker = eio_worker_self();
    if (!list_is_linked(&session->later))
        list_push(&worker->later, &session->later);
    if (!timer_is_armed(&worker->turn))
        timer_start(&worker->turn, 0);
}

static void on_turn(struct timer *timer)
{
    struct eio_worker *worker = CONTAINER_OF(timer, struct eio_worker, turn);
    struct list now;
    list_init(&now);
    list_append(&now, &worker->later);
    for (struct list_node *node = list_pop(&now); node; node = list_pop(&now))
        eio_session_look(LIST_ITEM(node, struct eio_session, later));
}

uint32_t eio_session_count(void)
{
    return eio_worker_self()->count;
}

/* One short text frame, shared by all sessions of this worker. */
static struct dais_buf *make_frame(struct dais_str payload)
{
    char bytes[32];
    struct strbuf out;
    strbuf_init_on(&out, bytes, sizeof bytes);
    frame_add(&out, false, payload);
    return buf_copy(strbuf_view(&out));
}

static void free_worker(struct eio_worker *worker)
{
    idmap_fini(&worker->sessions);
    idmap_fini(&worker->addresses);
    buf_unref(worker->ping);
    buf_unref(worker->probe_answer);
    mem_free(worker);
}

int32_t eio_start(void)
{
    struct eio_worker *worker = mem_zalloc(1, sizeof *worker);
    if (!worker)
        return DAIS_E_MEMORY;
    uint32_t sessions_max = (uint32_t)limit_get(LIMIT_EIO_SESSIONS);
    idmap_init(&worker->sessions, sessions_max);
    idmap_init(&worker->addresses, sessions_max);
    list_init(&worker->all);
    list_init(&worker->later);
    timer_init(&worker->turn, on_turn);
    worker->ping = make_frame(dais_cstr("2"));
    worker->probe_answer = make_frame(dais_cstr("3probe"));
    int32_t code = worker->ping && worker->probe_answer ? DAIS_OK : DAIS_E_MEMORY;
    if (code == DAIS_OK)
        code = metrics_register(metric_rows, EIO_METRIC_COUNT, &worker->metrics);
    if (code != DAIS_OK) {
        free_worker(worker);
        return code;
    }
    worker_slot_set(WORKER_SLOT_ENGINE, worker);
    return DAIS_OK;
}

void eio_drain(void)
{
    eio_worker_self()->draining = true;
}

void eio_stop(void)
{
    struct eio_worker *worker = eio_worker_self();
    worker->draining = true;
    LIST_EACH (node, &worker->all) {
        struct eio_session *session = LIST_ITEM(node, struct eio_session, node);
        eio_session_end(session, WS_CLOSE_GOING_AWAY);
        eio_session_look(session);
    }
    CHECK_MSG(list_is_empty(&worker->all), "WebSockets end before Engine.IO stops");
    timer_stop(&worker->turn);
    worker_slot_set(WORKER_SLOT_ENGINE, NULL);
    free_worker(worker);
}
