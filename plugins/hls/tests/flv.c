/* SPDX-License-Identifier: MIT */
#include "flv.h"

#include <stdio.h>
#include <stdlib.h>

#define FILE_BYTES_MAX (64u << 20)

bool flv_open(struct flv *flv, const char *path)
{
    *flv = (struct flv){.at = 13};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    flv->bytes = malloc(FILE_BYTES_MAX);
    flv->len = flv->bytes != NULL ? fread(flv->bytes, 1, FILE_BYTES_MAX, file) : 0;
    fclose(file);
    return flv->len > flv->at;
}

static uint32_t u24(const uint8_t *at)
{
    return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static bool read_video(const uint8_t *body, uint32_t len, struct flv_tag *tag)
{
    if (len <= 5 || body[1] > 1) {
        return false;
    }
    const int32_t offset_ms = (int32_t)(u24(body + 2) << 8) >> 8;
    tag->config = body[1] == 0;
    tag->packet.kind = TRACK_VIDEO;
    tag->packet.key = body[0] >> 4 == 1;
    tag->packet.pts = tag->packet.dts + offset_ms * 90;
    tag->packet.ptr = body + 5;
    tag->packet.len = len - 5;
    return true;
}

static bool read_audio(const uint8_t *body, uint32_t len, struct flv_tag *tag)
{
    if (len <= 2) {
        return false;
    }
    tag->config = body[1] == 0;
    tag->packet.kind = TRACK_AUDIO;
    tag->packet.key = 1;
    tag->packet.pts = tag->packet.dts;
    tag->packet.ptr = body + 2;
    tag->packet.len = len - 2;
    return true;
}

bool flv_next(struct flv *flv, struct flv_tag *ret_tag)
{
    while (flv->len - flv->at >= 15) {
        const uint8_t *head = flv->bytes + flv->at;
        const uint32_t len = u24(head + 1);
        const int64_t ms = u24(head + 4) | (uint32_t)head[7] << 24;
        if (flv->len - flv->at < 15 + (size_t)len) {
            return false;
        }
        flv->at += 15 + (size_t)len;
        struct flv_tag tag = {.packet = {.dts = ms * 90, .wall_ms = 1700000000000 + ms}};
        if ((head[0] == 9 && read_video(head + 11, len, &tag)) ||
            (head[0] == 8 && read_audio(head + 11, len, &tag))) {
            *ret_tag = tag;
            return true;
        }
    }
    return false;
}

void flv_close(struct flv *flv)
{
    free(flv->bytes);
}
