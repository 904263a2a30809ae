/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * RTMP chunk streams (RTMP 1.0 §5.3): messages cut into chunks that may interleave.
 *
 * The reader takes input in slices of any length and hands out whole messages. A message body goes
 * straight from the input into a buffer of the caller's (struct chunk_bodies), which then belongs
 * to whoever received the message: one copy, no second one. A body is allocated as its bytes
 * arrive, so that a header claiming 16 MB costs nothing; one message, the sum of all unfinished
 * ones and the number of chunk streams are bounded. SetChunkSize and Abort (types 1 and 2) are the
 * reader's own business and are not handed out.
 *
 * The writer lays one message out as chunks in memory of the caller's.
 *
 * Life: chunk_reader_init, chunk_read until the connection ends, chunk_reader_fini.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dais/error.h"
#include "dais/types.h"

#define CHUNK_STREAMS_MAX 64u
/** Basic header 3, message header 11, extended timestamp 4. */
#define CHUNK_HEADER_BYTES_MAX 18u
/** What both sides use until told otherwise (§5.4.1). */
#define CHUNK_BYTES_DEFAULT 128u
/** A longer body starts with this much and doubles as bytes arrive. */
#define CHUNK_BODY_BYTES_FIRST (64u << 10)

/** Message types (§5.4, §7.1). */
enum chunk_type {
    CHUNK_SET_CHUNK_SIZE = 1,
    CHUNK_ABORT = 2,
    CHUNK_ACK = 3,
    CHUNK_USER_CONTROL = 4,
    CHUNK_WINDOW_ACK_SIZE = 5,
    CHUNK_SET_PEER_BANDWIDTH = 6,
    CHUNK_AUDIO = 8,
    CHUNK_VIDEO = 9,
    CHUNK_DATA_AMF3 = 15,
    CHUNK_COMMAND_AMF3 = 17,
    CHUNK_DATA_AMF0 = 18,
    CHUNK_COMMAND_AMF0 = 20,
    CHUNK_AGGREGATE = 22,
};

/** Where message bodies live: reference-counted buffers of the caller's. */
struct chunk_bodies {
    void *ctx;
    /** A buffer of `bytes` > 0 with one reference, its memory in *ret_data; NULL without memory. */
    void *(*body_new)(void *ctx, uint32_t bytes, uint8_t **ret_data);
    void (*body_ref)(void *ctx, void *body);
    void (*body_unref)(void *ctx, void *body);
};

/** One message. */
struct chunk_message {
    uint32_t csid;      /**< chunk stream, 2 … 65599 */
    uint32_t timestamp; /**< milliseconds, wraps at 2^32 */
    uint32_t message_stream_id;
    uint32_t bytes;
    uint8_t type; /**< enum chunk_type, or a value unknown to us */
    void *body;   /**< NULL when `bytes` is 0 */
    uint8_t *data;
};

/** The memory of one chunk stream: the header that later ones leave parts out of, and a message. */
struct chunk_stream {
    uint32_t id;
    uint32_t timestamp;
    uint32_t field; /**< last timestamp field as sent: absolute after format 0, else a difference */
    uint32_t message_stream_id;
    uint32_t length;
    uint32_t received;
    uint32_t capacity;
    uint8_t type;
    bool extended; /**< the last field took an extended timestamp */
    bool partial;  /**< a message has begun and is not complete */
    void *body;
    uint8_t *data;
};

/** Embedded in its owner; the fields are the reader's. */
struct chunk_reader {
    struct chunk_bodies bodies;
    uint32_t message_bytes_max;
    uint32_t buffered_bytes_max;
    uint32_t chunk_bytes;
    uint32_t buffered_bytes; /**< allocated for unfinished messages */
    uint32_t chunk_left;     /**< payload still missing of the current chunk */
    uint32_t current;        /**< index of its stream, valid while in_chunk */
    bool in_chunk;
    uint8_t pending_bytes; /**< input set aside: a header that is not complete */
    uint8_t pending[CHUNK_HEADER_BYTES_MAX];
    uint32_t stream_count;
    struct chunk_stream streams[CHUNK_STREAMS_MAX];
};

/**
 * Starts reading with chunks of 128 bytes. `message_bytes_max` bounds one message,
 * `buffered_bytes_max` the memory of all unfinished messages together.
 */
void chunk_reader_init(struct chunk_reader *reader, const struct chunk_bodies *bodies,
                       uint32_t message_bytes_max, uint32_t buffered_bytes_max);

/** Changes both bounds, for what comes from now on. */
void chunk_reader_bound(struct chunk_reader *reader, uint32_t message_bytes_max,
                        uint32_t buffered_bytes_max);

/** Gives back the bodies of unfinished messages. */
void chunk_reader_fini(struct chunk_reader *reader);

/**
 * Consumes input from the front of `in` and advances it, up to the end of the next message.
 * Returns 1 with a message whose body reference now belongs to the caller; 0 when all input is
 * consumed; DAIS_E_INVALID for broken chunks, DAIS_E_TOO_LARGE for a message over the maximum,
 * DAIS_E_LIMIT for too many chunk streams or too much unfinished, DAIS_E_MEMORY. After an error the
 * reader can only be finished.
 */
int32_t chunk_read(struct chunk_reader *reader, struct dais_str *in,
                   struct chunk_message *ret_message) DAIS_CHECK_RESULT;

/**
 * Writes a message as chunks of `chunk_bytes` to `out`. Uses type, csid, timestamp,
 * message_stream_id, data and bytes of the message. Returns 0 and the number of bytes written, or
 * DAIS_E_LIMIT without touching *ret_bytes when `room` is too small.
 */
int32_t chunk_write(const struct chunk_message *message, uint32_t chunk_bytes, uint8_t *out,
                    size_t room, size_t *ret_bytes) DAIS_CHECK_RESULT;
