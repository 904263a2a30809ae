/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A track as packaging sees it: which of the two it is, and its configuration record, parsed.
 *
 * Made by track_parse when the hub announces a track; box.c writes the init segment from it,
 * playlist.c the CODECS attribute.
 */
#include <stdbool.h>

#include "aac.h"
#include "h264.h"

/** The clock of the media hub and of every time that is common to both tracks, in Hz. */
#define TRACK_CLOCK 90000

/** The tracks of a stream; also index of arrays. */
enum track_kind { TRACK_VIDEO, TRACK_AUDIO, TRACK_KINDS };

/** One track with its configuration. `record` is borrowed from whoever made it. */
struct track {
    enum track_kind kind;
    uint32_t timescale;      /**< ticks a second in its boxes: 90000, or the sampling rate */
    uint32_t frame_ticks;    /**< duration of a frame where it is fixed (audio); otherwise 0 */
    struct h264_config h264; /**< of a video track */
    struct aac_config aac;   /**< of an audio track */
    struct dais_str record;  /**< avcC or AudioSpecificConfig as received */
};

/** Reads `record` as the configuration of a `kind` track; errors of the two parsers. */
static inline int32_t track_parse(enum track_kind kind, struct dais_str record,
                                  struct track *ret_track)
{
    struct track track = {.kind = kind, .timescale = TRACK_CLOCK, .record = record};
    const int32_t code = kind == TRACK_VIDEO ? h264_config_parse(record, &track.h264)
                                             : aac_config_parse(record, &track.aac);
    if (code != DAIS_OK) {
        return code;
    }
    if (kind == TRACK_AUDIO) {
        track.timescale = track.aac.rate;
        track.frame_ticks = track.aac.frame_samples;
    }
    *ret_track = track;
    return DAIS_OK;
}
