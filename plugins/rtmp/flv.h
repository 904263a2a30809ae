/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What RTMP media messages carry: the bodies of FLV tags (FLV 10.1 Annex E) and their enhanced form
 * (Enhanced RTMP v2). Every function reads a view and gives views into it.
 *
 * An audio or video body holds one packet, or with enhanced multitrack several: flv_reader_init,
 * then flv_next until 0. Codecs are named by FourCC, those of the old form too, so that the caller
 * can refuse by name what it does not carry. An aggregate message holds whole tags.
 */
#include <stdbool.h>
#include <stdint.h>

#include "dais/error.h"
#include "dais/types.h"

#define FLV_FOURCC(a, b, c, d)                                                                     \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define FLV_CODEC_AVC FLV_FOURCC('a', 'v', 'c', '1')
#define FLV_CODEC_HEVC FLV_FOURCC('h', 'v', 'c', '1')
#define FLV_CODEC_AAC FLV_FOURCC('m', 'p', '4', 'a')
#define FLV_CODEC_MP3 FLV_FOURCC('.', 'm', 'p', '3')

enum flv_kind {
    FLV_CONFIG, /**< codec configuration: avcC record, AudioSpecificConfig … */
    FLV_FRAME,  /**< one access unit */
    FLV_END,    /**< end of the sequence; no data */
    FLV_OTHER,  /**< metadata, channel layout and the like: to be ignored */
};

/** One packet of one track. */
struct flv_packet {
    enum flv_kind kind;
    uint32_t codec;         /**< FourCC; 0 for a codec without one, then `legacy_codec` tells */
    uint8_t legacy_codec;   /**< CodecID or SoundFormat of the old form */
    uint8_t track;          /**< multitrack id, else 0 */
    bool key;               /**< video that decoding may begin with; audio: true */
    int32_t composition_ms; /**< presentation minus decoding time, may be negative */
    struct dais_str data;
};

/** Walks through one audio or video body; the fields are the reader's. */
struct flv_reader {
    struct dais_str in;
    bool video;
    bool enhanced;
    bool one_track;
    bool own_codecs; /**< each track names its codec */
    bool multitrack;
    bool done;
    uint8_t type;            /**< packet type */
    struct flv_packet first; /**< what all packets of the body share */
};

/** Starts on the body of a message of type 9 (`video`) or 8. */
void flv_reader_init(struct flv_reader *reader, struct dais_str body, bool video);

/** Returns 1 with the next packet, 0 after the last one, DAIS_E_INVALID where the body is cut off.
 */
int32_t flv_next(struct flv_reader *reader, struct flv_packet *ret_packet) DAIS_CHECK_RESULT;

/** One tag of an aggregate message (RTMP 1.0 §7.1.6). */
struct flv_tag {
    uint8_t type; /**< 8, 9 or 18, as a message type */
    uint32_t timestamp;
    struct dais_str data;
};

/**
 * Takes the next tag from the front of an aggregate's body. Returns 1, 0 at its end, DAIS_E_INVALID
 * where it is cut off.
 */
int32_t flv_next_tag(struct dais_str *body, struct flv_tag *ret_tag) DAIS_CHECK_RESULT;

/** What an encoder says of its stream. Hints only: width, height and rate are often wrong. */
struct flv_metadata {
    double width;
    double height;
    double frame_rate;
    double video_kbps;
    double audio_kbps;
    double video_codec; /**< CodecID, or a FourCC as a number */
    double audio_codec;
    struct dais_str encoder;
};

/**
 * Reads the body of a data message. Returns 1 with the values of onMetaData (with or without
 * @setDataFrame before it), what is missing being 0; 0 for other data; DAIS_E_INVALID when broken.
 */
int32_t flv_read_metadata(struct dais_str body,
                          struct flv_metadata *ret_metadata) DAIS_CHECK_RESULT;
