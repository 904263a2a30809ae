/* SPDX-License-Identifier: MIT */
#include "aac.h"

#include <stdio.h>

#include "bits.h"

#define OBJECT_LTP 4u
#define OBJECT_SBR 5u
#define OBJECT_PS 29u
#define OBJECT_ESCAPE 31u
#define RATE_ESCAPE 15u
#define SYNC_SBR 0x2b7u
#define SYNC_PS 0x548u
#define RATE_MIN 7350u
#define RATE_MAX 96000u

static const uint32_t rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                 22050, 16000, 12000, 11025, 8000,  7350};

/* Channels by channelConfiguration; 0 where it has no fixed meaning. */
static const uint8_t channel_counts[16] = {0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8, 0};

static uint32_t read_object_type(struct bits *bits)
{
    const uint32_t type = bits_get(bits, 5);
    return type == OBJECT_ESCAPE ? 32 + bits_get(bits, 6) : type;
}

static uint32_t read_rate(struct bits *bits)
{
    const uint32_t index = bits_get(bits, 4);
    if (index == RATE_ESCAPE) {
        return bits_get(bits, 24);
    }
    return index < sizeof(rates) / sizeof(rates[0]) ? rates[index] : 0;
}

static uint32_t read_channel_elements(struct bits *bits, uint32_t count)
{
    uint32_t channels = 0;
    for (uint32_t i = 0; i < count; i++) {
        channels += 1 + bits_get(bits, 1);
        bits_skip(bits, 4);
    }
    return channels;
}

/* program_config_element (4.4.1.1) as far as the number of channels; the rest is never needed,
 * because the sync extension may not follow it within a byte-exact place. */
static uint32_t read_program_channels(struct bits *bits)
{
    bits_skip(bits, 4 + 2 + 4);
    const uint32_t front = bits_get(bits, 4);
    const uint32_t side = bits_get(bits, 4);
    const uint32_t back = bits_get(bits, 4);
    const uint32_t low = bits_get(bits, 2);
    bits_skip(bits, 3 + 4);
    bits_skip(bits, bits_get(bits, 1) ? 4 : 0);
    bits_skip(bits, bits_get(bits, 1) ? 4 : 0);
    bits_skip(bits, bits_get(bits, 1) ? 3 : 0);
    return read_channel_elements(bits, front + side + back) + low;
}

/* The backward compatible signalling of HE-AAC (1.6.5.3), where bits are left for it. */
static void read_sync_extension(struct bits *bits, struct aac_config *config)
{
    if (bits_left(bits) < 16 || bits_get(bits, 11) != SYNC_SBR) {
        return;
    }
    if (read_object_type(bits) != OBJECT_SBR || !bits_get(bits, 1)) {
        return;
    }
    const uint32_t rate = read_rate(bits);
    if (bits->overrun || rate < RATE_MIN || rate > RATE_MAX) {
        return;
    }
    config->object_type = OBJECT_SBR;
    config->output_rate = rate;
    if (bits_left(bits) >= 12 && bits_get(bits, 11) == SYNC_PS && bits_get(bits, 1)) {
        config->object_type = OBJECT_PS;
    }
}

int32_t aac_config_parse(struct dais_str record, struct aac_config *ret_config)
{
    if (record.len > AAC_RECORD_BYTES_MAX) {
        return DAIS_E_TOO_LARGE;
    }
    struct bits bits;
    bits_init(&bits, (const uint8_t *)record.ptr, record.len);
    uint32_t type = read_object_type(&bits);
    const uint32_t rate = read_rate(&bits);
    const uint32_t layout = bits_get(&bits, 4);
    struct aac_config config = {.object_type = (uint8_t)type, .rate = rate, .output_rate = rate};
    const bool extended = type == OBJECT_SBR || type == OBJECT_PS;
    if (extended) {
        config.output_rate = read_rate(&bits);
        type = read_object_type(&bits);
    }
    if (type < 1 || type > OBJECT_LTP) {
        return DAIS_E_INVALID;
    }
    config.frame_samples = bits_get(&bits, 1) ? 960 : 1024;
    bits_skip(&bits, bits_get(&bits, 1) ? 14 : 0); /* core coder delay */
    bits_skip(&bits, 1);
    const uint32_t channels = layout == 0 ? read_program_channels(&bits) : channel_counts[layout];
    if (bits.overrun || channels == 0 || channels > 64 || config.rate < RATE_MIN ||
        config.rate > RATE_MAX || config.output_rate < RATE_MIN || config.output_rate > RATE_MAX) {
        return DAIS_E_INVALID;
    }
    config.channels = (uint8_t)channels;
    if (!extended && layout != 0) {
        read_sync_extension(&bits, &config);
    }
    *ret_config = config;
    return DAIS_OK;
}

void aac_codec(const struct aac_config *config, char ret_text[AAC_CODEC_CHARS])
{
    snprintf(ret_text, AAC_CODEC_CHARS, "mp4a.40.%u", config->object_type);
}
