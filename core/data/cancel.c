/* SPDX-License-Identifier: MIT */
#include "data/cancel.h"

#include "data/metrics.h"
#include "loop/fiber.h"
#include "loop/job.h"

#include <string.h>

static int32_t ask(void *arg)
{
    const struct cancel *cancel = arg;
    char reason[256];
    return PQcancel(cancel->handle, reason, sizeof reason) == 1 ? DAIS_OK : DAIS_E_UNAVAILABLE;
}

static void run(void *arg)
{
    struct cancel *cancel = arg;
    uint32_t job_class = 0;
    int32_t code = job_class_find(dais_cstr("database"), &job_class);
    if (code == DAIS_OK)
        code = job_run(job_class, ask, cancel);
    if (code == DAIS_OK)
        data_metric_add(DATA_METRIC_CANCELS, 1);
    PQfreeCancel(cancel->handle);
    cancel->done(cancel);
}

int32_t cancel_start(struct cancel *cancel, PGconn *pg, void (*done)(struct cancel *cancel))
{
    *cancel = (struct cancel){.handle = PQgetCancel(pg), .done = done};
    if (!cancel->handle)
        return DAIS_E_MEMORY;
    const struct fiber_spec spec = {.name = "database cancel", .fn = run, .arg = cancel};
    int32_t code = fiber_spawn(&spec, NULL);
    if (code != DAIS_OK)
        PQfreeCancel(cancel->handle);
    return code;
}
