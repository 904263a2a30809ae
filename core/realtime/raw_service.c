/* SPDX-License-Identifier: MIT */
#include "realtime/raw_service.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/wire.h"
#include "realtime/credentials.h"
#include "realtime/eio.h"
#include "realtime/events.h"
#include "realtime/ws.h"
#include "realtime/ws_accept.h"

#include <stdio.h>

#define PATH_BYTES_MAX 256u
/** The digit of an Engine.IO message. */
#define ENGINE_MESSAGE '4'

/** A path with a protocol. */
struct raw_entry {
    char path[PATH_BYTES_MAX];
    uint32_t protocol;
    struct eio_endpoint engine;
    struct http_endpoint plain;
    struct socket_form form;
};

/** A client: the carrier of a socket. */
struct raw_conn {
    struct raw_entry *entry;
    struct socket *socket;       /**< NULL: it was refused */
    struct eio_session *session; /**< of Engine.IO, else NULL */
    struct ws *ws;               /**< of WebSocket, else NULL */
    struct link link;            /**< of WebSocket */
};

/** A WebSocket between its request and its 101. */
struct raw_handshake {
    struct raw_entry *entry;
    struct credentials credentials; /**< views into `text` */
    char text[];
};

static struct raw_conn *conn_of(const struct socket *socket)
{
    return socket->carrier;
}

static void end(struct raw_conn *conn, uint32_t code)
{
    if (conn->session)
        eio_close(conn->session, code);
    else
        ws_close(conn->ws, code, dais_str(NULL, 0));
}

static int32_t open_socket(struct raw_conn *conn, uint64_t address,
                           const struct credentials *credentials)
{
    struct envelope_problem problem;
    const struct socket_offer offer = {
        .form = &conn->entry->form,
        .link = conn->session ? eio_link(conn->session) : &conn->link,
        .carrier = conn,
        .address = address,
        .token = credentials->token,
        .guest = credentials->guest,
    };
    return socket_open(&offer, &conn->socket, &problem);
}

static void receive(struct raw_conn *conn, struct dais_str payload, bool binary)
{
    const struct call_in in = {.args = payload, .binary = binary};
    if (conn->socket)
        events_receive(conn->socket, &in);
}

static void leave(struct raw_conn *conn)
{
    struct socket *socket = conn->socket;
    conn->socket = NULL;
    if (socket)
        socket_gone(socket);
}

/* --- the form --- */

static int32_t event(const struct socket_form *form, const struct socket_event *event,
                     struct strbuf *out)
{
    const struct raw_entry *entry = CONTAINER_OF(form, struct raw_entry, form);
    if (event->name.len > 0)
        return DAIS_E_INVALID;
    if (event->args.len > 0 || event->attachment_count == 0) {
        uint64_t begin = frame_begin(out);
        if (entry->protocol == DAIS_ENDPOINT_ENGINEIO)
            strbuf_addc(out, ENGINE_MESSAGE);
        strbuf_add(out, event->args);
        frame_end(out, begin, false);
    }
    for (uint32_t i = 0; i < event->attachment_count; i++)
        frame_add(out, true, buf_view(event->attachments[i]));
    return strbuf_error(out);
}

/* The protocol is the plugin's own: nothing is said that it does not say. */
static void opened(struct socket *socket)
{
    CHECK(conn_of(socket));
}

static void ack(struct socket *socket, const struct socket_ack *ack)
{
    CHECK(conn_of(socket) && ack->id.len == 0);
}

static uint32_t close_code_of(int32_t error)
{
    switch (error) {
    case DAIS_E_LIMIT:
        return WS_CLOSE_TOO_MANY;
    case DAIS_E_UNAVAILABLE:
        return WS_CLOSE_GOING_AWAY;
    case DAIS_E_MEMORY:
    case DAIS_E_INTERNAL:
        return WS_CLOSE_INTERNAL;
    default:
        return WS_CLOSE_DENIED;
    }
}

static void refused(struct socket *socket, const struct envelope_problem *problem)
{
    struct raw_conn *conn = conn_of(socket);
    conn->socket = NULL;
    end(conn, close_code_of(problem->error));
}

static void close_socket(struct socket *socket, uint32_t code)
{
    end(conn_of(socket), code);
}

static void pause_input(struct socket *socket)
{
    struct raw_conn *conn = conn_of(socket);
    if (conn->session)
        eio_pause(conn->session);
    else
        ws_pause(conn->ws);
}

static void resume_input(struct socket *socket)
{
    struct raw_conn *conn = conn_of(socket);
    if (conn->session)
        eio_resume(conn->session);
    else
        ws_resume(conn->ws);
}

static struct dais_str peer(const struct socket *socket)
{
    const struct raw_conn *conn = conn_of(socket);
    return conn->session ? eio_peer(conn->session) : wire_peer(ws_wire(conn->ws));
}

/* --- Engine.IO --- */

static int32_t engine_open(struct eio_session *session, struct dais_str query, struct dais_req *req,
                           void **ret_owner)
{
    struct credentials credentials;
    int32_t code = credentials_read(query, req, &credentials);
    if (code)
        return code;
    struct raw_conn *conn = mem_zalloc(1, sizeof *conn);
    if (!conn)
        return DAIS_E_MEMORY;
    conn->entry = CONTAINER_OF(eio_endpoint_of(session), struct raw_entry, engine);
    conn->session = session;
    code = open_socket(conn, eio_address_key(session), &credentials);
    if (code) {
        mem_free(conn);
        return code;
    }
    *ret_owner = conn;
    return DAIS_OK;
}

static void engine_message(void *owner, struct dais_str payload, bool binary)
{
    receive(owner, payload, binary);
}

static void engine_closed(void *owner)
{
    leave(owner);
    mem_free(owner);
}

static const struct eio_handler engine_handler = {
    .open = engine_open, .message = engine_message, .closed = engine_closed};

/* --- WebSocket --- */

static void plain_message(void *owner, struct dais_str payload, bool binary)
{
    receive(owner, payload, binary);
}

static void plain_closed(void *owner, uint32_t code)
{
    struct raw_conn *conn = owner;
    (void)code; /* whatever it was */
    leave(conn);
    link_fini(&conn->link);
    mem_free(conn);
}

static const struct ws_events plain_events = {.message = plain_message, .closed = plain_closed};

static void plain_open(const struct raw_handshake *handshake, struct wire *wire,
                       struct dais_str early)
{
    struct raw_conn *conn = mem_zalloc(1, sizeof *conn);
    if (!conn) {
        wire_close(wire);
        return;
    }
    const struct ws_options options = {
        .events = &plain_events,
        .owner = conn,
        .early = early,
        .message_bytes_max = (uint64_t)limit_get(LIMIT_WS_MESSAGE_BYTES),
    };
    conn->entry = handshake->entry;
    link_init(&conn->link, NULL);
    if (ws_open(wire, &conn->link, &options, &conn->ws)) {
        link_fini(&conn->link);
        mem_free(conn);
        return;
    }
    int32_t code = open_socket(conn, wire_address_key(ws_wire(conn->ws)), &handshake->credentials);
    if (code)
        end(conn, close_code_of(code));
}

static void plain_upgraded(void *context, struct wire *wire, struct dais_str early)
{
    if (wire)
        plain_open(context, wire, early);
    mem_free(context);
}

static void plain_serve(struct dais_req *req, void *context)
{
    struct credentials own;
    int32_t code = credentials_read(http_query_string(req), req, &own);
    uint64_t bytes = code ? 0 : own.token.len + own.guest.len;
    struct raw_handshake *handshake = code ? NULL : mem_zalloc(1, sizeof *handshake + bytes);
    if (!handshake) {
        code = http_fail(req, code ? code : DAIS_E_MEMORY, NULL, NULL);
        CHECK(code == DAIS_OK);
        return;
    }
    char *at = handshake->text;
    handshake->entry = context;
    handshake->credentials.token = str_place(own.token, &at);
    handshake->credentials.guest = str_place(own.guest, &at);
    if (ws_accept(req, plain_upgraded, handshake))
        mem_free(handshake);
}

/* --- the entries: never taken away, since connections outlive the plugins' code --- */

static struct raw_entry *make(struct raw_entry *entry, const struct dais_endpoint *row)
{
    (void)snprintf(entry->path, sizeof entry->path, "%s", row->path);
    entry->protocol = row->protocol;
    eio_endpoint_init(&entry->engine, entry->path, &engine_handler);
    entry->plain = (struct http_endpoint){
        .path = entry->path, .serve = plain_serve, .context = entry};
    entry->form = (struct socket_form){
        .index = SOCKET_FORM_RAW,
        .space = entry->path,
        .event = event,
        .opened = opened,
        .refused = refused,
        .ack = ack,
        .close = close_socket,
        .pause = pause_input,
        .resume = resume_input,
        .peer = peer,
    };
    return entry;
}

int32_t raw_endpoint(const struct dais_endpoint *row, const struct http_endpoint **ret_endpoint)
{
    static struct raw_entry *entries[RAW_ENDPOINTS_MAX];
    uint32_t at = 0;
    if (strlen(row->path) >= PATH_BYTES_MAX)
        return DAIS_E_INVALID;
    while (at < RAW_ENDPOINTS_MAX && entries[at] &&
           (entries[at]->protocol != row->protocol || strcmp(entries[at]->path, row->path) != 0))
        at++;
    if (at == RAW_ENDPOINTS_MAX)
        return DAIS_E_LIMIT;
    if (!entries[at]) {
        struct raw_entry *entry = mem_zalloc(1, sizeof *entry);
        if (!entry)
            return DAIS_E_MEMORY;
        entries[at] = make(entry, row);
    }
    bool engine = row->protocol == DAIS_ENDPOINT_ENGINEIO;
    *ret_endpoint = engine ? &entries[at]->engine.http : &entries[at]->plain;
    return DAIS_OK;
}
