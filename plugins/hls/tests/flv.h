/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Reads an FLV file made by ffmpeg, as a stand-in for a publisher: H.264 and AAC only.
 *
 * flv_open → flv_next until false → flv_close.
 */
#include "segmenter.h"

/** A tag of media or configuration. `packet.ptr` points into the file, which stays open. */
struct flv_tag {
    bool config; /**< `packet.ptr` is avcC or AudioSpecificConfig */
    struct segmenter_packet packet;
};

struct flv {
    uint8_t *bytes;
    size_t len;
    size_t at;
};

/** Reads the whole file; false when it cannot be read. */
bool flv_open(struct flv *flv, const char *path);

/** The next tag of video or audio; false at the end. */
bool flv_next(struct flv *flv, struct flv_tag *ret_tag);

void flv_close(struct flv *flv);
