/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include "dais/fiber.h"
#include "dais/mem.h"

/** At least as many as the core starts. */
#define WORKERS_MAX 256

static struct worker *workers[WORKERS_MAX];

int32_t worker_start(uint32_t worker)
{
    if (worker >= WORKERS_MAX)
        return DAIS_E_LIMIT;
    workers[worker] = dais_mem->state_alloc(sizeof *workers[worker]);
    return workers[worker] ? DAIS_OK : DAIS_E_MEMORY;
}

void worker_stop(uint32_t worker)
{
    if (worker >= WORKERS_MAX)
        return;
    dais_mem->state_free(workers[worker]);
    workers[worker] = NULL;
}

struct worker *worker_self(void)
{
    return workers[dais_fiber->worker()];
}
