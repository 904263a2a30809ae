/* SPDX-License-Identifier: MIT */
#pragma once
/* example.crasher/1: the service that the test plugin `crasher` offers and `victim` uses. */
#include "dais/services.h"

struct crasher_service_v1 {
    /** [any] Does not return. */
    int64_t (*crash)(int64_t number);
};

DAIS_SLOT const struct crasher_service_v1 *dais_crasher;
#define DAIS_NEED_CRASHER DAIS_NEED(crasher, "example.crasher/1", 0)

/** [any] See struct crasher_service_v1. */
static inline int64_t crasher_crash(int64_t number)
{
    uint64_t entered = dais_services->enter(dais_crasher);
    int64_t result = dais_crasher->crash(number);
    dais_services->leave(entered);
    return result;
}
