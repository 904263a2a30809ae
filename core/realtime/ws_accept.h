/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The opening handshake of WebSocket, the server's side (RFC 6455 §4.2).
 *
 * ws_accept_check judges a request; ws_accept answers one: 101 and the connection is taken out of
 * HTTP, or a problem document. No subprotocol is chosen and no extension answered, so that none is
 * in use. A browser's Origin must be one of the configuration's CORS list or the server's own.
 */
#include "dais/error.h"
#include "net/http_upgrade.h"

/** What is wrong with a handshake. */
struct ws_refusal {
    int32_t error;      /**< DAIS_E_…: its status is the answer's */
    const char *detail; /**< one line; static */
};

/**
 * Whether `req` is a handshake that may be accepted: 0, or the error, which `ret_refusal` explains:
 * DAIS_E_INVALID (400), DAIS_E_METHOD (405), DAIS_E_UPGRADE (426: no WebSocket is asked for, or
 * another version of it) and DAIS_E_DENIED (403: its origin). Answers nothing, but for 405 and 426
 * it adds the headers that these answers need. [worker] [fiber]
 */
DAIS_CHECK_RESULT int32_t ws_accept_check(struct dais_req *req, struct ws_refusal *ret_refusal);

/**
 * Checks `req` and accepts it by http_upgrade, which see for `fn` and for which requests it may be.
 * Otherwise `req` is answered by a problem document and the error returned, `fn` is not called; one
 * that was detached still needs its http_finish. [worker] [fiber]
 */
int32_t ws_accept(struct dais_req *req, http_upgraded_fn fn, void *context);
