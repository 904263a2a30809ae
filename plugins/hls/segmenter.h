/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The rules by which packets become segments. Pure: no I/O, no clock, no allocation.
 *
 * Life: segmenter_init → segmenter_track for each track → segmenter_push for each packet → …
 * segmenter_break when the encoder went away (announce the tracks again afterwards, or stop). Cuts
 * come out through `ops.cut` during these calls, in order within a track.
 *
 * - Video leads where there is video: a segment ends at the first keyframe `target_ms` after its
 *   start. Audio is cut at the same presentation time, so both tracks have the same media sequence
 *   numbers. Audio alone is cut by duration.
 * - The target duration of playlists must never change, so it is learned once, from the first group
 *   of pictures: at least target_ms, at most segment_ms_max. When keyframes later come too rarely
 *   for it, segments are cut between keyframes (counted as `forced`): still playable, though nobody
 *   can join there.
 * - A track that is silent where the other one goes on gets a gap (EXT-X-GAP) as its segment.
 * - A changed configuration, a track that joins, a jump of the timestamps and a new encoder end the
 *   stretch: what waits becomes a short segment, and the next one is a discontinuity on a timeline
 *   that goes on where the last one ended. Stretches begin at a keyframe. Jumps are followed at
 * most once a second, so that discontinuities never count faster than the clock.
 *
 * A segment is made of fragments; with fragment_ms 0 of exactly one.
 */
#include "lane.h"
#include "timeline.h"

/** The largest access unit, in bytes. */
#define SEGMENTER_UNIT_BYTES_MAX (16u << 20)
/** A keyframe this much (a fraction of the target) before the target ends the segment too. */
#define SEGMENTER_SLACK_DIVISOR 20
/** How long audio may come later than the video it belongs to, in ticks (1 s). */
#define SEGMENTER_LATE_TICKS ((int64_t)TRACK_CLOCK)
/** Jumps of the timestamps are followed at most this often, in milliseconds. */
#define SEGMENTER_JUMP_MS 1000
/** Segments whose start is known while audio waits. */
#define SEGMENTER_EDGES 8u

/** What a stream is packaged by; all constant. */
struct segmenter_limits {
    uint32_t target_ms;         /**< wanted duration of a segment: 500 to 10000 */
    uint32_t segment_ms_max;    /**< longest segment: target_ms to 10000 */
    uint32_t fragment_ms;       /**< duration of a fragment; 0: the whole segment is one */
    uint64_t segment_bytes_max; /**< payload of a segment */
    uint64_t first_msn;         /**< media sequence number of the first segment */
    uint64_t first_discontinuity;
};

/** A fragment of a segment; valid during the call of `cut`. */
struct segmenter_cut {
    struct box_fragment fragment; /**< count 0: a gap, or the end of a segment without more media */
    uint64_t msn;
    uint32_t part;            /**< index of the fragment in its segment */
    uint32_t init;            /**< as given to segmenter_track */
    uint32_t timescale;       /**< of `ticks` */
    uint64_t ticks;           /**< duration of the segment so far */
    int64_t wall_ms;          /**< Unix time at which the segment's first sample is presented */
    uint64_t discontinuities; /**< first_discontinuity + those up to the start of this segment */
    bool discontinuity;       /**< the segment begins a stretch, but not the first */
    bool last;                /**< the segment is complete */
    bool gap;                 /**< the whole segment has no media */
};

/** How cuts leave. `cut` is called first, then `release` for each of its samples. */
struct segmenter_ops {
    void (*cut)(void *context, const struct segmenter_cut *cut);
    void (*release)(void *context, void *ref);
};

/** One access unit as the media hub delivers it, in ticks of TRACK_CLOCK. */
struct segmenter_packet {
    enum track_kind kind;
    uint32_t key;
    int64_t dts;
    int64_t pts;
    const uint8_t *ptr;
    uint32_t len;
    void *ref;       /**< keeps `ptr` alive; released through ops */
    int64_t wall_ms; /**< Unix time of arrival */
};

/** Where a segment starts. */
struct segmenter_edge {
    int64_t pts;
    uint64_t discontinuities;
    bool discontinuity;
};

/** State of one stream. */
struct segmenter {
    struct segmenter_limits limits;
    const struct segmenter_ops *ops;
    void *context;
    struct timeline timeline;
    bool running;       /**< a stretch has begun */
    bool joining;       /**< a track waits for the next keyframe to begin a stretch with it */
    bool begun;         /**< a stretch has begun at some time */
    int64_t idle_start; /**< when not running: where audio began to wait */
    int64_t jump_ms;    /**< Unix time of the last jump */
    uint32_t target_s;  /**< the target duration; 0: not learned yet */
    int64_t cut_ticks;  /**< the longest segment that was cut */
    uint64_t head;      /**< the newest segment, still open */
    uint64_t discontinuities;
    uint64_t forced; /**< segments cut where no keyframe was, since the start */
    uint64_t jumps;  /**< jumps of the timestamps, since the start */
    struct segmenter_edge edges[SEGMENTER_EDGES]; /**< by msn, modulo */
    struct lane lanes[TRACK_KINDS];
};

/** Makes `segmenter`, all of it zero, ready. `ops` must live as long as it. */
void segmenter_init(struct segmenter *segmenter, const struct segmenter_limits *limits,
                    const struct segmenter_ops *ops, void *context);

/**
 * A track was announced or changed its configuration; `init` is the caller's number for its init
 * segment. May cut.
 */
void segmenter_track(struct segmenter *segmenter, const struct track *track, uint32_t init);

/**
 * Takes a packet, and its `ref`. May cut. Otherwise the caller keeps `ref`: DAIS_E_STATE: nothing
 * can begin with this packet, its track is unknown or has to wait for a keyframe ·
 * DAIS_E_INVALID: its size or times cannot be used · DAIS_E_CONFLICT: audio that overlaps ·
 * DAIS_E_LIMIT: timestamps jump too often.
 */
int32_t segmenter_push(struct segmenter *segmenter,
                       const struct segmenter_packet *packet) DAIS_CHECK_RESULT;

/** The encoder is gone: cuts and releases all that waits, and forgets the tracks. */
void segmenter_break(struct segmenter *segmenter);
