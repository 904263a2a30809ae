/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The endpoint `/ws`: plain WebSocket clients that speak envelopes (envelope.h).
 *
 *   GET /ws?token=…&guest=…&resume=…  with an upgrade; the token may stand in Authorization instead
 *
 * A token is verified before the 101 (401 else). A client that cannot send one there sends
 * {"event":"auth","data":{"token","guest","resume"}} first; until it does it is a guest.
 */
#include "net/http_endpoint.h"

/** The endpoint, for http_table_endpoint; constant, valid for ever. */
const struct http_endpoint *ws_endpoint(void);
