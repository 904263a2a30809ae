/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The other protocol of the tests: a wire that says back what it hears.
 *
 *   echo_setup, before the server → echo_serve as endpoint, with echo_begin or echo_move as its
 *   context → echo_end_all as the rig's `stopping`
 */
#include "net/http_endpoint.h"
#include "net/http_upgrade.h"

#include <stdatomic.h>
#include <stdint.h>

/** Connections that left HTTP; that were lost before; that were mailed to the other worker. */
extern _Atomic uint32_t echo_served, echo_lost, echo_moved;
/** TCP_NODELAY and TCP_USER_TIMEOUT of the last one. */
extern _Atomic int echo_nodelay, echo_user_timeout_ms;

void echo_setup(void);

/** Upgrades; `context` is the http_upgraded_fn. [worker] */
void echo_serve(struct dais_req *req, void *context);

/** An http_upgraded_fn: echoes, beginning with what came early. */
void echo_begin(void *context, struct wire *wire, struct dais_str early);

/** The same on the other worker, to which the wire is mailed after it was watched here. */
void echo_move(void *context, struct wire *wire, struct dais_str early);

/** Closes all of a worker. [worker] */
void echo_end_all(uint32_t worker);

/** An endpoint of `path` that upgrades by `serve`, which gets `upgraded`. */
#define ECHO_ENDPOINT(path_, serve_, upgraded_)                                                    \
    &(const struct http_endpoint)                                                                  \
    {                                                                                              \
        .path = path_, .serve = serve_, .context = (void *)upgraded_                               \
    }
