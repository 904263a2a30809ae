/* SPDX-License-Identifier: MIT */
#include "ingest.h"

#include <string.h>

#define TICKS_PER_MS 90
/* An avcC record: version 1, profile, compatibility, level, sizes and counts. */
#define AVC_CONFIG_BYTES_MIN 7u
#define AVC_CONFIG_VERSION 1
#define AAC_CONFIG_BYTES_MIN 2u

void ingest_init(struct ingest *ingest, dais_handle publisher)
{
    *ingest = (struct ingest){.publisher = publisher};
}

void ingest_fini(struct ingest *ingest)
{
    for (uint32_t i = 0; i < INGEST_TRACKS; i++)
        dais_mem->buf_unref(ingest->configs[i]);
    *ingest = (struct ingest){0};
}

static bool config_is_sound(uint32_t track, struct dais_str config)
{
    if (config.len > INGEST_CONFIG_BYTES_MAX)
        return false;
    if (track == INGEST_AUDIO)
        return config.len >= AAC_CONFIG_BYTES_MIN;
    return config.len >= AVC_CONFIG_BYTES_MIN && config.ptr[0] == AVC_CONFIG_VERSION;
}

/* Encoders repeat the configuration; only a changed one is news. */
static int32_t take_config(struct ingest *ingest, uint32_t track, struct dais_str data)
{
    struct dais_buf *old = ingest->configs[track];
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
        .kind = track == INGEST_VIDEO ? DAIS_MEDIA_VIDEO : DAIS_MEDIA_AUDIO,
        .codec = track == INGEST_VIDEO ? DAIS_CODEC_H264 : DAIS_CODEC_AAC,
        .config = config,
    };
    int32_t error = dais_media->track(ingest->publisher, &row);
    if (error) {
        dais_mem->buf_unref(config);
        return error;
    }
    dais_mem->buf_unref(old);
    ingest->configs[track] = config;
    if (track == INGEST_VIDEO)
        ingest->keyed = false;
    return 0;
}

static int32_t take_frame(struct ingest *ingest, uint32_t track, const struct session_media *media,
                          const struct flv_packet *frame)
{
    if (frame->data.len == 0)
        return 0;
    bool waits = track == INGEST_VIDEO && !ingest->keyed && !frame->key;
    if (!ingest->configs[track] || waits) {
        ingest->packets_dropped++;
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
    int32_t error = dais_media->packet(ingest->publisher, &packet);
    if (error == DAIS_E_LIMIT) {
        /* Nothing that refers to the lost frame may follow. */
        ingest->packets_dropped++;
        ingest->keyed = ingest->keyed && track != INGEST_VIDEO;
        return 0;
    }
    if (!error && track == INGEST_VIDEO)
        ingest->keyed = true;
    return error;
}

static int32_t take_packet(struct ingest *ingest, const struct session_media *media,
                           const struct flv_packet *packet)
{
    uint32_t track = media->type == CHUNK_VIDEO ? INGEST_VIDEO : INGEST_AUDIO;
    if (packet->kind == FLV_OTHER || packet->kind == FLV_END)
        return 0;
    if (packet->track != 0) {
        ingest->passed_over = true;
        return 0;
    }
    if (packet->codec != (track == INGEST_VIDEO ? FLV_CODEC_AVC : FLV_CODEC_AAC)) {
        ingest->refused = *packet;
        ingest->refused.data = dais_str(NULL, 0);
        return DAIS_E_MEDIA_TYPE;
    }
    if (packet->kind == FLV_CONFIG)
        return take_config(ingest, track, packet->data);
    return take_frame(ingest, track, media, packet);
}

int32_t ingest_media(struct ingest *ingest, const struct session_media *media)
{
    if (media->type == CHUNK_DATA_AMF0)
        return 0;
    struct flv_reader reader;
    struct flv_packet packet;
    int32_t status;
    flv_reader_init(&reader, media->data, media->type == CHUNK_VIDEO);
    while ((status = flv_next(&reader, &packet)) > 0) {
        int32_t error = take_packet(ingest, media, &packet);
        if (error)
            return error;
    }
    return status;
}
