/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The samples of one track that wait to be packaged.
 *
 * A lane gives every sample its place on the output timeline (video: decoding times that rise;
 * audio: counted samples, set right only when the clock of the stream is more than 50 ms away) and
 * its duration, which is known once the next sample is there. segmenter.c decides where to cut.
 *
 * Sample times are in the track's timescale, all others in ticks of TRACK_CLOCK.
 */
#include "box.h"

/** The most samples that wait: 10.6 s at 120 frames a second, 13.6 s of AAC at 96 kHz. */
#define LANE_SAMPLES_MAX 1280u
/** Audio this far from the stream's clock is set right, in milliseconds. */
#define LANE_AUDIO_DRIFT_MS 50
/** A composition offset beyond this is refused, in ticks (10 s). */
#define LANE_OFFSET_MAX (10 * (int64_t)TRACK_CLOCK)

/** State; zeroed, then lane_configure. */
struct lane {
    enum track_kind kind;
    bool known; /**< the track was announced */
    bool on;    /**< it is part of the running stretch */
    bool wait_key;
    uint32_t timescale;
    uint32_t frame_ticks;   /**< fixed duration of a frame, or 0 */
    uint32_t nominal_ticks; /**< duration of the last sample whose duration was known */
    uint32_t init;          /**< number of the init segment */
    uint32_t sequence;      /**< fragments cut so far */
    uint64_t next;        /**< video: the earliest decoding time; audio: the expected one; 0: any */
    int64_t end;          /**< where what was appended ends */
    uint64_t msn;         /**< segment that the waiting samples belong to */
    uint32_t part;        /**< fragments of that segment cut already */
    uint64_t segment_dts; /**< first decoding time of that segment, once part > 0 */
    uint64_t segment_ticks; /**< duration of those fragments */
    int64_t segment_start;  /**< presentation time of the first sample, once part > 0 */
    uint64_t segment_bytes; /**< payload of those fragments */
    uint64_t bytes;         /**< payload that waits */
    uint32_t count;
    struct box_sample samples[LANE_SAMPLES_MAX];
};

/** One access unit on the output timeline. */
struct lane_unit {
    int64_t dts;
    int64_t pts;
    const uint8_t *ptr;
    uint32_t len;
    uint32_t key;
    void *ref;
};

/** Makes the lane ready for samples of a configuration. It must be empty. */
void lane_configure(struct lane *lane, uint32_t timescale, uint32_t frame_ticks, uint32_t init);

/**
 * Appends an access unit. DAIS_E_LIMIT: the lane is full · DAIS_E_INVALID: its times cannot be
 * used · DAIS_E_CONFLICT: audio that overlaps what is there already.
 */
int32_t lane_append(struct lane *lane, const struct lane_unit *unit) DAIS_CHECK_RESULT;

/** `ticks` of the lane's timescale as ticks of TRACK_CLOCK. */
int64_t lane_time(const struct lane *lane, uint64_t ticks);

/** `time` of TRACK_CLOCK, not negative, in the lane's timescale. */
uint64_t lane_ticks(const struct lane *lane, int64_t time);

/** How long the segment would be if it ended before the newest sample; the lane is not empty. */
int64_t lane_elapsed(const struct lane *lane);

/** How many of the waiting samples are presented before `time`; for audio, whose order is theirs.
 */
uint32_t lane_count_before(const struct lane *lane, int64_t time);

/** Fills in the durations of the first `count` samples and returns their sum. */
uint64_t lane_measure(struct lane *lane, uint32_t count);

/** Takes the first `count` samples out; the caller has released them. */
void lane_remove(struct lane *lane, uint32_t count);

/** Moves all samples by `delta` ticks of TRACK_CLOCK. */
void lane_shift(struct lane *lane, int64_t delta);

/** Forgets times, so that the next sample may be anywhere. The lane must be empty. */
void lane_restart(struct lane *lane);
