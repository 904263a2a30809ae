/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Engine.IO v4 (https://socket.io/docs/v4/engine-io-protocol/): sessions over long polling, over a
 * WebSocket, and from the first to the second.
 *
 *   eio_start              on each worker, before it accepts
 *   eio_endpoint_init      main thread: a path; http_table_endpoint(table, owner, &endpoint->http)
 *   handler->open          a client shook hands: the session is made
 *   handler->message       what it sent, in its order
 *   link_put(eio_link())   what it gets
 *   handler->closed        the session has ended, for whatever reason; exactly once
 *   eio_drain, eio_stop    on each worker
 *
 * A session lives on the worker that opened it and never moves (docs/decisions/010): its index is
 * in the sid, requests that arrive elsewhere come over by mail, a WebSocket by its wire. All
 * functions and the handler's are called on that worker, on its own stack, and do not suspend.
 */
#include "net/http_endpoint.h"
#include "realtime/link.h"

struct eio_session;
struct dais_req;

/**
 * Who gets what clients send. The session is valid from `open` until `closed` has returned; when
 * `open` refuses, until it returned. `closed` comes from the loop, never from within a call of a
 * function below, so that a caller may go on with what it holds.
 */
struct eio_handler {
    /**
     * A handshake passed the checks of the protocol. `query` as it came, with `transport`, `EIO`
     * and all the rest; `req` for headers, identity and peer, only during the call. An error
     * refuses: DAIS_E_LIMIT answers 429, DAIS_E_UNAVAILABLE and DAIS_E_MEMORY 503, the others 403;
     * the body has code 4 and the error's title. `*ret_owner` is handed to the other two.
     */
    int32_t (*open)(struct eio_session *session, struct dais_str query, struct dais_req *req,
                    void **ret_owner);
    /**
     * Content of a packet `4` without its digit, well-formed UTF-8; or of a binary packet.
     * `payload` is valid during the call.
     */
    void (*message)(void *owner, struct dais_str payload, bool binary);
    /** The client left, was too slow or broke the protocol, or eio_close was called. */
    void (*closed)(void *owner);
};

/** A path that speaks Engine.IO. Embed it; it must outlast its sessions. */
struct eio_endpoint {
    struct http_endpoint http; /**< for http_table_endpoint */
    const struct eio_handler *handler;
};

/**
 * Readies an endpoint for `path` ("/socket.io/": served with and without its last slash). `path`
 * and `handler` are borrowed. A session is found under the path at which it was opened only.
 */
void eio_endpoint_init(struct eio_endpoint *endpoint, const char *path,
                       const struct eio_handler *handler);

/** Readies this worker. DAIS_E_MEMORY, DAIS_E_LIMIT. [worker] */
DAIS_CHECK_RESULT int32_t eio_start(void);

/**
 * The server stops: no handshake from now on (503). Sessions go on until their owners close them,
 * which may take its time so that not all clients come back at once; polls that are held end with
 * http_worker_drain, and their sessions with them. [worker]
 */
void eio_drain(void);

/**
 * Ends the sessions that are left (`closed` is called) and gives this worker's memory back. After
 * http_worker_stop and link_worker_stop. [worker]
 */
void eio_stop(void);

/**
 * Where to put what the client gets: text frames whose payload begins with '4', and binary frames
 * as they are (frame.h). Overflow of its budget closes the session so that the client comes back
 * and resumes.
 */
struct link *eio_link(struct eio_session *session);

/** The endpoint at which it was opened: CONTAINER_OF leads from there to what embeds it. */
struct eio_endpoint *eio_endpoint_of(const struct eio_session *session);

/**
 * Ends the session behind what waits for its client: a WebSocket with the close code `code`
 * (ws.h), a client that polls with packet `1`, for which it may come within half a minute. Clients
 * take both for a lost transport and connect again, unless a higher protocol told them otherwise.
 * Nothing is received from now on; `closed` follows. A second call does nothing.
 */
void eio_close(struct eio_session *session, uint32_t code);

/**
 * Receives nothing more until eio_resume: the WebSocket is not read, a POST is answered late. May
 * be called in `message`; what came in the same body waits as well. Calls need not pair.
 */
void eio_pause(struct eio_session *session);
/** Ends the pause; `message` is called again from the loop, never from here. */
void eio_resume(struct eio_session *session);

/** The client's address as text, and what limits count it by; a trusted proxy's client, too. */
struct dais_str eio_peer(const struct eio_session *session);
uint64_t eio_address_key(const struct eio_session *session);

/** Sessions of this worker, those that only say goodbye included. [worker] */
uint32_t eio_session_count(void);
