/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A segmenter whose cuts are written down: what the plugin does with them, without a server.
 *
 * collect_new → segmenter_track/push/break on `collect->segmenter` → look at `cuts` → collect_free.
 * Finished segments also lie in `windows`, as bytes (struct collect_bytes) behind `media`.
 */
#include "segmenter.h"
#include "window.h"

#define COLLECT_CUTS_MAX 512u
#define COLLECT_INITS_MAX 8u

/** The bytes of a finished segment. */
struct collect_bytes {
    size_t len;
    uint8_t bytes[];
};

/** One cut, without its samples. */
struct collect_cut {
    struct segmenter_cut cut;
    uint64_t first_dts;
    bool key; /**< the first sample is a keyframe */
};

struct collect {
    struct segmenter segmenter;
    struct collect_cut cuts[COLLECT_CUTS_MAX];
    uint32_t count;
    int64_t refs; /**< packets taken and not released yet */
    struct window windows[TRACK_KINDS];
    struct collect_bytes *open[TRACK_KINDS]; /**< the fragments of the segment so far */
};

/** A segmenter with these limits; a limit that is 0 takes the usual value. */
struct collect *collect_new(struct segmenter_limits limits);

void collect_free(struct collect *collect);

/** Announces a track without a record: video, or AAC of `rate` Hz. */
void collect_video(struct collect *collect, uint32_t init);
void collect_audio(struct collect *collect, uint32_t rate, uint32_t init);

/** Pushes a packet of 100 bytes; times and arrival in milliseconds. */
int32_t collect_push(struct collect *collect, enum track_kind kind, bool key, int64_t ms);

/** The last cut of the segment `msn` of `kind`, or NULL. */
const struct collect_cut *collect_find(const struct collect *collect, enum track_kind kind,
                                       uint64_t msn);
