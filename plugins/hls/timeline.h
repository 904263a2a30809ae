/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One output timeline for both tracks of a stream.
 *
 * Publishers count time from anywhere, jump, and come back from zero after a reconnect. The output
 * never goes back: within a stretch of continuous input both tracks are moved by the same offset,
 * so that they stay as far apart as received; at a break a new stretch begins where the old one
 * ended. The wall clock of a stretch is that of its first packet's arrival.
 *
 * Times are ticks of TRACK_CLOCK. Used by segmenter.c alone.
 */
#include "track.h"

/** Input further from where it is expected than this is a jump, in ticks (3 s). */
#define TIMELINE_JUMP_TICKS (3 * (int64_t)TRACK_CLOCK)
/** Where the output of a stream begins, in ticks (10 s): earlier samples still have positive times.
 */
#define TIMELINE_ORIGIN (10 * (int64_t)TRACK_CLOCK)
/** The caller refuses larger input times, in either direction (some 3,000 years). */
#define TIMELINE_INPUT_MAX ((int64_t)1 << 53)

/** What a packet's time means. */
enum timeline_verdict {
    TIMELINE_CONTINUES,
    TIMELINE_JUMPS, /**< a new stretch must begin */
    TIMELINE_STRAYS /**< belongs to no stretch: left over from before a jump */
};

/** State; zeroed and then timeline_init. */
struct timeline {
    int64_t offset;            /**< output time = input time + offset */
    int64_t clock;             /**< last input time of whichever track */
    int64_t last[TRACK_KINDS]; /**< last input time of each track in this stretch */
    bool seen[TRACK_KINDS];
    bool anchored;    /**< the stretch has had a packet */
    int64_t start;    /**< output time at which the stretch begins */
    int64_t wall_ms;  /**< Unix time of `start` */
    int64_t wall_min; /**< the next stretch may not begin before this Unix time */
};

/** A timeline without input. */
void timeline_init(struct timeline *timeline);

/** Judges the decoding time `dts` of a packet of `kind`. Changes nothing. */
enum timeline_verdict timeline_judge(const struct timeline *timeline, enum track_kind kind,
                                     int64_t dts);

/**
 * Takes a packet that continues the stretch, arrived at Unix time `wall_ms`; anchors the stretch if
 * it is its first. Afterwards timeline_map is valid.
 */
void timeline_take(struct timeline *timeline, enum track_kind kind, int64_t dts, int64_t wall_ms);

/** The output time of the input time `time`. */
int64_t timeline_map(const struct timeline *timeline, int64_t time);

/** Moves the stretch so that its output time `from` becomes `start`; returns what was added. */
int64_t timeline_shift(struct timeline *timeline, int64_t from);

/** Ends the stretch at output time `end`; the next packet anchors a new one there. */
void timeline_break(struct timeline *timeline, int64_t end);

/** Unix time in milliseconds of an output time. */
int64_t timeline_wall_ms(const struct timeline *timeline, int64_t time);
