/* SPDX-License-Identifier: MIT */
/*
 * The segmenter under arbitrary packets. The first byte sets the limits, then each step of four
 * bytes is a packet, a new configuration or a break. What must hold whatever comes: media sequence
 * numbers rise by one, times of a track never go back, no segment rounds to more than the target
 * duration, and every packet is released (collect_free).
 */
#include <stdlib.h>

#include "collect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define STEP_BYTES 4

struct watch {
    uint64_t next_msn[TRACK_KINDS];
    uint64_t next_us[TRACK_KINDS]; /* where the last fragment of the track ended */
};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_cut(struct watch *watch, const struct collect *collect,
                      const struct collect_cut *made)
{
    const struct segmenter_cut *cut = &made->cut;
    const enum track_kind kind = cut->fragment.kind;
    const uint64_t expected = watch->next_msn[kind];
    /* A track that was away leaves numbers out; otherwise they rise by one. */
    require(cut->msn >= expected && cut->ticks > 0 && cut->timescale > 0);
    watch->next_msn[kind] = cut->last ? cut->msn + 1 : cut->msn;
    const uint32_t target_s = collect->segmenter.target_s;
    const uint64_t ms = cut->ticks * 1000 / cut->timescale;
    require(target_s == 0 || ms < (uint64_t)target_s * 1000 + 500);
    if (cut->fragment.count > 0) {
        const uint64_t start_us = made->first_dts * 1000000 / cut->timescale;
        require(start_us + 100 >= watch->next_us[kind]); /* another timescale may round */
        watch->next_us[kind] = start_us;
    }
}

static void check_cuts(struct watch *watch, struct collect *collect)
{
    for (uint32_t i = 0; i < collect->count; i++) {
        check_cut(watch, collect, &collect->cuts[i]);
    }
    collect->count = 0;
}

static int64_t push_step(struct collect *collect, const uint8_t *step, int64_t now_ms)
{
    const enum track_kind kind = step[0] & 1 ? TRACK_AUDIO : TRACK_VIDEO;
    const int64_t delta = step[1] & 0x80 ? (int8_t)step[2] * 500 : step[2] % 50;
    void *ref = malloc(step[3] + 1u);
    if (ref == NULL) {
        return now_ms;
    }
    const struct segmenter_packet packet = {
        .kind = kind,
        .key = step[0] & 2,
        .dts = (now_ms + delta) * 90,
        .pts = (now_ms + delta + (int8_t)step[1] % 64) * 90,
        .ptr = ref,
        .len = step[3] + 1u,
        .ref = ref,
        .wall_ms = now_ms > 0 ? now_ms : 0,
    };
    memset(ref, 0, packet.len);
    collect->refs++;
    if (segmenter_push(&collect->segmenter, &packet) != DAIS_OK) {
        collect->refs--;
        free(ref);
    }
    return now_ms + delta;
}

static int64_t take_step(struct collect *collect, const uint8_t *step, int64_t now_ms)
{
    switch (step[0] >> 4) {
    case 15:
        segmenter_break(&collect->segmenter);
        return now_ms;
    case 14:
        collect_video(collect, step[1]);
        return now_ms;
    case 13:
        collect_audio(collect, step[1] & 1 ? 44100 : 48000, step[1]);
        return now_ms;
    default:
        return push_step(collect, step, now_ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 1) {
        return 0;
    }
    struct collect *collect = collect_new((struct segmenter_limits){
        .target_ms = data[0] & 1 ? 1000 : 2000,
        .segment_ms_max = data[0] & 2 ? 4000 : 10000,
        .fragment_ms = data[0] & 4 ? 300 : 0,
        .segment_bytes_max = data[0] & 8 ? 5000 : 0,
        .first_msn = 1,
    });
    struct watch watch = {{1, 1}, {0, 0}};
    int64_t now_ms = 100000;
    collect_video(collect, 0);
    collect_audio(collect, 48000, 0);
    for (size_t at = 1; at + STEP_BYTES <= len; at += STEP_BYTES) {
        now_ms = take_step(collect, data + at, now_ms);
        check_cuts(&watch, collect);
    }
    segmenter_break(&collect->segmenter);
    check_cuts(&watch, collect);
    collect_free(collect);
    return 0;
}
