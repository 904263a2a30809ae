/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.services/1: calls between plugins.
 *
 * Services are offered and needed by the tables of the plugin descriptor. Calls go through the
 * inline functions of the service's header (dais/svc/…), which tell the host that another plugin
 * works from here to there, so that time, errors and crashes are charged to the right one.
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
};

DAIS_SLOT const struct dais_services_v1 *dais_services;
#define DAIS_NEED_SERVICES DAIS_NEED(services, "dais.services/1", 0)

#ifdef __cplusplus
}
#endif
