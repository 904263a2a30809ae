/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Socket.IO v5 (https://socket.io/docs/v4/socket-io-protocol/) on Engine.IO sessions.
 *
 *   http_table_endpoint(table, owner, sio_endpoint())     main thread
 *   CONNECT of a client     makes a socket (socket.h) for that namespace, with what its `auth`
 * says: `token`, `guest`, `resume`; the token may stand in the query or in Authorization instead
 *   EVENT, BINARY_EVENT     events_receive
 *   DISCONNECT              ends the socket, not the session
 *
 * A namespace is a *space* of the event tables: its number n gives the form 1 + n. A session may be
 * in several; each is a socket of its own. What breaks the protocol ends the session, and so does
 * a client that has joined no namespace within limit `sio_connect_ms`.
 *
 * Clients come back by themselves when their transport ends, and do not after a packet 41; so only
 * a socket that is closed with WS_CLOSE_DENIED gets one.
 *
 * Everything is called on the session's worker, on its own stack, unless said otherwise.
 */
#include "net/http_endpoint.h"
#include "realtime/socket.h"

/** The endpoint `/socket.io/`, for http_table_endpoint; constant, valid for ever. [main thread] */
const struct http_endpoint *sio_endpoint(void);

/** How sockets of the space `number` (events_space) speak; the same for ever. NULL without memory.
 * [any thread] */
const struct socket_form *sio_form(uint32_t number);
