/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Endpoints of plugins (struct dais_endpoint): clients that speak a plugin's own protocol message
 * by message, over a WebSocket or Engine.IO.
 *
 *   raw_endpoint, http_table_endpoint   main thread, for each row
 *   each connection                     is a socket (socket.h) whose form has the index
 *                                       SOCKET_FORM_RAW and the path as its space; the handlers run
 *                                       through its inbox
 *
 * A token stands in the query (`token`) or in Authorization. A WebSocket is accepted before the
 * connect handlers run; who is refused by them is closed with WS_CLOSE_DENIED or what else fits.
 *
 * The form says events without a name only (socket_event.name absent): `args` is a text message,
 * each attachment a binary one; an event without attachments is always a text. Named events are
 * DAIS_E_INVALID, so that rooms and emissions pass such sockets by.
 */
#include "dais/events.h"
#include "net/http_endpoint.h"

/** Different paths with protocols that one process serves in its life. */
#define RAW_ENDPOINTS_MAX 64u

/**
 * What serves `row`; the same for the same path and protocol, valid for ever, so that connections
 * outlive the plugin's code. `row` is not kept. DAIS_E_LIMIT past RAW_ENDPOINTS_MAX, DAIS_E_INVALID
 * for a path that is too long. [main thread]
 */
DAIS_CHECK_RESULT int32_t raw_endpoint(const struct dais_endpoint *row,
                                       const struct http_endpoint **ret_endpoint);
