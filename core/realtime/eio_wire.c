/* SPDX-License-Identifier: MIT */
/*
 * WebSockets of sessions. One comes with a handshake and is the session's transport; or it comes
 * for a session that polls, is probed (`2probe`, `3probe`) and becomes its transport by `5`.
 *
 *   eio_wire_accept → 101 → on_upgraded → by mail, if the session is elsewhere → attach
 */
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/worker.h"
#include "net/wire.h"
#include "realtime/eio_inner.h"
#include "realtime/ws_accept.h"

/* --- transport of a session --- */

static void on_message(void *owner, struct dais_str payload, bool binary)
{
    struct eio_session *session = owner;
    struct eio_packet packet;
    if (session->state != EIO_STATE_OPEN)
        return;
    if (binary)
        session->endpoint->handler->message(session->owner, payload, true);
    else if (eio_packet_parse(payload, &packet) != DAIS_OK ||
             !eio_session_receive(session, &packet))
        eio_session_end(session, WS_CLOSE_POLICY);
}

static void on_closed(void *owner, uint32_t code)
{
    struct eio_session *session = owner;
    (void)code;
    eio_session_end(session, WS_CLOSE_NORMAL);
    eio_worker_later(session);
}

static const struct ws_events events = {on_message, on_closed};

static struct ws_options options_of(const struct eio_arrival *arrival,
                                    const struct ws_events *its_events, void *owner)
{
    return (struct ws_options){
        .events = its_events,
        .owner = owner,
        .early = arrival->early ? buf_view(arrival->early) : dais_str("", 0),
        .message_bytes_max = (uint64_t)limit_get(LIMIT_EIO_PAYLOAD_BYTES),
        .own_pings = true,
    };
}

static void open_first(struct eio_session *session, const struct eio_arrival *arrival)
{
    struct ws_options options = options_of(arrival, &events, session);
    struct ws *ws = NULL;
    if (ws_open(arrival->wire, &session->link, &options, &ws) != DAIS_OK)
        eio_session_end(session, WS_CLOSE_INTERNAL);
    else
        eio_session_steer(session);
}

/* --- probe --- */

static void free_probe(struct eio_probe *probe)
{
    timer_stop(&probe->timer);
    link_fini(&probe->link);
    mem_free(probe);
}

static void fail_probe(struct eio_probe *probe, uint32_t code, const char *reason)
{
    probe->session->probe = NULL;
    probe->session = NULL;
    timer_stop(&probe->timer);
    ws_close(probe->link.ws, code, dais_cstr(reason));
}

void eio_wire_end_probe(struct eio_session *session)
{
    if (session->probe)
        fail_probe(session->probe, WS_CLOSE_NORMAL, "the session has ended");
}

static void on_probe_timer(struct timer *timer)
{
    fail_probe(CONTAINER_OF(timer, struct eio_probe, timer), WS_CLOSE_POLICY,
               "the upgrade took too long");
}

static void answer_probe(struct eio_probe *probe)
{
    struct dais_buf *frame = eio_worker_self()->probe_answer;
    struct message message = {.buf = frame, .len = (uint32_t)frame->len, .class = MESSAGE_DURABLE};
    probe->answered = true;
    link_put(&probe->link, &message);
    eio_poll_send_home(probe->session);
}

static void upgrade(struct eio_probe *probe)
{
    struct eio_session *session = probe->session;
    if (ws_move(probe->link.ws, &session->link, &events, session) != DAIS_OK) {
        fail_probe(probe, WS_CLOSE_INTERNAL, "");
        return;
    }
    session->polling = false;
    session->probe = NULL;
    free_probe(probe);
    eio_worker_count(eio_worker_self(), EIO_METRIC_UPGRADES_TOTAL, 1);
    eio_poll_send_home(session);
    eio_session_steer(session);
}

static void on_probe_message(void *owner, struct dais_str payload, bool binary)
{
    struct eio_probe *probe = owner;
    if (!probe->session)
        return;
    if (!binary && str_eqz(payload, "2probe"))
        answer_probe(probe);
    else if (!binary && str_eqz(payload, "5"))
        upgrade(probe);
    else
        fail_probe(probe, WS_CLOSE_POLICY, "neither a probe nor an upgrade");
}

static void on_probe_closed(void *owner, uint32_t code)
{
    struct eio_probe *probe = owner;
    (void)code;
    if (probe->session)
        probe->session->probe = NULL;
    free_probe(probe);
}

/* A close frame without a code, as the reference sends it. */
static void refuse(struct wire *wire)
{
    static const uint8_t close_frame[] = {0x88, 0};
    struct iovec piece = {(void *)close_frame, sizeof close_frame};
    (void)wire_write(wire, &piece, 1);
    wire_close(wire);
}

static void open_probe(struct eio_session *session, const struct eio_arrival *arrival)
{
    static const struct ws_events probe_events = {on_probe_message, on_probe_closed};
    struct eio_probe *probe = mem_zalloc(1, sizeof *probe);
    struct ws *ws = NULL;
    if (!probe) {
        refuse(arrival->wire);
        return;
    }
    struct ws_options options = options_of(arrival, &probe_events, probe);
    probe->session = session;
    link_init(&probe->link, NULL);
    timer_init(&probe->timer, on_probe_timer);
    if (ws_open(arrival->wire, &probe->link, &options, &ws) != DAIS_OK) {
        free_probe(probe);
        return;
    }
    session->probe = probe;
    timer_start(&probe->timer, (uint64_t)limit_get(LIMIT_EIO_UPGRADE_MS));
}

/* --- how they come --- */

static void free_arrival(struct eio_arrival *arrival)
{
    buf_unref(arrival->early);
    mem_free(arrival);
}

/* On the session's worker. */
static void attach(struct eio_arrival *arrival)
{
    struct eio_session *session = eio_worker_find(&arrival->sid, arrival->endpoint);
    bool open = session && session->state == EIO_STATE_OPEN;
    if (open && arrival->first)
        open_first(session, arrival);
    else if (open && session->polling && !session->probe)
        open_probe(session, arrival);
    else
        refuse(arrival->wire);
    free_arrival(arrival);
}

static void on_arrival(struct mail *mail)
{
    struct eio_arrival *arrival = CONTAINER_OF(mail, struct eio_arrival, mail);
    if (eio_worker_self()) {
        attach(arrival);
        return;
    }
    wire_close(arrival->wire); /* the server stops */
    free_arrival(arrival);
}

static void on_lost(struct eio_arrival *arrival)
{
    struct eio_session *session = NULL;
    if (arrival->first && eio_worker_self()) /* else the server stops */
        session = eio_worker_find(&arrival->sid, arrival->endpoint);
    if (session)
        eio_session_end(session, WS_CLOSE_LOST);
    free_arrival(arrival);
}

static void on_upgraded(void *context, struct wire *wire, struct dais_str early)
{
    struct eio_arrival *arrival = context;
    uint32_t index = eio_sid_worker(&arrival->sid);
    arrival->wire = wire;
    if (wire && early.len > 0 && !(arrival->early = buf_copy(early))) {
        wire_close(wire);
        wire = NULL;
    }
    if (!wire) {
        on_lost(arrival);
    } else if (index == worker_index()) {
        on_arrival(&arrival->mail);
    } else if (mail_send(index, &arrival->mail) != DAIS_OK) {
        wire_close(wire);
        free_arrival(arrival);
    }
}

bool eio_wire_accept(struct eio_endpoint *endpoint, struct dais_req *req, const struct eio_sid *sid,
                     bool first)
{
    struct eio_arrival *arrival = mem_zalloc(1, sizeof *arrival);
    if (!arrival) {
        eio_call_reply(req, &eio_answer_unavailable, dais_str(NULL, 0));
        return false;
    }
    arrival->mail.deliver = on_arrival;
    arrival->endpoint = endpoint;
    arrival->sid = *sid;
    arrival->first = first;
    if (ws_accept(req, on_upgraded, arrival) == DAIS_OK)
        return true;
    free_arrival(arrival);
    return false;
}
