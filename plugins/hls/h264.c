/* SPDX-License-Identifier: MIT */
#include "h264.h"

#include <stdio.h>

#include "bits.h"

/* Far above any real set: the largest have scaling lists, which take some 300 bytes. */
#define SPS_BYTES_MAX 1024u
#define NAL_SPS 7u
#define CHROMA_444 3u
#define ASPECT_EXTENDED 255u

/* ITU-T H.264 table E-1; row 0 is "unspecified". */
static const uint16_t aspects[][2] = {
    {1, 1},   {1, 1},   {12, 11}, {10, 11}, {16, 11},  {40, 33}, {24, 11}, {20, 11}, {32, 11},
    {80, 33}, {18, 11}, {15, 11}, {64, 33}, {160, 99}, {4, 3},   {3, 2},   {2, 1},
};

/* Profiles whose sets carry chroma format and scaling matrices (7.3.2.1.1). */
static bool profile_is_high(uint32_t profile)
{
    static const uint8_t high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    for (size_t i = 0; i < sizeof(high); i++) {
        if (high[i] == profile) {
            return true;
        }
    }
    return false;
}

/* Takes the emulation prevention bytes out (7.4.1); `out` holds SPS_BYTES_MAX bytes. */
static size_t unescape(const uint8_t *in, size_t len, uint8_t *out)
{
    size_t used = 0;
    uint32_t zeros = 0;
    for (size_t i = 0; i < len; i++) {
        if (zeros >= 2 && in[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = in[i] == 0 ? zeros + 1 : 0;
        out[used++] = in[i];
    }
    return used;
}

static void skip_scaling_list(struct bits *bits, uint32_t size)
{
    int32_t last = 8;
    int32_t next = 8;
    for (uint32_t i = 0; i < size && next != 0 && !bits->overrun; i++) {
        next = (int32_t)(((uint32_t)last + (uint32_t)bits_se(bits)) & 255);
        last = next != 0 ? next : last;
    }
}

static void skip_scaling_matrix(struct bits *bits, uint32_t chroma)
{
    if (!bits_get(bits, 1)) {
        return;
    }
    const uint32_t lists = chroma == CHROMA_444 ? 12 : 8;
    for (uint32_t i = 0; i < lists; i++) {
        if (bits_get(bits, 1)) {
            skip_scaling_list(bits, i < 6 ? 16 : 64);
        }
    }
}

static void skip_order_count(struct bits *bits)
{
    const uint32_t type = bits_ue(bits);
    if (type == 0) {
        bits_ue(bits);
    } else if (type == 1) {
        bits_skip(bits, 1);
        bits_se(bits);
        bits_se(bits);
        const uint32_t cycle = bits_ue(bits);
        for (uint32_t i = 0; i < cycle && i < 256 && !bits->overrun; i++) {
            bits_se(bits);
        }
    }
}

static void read_aspect(struct bits *bits, struct h264_config *config)
{
    if (!bits_get(bits, 1)) {
        return;
    }
    const uint32_t kind = bits_get(bits, 8);
    uint32_t width = 1;
    uint32_t height = 1;
    if (kind == ASPECT_EXTENDED) {
        width = bits_get(bits, 16);
        height = bits_get(bits, 16);
    } else if (kind < sizeof(aspects) / sizeof(aspects[0])) {
        width = aspects[kind][0];
        height = aspects[kind][1];
    }
    if (width != 0 && height != 0) {
        config->aspect_width = width;
        config->aspect_height = height;
    }
}

/* Video usability information (E.1.1) up to the timing; what follows is of no use here. */
static void read_usability(struct bits *bits, struct h264_config *config)
{
    read_aspect(bits, config);
    if (bits_get(bits, 1)) {
        bits_skip(bits, 1); /* overscan */
    }
    if (bits_get(bits, 1)) {
        bits_skip(bits, 4); /* format, range */
        if (bits_get(bits, 1)) {
            bits_skip(bits, 24); /* colour description */
        }
    }
    if (bits_get(bits, 1)) {
        bits_ue(bits); /* chroma sample positions */
        bits_ue(bits);
    }
    if (!bits_get(bits, 1)) {
        return;
    }
    const uint32_t tick = bits_get(bits, 32);
    const uint32_t scale = bits_get(bits, 32);
    /* A tick is a field: two of them make a frame. Rates over 1000 are nonsense, not video. */
    if (!bits->overrun && tick != 0 && tick <= UINT32_MAX / 2 && scale / (2 * tick) < 1000) {
        config->rate_num = scale;
        config->rate_den = scale != 0 ? 2 * tick : 0;
    }
}

static int32_t read_size(struct bits *bits, uint32_t chroma, struct h264_config *config)
{
    const uint64_t width_mbs = (uint64_t)bits_ue(bits) + 1;
    const uint64_t height_units = (uint64_t)bits_ue(bits) + 1;
    const uint32_t frames_only = bits_get(bits, 1);
    if (!frames_only) {
        bits_skip(bits, 1);
    }
    bits_skip(bits, 1); /* direct_8x8_inference */
    const uint64_t width = width_mbs * 16;
    const uint64_t height = height_units * 16 * (2 - frames_only);
    if (bits->overrun || width > H264_SIDE_MAX || height > H264_SIDE_MAX) {
        return DAIS_E_INVALID;
    }
    uint64_t crop_x = 0;
    uint64_t crop_y = 0;
    if (bits_get(bits, 1)) {
        const uint32_t unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
        const uint32_t unit_y = (chroma == 1 ? 2 : 1) * (2 - frames_only);
        crop_x = (uint64_t)bits_ue(bits) * unit_x;
        crop_x += (uint64_t)bits_ue(bits) * unit_x;
        crop_y = (uint64_t)bits_ue(bits) * unit_y;
        crop_y += (uint64_t)bits_ue(bits) * unit_y;
    }
    if (bits->overrun || crop_x >= width || crop_y >= height) {
        return DAIS_E_INVALID;
    }
    config->width = (uint32_t)(width - crop_x);
    config->height = (uint32_t)(height - crop_y);
    return DAIS_OK;
}

int32_t h264_sps_parse(struct dais_str sps, struct h264_config *ret_config)
{
    uint8_t raw[SPS_BYTES_MAX];
    if (sps.len < 4 || sps.len > sizeof(raw)) {
        return DAIS_E_INVALID;
    }
    struct bits bits;
    bits_init(&bits, raw, unescape((const uint8_t *)sps.ptr, sps.len, raw));
    if ((bits_get(&bits, 8) & 31) != NAL_SPS) {
        return DAIS_E_INVALID;
    }
    struct h264_config config = {.aspect_width = 1, .aspect_height = 1};
    config.profile = (uint8_t)bits_get(&bits, 8);
    config.constraints = (uint8_t)bits_get(&bits, 8);
    config.level = (uint8_t)bits_get(&bits, 8);
    const uint32_t id = bits_ue(&bits);
    uint32_t chroma = 1;
    if (profile_is_high(config.profile)) {
        chroma = bits_ue(&bits);
        bits_skip(&bits, chroma == CHROMA_444 ? 1 : 0);
        bits_ue(&bits); /* bit depths */
        bits_ue(&bits);
        bits_skip(&bits, 1);
        skip_scaling_matrix(&bits, chroma);
    }
    bits_ue(&bits); /* log2_max_frame_num */
    skip_order_count(&bits);
    bits_ue(&bits); /* reference frames */
    bits_skip(&bits, 1);
    if (id > 31 || chroma > CHROMA_444 || read_size(&bits, chroma, &config) != DAIS_OK) {
        return DAIS_E_INVALID;
    }
    if (bits_get(&bits, 1)) {
        read_usability(&bits, &config);
    }
    *ret_config = config;
    return DAIS_OK;
}

/* Steps over `count` parameter sets at `*at`; gives the first one, which must not be empty. */
static int32_t take_sets(struct dais_str record, uint32_t count, size_t *at, struct dais_str *ret)
{
    const uint8_t *bytes = (const uint8_t *)record.ptr;
    for (uint32_t i = 0; i < count; i++) {
        if (record.len - *at < 2) {
            return DAIS_E_INVALID;
        }
        const size_t len = (size_t)bytes[*at] << 8 | bytes[*at + 1];
        *at += 2;
        if (len == 0 || record.len - *at < len) {
            return DAIS_E_INVALID;
        }
        if (i == 0) {
            *ret = dais_str(record.ptr + *at, len);
        }
        *at += len;
    }
    return count > 0 ? DAIS_OK : DAIS_E_INVALID;
}

int32_t h264_config_parse(struct dais_str record, struct h264_config *ret_config)
{
    if (record.len > H264_RECORD_BYTES_MAX) {
        return DAIS_E_TOO_LARGE;
    }
    const uint8_t *bytes = (const uint8_t *)record.ptr;
    if (record.len < 7 || bytes[0] != 1) {
        return DAIS_E_INVALID;
    }
    const uint8_t nal_length_size = (uint8_t)((bytes[4] & 3) + 1);
    struct dais_str sps = {0};
    struct dais_str pps = {0};
    size_t at = 6;
    if (nal_length_size == 3 || take_sets(record, bytes[5] & 31, &at, &sps) != DAIS_OK ||
        at >= record.len) {
        return DAIS_E_INVALID;
    }
    const uint32_t pps_count = bytes[at++];
    if (take_sets(record, pps_count, &at, &pps) != DAIS_OK) {
        return DAIS_E_INVALID;
    }
    struct h264_config config;
    const int32_t code = h264_sps_parse(sps, &config);
    if (code != DAIS_OK) {
        return code;
    }
    config.nal_length_size = nal_length_size;
    *ret_config = config;
    return DAIS_OK;
}

void h264_codec(const struct h264_config *config, char ret_text[H264_CODEC_CHARS])
{
    snprintf(ret_text, H264_CODEC_CHARS, "avc1.%02x%02x%02x", config->profile, config->constraints,
             config->level);
}
