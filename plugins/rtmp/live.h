/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * From the messages of one publication to tracks and packets of the media hub. conn.c makes one
 * when a publish was accepted and gives it every media message; payloads are handed on as they lie
 * in the message's body, without copying.
 *
 * Track 0 is H.264 video, track 1 AAC audio. A changed codec configuration announces its track
 * again. Video is held back until the first keyframe after a configuration, and after a packet
 * that the hub had to drop.
 */
#include <stdbool.h>

#include "dais/media.h"
#include "flv.h"
#include "session.h"

#define LIVE_VIDEO 0u
#define LIVE_AUDIO 1u
#define LIVE_TRACKS 2u
/** A codec configuration is a few dozen bytes. */
#define LIVE_CONFIG_BYTES_MAX 16384u

/** Embedded in its owner. */
struct live {
    dais_handle publisher;
    struct dais_buf *configs[LIVE_TRACKS]; /**< as last announced, NULL before */
    bool keyed;                            /**< video goes on: a keyframe was handed over */
    bool passed_over;                      /**< other tracks than the first were seen */
    uint64_t packets_dropped;              /**< by the hub, or held back */
    /** After DAIS_E_MEDIA_TYPE: what cannot be carried. */
    struct flv_packet refused;
};

/** Starts a publication; live_fini ends it. */
void live_init(struct live *live, dais_handle publisher);
void live_fini(struct live *live);

/**
 * [fiber] Hands a media message on. The caller keeps its reference of the body, which is a struct
 * dais_buf. Returns 0 also for what is passed over; DAIS_E_GONE: another publisher took over;
 * DAIS_E_MEDIA_TYPE: a codec that is not carried, see `refused`; DAIS_E_INVALID: broken media;
 * DAIS_E_MEMORY.
 */
int32_t live_media(struct live *live, const struct session_media *media) DAIS_CHECK_RESULT;
