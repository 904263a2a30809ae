/* SPDX-License-Identifier: MIT */
#pragma once
/* What each worker keeps for itself. */
#include "turns.h"

struct worker {
    struct turns typing;
    struct turns joins;
};

/** For plugin.c. */
int32_t worker_start(uint32_t worker);
void worker_stop(uint32_t worker);

/** [worker] [fiber] The running worker's. */
struct worker *worker_self(void);
