/* SPDX-License-Identifier: MIT */
#include "lane.h"

#include <assert.h>
#include <string.h>

/* Until a first duration is known: 30 frames a second. */
#define VIDEO_TICKS_DEFAULT (TRACK_CLOCK / 30)

void lane_configure(struct lane *lane, uint32_t timescale, uint32_t frame_ticks, uint32_t init)
{
    assert(timescale > 0);
    lane_restart(lane);
    lane->known = true;
    lane->timescale = timescale;
    lane->frame_ticks = frame_ticks;
    lane->nominal_ticks = frame_ticks > 0 ? frame_ticks : VIDEO_TICKS_DEFAULT;
    lane->init = init;
}

int64_t lane_time(const struct lane *lane, uint64_t ticks)
{
    if (lane->timescale == TRACK_CLOCK) {
        return (int64_t)ticks;
    }
    /* Seconds and rest apart, so that no product overflows. */
    return (int64_t)(ticks / lane->timescale * TRACK_CLOCK +
                     ticks % lane->timescale * TRACK_CLOCK / lane->timescale);
}

uint64_t lane_ticks(const struct lane *lane, int64_t time)
{
    assert(time >= 0);
    if (lane->timescale == TRACK_CLOCK) {
        return (uint64_t)time;
    }
    return (uint64_t)(time / TRACK_CLOCK * lane->timescale +
                      time % TRACK_CLOCK * lane->timescale / TRACK_CLOCK);
}

/* Video: as received, but rising. */
static int32_t place_video(const struct lane *lane, const struct lane_unit *unit,
                           struct box_sample *sample)
{
    const uint64_t dts = (uint64_t)unit->dts;
    sample->dts = dts < lane->next ? lane->next : dts;
    const int64_t offset = unit->pts - (int64_t)sample->dts;
    if (offset > LANE_OFFSET_MAX || offset < -LANE_OFFSET_MAX) {
        return DAIS_E_INVALID;
    }
    sample->offset = (int32_t)offset;
    return DAIS_OK;
}

/* Audio: right behind the last frame, unless the stream's clock says that something is missing
 * (then the last frame lasts longer) or overlaps. Times that publishers round to milliseconds would
 * otherwise overlap by a few samples at each frame. */
static int32_t place_audio(const struct lane *lane, const struct lane_unit *unit,
                           struct box_sample *sample)
{
    const uint64_t told = lane_ticks(lane, unit->dts);
    const uint64_t drift = (uint64_t)lane->timescale * LANE_AUDIO_DRIFT_MS / 1000;
    if (lane->next == 0 || told > lane->next + drift) {
        sample->dts = told;
        return DAIS_OK;
    }
    if (told + drift < lane->next) {
        return DAIS_E_CONFLICT;
    }
    sample->dts = lane->next;
    return DAIS_OK;
}

int32_t lane_append(struct lane *lane, const struct lane_unit *unit)
{
    if (unit->dts < 0 || unit->pts < 0) {
        return DAIS_E_INVALID;
    }
    if (lane->count == LANE_SAMPLES_MAX) {
        return DAIS_E_LIMIT;
    }
    struct box_sample sample = {
        .ptr = unit->ptr, .len = unit->len, .key = unit->key, .ref = unit->ref};
    const bool counted = lane->frame_ticks > 0;
    const int32_t code = counted ? place_audio(lane, unit, &sample)
                                 : place_video(lane, unit, &sample);
    if (code != DAIS_OK) {
        return code;
    }
    lane->next = sample.dts + (counted ? lane->frame_ticks : 1);
    const int64_t shown = sample.offset > 0 ? sample.offset : 0;
    const int64_t end = lane_time(lane, sample.dts + lane->nominal_ticks) + shown;
    lane->end = end > lane->end ? end : lane->end;
    lane->bytes += sample.len;
    lane->samples[lane->count++] = sample;
    return DAIS_OK;
}

int64_t lane_elapsed(const struct lane *lane)
{
    assert(lane->count > 0);
    const uint64_t start = lane->part > 0 ? lane->segment_dts : lane->samples[0].dts;
    return lane_time(lane, lane->samples[lane->count - 1].dts - start);
}

uint32_t lane_count_before(const struct lane *lane, int64_t time)
{
    uint32_t count = 0;
    while (count < lane->count && lane_time(lane, lane->samples[count].dts) < time) {
        count++;
    }
    return count;
}

uint64_t lane_measure(struct lane *lane, uint32_t count)
{
    assert(count <= lane->count);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct box_sample *sample = &lane->samples[i];
        if (i + 1 < lane->count) {
            sample->duration = (uint32_t)(lane->samples[i + 1].dts - sample->dts);
            lane->nominal_ticks = lane->frame_ticks > 0 ? lane->frame_ticks : sample->duration;
        } else {
            sample->duration = lane->nominal_ticks;
        }
        sum += sample->duration;
    }
    return sum;
}

void lane_remove(struct lane *lane, uint32_t count)
{
    assert(count <= lane->count);
    for (uint32_t i = 0; i < count; i++) {
        lane->bytes -= lane->samples[i].len;
    }
    lane->count -= count;
    memmove(lane->samples, lane->samples + count, lane->count * sizeof(lane->samples[0]));
}

void lane_shift(struct lane *lane, int64_t delta)
{
    if (lane->count == 0) {
        lane_restart(lane);
        return;
    }
    const uint64_t ticks = lane_ticks(lane, delta < 0 ? -delta : delta);
    for (uint32_t i = 0; i < lane->count; i++) {
        lane->samples[i].dts += delta < 0 ? -ticks : ticks;
    }
    lane->next += delta < 0 ? -ticks : ticks;
    lane->end += delta;
}

void lane_restart(struct lane *lane)
{
    assert(lane->count == 0);
    lane->next = 0;
    lane->end = 0;
}
