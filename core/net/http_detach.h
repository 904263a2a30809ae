/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Requests that wait for their answer without a fiber: long polls.
 *
 *   http_detach, in the handler → it returns → later http_reply… and http_finish, on the same
 * worker → or `gone`, once: the client left
 *
 * A request that waits is not read from, so that only the kernel knows whether its client is there:
 * all are asked about once a second, which tells `gone`. When the server stops, each is taken away
 * as if its client had left, and answered 503. Either way the request is gone once `gone` returned;
 * exactly one of `gone` and http_finish (or http_upgrade) ends it. It has no deadline of its own.
 */
#include "net/http.h"

/** The answer is not due any more and `req` is gone when this returns. [worker's own stack] */
typedef void (*http_gone_fn)(struct dais_req *req, void *context);

/**
 * Puts the answer off: the handler or endpoint may return without one. One that then returns an
 * error is answered at once, without `gone`. DAIS_E_STATE when there is an answer already or the
 * request is detached, DAIS_E_UNAVAILABLE when the server stops: it must be answered now. [worker]
 * [fiber of the request]
 */
DAIS_CHECK_RESULT int32_t http_detach(struct dais_req *req, http_gone_fn gone, void *context);

/**
 * Sends what http_reply, http_reply_buf, http_fail … noted for a detached request (a 500 when none
 * did); the request is gone. While its handler still runs, that is done when it returns. [worker]
 * [fiber], on the request's worker
 */
void http_finish(struct dais_req *req);

/** Asks the kernel now whether the client left; `gone` is not called by this. [worker] [fiber] */
bool http_detached_left(const struct dais_req *req);
