/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What HLS must know of an AAC track: the AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1).
 *
 * HE-AAC is known by both explicit signallings: the hierarchical one (object type 5 or 29 in front)
 * and the backward compatible one (a sync extension behind the core's configuration). The record
 * comes from a publisher and is not trusted.
 */
#include <stdint.h>

#include "dais/error.h"
#include "dais/types.h"

/** The largest AudioSpecificConfig that is taken, in bytes. */
#define AAC_RECORD_BYTES_MAX 64u
/** Room for a codec string with its NUL: "mp4a.40.29". */
#define AAC_CODEC_CHARS 16u

/** The facts of one AAC track. */
struct aac_config {
    uint8_t object_type;    /**< for the codec string: 2 AAC-LC, 5 with SBR, 29 with SBR and PS */
    uint8_t channels;       /**< of the core: with parametric stereo 1 */
    uint16_t frame_samples; /**< samples of the core in a frame: 1024 or 960 */
    uint32_t rate;          /**< sampling rate of the core in Hz: the track's timescale */
    uint32_t output_rate;   /**< after spectral band replication; `rate` without it */
};

/**
 * Reads an AudioSpecificConfig. DAIS_E_INVALID for one that is cut short or not AAC Main, LC, SSR,
 * LTP or HE; DAIS_E_TOO_LARGE above AAC_RECORD_BYTES_MAX. Callable anywhere.
 */
int32_t aac_config_parse(struct dais_str record, struct aac_config *ret_config) DAIS_CHECK_RESULT;

/** Writes the codec string of RFC 6381, "mp4a.40.2", with its NUL. */
void aac_codec(const struct aac_config *config, char ret_text[AAC_CODEC_CHARS]);
