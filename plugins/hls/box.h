/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Writer of fragmented MP4 (ISO/IEC 14496-12, CMAF ISO/IEC 23000-19), one track a file.
 *
 * An init segment is ftyp + moov. Media comes in fragments, moof + mdat each; a segment is one
 * fragment, or several one after another. Sizes are exact and known before writing, so that a
 * segment is one allocation and every sample is copied once. Nothing is allocated here.
 */
#include <stddef.h>

#include "track.h"

/** One sample (access unit) of a fragment. Times are in the track's timescale. */
struct box_sample {
    const uint8_t *ptr; /**< payload, borrowed until the fragment is written */
    uint32_t len;
    uint32_t duration;
    uint64_t dts;
    int32_t offset; /**< presentation time − decoding time */
    uint32_t key;   /**< decoding may begin here */
    void *ref;      /**< what keeps `ptr` alive; not looked at here */
};

/** A fragment to be written. The first sample's dts becomes the base media decode time. */
struct box_fragment {
    enum track_kind kind;
    uint32_t sequence; /**< number of the fragment in its stream, from 1 */
    const struct box_sample *samples;
    uint32_t count; /**< at least 1 */
    uint64_t bytes; /**< sum of the samples' len */
};

/** The exact size of the init segment of `track` in bytes. */
size_t box_init_size(const struct track *track);

/** Writes the init segment; `out` holds box_init_size(track) bytes. */
void box_init_write(const struct track *track, uint8_t *out);

/** The exact size of a fragment in bytes: the movie fragment box and the media data box. */
size_t box_fragment_size(const struct box_fragment *fragment);

/** Writes the fragment; `out` holds box_fragment_size(fragment) bytes, which must be below 4 GiB.
 */
void box_fragment_write(const struct box_fragment *fragment, uint8_t *out);
