/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Timers of a worker: intrusive, in a hierarchical wheel of milliseconds, so that arming and
 * stopping cost a few nanoseconds. A timer is armed, stopped and called on one worker, on its own
 * stack (its function must not suspend; it may arm, stop or free any timer, itself included).
 * Delays beyond TIMER_DELAY_MAX_MS are cut to it.
 */
#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

#define TIMER_DELAY_MAX_MS ((uint64_t)1 << 30)

/** A timer; embed it. Zeroed memory is a stopped timer. */
struct timer {
    struct list_node node; /* private, as the next two */
    uint64_t due_ms;
    uint64_t every_ms;
    void (*fn)(struct timer *timer);
};

/** A stopped timer that will call `fn`. */
void timer_init(struct timer *timer, void (*fn)(struct timer *timer));

/** [worker] [fiber] Calls `fn` once, `delay_ms` from now (0: in the next turn). Restarts one that
 * is armed. */
void timer_start(struct timer *timer, uint64_t delay_ms);

/** [worker] [fiber] Calls `fn` every `every_ms` (> 0); a run that is late is not doubled. */
void timer_start_every(struct timer *timer, uint64_t every_ms);

/** [worker] [fiber] Stops it; one that is not armed is left alone. */
void timer_stop(struct timer *timer);

/** Whether it is armed. */
static inline bool timer_is_armed(const struct timer *timer)
{
    return list_is_linked(&timer->node);
}
