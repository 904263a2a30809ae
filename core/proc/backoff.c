/* SPDX-License-Identifier: MIT */
#include "proc/backoff.h"

#include "base/check.h"

void backoff_init(struct backoff *backoff, uint32_t first_ms, uint32_t max_ms)
{
    CHECK(first_ms > 0 && first_ms <= max_ms);
    *backoff = (struct backoff){.first_ms = first_ms, .max_ms = max_ms, .next_ms = 0};
}

uint32_t backoff_next(struct backoff *backoff, uint64_t lived_ms)
{
    if (lived_ms >= BACKOFF_GOOD_LIFE_MS)
        backoff->next_ms = 0;
    uint32_t delay_ms = backoff->next_ms;
    uint64_t doubled = delay_ms == 0 ? backoff->first_ms : 2ull * delay_ms;
    backoff->next_ms = doubled < backoff->max_ms ? (uint32_t)doubled : backoff->max_ms;
    return delay_ms;
}
