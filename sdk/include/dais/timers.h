/* SPDX-License-Identifier: MIT */
#pragma once
/* dais.timers/1: work that comes again. Each run is a fiber; a run that is late is not doubled. */
#include "dais/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DAIS_TIMER_EACH_WORKER 1u /**< on every worker; otherwise once per process, on worker 0 */

/** One periodic task. */
struct dais_timer {
    const char *name;
    uint32_t every_ms; /**< from the end of one run to the start of the next, ± 10 % */
    uint32_t flags;    /**< DAIS_TIMER_… */
    /** [fiber] One run. */
    void (*run)(void);
};

struct dais_timers_v1 {
    /** [setup] Registers periodic tasks; the table ends with a row whose name is NULL. */
    int32_t (*every)(const struct dais_timer *table);
};

DAIS_SLOT const struct dais_timers_v1 *dais_timers;
#define DAIS_NEED_TIMERS DAIS_NEED(timers, "dais.timers/1", 0)

#ifdef __cplusplus
}
#endif
