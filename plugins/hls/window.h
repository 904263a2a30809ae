/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The finished segments of one track that are still held, oldest first, and its bit rates.
 *
 * The newest `listed_max` stand in the playlist; some older ones are kept for players whose
 * playlist is older. Pure bookkeeping: the media itself is an opaque pointer that the owner
 * releases when a segment is taken out.
 */
#include "track.h"

/** The most segments that a window holds, listed or not. */
#define WINDOW_SEGMENTS_MAX 64u

/** A finished segment. */
struct window_segment {
    uint64_t msn;
    uint64_t ticks; /**< duration in the track's timescale */
    uint32_t timescale;
    uint32_t init; /**< number of its init segment */
    int64_t wall_ms;
    uint64_t discontinuities; /**< count of discontinuities up to its start */
    bool discontinuity;       /**< one stands right before it */
    bool gap;                 /**< it has no media */
    uint64_t bytes;
    void *media; /**< NULL for a gap */
};

/** Bit rates measured over finished segments, in bits a second. */
struct window_rate {
    uint64_t peak;
    uint64_t bytes;
    uint64_t us;
};

/** The segments of one track; zeroed at first. */
struct window {
    struct window_segment segments[WINDOW_SEGMENTS_MAX];
    uint32_t count;
    uint64_t bytes; /**< of all segments held */
    struct window_rate rate;
};

/**
 * Appends a segment; the window must hold less than WINDOW_SEGMENTS_MAX. Segments shorter than half
 * of `target_ms` do not count for the peak (RFC 8216 §4.3.4.2), unless there is no other.
 */
void window_append(struct window *window, const struct window_segment *segment, uint32_t target_ms);

/** Takes out the oldest segment, which the owner releases; the window is not empty. */
struct window_segment window_take(struct window *window);

/** Average bit rate since the start. */
uint64_t window_average(const struct window *window);

/** Duration of a segment in microseconds. */
uint64_t window_segment_us(const struct window_segment *segment);

/** The longest duration held, in whole seconds, rounded as playlists round it. */
uint32_t window_longest_s(const struct window *window);
