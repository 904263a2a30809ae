/* SPDX-License-Identifier: MIT */
#include "collect.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void collect_bytes(struct collect *collect, const struct segmenter_cut *cut)
{
    const size_t size = cut->fragment.count > 0 ? box_fragment_size(&cut->fragment) : 0;
    struct collect_bytes **open = &collect->open[cut->fragment.kind];
    const size_t before = *open != NULL ? (*open)->len : 0;
    *open = realloc(*open, sizeof(struct collect_bytes) + before + size);
    assert(*open != NULL);
    (*open)->len = before + size;
    if (size > 0) {
        box_fragment_write(&cut->fragment, (*open)->bytes + before);
    }
}

static void on_cut(void *context, const struct segmenter_cut *cut)
{
    struct collect *collect = context;
    assert(collect->count < COLLECT_CUTS_MAX);
    struct collect_cut *slot = &collect->cuts[collect->count++];
    *slot = (struct collect_cut){.cut = *cut};
    if (cut->fragment.count > 0) {
        slot->first_dts = cut->fragment.samples[0].dts;
        slot->key = cut->fragment.samples[0].key;
    }
    slot->cut.fragment.samples = NULL;
    collect_bytes(collect, cut);
    if (!cut->last) {
        return;
    }
    struct collect_bytes *media = collect->open[cut->fragment.kind];
    collect->open[cut->fragment.kind] = NULL;
    const struct window_segment segment = {
        .msn = cut->msn,
        .ticks = cut->ticks,
        .timescale = cut->timescale,
        .init = cut->init,
        .wall_ms = cut->wall_ms,
        .discontinuities = cut->discontinuities,
        .discontinuity = cut->discontinuity,
        .gap = cut->gap,
        .bytes = media->len,
        .media = media,
    };
    struct window *window = &collect->windows[cut->fragment.kind];
    if (window->count == WINDOW_SEGMENTS_MAX) {
        free(window_take(window).media);
    }
    window_append(window, &segment, collect->segmenter.limits.target_ms);
}

static void on_release(void *context, void *ref)
{
    struct collect *collect = context;
    collect->refs--;
    free(ref);
}

static const struct segmenter_ops ops = {on_cut, on_release};

struct collect *collect_new(struct segmenter_limits limits)
{
    struct collect *collect = calloc(1, sizeof(*collect));
    assert(collect != NULL);
    limits.target_ms = limits.target_ms > 0 ? limits.target_ms : 2000;
    limits.segment_ms_max = limits.segment_ms_max > 0 ? limits.segment_ms_max : 10000;
    limits.segment_bytes_max = limits.segment_bytes_max > 0 ? limits.segment_bytes_max : 32 << 20;
    segmenter_init(&collect->segmenter, &limits, &ops, collect);
    return collect;
}

void collect_free(struct collect *collect)
{
    segmenter_break(&collect->segmenter);
    assert(collect->refs == 0);
    for (uint32_t kind = 0; kind < TRACK_KINDS; kind++) {
        while (collect->windows[kind].count > 0) {
            free(window_take(&collect->windows[kind]).media);
        }
        free(collect->open[kind]);
    }
    free(collect);
}

void collect_video(struct collect *collect, uint32_t init)
{
    const struct track track = {.kind = TRACK_VIDEO, .timescale = TRACK_CLOCK};
    segmenter_track(&collect->segmenter, &track, init);
}

void collect_audio(struct collect *collect, uint32_t rate, uint32_t init)
{
    const struct track track = {.kind = TRACK_AUDIO, .timescale = rate, .frame_ticks = 1024};
    segmenter_track(&collect->segmenter, &track, init);
}

int32_t collect_push(struct collect *collect, enum track_kind kind, bool key, int64_t ms)
{
    void *ref = malloc(100);
    assert(ref != NULL);
    memset(ref, 0x55, 100);
    const struct segmenter_packet packet = {
        .kind = kind,
        .key = key,
        .dts = ms * 90,
        .pts = ms * 90,
        .ptr = ref,
        .len = 100,
        .ref = ref,
        .wall_ms = ms,
    };
    collect->refs++;
    const int32_t code = segmenter_push(&collect->segmenter, &packet);
    if (code != DAIS_OK) {
        on_release(collect, ref);
    }
    return code;
}

const struct collect_cut *collect_find(const struct collect *collect, enum track_kind kind,
                                       uint64_t msn)
{
    for (uint32_t i = 0; i < collect->count; i++) {
        const struct collect_cut *cut = &collect->cuts[i];
        if (cut->cut.fragment.kind == kind && cut->cut.msn == msn && cut->cut.last) {
            return cut;
        }
    }
    return NULL;
}
