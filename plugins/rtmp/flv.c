/* SPDX-License-Identifier: MIT */
#include "flv.h"

#include <string.h>

#include "amf0.h"
#include "bytes.h"

#define VIDEO_ENHANCED 0x80u
#define VIDEO_FRAME_KEY 1u
#define VIDEO_FRAME_COMMAND 5u
#define VIDEO_ID_AVC 7u
#define VIDEO_ID_HEVC 12u
#define AUDIO_ID_MP3 2u
#define AUDIO_ID_ENHANCED 9u
#define AUDIO_ID_AAC 10u

/* Packet types of the enhanced form, video and audio; the old AVC ones are the first three. */
#define TYPE_SEQUENCE_START 0u
#define TYPE_CODED_FRAMES 1u
#define TYPE_SEQUENCE_END 2u
#define VIDEO_TYPE_CODED_FRAMES_X 3u
#define AUDIO_TYPE_MULTITRACK 5u
#define VIDEO_TYPE_MULTITRACK 6u
#define TYPE_MODEX 7u

#define MULTITRACK_ONE 0u
#define MULTITRACK_MANY_CODECS 2u

#define TAG_HEADER_BYTES 11u
#define TAG_BACK_POINTER_BYTES 4u

/* The next `bytes` bytes, or NULL when fewer are left. */
static const uint8_t *take(struct dais_str *in, uint64_t bytes)
{
    if (in->len < bytes)
        return NULL;
    const uint8_t *from = (const uint8_t *)in->ptr;
    in->ptr += bytes;
    in->len -= bytes;
    return from;
}

void flv_reader_init(struct flv_reader *reader, struct dais_str body, bool video)
{
    *reader = (struct flv_reader){.in = body, .video = video, .done = body.len == 0};
}

/* ModEx prefixes: size, data, then a nibble each of what it modifies and the packet type. */
static int32_t skip_modex(struct flv_reader *reader)
{
    while (reader->type == TYPE_MODEX) {
        const uint8_t *p = take(&reader->in, 1);
        if (!p)
            return DAIS_E_INVALID;
        uint64_t bytes = *p + 1u;
        if (bytes == 256) {
            p = take(&reader->in, 2);
            if (!p)
                return DAIS_E_INVALID;
            bytes = bytes_get16(p) + 1u;
        }
        if (!take(&reader->in, bytes) || !(p = take(&reader->in, 1)))
            return DAIS_E_INVALID;
        reader->type = *p & 15u;
    }
    return 0;
}

static int32_t take_codec(struct flv_reader *reader, uint32_t *ret_codec)
{
    const uint8_t *p = take(&reader->in, 4);
    if (!p)
        return DAIS_E_INVALID;
    *ret_codec = bytes_get32(p);
    return 0;
}

static int32_t read_enhanced_header(struct flv_reader *reader)
{
    reader->enhanced = true;
    int32_t error = skip_modex(reader);
    if (error)
        return error;
    if (reader->type == (reader->video ? VIDEO_TYPE_MULTITRACK : AUDIO_TYPE_MULTITRACK)) {
        const uint8_t *p = take(&reader->in, 1);
        if (!p)
            return DAIS_E_INVALID;
        reader->multitrack = true;
        reader->one_track = *p >> 4 == MULTITRACK_ONE;
        reader->own_codecs = *p >> 4 == MULTITRACK_MANY_CODECS;
        reader->type = *p & 15u;
    }
    return reader->own_codecs ? 0 : take_codec(reader, &reader->first.codec);
}

/* The first byte and, in the enhanced form, all that stands before the first track. */
static int32_t read_header(struct flv_reader *reader)
{
    uint8_t first = *take(&reader->in, 1);
    if (!reader->video) {
        reader->first.legacy_codec = first >> 4;
        reader->first.key = true;
        reader->type = first & 15u;
        return first >> 4 == AUDIO_ID_ENHANCED ? read_enhanced_header(reader) : 0;
    }
    uint8_t frame = first >> 4 & 7u;
    reader->first.key = frame == VIDEO_FRAME_KEY;
    if (frame == VIDEO_FRAME_COMMAND) { /* seek start and end: nothing to decode */
        reader->first.kind = FLV_OTHER;
        reader->done = true;
        return 0;
    }
    reader->type = first & 15u;
    if (first & VIDEO_ENHANCED)
        return read_enhanced_header(reader);
    reader->first.legacy_codec = first & 15u;
    return 0;
}

static int32_t take_composition(struct dais_str *in, struct flv_packet *packet)
{
    const uint8_t *p = take(in, 3);
    if (!p)
        return DAIS_E_INVALID;
    packet->composition_ms = bytes_get24_signed(p);
    return 0;
}

static enum flv_kind enhanced_kind(const struct flv_reader *reader)
{
    if (reader->type == TYPE_SEQUENCE_START)
        return FLV_CONFIG;
    if (reader->type == TYPE_SEQUENCE_END)
        return FLV_END;
    if (reader->type == TYPE_CODED_FRAMES)
        return FLV_FRAME;
    return reader->video && reader->type == VIDEO_TYPE_CODED_FRAMES_X ? FLV_FRAME : FLV_OTHER;
}

/* Composition times stand only in front of AVC and HEVC frames. */
static int32_t finish_enhanced(const struct flv_reader *reader, struct flv_packet *packet)
{
    packet->kind = enhanced_kind(reader);
    bool timed = packet->codec == FLV_CODEC_AVC || packet->codec == FLV_CODEC_HEVC;
    if (reader->video && reader->type == TYPE_CODED_FRAMES && timed)
        return take_composition(&packet->data, packet);
    return 0;
}

static int32_t read_track(struct flv_reader *reader, struct flv_packet *packet)
{
    if (reader->own_codecs) {
        int32_t error = take_codec(reader, &packet->codec);
        if (error)
            return error;
    }
    const uint8_t *p = take(&reader->in, 1);
    if (!p)
        return DAIS_E_INVALID;
    packet->track = *p;
    if (!reader->one_track) {
        p = take(&reader->in, 3);
        if (!p)
            return DAIS_E_INVALID;
        uint32_t bytes = bytes_get24(p);
        packet->data = dais_str(reader->in.ptr, bytes);
        return take(&reader->in, bytes) ? 0 : DAIS_E_INVALID;
    }
    packet->data = reader->in;
    reader->in.len = 0;
    return 0;
}

static int32_t read_enhanced(struct flv_reader *reader, struct flv_packet *packet)
{
    if (reader->multitrack) {
        int32_t error = read_track(reader, packet);
        if (error)
            return error;
    } else {
        packet->data = reader->in;
        reader->in.len = 0;
    }
    reader->done = reader->in.len == 0;
    return finish_enhanced(reader, packet);
}

static int32_t read_old_video(struct flv_reader *reader, struct flv_packet *packet)
{
    if (packet->legacy_codec != VIDEO_ID_AVC && packet->legacy_codec != VIDEO_ID_HEVC) {
        packet->kind = FLV_FRAME;
        packet->data = reader->in;
        return 0;
    }
    packet->codec = packet->legacy_codec == VIDEO_ID_AVC ? FLV_CODEC_AVC : FLV_CODEC_HEVC;
    const uint8_t *type = take(&reader->in, 1);
    if (!type)
        return DAIS_E_INVALID;
    int32_t error = take_composition(&reader->in, packet);
    if (*type == TYPE_SEQUENCE_END) {
        packet->kind = FLV_END; /* sent without a composition time too */
        return 0;
    }
    if (error)
        return error;
    packet->kind = *type == TYPE_SEQUENCE_START ? FLV_CONFIG : FLV_FRAME;
    if (*type > TYPE_SEQUENCE_END)
        packet->kind = FLV_OTHER;
    packet->data = reader->in;
    return 0;
}

static int32_t read_old_audio(struct flv_reader *reader, struct flv_packet *packet)
{
    packet->kind = FLV_FRAME;
    if (packet->legacy_codec == AUDIO_ID_AAC) {
        const uint8_t *type = take(&reader->in, 1);
        if (!type)
            return DAIS_E_INVALID;
        packet->codec = FLV_CODEC_AAC;
        packet->kind = *type == 0 ? FLV_CONFIG : FLV_FRAME;
    } else if (packet->legacy_codec == AUDIO_ID_MP3) {
        packet->codec = FLV_CODEC_MP3;
    }
    packet->data = reader->in;
    return 0;
}

int32_t flv_next(struct flv_reader *reader, struct flv_packet *ret_packet)
{
    if (reader->done)
        return 0;
    struct flv_packet packet;
    int32_t error = 0;
    bool begun = reader->enhanced;
    if (!begun)
        error = read_header(reader);
    if (error)
        return error;
    packet = reader->first;
    if (reader->enhanced) {
        error = read_enhanced(reader, &packet);
    } else if (!reader->done) {
        reader->done = true;
        error = reader->video ? read_old_video(reader, &packet) : read_old_audio(reader, &packet);
    }
    if (error)
        return error;
    *ret_packet = packet;
    return 1;
}

int32_t flv_next_tag(struct dais_str *body, struct flv_tag *ret_tag)
{
    if (body->len == 0)
        return 0;
    const uint8_t *p = take(body, TAG_HEADER_BYTES);
    if (!p)
        return DAIS_E_INVALID;
    uint32_t bytes = bytes_get24(p + 1);
    struct flv_tag tag = {
        .type = p[0] & 31u,
        .timestamp = bytes_get24(p + 4) | (uint32_t)p[7] << 24,
        .data = dais_str(body->ptr, bytes),
    };
    if (!take(body, bytes))
        return DAIS_E_INVALID;
    /* The back pointer of the last tag may be missing. */
    if (body->len > 0 && !take(body, TAG_BACK_POINTER_BYTES))
        return DAIS_E_INVALID;
    *ret_tag = tag;
    return 1;
}

static int32_t read_member(struct amf0_reader *reader, struct dais_str key,
                           struct flv_metadata *metadata)
{
    struct {
        struct dais_str name;
        double *number;
    } numbers[] = {
        {DAIS_STR_INIT("width"), &metadata->width},
        {DAIS_STR_INIT("height"), &metadata->height},
        {DAIS_STR_INIT("framerate"), &metadata->frame_rate},
        {DAIS_STR_INIT("videodatarate"), &metadata->video_kbps},
        {DAIS_STR_INIT("audiodatarate"), &metadata->audio_kbps},
        {DAIS_STR_INIT("videocodecid"), &metadata->video_codec},
        {DAIS_STR_INIT("audiocodecid"), &metadata->audio_codec},
    };
    struct amf0_value value;
    int32_t error = amf0_read(reader, &value);
    if (error)
        return error;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (value.kind == AMF0_NUMBER && dais_str_eq(key, numbers[i].name))
            *numbers[i].number = value.number;
    if (value.kind == AMF0_STRING && dais_str_eq(key, dais_cstr("encoder")))
        metadata->encoder = value.string;
    return amf0_skip_rest(reader, &value);
}

int32_t flv_read_metadata(struct dais_str body, struct flv_metadata *ret_metadata)
{
    struct amf0_reader reader;
    amf0_reader_init(&reader, body);
    struct dais_str name;
    int32_t error = amf0_read_string(&reader, &name);
    if (!error && dais_str_eq(name, dais_cstr("@setDataFrame")))
        error = amf0_read_string(&reader, &name);
    if (error)
        return error;
    if (!dais_str_eq(name, dais_cstr("onMetaData")))
        return 0;
    struct amf0_value value;
    error = amf0_read(&reader, &value);
    if (error)
        return error;
    if (value.kind != AMF0_OBJECT)
        return DAIS_E_INVALID;
    struct flv_metadata metadata = {0};
    struct dais_str key;
    int32_t status;
    while ((status = amf0_read_key(&reader, &key)) > 0) {
        error = read_member(&reader, key, &metadata);
        if (error)
            return error;
    }
    if (status < 0)
        return status;
    *ret_metadata = metadata;
    return 1;
}
