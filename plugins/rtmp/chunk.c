/* SPDX-License-Identifier: MIT */
#include "chunk.h"

#include <assert.h>
#include <string.h>

#include "bytes.h"

/* A timestamp field of this value announces 4 more bytes. */
#define EXTENDED 0xffffffu
#define FORMAT_FULL 0u
#define FORMAT_SAME_STREAM 1u
#define FORMAT_NOTHING 3u

/* One chunk header as it stands in the input. */
struct header {
    uint32_t csid;
    uint32_t format;
    uint32_t bytes;         /* of the whole header */
    uint32_t field;         /* timestamp or difference; not for format 3 */
    const uint8_t *message; /* message header */
    bool extended;
};

void chunk_reader_init(struct chunk_reader *reader, const struct chunk_bodies *bodies,
                       uint32_t message_bytes_max, uint32_t buffered_bytes_max)
{
    memset(reader, 0, sizeof(*reader));
    reader->bodies = *bodies;
    reader->message_bytes_max = message_bytes_max;
    reader->buffered_bytes_max = buffered_bytes_max;
    reader->chunk_bytes = CHUNK_BYTES_DEFAULT;
}

void chunk_reader_bound(struct chunk_reader *reader, uint32_t message_bytes_max,
                        uint32_t buffered_bytes_max)
{
    reader->message_bytes_max = message_bytes_max;
    reader->buffered_bytes_max = buffered_bytes_max;
}

static void drop_message(struct chunk_reader *reader, struct chunk_stream *stream)
{
    if (stream->body)
        reader->bodies.body_unref(reader->bodies.ctx, stream->body);
    reader->buffered_bytes -= stream->capacity;
    stream->body = NULL;
    stream->data = NULL;
    stream->capacity = 0;
    stream->received = 0;
    stream->partial = false;
}

void chunk_reader_fini(struct chunk_reader *reader)
{
    for (uint32_t i = 0; i < reader->stream_count; i++)
        drop_message(reader, &reader->streams[i]);
    reader->stream_count = 0;
}

/* Peers use a handful of chunk streams, so that the scan ends early. */
static struct chunk_stream *find_stream(struct chunk_reader *reader, uint32_t csid)
{
    for (uint32_t i = 0; i < reader->stream_count; i++)
        if (reader->streams[i].id == csid)
            return &reader->streams[i];
    return NULL;
}

static void consume(struct dais_str *in, uint64_t bytes)
{
    if (bytes == 0) /* an empty view may have no address to add to */
        return;
    in->ptr += bytes;
    in->len -= bytes;
}

/*
 * After an extended timestamp the spec repeats it in each format 3 chunk; some encoders leave it
 * out. So it counts as there only if the next 4 bytes are equal to it.
 */
static int32_t peek_extended(struct chunk_reader *reader, const uint8_t *in, uint64_t bytes,
                             struct header *header)
{
    const struct chunk_stream *stream = find_stream(reader, header->csid);
    if (!stream || !stream->extended)
        return 1;
    uint8_t expected[4];
    bytes_put32(expected, stream->field);
    uint64_t available = bytes - header->bytes;
    if (available > 4)
        available = 4;
    if (memcmp(in + header->bytes, expected, available) != 0)
        return 1;
    if (available < 4)
        return 0;
    header->bytes += 4;
    return 1;
}

/* Returns 1 with a header, 0 when bytes are missing; at most CHUNK_HEADER_BYTES_MAX are needed. */
static int32_t parse_header(struct chunk_reader *reader, const uint8_t *in, uint64_t bytes,
                            struct header *ret_header)
{
    static const uint8_t message_bytes[] = {11, 7, 3, 0};
    if (bytes == 0)
        return 0;
    struct header header = {.format = in[0] >> 6};
    uint32_t low = in[0] & 63u;
    uint32_t basic = low > 1 ? 1 : low + 2;
    if (bytes < basic)
        return 0;
    if (low > 1)
        header.csid = low;
    else
        header.csid = 64u + in[1] + (low == 1 ? (uint32_t)in[2] << 8 : 0);
    header.message = in + basic;
    header.bytes = basic + message_bytes[header.format];
    if (bytes < header.bytes)
        return 0;
    if (header.format == FORMAT_NOTHING) {
        int32_t status = peek_extended(reader, in, bytes, &header);
        if (status > 0)
            *ret_header = header;
        return status;
    }
    header.field = bytes_get24(header.message);
    if (header.field == EXTENDED) {
        if (bytes < header.bytes + 4)
            return 0;
        header.extended = true;
        header.field = bytes_get32(in + header.bytes);
        header.bytes += 4;
    }
    *ret_header = header;
    return 1;
}

/* The stream of a header; a new one must say at least type and length. */
static int32_t open_stream(struct chunk_reader *reader, const struct header *header,
                           struct chunk_stream **ret_stream)
{
    struct chunk_stream *stream = find_stream(reader, header->csid);
    if (!stream) {
        if (header->format > FORMAT_SAME_STREAM)
            return DAIS_E_INVALID;
        if (reader->stream_count == CHUNK_STREAMS_MAX)
            return DAIS_E_LIMIT;
        stream = &reader->streams[reader->stream_count++];
        memset(stream, 0, sizeof(*stream));
        stream->id = header->csid;
    }
    *ret_stream = stream;
    return 0;
}

/* A header that begins a message; what it leaves out is as in the one before (§5.3.1.2). */
static void begin_message(struct chunk_stream *stream, const struct header *header)
{
    if (header->format < FORMAT_NOTHING) {
        stream->field = header->field;
        stream->extended = header->extended;
    }
    if (header->format <= FORMAT_SAME_STREAM) {
        stream->length = bytes_get24(header->message + 3);
        stream->type = header->message[6];
    }
    if (header->format == FORMAT_FULL) {
        const uint8_t *id = header->message + 7; /* the one little-endian number of RTMP */
        stream->message_stream_id = id[0] | (uint32_t)id[1] << 8 | (uint32_t)id[2] << 16 |
                                    (uint32_t)id[3] << 24;
        stream->timestamp = stream->field;
    } else {
        stream->timestamp += stream->field;
    }
    stream->partial = true;
}

static int32_t begin_chunk(struct chunk_reader *reader, const struct header *header)
{
    struct chunk_stream *stream;
    int32_t error = open_stream(reader, header, &stream);
    if (error)
        return error;
    if (header->format < FORMAT_NOTHING || !stream->partial) {
        /* A new header in the middle of a message: the sender has given the old one up. */
        drop_message(reader, stream);
        begin_message(stream, header);
        if (stream->length > reader->message_bytes_max)
            return DAIS_E_TOO_LARGE;
    }
    uint32_t left = stream->length - stream->received;
    reader->chunk_left = left < reader->chunk_bytes ? left : reader->chunk_bytes;
    reader->current = (uint32_t)(stream - reader->streams);
    reader->in_chunk = true;
    return 0;
}

/* Reads the next header through the bytes that were set aside. */
static int32_t read_pending_header(struct chunk_reader *reader, struct dais_str *in)
{
    struct header header;
    int32_t status;
    while ((status = parse_header(reader, reader->pending, reader->pending_bytes, &header)) == 0) {
        if (in->len == 0)
            return 0;
        assert(reader->pending_bytes < CHUNK_HEADER_BYTES_MAX);
        reader->pending[reader->pending_bytes++] = (uint8_t)in->ptr[0];
        consume(in, 1);
    }
    status = begin_chunk(reader, &header);
    /* What looked like a repeated timestamp and was none stays as the start of the payload. */
    reader->pending_bytes -= (uint8_t)header.bytes;
    memmove(reader->pending, reader->pending + header.bytes, reader->pending_bytes);
    return status ? status : 1;
}

/* Returns 1 inside a chunk, 0 when bytes are missing. */
static int32_t read_header(struct chunk_reader *reader, struct dais_str *in)
{
    if (reader->pending_bytes > 0)
        return read_pending_header(reader, in);
    struct header header;
    if (parse_header(reader, (const uint8_t *)in->ptr, in->len, &header) == 0) {
        assert(in->len < CHUNK_HEADER_BYTES_MAX);
        if (in->len > 0)
            memcpy(reader->pending, in->ptr, in->len);
        reader->pending_bytes = (uint8_t)in->len;
        consume(in, in->len);
        return 0;
    }
    int32_t error = begin_chunk(reader, &header);
    if (error)
        return error;
    consume(in, header.bytes);
    return 1;
}

/* Makes room for `bytes` more, which have arrived: memory is never ahead by more than twofold. */
static int32_t reserve(struct chunk_reader *reader, struct chunk_stream *stream, uint32_t bytes)
{
    uint32_t needed = stream->received + bytes;
    if (needed <= stream->capacity)
        return 0;
    uint32_t capacity = stream->capacity ? stream->capacity * 2 : CHUNK_BODY_BYTES_FIRST;
    if (capacity < needed)
        capacity = needed;
    if (capacity > stream->length)
        capacity = stream->length;
    uint32_t others = reader->buffered_bytes - stream->capacity;
    if (capacity > reader->buffered_bytes_max || others > reader->buffered_bytes_max - capacity)
        return DAIS_E_LIMIT;
    uint8_t *data;
    void *body = reader->bodies.body_new(reader->bodies.ctx, capacity, &data);
    if (!body)
        return DAIS_E_MEMORY;
    if (stream->body) {
        memcpy(data, stream->data, stream->received);
        reader->bodies.body_unref(reader->bodies.ctx, stream->body);
    }
    stream->body = body;
    stream->data = data;
    stream->capacity = capacity;
    reader->buffered_bytes = others + capacity;
    return 0;
}

static int32_t take(struct chunk_reader *reader, const void *from, uint64_t available,
                    uint32_t *ret_taken)
{
    struct chunk_stream *stream = &reader->streams[reader->current];
    uint32_t bytes = reader->chunk_left;
    if (bytes > available)
        bytes = (uint32_t)available;
    if (bytes > 0) {
        int32_t error = reserve(reader, stream, bytes);
        if (error)
            return error;
        memcpy(stream->data + stream->received, from, bytes);
        stream->received += bytes;
        reader->chunk_left -= bytes;
    }
    *ret_taken = bytes;
    return 0;
}

static int32_t read_payload(struct chunk_reader *reader, struct dais_str *in)
{
    uint32_t taken;
    if (reader->pending_bytes > 0) {
        int32_t error = take(reader, reader->pending, reader->pending_bytes, &taken);
        if (error)
            return error;
        reader->pending_bytes -= (uint8_t)taken;
        memmove(reader->pending, reader->pending + taken, reader->pending_bytes);
    }
    int32_t error = take(reader, in->ptr, in->len, &taken);
    if (error)
        return error;
    consume(in, taken);
    return 0;
}

/* Moves the finished body out of the stream. */
static void finish_message(struct chunk_reader *reader, struct chunk_stream *stream,
                           struct chunk_message *ret_message)
{
    *ret_message = (struct chunk_message){
        .csid = stream->id,
        .timestamp = stream->timestamp,
        .message_stream_id = stream->message_stream_id,
        .bytes = stream->length,
        .type = stream->type,
        .body = stream->body,
        .data = stream->data,
    };
    reader->buffered_bytes -= stream->capacity;
    stream->body = NULL;
    stream->data = NULL;
    stream->capacity = 0;
    stream->received = 0;
    stream->partial = false;
}

/* SetChunkSize and Abort; both are one 32-bit number. */
static int32_t apply_control(struct chunk_reader *reader, const struct chunk_message *message)
{
    int32_t status = 0;
    uint32_t value = message->bytes >= 4 ? bytes_get32(message->data) : 0;
    if (message->bytes < 4) {
        status = DAIS_E_INVALID;
    } else if (message->type == CHUNK_ABORT) {
        struct chunk_stream *stream = find_stream(reader, value);
        if (stream)
            drop_message(reader, stream);
    } else if ((value & 0x7fffffffu) == 0) {
        status = DAIS_E_INVALID;
    } else {
        /* Sizes over 65536 and under 128 are met in the field; the message maximum bounds both. */
        reader->chunk_bytes = value & 0x7fffffffu;
    }
    if (message->body)
        reader->bodies.body_unref(reader->bodies.ctx, message->body);
    return status;
}

int32_t chunk_read(struct chunk_reader *reader, struct dais_str *in,
                   struct chunk_message *ret_message)
{
    for (;;) {
        if (!reader->in_chunk) {
            int32_t status = read_header(reader, in);
            if (status <= 0)
                return status;
        }
        int32_t error = read_payload(reader, in);
        if (error)
            return error;
        if (reader->chunk_left > 0)
            return 0;
        reader->in_chunk = false;
        struct chunk_stream *stream = &reader->streams[reader->current];
        if (stream->received < stream->length)
            continue;
        struct chunk_message message;
        finish_message(reader, stream, &message);
        if (message.type != CHUNK_SET_CHUNK_SIZE && message.type != CHUNK_ABORT) {
            *ret_message = message;
            return 1;
        }
        error = apply_control(reader, &message);
        if (error)
            return error;
    }
}

static uint32_t write_basic_header(uint8_t *out, uint32_t format, uint32_t csid)
{
    uint8_t top = (uint8_t)(format << 6);
    if (csid < 64) {
        out[0] = (uint8_t)(top | csid);
        return 1;
    }
    out[1] = (uint8_t)(csid - 64);
    if (csid < 320) {
        out[0] = top;
        return 2;
    }
    out[0] = (uint8_t)(top | 1);
    out[2] = (uint8_t)((csid - 64) >> 8);
    return 3;
}

/* The first header of a message is format 0, the others format 3. */
static uint32_t write_header(uint8_t *out, const struct chunk_message *message, bool first)
{
    uint32_t bytes = write_basic_header(out, first ? FORMAT_FULL : FORMAT_NOTHING, message->csid);
    bool extended = message->timestamp >= EXTENDED;
    if (first) {
        bytes_put24(out + bytes, extended ? EXTENDED : message->timestamp);
        bytes_put24(out + bytes + 3, message->bytes);
        out[bytes + 6] = message->type;
        for (uint32_t i = 0; i < 4; i++)
            out[bytes + 7 + i] = (uint8_t)(message->message_stream_id >> (8 * i));
        bytes += 11;
    }
    if (extended) {
        bytes_put32(out + bytes, message->timestamp);
        bytes += 4;
    }
    return bytes;
}

int32_t chunk_write(const struct chunk_message *message, uint32_t chunk_bytes, uint8_t *out,
                    size_t room, size_t *ret_bytes)
{
    size_t written = 0;
    uint32_t done = 0;
    do {
        uint8_t header[CHUNK_HEADER_BYTES_MAX];
        uint32_t header_bytes = write_header(header, message, done == 0);
        uint32_t bytes = message->bytes - done;
        if (bytes > chunk_bytes)
            bytes = chunk_bytes;
        if (room - written < header_bytes + bytes)
            return DAIS_E_LIMIT;
        memcpy(out + written, header, header_bytes);
        written += header_bytes;
        if (bytes > 0)
            memcpy(out + written, message->data + done, bytes);
        written += bytes;
        done += bytes;
    } while (done < message->bytes);
    *ret_bytes = written;
    return 0;
}
