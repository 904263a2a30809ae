/* SPDX-License-Identifier: MIT */
/*
 * The life of a session: open → (leaving: only what waits may be fetched) → over → told → freed.
 *
 * Ending happens at once, but the handler is told of it in the next turn, and a session that has a
 * WebSocket stays until that is gone.
 */
#include "realtime/eio.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/worker.h"
#include "realtime/eio_inner.h"

/** How long what waits is kept for a client that polls and was told to go, as the reference has
 * it. */
#define LEAVE_MS 30000u
#define OPEN_PACKET_BYTES_MAX 512u

/* --- what is sent --- */

void eio_session_open_packet(const struct eio_session *session, struct strbuf *out)
{
    char sid[EIO_SID_CHARS + 1];
    struct strbuf text;
    struct json_writer json;
    strbuf_init_on(&text, sid, sizeof sid);
    eio_sid_add(&session->sid, &text);
    strbuf_addc(out, EIO_TYPE_OPEN);
    json_write_init(&json, out);
    json_open_object(&json);
    json_key(&json, "sid");
    json_add_string(&json, strbuf_view(&text));
    json_key(&json, "upgrades");
    json_open_array(&json);
    if (session->polling)
        json_add_stringz(&json, "websocket");
    json_close_array(&json);
    json_key(&json, "pingInterval");
    json_add_int(&json, limit_get(LIMIT_EIO_PING_INTERVAL_MS));
    json_key(&json, "pingTimeout");
    json_add_int(&json, limit_get(LIMIT_EIO_PING_TIMEOUT_MS));
    json_key(&json, "maxPayload");
    json_add_int(&json, limit_get(LIMIT_EIO_PAYLOAD_BYTES));
    json_close_object(&json);
}

static int32_t put_open_packet(struct eio_session *session)
{
    char packet[OPEN_PACKET_BYTES_MAX];
    char bytes[OPEN_PACKET_BYTES_MAX + FRAME_HEAD_BYTES_MAX];
    struct strbuf text, frame;
    strbuf_init_on(&text, packet, sizeof packet);
    strbuf_init_on(&frame, bytes, sizeof bytes);
    eio_session_open_packet(session, &text);
    frame_add(&frame, false, strbuf_view(&text));
    struct dais_buf *buf = buf_copy(strbuf_view(&frame));
    if (!buf)
        return DAIS_E_MEMORY;
    struct message message = {.buf = buf, .len = (uint32_t)buf->len, .class = MESSAGE_DURABLE};
    link_put(&session->link, &message);
    buf_unref(buf);
    return DAIS_OK;
}

static void put_ping(struct eio_session *session)
{
    struct dais_buf *ping = eio_worker_self()->ping;
    struct message message = {.buf = ping, .len = (uint32_t)ping->len, .class = MESSAGE_DURABLE};
    link_put(&session->link, &message);
}

static void on_flush(struct link *link)
{
    eio_poll_flush(CONTAINER_OF(link, struct eio_session, link));
}

static void on_overflow(struct link *link)
{
    eio_session_end(CONTAINER_OF(link, struct eio_session, link), WS_CLOSE_SLOW);
}

/* --- heartbeat: deadlines count from when a ping was due, not from when it was sent --- */

static void beat(struct eio_session *session)
{
    uint64_t interval_ms = (uint64_t)limit_get(LIMIT_EIO_PING_INTERVAL_MS);
    session->pinged = false;
    session->lost_ms = clock_ms() + interval_ms + (uint64_t)limit_get(LIMIT_EIO_PING_TIMEOUT_MS);
    timer_start(&session->timer, interval_ms);
}

bool eio_session_is_lost(const struct eio_session *session)
{
    bool unread = session->paused || session->post; /* its pong may lie there */
    return session->state == EIO_STATE_OPEN && !unread && clock_ms() >= session->lost_ms;
}

static void on_timer(struct timer *timer)
{
    struct eio_session *session = CONTAINER_OF(timer, struct eio_session, timer);
    bool lost = eio_session_is_lost(session);
    if (lost)
        eio_worker_count(eio_worker_self(), EIO_METRIC_LOST_TOTAL, 1);
    if (lost || session->state == EIO_STATE_LEAVING) {
        eio_session_end(session, WS_CLOSE_POLICY);
        return;
    }
    uint64_t now_ms = clock_ms();
    if (!session->pinged)
        put_ping(session);
    else if (now_ms >= session->lost_ms)
        session->lost_ms = now_ms + (uint64_t)limit_get(LIMIT_EIO_PING_TIMEOUT_MS);
    session->pinged = true;
    timer_start(timer, session->lost_ms > now_ms ? session->lost_ms - now_ms : 0);
}

/* --- begin --- */

static struct eio_sid make_sid(const struct eio_worker *worker)
{
    struct eio_sid sid;
    do {
        sid = eio_sid_make(worker_index());
    } while (idmap_get(&worker->sessions, eio_sid_key(&sid)));
    return sid;
}

static int32_t make(struct eio_endpoint *endpoint, struct dais_req *req, bool polling,
                    struct eio_session **ret_session)
{
    static const struct link_ops ops = {on_flush, on_overflow};
    struct eio_worker *worker = eio_worker_self();
    struct dais_str peer = str_sub(http_peer(req), 0, UINT8_MAX);
    struct eio_session *session = mem_zalloc(1, sizeof *session + peer.len);
    if (!session)
        return DAIS_E_MEMORY;
    session->sid = make_sid(worker);
    if (idmap_put(&worker->sessions, eio_sid_key(&session->sid), session) != DAIS_OK) {
        mem_free(session);
        return DAIS_E_MEMORY;
    }
    link_init(&session->link, &ops);
    timer_init(&session->timer, on_timer);
    list_push(&worker->all, &session->node);
    session->endpoint = endpoint;
    session->polling = polling;
    session->address_key = http_address_key_of(req);
    session->peer_len = (uint8_t)peer.len;
    memcpy(session->peer, peer.ptr, peer.len);
    *ret_session = session;
    return DAIS_OK;
}

int32_t eio_session_new(struct eio_endpoint *endpoint, struct dais_req *req, bool polling,
                        struct eio_session **ret_session)
{
    struct eio_worker *worker = eio_worker_self();
    uint64_t address_key = http_address_key_of(req);
    struct eio_session *session = NULL;
    int32_t code = eio_worker_enter(worker, address_key);
    if (code != DAIS_OK)
        return code;
    code = make(endpoint, req, polling, &session);
    if (code != DAIS_OK) {
        eio_worker_leave(worker, address_key);
        return code;
    }
    beat(session);
    if (!polling)
        code = put_open_packet(session);
    if (code == DAIS_OK)
        code = endpoint->handler->open(session, http_query_string(req), req, &session->owner);
    if (code != DAIS_OK) {
        eio_session_forget(session);
        eio_session_free(session);
        return code;
    }
    session->opened = true;
    *ret_session = session;
    return DAIS_OK;
}

/* --- what comes --- */

static bool receive_base64(struct eio_session *session, struct dais_str data)
{
    STRBUF_AUTO struct strbuf bytes;
    strbuf_init(&bytes, data.len + 4); /* the decoder's room */
    if (str_decode_base64(data, &bytes) != DAIS_OK || strbuf_error(&bytes) != DAIS_OK)
        return false;
    session->endpoint->handler->message(session->owner, strbuf_view(&bytes), true);
    return true;
}

/* The client says goodbye. Its GET may be on its way beside the POST that says so: whichever comes
 * first, one GET is sent home with packet 6. */
static void leave(struct eio_session *session)
{
    if (!session->polling) {
        eio_session_end(session, WS_CLOSE_NORMAL);
        return;
    }
    session->state = EIO_STATE_LEAVING;
    session->farewell = EIO_TYPE_NOOP;
    outq_clear(&session->link.queue);
    timer_start(&session->timer, LEAVE_MS);
    eio_wire_end_probe(session);
    eio_poll_flush(session);
    eio_worker_later(session);
}

bool eio_session_receive(struct eio_session *session, const struct eio_packet *packet)
{
    switch (packet->type) {
    case EIO_TYPE_MESSAGE:
        session->endpoint->handler->message(session->owner, packet->data, false);
        return true;
    case EIO_TYPE_BINARY:
        return receive_base64(session, packet->data);
    case EIO_TYPE_PONG:
        beat(session);
        return true;
    case EIO_TYPE_CLOSE:
        leave(session);
        return true;
    case EIO_TYPE_PING:
        return false;
    case EIO_TYPE_OPEN:
    case EIO_TYPE_UPGRADE:
    case EIO_TYPE_NOOP:
        break; /* mean nothing here, and the reference lets them pass */
    }
    return true;
}

/* --- end --- */

void eio_session_forget(struct eio_session *session)
{
    session->state = EIO_STATE_OVER;
    timer_stop(&session->timer);
    (void)idmap_remove(&eio_worker_self()->sessions, eio_sid_key(&session->sid));
    eio_worker_later(session);
}

void eio_session_end(struct eio_session *session, uint32_t code)
{
    if (session->state == EIO_STATE_OVER)
        return;
    eio_session_forget(session);
    eio_poll_end(session, &eio_answer_close);
    eio_wire_end_probe(session);
    if (session->link.ws)
        ws_close(session->link.ws, code, dais_str("", 0));
}

void eio_session_look(struct eio_session *session)
{
    if (session->state != EIO_STATE_OPEN && session->opened) {
        session->opened = false;
        session->endpoint->handler->closed(session->owner);
    }
    if (session->state == EIO_STATE_OVER && !session->link.ws)
        eio_session_free(session);
    else
        eio_poll_go_on(session);
}

void eio_session_free(struct eio_session *session)
{
    CHECK(session->state == EIO_STATE_OVER && !session->opened);
    CHECK(!session->get && !session->post && !session->probe);
    list_remove(&session->later);
    list_remove(&session->node);
    link_fini(&session->link);
    eio_worker_leave(eio_worker_self(), session->address_key);
    mem_free(session);
}

void eio_close(struct eio_session *session, uint32_t code)
{
    if (session->state != EIO_STATE_OPEN)
        return;
    if (!session->polling) {
        eio_session_end(session, code);
        return;
    }
    session->state = EIO_STATE_LEAVING;
    session->farewell = EIO_TYPE_CLOSE;
    timer_start(&session->timer, LEAVE_MS);
    eio_wire_end_probe(session);
    eio_poll_flush(session);
    eio_worker_later(session);
}

/* --- asked from outside --- */

void eio_session_steer(struct eio_session *session)
{
    if (!session->link.ws)
        return;
    if (session->paused || session->post)
        ws_pause(session->link.ws);
    else
        ws_resume(session->link.ws);
}

void eio_pause(struct eio_session *session)
{
    session->paused = true;
    eio_session_steer(session);
}

void eio_resume(struct eio_session *session)
{
    session->paused = false;
    eio_session_steer(session);
    if (session->post)
        eio_worker_later(session);
}

struct link *eio_link(struct eio_session *session)
{
    return &session->link;
}

struct eio_endpoint *eio_endpoint_of(const struct eio_session *session)
{
    return session->endpoint;
}

struct dais_str eio_peer(const struct eio_session *session)
{
    return dais_str(session->peer, session->peer_len);
}

uint64_t eio_address_key(const struct eio_session *session)
{
    return session->address_key;
}
