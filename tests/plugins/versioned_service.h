/* SPDX-License-Identifier: MIT */
#pragma once
/* example.versioned/1: the service that the test plugin `versioned` offers. */
#include "dais/services.h"

struct versioned_service_v1 {
    /** [fiber] [suspends] The number of the code that answers, after `ms` milliseconds. */
    int64_t (*number_after)(uint64_t ms);
};

DAIS_SLOT const struct versioned_service_v1 *dais_versioned;
#define DAIS_NEED_VERSIONED DAIS_NEED(versioned, "example.versioned/1", 0)

/** [fiber] [suspends] See struct versioned_service_v1. */
static inline int64_t versioned_number_after(uint64_t ms)
{
    uint64_t entered = dais_services->enter(dais_versioned);
    int64_t result = dais_versioned->number_after(ms);
    dais_services->leave(entered);
    return result;
}
