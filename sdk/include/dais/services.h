/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.services/1: calls between plugins.
 *
 * Services are offered and needed by the tables of the plugin descriptor. Calls go through the
 * inline functions of the service's header (dais/svc/…), which tell the host that another plugin
 * works from here to there, so that time, errors and crashes are charged to the right one.
 *
 * A service may have several providers: each offers an *instance* of it, "dais.roomsource/1:live".
 * Who needs one of them names it; who asks all of them goes through `each`, and needs no provider
 * to start: it finds those that have started, now.
 */
#include "dais/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct dais_services_v1 {
    /** [any] The functions behind `table` run from here; returns what `leave` wants back. */
    uint64_t (*enter)(const void *table);
    /** [any] The call is over. */
    void (*leave)(uint64_t entered);
    /**
     * [fiber] [worker] The `index`-th table of all instances of `name` ("dais.roomsource/1") that
     * started plugins offer, those of one plugin beside each other, plugins in the order of their
     * ids; NULL behind the last one. Who is left out, or has not started yet, is not among them.
     * Borrowed: valid until the caller suspends, unless it has called `enter` on it: then until
     * `leave`. Behind a suspension the same index may give another table.
     */
    const void *(*each)(const char *name, uint32_t index);
};

DAIS_SLOT const struct dais_services_v1 *dais_services;
#define DAIS_NEED_SERVICES DAIS_NEED(services, "dais.services/1", 0)

#ifdef __cplusplus
}
#endif
