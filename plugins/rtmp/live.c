/* SPDX-License-Identifier: MIT */
#include "live.h"

#include <string.h>

#define TICKS_PER_MS 90
/* An avcC record: version 1, profile, compatibility, level, sizes and counts. */
#define AVC_CONFIG_BYTES_MIN 7u
#define AVC_CONFIG_VERSION 1
#define AAC_CONFIG_BYTES_MIN 2u

void live_init(struct live *live, dais_handle publisher)
{
    *live = (struct live){.publisher = publisher};
}

void live_fini(struct live *live)
{
    for (uint32_t i = 0; i < LIVE_TRACKS; i++)
        dais_mem->buf_unref(live->configs[i]);
    *live = (struct live){0};
}

static bool config_is_sound(uint32_t track, struct dais_str config)
{
    if (config.len > LIVE_CONFIG_BYTES_MAX)
        return false;
    if (track == LIVE_AUDIO)
        return config.len >= AAC_CONFIG_BYTES_MIN;
    return config.len >= AVC_CONFIG_BYTES_MIN && config.ptr[0] == AVC_CONFIG_VERSION;
}

/* Encoders repeat the configuration; only a changed one is news. */
static int32_t take_config(struct live *live, uint32_t track, struct dais_str data)
{
    struct dais_buf *old = live->configs[track];
    if (old && dais_str_eq(dais_str((const char *)old->data, old->len), data))
        return 0;
    if (data.len == 0)
        return 0;
    if (!config_is_sound(track, data))
        return DAIS_E_INVALID;
    struct dais_buf *config = dais_mem->buf_new(data.len);
    if (!config)
        return DAIS_E_MEMORY;
    memcpy(config->data, data.ptr, data.len);
    const struct dais_track row = {
        .index = track,
        .kind = track == LIVE_VIDEO ? DAIS_MEDIA_VIDEO : DAIS_MEDIA_AUDIO,
        .codec = track == LIVE_VIDEO ? DAIS_CODEC_H264 : DAIS_CODEC_AAC,
        .config = config,
    };
    int32_t error = dais_media->track(live->publisher, &row);
    if (error) {
        dais_mem->buf_unref(config);
        return error;
    }
    dais_mem->buf_unref(old);
    live->configs[track] = config;
    if (track == LIVE_VIDEO)
        live->keyed = false;
    return 0;
}

static int32_t take_frame(struct live *live, uint32_t track, const struct session_media *media,
                          const struct flv_packet *frame)
{
    if (frame->data.len == 0)
        return 0;
    bool waits = track == LIVE_VIDEO && !live->keyed && !frame->key;
    if (!live->configs[track] || waits) {
        live->packets_dropped++;
        return 0;
    }
    struct dais_buf *body = media->body;
    int64_t dts = media->timestamp_ms * TICKS_PER_MS;
    const struct dais_packet packet = {
        .buf = body,
        .offset = (uint32_t)((const uint8_t *)frame->data.ptr - body->data),
        .len = (uint32_t)frame->data.len,
        .track = track,
        .flags = frame->key ? DAIS_PACKET_KEY : 0,
        .dts = dts,
        .pts = dts + (int64_t)frame->composition_ms * TICKS_PER_MS,
    };
    int32_t error = dais_media->packet(live->publisher, &packet);
    if (error == DAIS_E_LIMIT) {
        /* Nothing that refers to the lost frame may follow. */
        live->packets_dropped++;
        live->keyed = live->keyed && track != LIVE_VIDEO;
        return 0;
    }
    if (!error && track == LIVE_VIDEO)
        live->keyed = true;
    return error;
}

static int32_t take_packet(struct live *live, const struct session_media *media,
                           const struct flv_packet *packet)
{
    uint32_t track = media->type == CHUNK_VIDEO ? LIVE_VIDEO : LIVE_AUDIO;
    if (packet->kind == FLV_OTHER || packet->kind == FLV_END)
        return 0;
    if (packet->track != 0) {
        live->passed_over = true;
        return 0;
    }
    if (packet->codec != (track == LIVE_VIDEO ? FLV_CODEC_AVC : FLV_CODEC_AAC)) {
        live->refused = *packet;
        live->refused.data = dais_str(NULL, 0);
        return DAIS_E_MEDIA_TYPE;
    }
    if (packet->kind == FLV_CONFIG)
        return take_config(live, track, packet->data);
    return take_frame(live, track, media, packet);
}

int32_t live_media(struct live *live, const struct session_media *media)
{
    if (media->type == CHUNK_DATA_AMF0)
        return 0;
    struct flv_reader reader;
    struct flv_packet packet;
    int32_t status;
    flv_reader_init(&reader, media->data, media->type == CHUNK_VIDEO);
    while ((status = flv_next(&reader, &packet)) > 0) {
        int32_t error = take_packet(live, media, &packet);
        if (error)
            return error;
    }
    return status;
}
