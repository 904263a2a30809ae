/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.streams/1: what protocol plugins ask of the live model. Offered by `streams`.
 *
 * A protocol plugin authorizes the key that its encoder gave, publishes to the media hub under the
 * playback id, and then authorizes the key once more before it takes media: a key that was replaced
 * in between stopped what was published then, which was nothing yet. `streams` itself observes the
 * hub and keeps the state of the stream.
 */
#include "dais/services.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a stream key opens. The views live as long as the fiber. */
struct dais_ingest {
    struct dais_str stream_id;   /**< uuid */
    struct dais_str playback_id; /**< public name; the hub's name of the stream */
    struct dais_str title;
    uint64_t session; /**< the last one that held the stream; for dais_publish.session_after */
};

struct dais_streams_v1 {
    /**
     * [fiber] [suspends] Finds the stream of a secret key. DAIS_E_DENIED: no such key, or its
     * owner may not publish · DAIS_E_CONFLICT: the stream does not accept media now ·
     * DAIS_E_UNAVAILABLE: cannot be known.
     */
    int32_t (*authorize)(struct dais_str key, struct dais_ingest *ret_ingest);
};

DAIS_SLOT const struct dais_streams_v1 *dais_streams;
#define DAIS_NEED_STREAMS DAIS_NEED(streams, "dais.streams/1", 0)

/** [fiber] [suspends] Finds the stream of a secret key; see struct dais_streams_v1. */
static inline int32_t dais_streams_authorize(struct dais_str key, struct dais_ingest *ret_ingest)
{
    uint64_t entered = dais_services->enter(dais_streams);
    int32_t error = dais_streams->authorize(key, ret_ingest);
    dais_services->leave(entered);
    return error;
}

#ifdef __cplusplus
}
#endif
