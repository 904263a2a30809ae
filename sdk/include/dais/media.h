/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.media/1: the media hub. Publishers put packets in, observers get them.
 *
 * A stream is named by its public playback id and has a home worker, a hash of that name: there its
 * tracks, its group of pictures and its observers live, and only there observers are called. A
 * publisher may sit on any worker; its packets travel by mail, in order, without copying.
 *
 * Life of a stream: `publish` → begin → track … packet … → the encoder vanishes → gap → it comes
 * back within the grace period → resume (tracks follow again) → … → end. A clean stop (`unpublish`
 * with clean set) ends at once.
 *
 * Takeover: a second publisher of a stream is refused with DAIS_E_CONFLICT, unless the first has
 * been silent for 2 s or has the same identity (address and fingerprint of the client). A publisher
 * thrown out by its own identity is refused for 30 s, so that two encoders behind one address
 * cannot throw each other out for ever.
 *
 * Times are in ticks of 90 kHz on one timeline per stream session, starting anywhere.
 */
#include "dais/mem.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DAIS_MEDIA_VIDEO 1u
#define DAIS_MEDIA_AUDIO 2u
/** Codecs by the code of their sample entry. */
#define DAIS_CODEC_H264 0x61766331u /**< 'avc1': config avcC, payload length-prefixed */
#define DAIS_CODEC_AAC 0x6d703461u  /**< 'mp4a': config AudioSpecificConfig, payload raw */
/** At most this many tracks per stream; indices are below it. */
#define DAIS_MEDIA_TRACKS_MAX 8u

/** What a track carries. Announced before its first packet and whenever `config` changes. */
struct dais_track {
    uint32_t index; /**< below DAIS_MEDIA_TRACKS_MAX, chosen by the publisher */
    uint32_t kind;  /**< DAIS_MEDIA_VIDEO or DAIS_MEDIA_AUDIO */
    uint32_t codec; /**< DAIS_CODEC_… */
    uint32_t reserved;
    struct dais_buf *config; /**< codec configuration; the hub takes its own reference */
};

#define DAIS_PACKET_KEY 1u /**< decoding may begin here; set on every audio packet */

/** One access unit. */
struct dais_packet {
    struct dais_buf *buf; /**< immutable; who keeps the packet takes a reference */
    uint32_t offset;      /**< of the payload in `buf` */
    uint32_t len;
    uint32_t track; /**< index of its track */
    uint32_t flags; /**< DAIS_PACKET_… */
    int64_t dts;    /**< 90 kHz */
    int64_t pts;    /**< 90 kHz */
};

/** Who wants to publish, and what it wants to hear. */
struct dais_publish {
    struct dais_str stream;   /**< playback id */
    struct dais_str identity; /**< same client, same text: address and fingerprint */
    struct dais_str source;   /**< for logs: "rtmp 192.0.2.1:50000" */
    /** The session gets a number above this one: the last that is known from before a restart, when
     * the clock may have stepped back. 0: none. */
    uint64_t session_after;
    /** [worker] On the publisher's worker: another publisher took over; stop sending. */
    void (*displaced)(uint64_t cookie);
    uint64_t cookie;
};

/** A stream as its observers see it. The views are valid during the call. */
struct dais_stream_info {
    struct dais_str stream; /**< playback id */
    struct dais_str source;
    uint64_t session; /**< rises with each publisher that is accepted, over restarts too */
};

#define DAIS_OBSERVE_PACKETS 1u /**< wants tracks and packets, not only the life of streams */

/**
 * What is called on the home worker of every stream, in this order. Any function may be NULL.
 * [worker]: none may suspend; one that has to wait starts a task.
 */
struct dais_media_observer {
    const char *name;
    uint32_t flags; /**< DAIS_OBSERVE_… */
    uint32_t reserved;
    /** A stream begins; what is returned is the cookie of the other calls. */
    uint64_t (*begin)(const struct dais_stream_info *info);
    /** A track was announced or changed its configuration. */
    void (*track)(uint64_t cookie, const struct dais_track *track);
    void (*packet)(uint64_t cookie, const struct dais_packet *packet);
    /** The publisher vanished; the grace period runs. */
    void (*gap)(uint64_t cookie);
    /** A publisher came back, or took over: a new timeline, tracks are announced again. */
    void (*resume)(uint64_t cookie, const struct dais_stream_info *info);
    /** The stream is over; the cookie is not used again. */
    void (*end)(uint64_t cookie);
};

struct dais_media_v1 {
    /** [setup] Observes every stream. */
    int32_t (*observe)(const struct dais_media_observer *observer);
    /**
     * [fiber] [suspends] Becomes the publisher of `request->stream`. DAIS_E_CONFLICT: it has one
     * that does not give way · DAIS_E_DENIED: this identity was just thrown out · DAIS_E_LIMIT: too
     * many streams.
     */
    int32_t (*publish)(const struct dais_publish *request, dais_handle *ret_publisher);
    /** [fiber] [worker] On the publisher's worker: announces or changes a track. */
    int32_t (*track)(dais_handle publisher, const struct dais_track *track);
    /**
     * [fiber] [worker] On the publisher's worker: hands on a packet; the hub takes its own
     * reference of the buffer. DAIS_E_GONE: displaced · DAIS_E_LIMIT: the home worker is too far
     * behind, the packet was dropped.
     */
    int32_t (*packet)(dais_handle publisher, const struct dais_packet *packet);
    /** [fiber] [worker] Ends publishing; `clean`: the encoder said so, no grace period follows. */
    void (*unpublish)(dais_handle publisher, uint32_t clean);
    /** [fiber] [worker] Ends a stream now, whoever publishes it, on whatever worker. */
    int32_t (*stop)(struct dais_str stream);
};

DAIS_SLOT const struct dais_media_v1 *dais_media;
#define DAIS_NEED_MEDIA DAIS_NEED(media, "dais.media/1", 0)

#ifdef __cplusplus
}
#endif
