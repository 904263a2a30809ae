/* SPDX-License-Identifier: MIT */
#include "window.h"

#include <assert.h>
#include <string.h>

#define US 1000000u

uint64_t window_segment_us(const struct window_segment *segment)
{
    return segment->ticks * US / segment->timescale;
}

static void measure(struct window_rate *rate, const struct window_segment *segment,
                    uint32_t target_ms)
{
    const uint64_t us = window_segment_us(segment);
    if (segment->gap || us == 0) {
        return;
    }
    rate->bytes += segment->bytes;
    rate->us += us;
    const uint64_t now = segment->bytes * 8 * US / us;
    const bool counts = us >= (uint64_t)target_ms * 1000 / 2 || rate->peak == 0;
    if (counts && now > rate->peak) {
        rate->peak = now;
    }
}

void window_append(struct window *window, const struct window_segment *segment, uint32_t target_ms)
{
    assert(window->count < WINDOW_SEGMENTS_MAX);
    window->segments[window->count++] = *segment;
    window->bytes += segment->bytes;
    measure(&window->rate, segment, target_ms);
}

struct window_segment window_take(struct window *window)
{
    assert(window->count > 0);
    const struct window_segment oldest = window->segments[0];
    window->count--;
    window->bytes -= oldest.bytes;
    memmove(window->segments, window->segments + 1, window->count * sizeof(window->segments[0]));
    return oldest;
}

uint64_t window_average(const struct window *window)
{
    const struct window_rate *rate = &window->rate;
    return rate->us > 0 ? (uint64_t)((double)rate->bytes * 8 * US / (double)rate->us) : 0;
}

uint32_t window_longest_s(const struct window *window)
{
    uint64_t longest_us = 0;
    for (uint32_t i = 0; i < window->count; i++) {
        const uint64_t us = window_segment_us(&window->segments[i]);
        longest_us = us > longest_us ? us : longest_us;
    }
    return (uint32_t)((longest_us + US / 2) / US);
}
