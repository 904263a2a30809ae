/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The server side of one RTMP connection as a pure state machine: bytes in, bytes and events out;
 * no I/O, no clock. conn.c gives it what the socket brought and sends what it has to say:
 *
 *     session_feed → SESSION_PUBLISH → (who is it? may it?) → session_accept or session_refuse
 *     session_feed → SESSION_MEDIA … → SESSION_UNPUBLISH
 *
 * Nothing positive about a publication is said before the caller has decided. After every feed the
 * caller sends session_output and reports it with session_sent; a session whose output waits does
 * not take more input. chunk.c cuts the messages, command.c understands commands, reply.c answers.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chunk.h"
#include "handshake.h"

/** Longest application, URL and stream name that is accepted, in bytes. */
#define SESSION_APP_BYTES_MAX 512u
#define SESSION_URL_BYTES_MAX 1024u
#define SESSION_NAME_BYTES_MAX 512u
/** Longer descriptions of the encoder are cut. */
#define SESSION_ENCODER_BYTES_MAX 64u
/** Output that waits to be sent; input rests when half of it is full. */
#define SESSION_OUTPUT_BYTES_MAX 8192u
#define SESSION_OUTPUT_BYTES_PAUSE (SESSION_OUTPUT_BYTES_MAX / 2)
/** Largest message, and twice of it unfinished, before a publication was accepted. */
#define SESSION_COMMAND_BYTES_MAX 65536u
/** createStream calls that one connection may make. */
#define SESSION_STREAMS_MAX 1000u

/** What both sides are told: acknowledge this often, and send chunks of this size. */
#define SESSION_WINDOW_BYTES 2500000u
#define SESSION_CHUNK_BYTES 60000u

struct session_config {
    struct chunk_bodies bodies;
    uint32_t message_bytes_max;  /**< both from the first accepted publication on */
    uint32_t buffered_bytes_max; /**< of all unfinished messages together */
    uint64_t seed;               /**< differs from one connection to the next; no secret */
};

enum session_state {
    SESSION_HANDSHAKING,
    SESSION_OPEN,      /**< waits for connect */
    SESSION_CONNECTED, /**< commands are taken */
    SESSION_DECIDING,  /**< SESSION_PUBLISH was given, the caller decides */
    SESSION_PUBLISHING,
    SESSION_REFUSED, /**< send the output, then close */
};

enum session_event_kind {
    SESSION_PUBLISH = 1,
    SESSION_MEDIA,
    SESSION_UNPUBLISH, /**< the encoder said that it is done */
};

/** Who wants to publish what. The views live until the session's next publish, or its end. */
struct session_publish {
    struct dais_str app;       /**< without query */
    struct dais_str name;      /**< may be the secret key: not for logs */
    struct dais_str key;       /**< secret; empty when none was given */
    struct dais_str other_key; /**< secret; try it when `key` is unknown; may be absent */
    struct dais_str encoder;   /**< flashVer: "FMLE/3.0 (compatible; FMSc/1.0)" */
};

/** A message of the publication. */
struct session_media {
    uint8_t type;         /**< CHUNK_AUDIO, CHUNK_VIDEO or CHUNK_DATA_AMF0 */
    int64_t timestamp_ms; /**< decoding time on one line that does not wrap */
    void *body;           /**< one reference of the body, the caller's now; may be NULL */
    struct dais_str data; /**< view into it */
};

struct session_event {
    enum session_event_kind kind;
    struct session_publish publish; /**< of SESSION_PUBLISH */
    struct session_media media;     /**< of SESSION_MEDIA */
};

/** An aggregate message on its way out. */
struct session_aggregate {
    void *body;
    struct dais_str rest;
    uint32_t timestamp; /**< of the message, then moved by the tags' differences */
    uint32_t first;     /**< time of its first tag */
    bool begun;
};

/** Embedded in its owner; the fields belong to session.c, command.c and reply.c. */
struct session {
    struct chunk_bodies bodies;
    enum session_state state;
    struct handshake handshake;
    struct chunk_reader chunks;
    uint32_t message_bytes_max;
    uint32_t buffered_bytes_max;
    struct session_aggregate aggregate;

    uint64_t received_bytes;
    uint64_t acknowledged_bytes;
    uint32_t window_bytes;

    bool timed;           /**< a timestamp of this publication is known */
    int64_t timestamp_ms; /**< the last one */

    uint32_t streams;        /**< createStream calls so far; the last one's number */
    uint32_t publish_stream; /**< message stream of the publication */
    bool fc_publish;         /**< the encoder said FCPublish: it may wait for onFCPublish */
    uint32_t chunk_bytes;    /**< of our own chunks */

    uint16_t app_bytes;
    uint16_t url_bytes;
    uint16_t name_bytes;
    uint16_t encoder_bytes;
    char app[SESSION_APP_BYTES_MAX];
    char url[SESSION_URL_BYTES_MAX];
    char name[SESSION_NAME_BYTES_MAX];
    char encoder[SESSION_ENCODER_BYTES_MAX];

    uint32_t output_bytes;
    uint8_t output[SESSION_OUTPUT_BYTES_MAX];
};

/** Starts a session; `bodies.ctx` must outlive it. */
void session_init(struct session *session, const struct session_config *config);

/** Gives back every body that the session still holds. */
void session_fini(struct session *session);

/**
 * Consumes input from the front of `in`, advancing it, up to the next event. Returns 1 with an
 * event; 0 when all input is consumed, or, with input left, when output has to be sent first;
 * DAIS_E_STATE while the caller owes a decision or after a refusal; DAIS_E_INVALID, _TOO_LARGE,
 * _LIMIT or _MEMORY when the connection has to be closed.
 */
int32_t session_feed(struct session *session, struct dais_str *in,
                     struct session_event *ret_event) DAIS_CHECK_RESULT;

/** After SESSION_PUBLISH: the encoder may send. DAIS_E_STATE without a pending decision. */
int32_t session_accept(struct session *session) DAIS_CHECK_RESULT;

/**
 * After SESSION_PUBLISH, or while publishing (the publication was taken over): tells the encoder
 * `code` ("NetStream.Publish.Denied") with a sentence for its user, which must never hold
 * "code=403" or "authmod". Then only the output remains to be sent. DAIS_E_STATE at any other time.
 */
int32_t session_refuse(struct session *session, struct dais_str code,
                       struct dais_str description) DAIS_CHECK_RESULT;

/** What has to be sent; a view until the next call on the session. */
struct dais_str session_output(const struct session *session);

/** The first `bytes` of the output are on their way. */
void session_sent(struct session *session, uint64_t bytes);

/** For reply.c: queues one message. DAIS_E_LIMIT when the output is full. */
int32_t session_send(struct session *session,
                     const struct chunk_message *message) DAIS_CHECK_RESULT;
