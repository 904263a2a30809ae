/* SPDX-License-Identifier: MIT */
#include "timeline.h"

void timeline_init(struct timeline *timeline)
{
    *timeline = (struct timeline){.start = TIMELINE_ORIGIN};
}

static bool near(int64_t a, int64_t b)
{
    return a - b <= TIMELINE_JUMP_TICKS && b - a <= TIMELINE_JUMP_TICKS;
}

enum timeline_verdict timeline_judge(const struct timeline *timeline, enum track_kind kind,
                                     int64_t dts)
{
    if (!timeline->anchored || near(dts, timeline->clock)) {
        return TIMELINE_CONTINUES;
    }
    /* A track that was silent for long is measured by the other one; one that lags far behind the
     * other all the time, by itself. Only what fits neither has jumped. */
    if (!timeline->seen[kind]) {
        return TIMELINE_STRAYS;
    }
    return near(dts, timeline->last[kind]) ? TIMELINE_CONTINUES : TIMELINE_JUMPS;
}

void timeline_take(struct timeline *timeline, enum track_kind kind, int64_t dts, int64_t wall_ms)
{
    if (!timeline->anchored) {
        timeline->anchored = true;
        timeline->offset = timeline->start - dts;
        timeline->wall_ms = wall_ms > timeline->wall_min ? wall_ms : timeline->wall_min;
    }
    timeline->clock = dts;
    timeline->last[kind] = dts;
    timeline->seen[kind] = true;
}

int64_t timeline_map(const struct timeline *timeline, int64_t time)
{
    return time + timeline->offset;
}

int64_t timeline_shift(struct timeline *timeline, int64_t from)
{
    const int64_t delta = timeline->start - from;
    timeline->offset += delta;
    timeline->wall_ms -= delta / (TRACK_CLOCK / 1000);
    return delta;
}

void timeline_break(struct timeline *timeline, int64_t end)
{
    const int64_t wall_min = timeline->anchored ? timeline_wall_ms(timeline, end)
                                                : timeline->wall_min;
    *timeline = (struct timeline){.start = end, .wall_min = wall_min};
}

int64_t timeline_wall_ms(const struct timeline *timeline, int64_t time)
{
    return timeline->wall_ms + (time - timeline->start) / (TRACK_CLOCK / 1000);
}
