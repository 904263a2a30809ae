/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What HLS must know of an H.264 track: the configuration record (avcC, ISO/IEC 14496-15 5.3.3) and
 * the sequence parameter set in it (ITU-T H.264 7.3.2.1).
 *
 * The record comes from a publisher and is not trusted: every read is bounded and sizes are checked
 * against what the standard allows. Width, height and frame rate are read here and nowhere else,
 * since a publisher's metadata may say anything.
 */
#include <stdint.h>

#include "dais/error.h"
#include "dais/types.h"

/** The largest configuration record that is taken, in bytes. */
#define H264_RECORD_BYTES_MAX 4096u
/** The largest width and height, in pixels. */
#define H264_SIDE_MAX 16384u
/** Room for a codec string with its NUL: "avc1.640028". */
#define H264_CODEC_CHARS 16u

/** The facts of one H.264 track. */
struct h264_config {
    uint8_t profile;         /**< profile_idc */
    uint8_t constraints;     /**< the constraint flags, as they stand in the byte */
    uint8_t level;           /**< level_idc: 40 is level 4.0 */
    uint8_t nal_length_size; /**< bytes of each NAL unit's length prefix: 1, 2 or 4 */
    uint32_t width;          /**< pixels after cropping */
    uint32_t height;
    uint32_t aspect_width; /**< pixel aspect ratio; 1:1 when not told */
    uint32_t aspect_height;
    uint32_t rate_num; /**< frames a second as a fraction; 0 when the stream does not tell */
    uint32_t rate_den;
};

/**
 * Reads a whole avcC record: its header, its first sequence parameter set, and that at least one
 * picture parameter set is there. DAIS_E_INVALID for anything that a decoder could not use,
 * DAIS_E_TOO_LARGE above H264_RECORD_BYTES_MAX. Callable anywhere.
 */
int32_t h264_config_parse(struct dais_str record, struct h264_config *ret_config) DAIS_CHECK_RESULT;

/**
 * Reads one sequence parameter set, with its NAL header and emulation prevention bytes. Sets all
 * fields but nal_length_size. DAIS_E_INVALID for a set that is cut short or out of bounds.
 */
int32_t h264_sps_parse(struct dais_str sps, struct h264_config *ret_config) DAIS_CHECK_RESULT;

/** Writes the codec string of RFC 6381, "avc1.640028", with its NUL. */
void h264_codec(const struct h264_config *config, char ret_text[H264_CODEC_CHARS]);
