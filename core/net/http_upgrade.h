/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Taking a connection out of HTTP (RFC 9110 §7.8): 101 goes out, then its bytes belong to another
 * protocol.
 *
 * From then on the connection counts no more among HTTP's, neither for its address nor for the
 * worker's limit. TLS goes on with the state that it has; the client is told nothing.
 */
#include "net/http.h"

struct wire;

/** Bytes of a WebSocket key in base64, and of its answer. */
#define HTTP_WEBSOCKET_KEY_BYTES 24u
#define HTTP_WEBSOCKET_ACCEPT_BYTES 28u

/**
 * The 101 is out. `wire` is the caller's now, on this worker and not watched; `early` is what came
 * right behind the request, valid until this returns. NULL: there is no connection any more: the
 * client left, or the server stops. [worker's own stack, or a fiber that must not suspend]
 */
typedef void (*http_upgraded_fn)(void *context, struct wire *wire, struct dais_str early);

/**
 * Answers 101 with `Upgrade: protocol` and the headers set by http_header_set, then calls `fn`,
 * exactly once and not before this returned. For a request that its endpoint serves, or a detached
 * one, whose `gone` is not called any more; the request is gone when this returned 0, after the
 * endpoint did. `protocol` is static. DAIS_E_STATE when there is an answer already or the request
 * is not HTTP/1.1, DAIS_E_UNAVAILABLE when the server stops or has no descriptor left,
 * DAIS_E_MEMORY: it must be answered then. [worker] [fiber]
 */
DAIS_CHECK_RESULT int32_t http_upgrade(struct dais_req *req, const char *protocol,
                                       http_upgraded_fn fn, void *context);

/** Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2 /4). Pure. */
void http_websocket_accept(const char key[HTTP_WEBSOCKET_KEY_BYTES],
                           char ret_accept[HTTP_WEBSOCKET_ACCEPT_BYTES]);
