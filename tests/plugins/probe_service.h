/* SPDX-License-Identifier: MIT */
#pragma once
/* example.probe/1: the service that the test plugin `probe` offers and `caller` uses. */
#include "dais/services.h"

struct probe_service_v1 {
    /** [any] Twice `number`. */
    int64_t (*twice)(int64_t number);
};

DAIS_SLOT const struct probe_service_v1 *dais_probe;
#define DAIS_NEED_PROBE DAIS_NEED(probe, "example.probe/1", 0)

/** [any] Twice `number`; see struct probe_service_v1. */
static inline int64_t probe_twice(int64_t number)
{
    uint64_t entered = dais_services->enter(dais_probe);
    int64_t result = dais_probe->twice(number);
    dais_services->leave(entered);
    return result;
}
