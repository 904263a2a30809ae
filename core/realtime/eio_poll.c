/* SPDX-License-Identifier: MIT */
/*
 * Long polling: a GET takes what waits, or is held until something does; a POST brings packets. A
 * session has at most one of each under way.
 */
#include "base/limits.h"
#include "base/str.h"
#include "realtime/eio_inner.h"

/** Packets of one body that are taken in a turn: the others come first. */
#define PACKETS_PER_TURN 64u

static const struct dais_str none = {NULL, 0};

/* --- GET --- */

/* Binary packets grow by a third, each has its separator and its type. */
static size_t answer_bytes_max(const struct eio_session *session)
{
    return (size_t)session->link.queue.bytes * 2 + 64;
}

/* What waits, up to so many packets, and the farewell behind the last. */
static void answer_packets(struct eio_session *session, struct eio_call *call)
{
    uint32_t packets_max = (uint32_t)limit_get(LIMIT_EIO_PACKETS_PER_POLL);
    STRBUF_AUTO struct strbuf out;
    if (session->farewell == EIO_TYPE_NOOP)
        outq_clear(&session->link.queue); /* who has left gets nothing more */
    strbuf_init(&out, answer_bytes_max(session));
    uint32_t taken = outq_take(&session->link.queue, packets_max, &out);
    bool last = session->state == EIO_STATE_LEAVING && taken < packets_max;
    if (last && taken > 0)
        strbuf_addc(&out, EIO_SEPARATOR);
    if (last)
        strbuf_addc(&out, session->farewell);
    bool whole = strbuf_error(&out) == DAIS_OK;
    if (whole)
        eio_call_answer(call, &eio_answer_packets, strbuf_view(&out));
    else
        eio_call_answer(call, &eio_answer_unavailable, none);
    if (last)
        eio_session_forget(session);
    else if (!whole)
        eio_session_end(session, WS_CLOSE_SLOW);
}

void eio_poll_send_home(struct eio_session *session)
{
    struct eio_call *call = session->get;
    session->get = NULL;
    if (call)
        eio_call_answer(call, &eio_answer_noop, none);
}

void eio_poll_flush(struct eio_session *session)
{
    struct eio_call *call = session->get;
    session->get = NULL;
    if (call)
        answer_packets(session, call);
}

static void take_get(struct eio_session *session, struct eio_call *call)
{
    bool waits = !outq_is_empty(&session->link.queue) || session->state == EIO_STATE_LEAVING;
    if (session->get) {
        eio_session_end(session, WS_CLOSE_POLICY);
        eio_call_answer(call, &eio_answer_bad, none);
    } else if (session->probe && session->probe->answered) {
        eio_call_answer(call, &eio_answer_noop, none);
    } else if (waits) {
        answer_packets(session, call);
    } else if (eio_call_hold(call)) {
        session->get = call;
    }
}

/* --- POST --- */

/* Whether the packet was one, and was allowed. */
static bool read_packet(struct eio_session *session, struct eio_call *call)
{
    struct eio_packet packet;
    return eio_payload_next(&call->rest, &packet) == 1 && eio_session_receive(session, &packet);
}

static bool may_read(const struct eio_session *session)
{
    return session->state == EIO_STATE_OPEN && !session->paused;
}

/* While a packet is handled its body stays, whatever becomes of the session. */
void eio_poll_go_on(struct eio_session *session)
{
    struct eio_call *call = session->post;
    uint32_t packets = 0;
    bool good = true;
    if (!call || session->reading)
        return;
    session->reading = true;
    while (good && may_read(session) && call->rest.ptr && packets++ < PACKETS_PER_TURN)
        good = read_packet(session, call);
    session->reading = false;
    if (good && session->state == EIO_STATE_OPEN && call->rest.ptr) {
        if (eio_call_hold(call)) {
            if (!session->paused)
                eio_worker_later(session);
            return;
        }
        session->post = NULL; /* answered; what was not read is lost, and so is the session */
        eio_session_end(session, WS_CLOSE_GOING_AWAY);
        return;
    }
    session->post = NULL;
    if (!good)
        eio_session_end(session, WS_CLOSE_POLICY);
    eio_call_answer(call, good ? &eio_answer_ok : &eio_answer_bad, none);
    eio_session_steer(session);
}

static void take_post(struct eio_session *session, struct eio_call *call)
{
    bool left = session->get && eio_call_left(session->get);
    if (left || session->post || call->binary || !str_is_utf8(call->rest)) {
        eio_session_end(session, WS_CLOSE_POLICY);
        eio_call_answer(call, &eio_answer_bad, none);
    } else {
        session->post = call;
        eio_poll_go_on(session);
    }
}

/* --- both --- */

void eio_poll_take(struct eio_call *call)
{
    struct eio_session *session = eio_worker_find(&call->sid, call->endpoint);
    call->session = session;
    if (!session || (session->state != EIO_STATE_OPEN && call->kind != EIO_KIND_GET))
        eio_call_answer(call, &eio_answer_unknown, none);
    else if (call->kind == EIO_KIND_UPGRADE)
        eio_call_answer(call, &eio_answer_may_upgrade, none);
    else if (!session->polling || call->kind == EIO_KIND_OTHER)
        eio_call_answer(call, &eio_answer_bad, none);
    else if (call->kind == EIO_KIND_GET)
        take_get(session, call);
    else
        take_post(session, call);
}

void eio_poll_end(struct eio_session *session, const struct eio_answer *answer)
{
    struct eio_call *get = session->get;
    struct eio_call *post = session->reading ? NULL : session->post;
    session->get = NULL;
    if (get)
        eio_call_answer(get, answer, none);
    if (!post)
        return;
    session->post = NULL;
    eio_call_answer(post, &eio_answer_unknown, none);
}
