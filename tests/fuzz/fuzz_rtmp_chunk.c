/* SPDX-License-Identifier: MIT */
/*
 * Chunk streams from outside: whatever arrives, memory stays within its bounds, and the messages
 * are the same for input in one piece and in small ones.
 */
#include <stdint.h>
#include <stdlib.h>

#include "chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MESSAGE_BYTES_MAX (256u << 10)
#define BUFFERED_BYTES_MAX (512u << 10)

/* The tally of one run; the body's size stands in front of it. */
struct tally {
    uint64_t alive_bytes;
    uint64_t hash;
    int32_t end;
};

static void *body_new(void *ctx, uint32_t bytes, uint8_t **ret_data)
{
    struct tally *tally = ctx;
    uint64_t *body = malloc(sizeof(uint64_t) + bytes);
    if (!body)
        abort();
    *body = bytes;
    tally->alive_bytes += bytes;
    if (tally->alive_bytes > BUFFERED_BYTES_MAX + MESSAGE_BYTES_MAX)
        abort();
    *ret_data = (uint8_t *)(body + 1);
    return body;
}

static void body_unref(void *ctx, void *body)
{
    struct tally *tally = ctx;
    tally->alive_bytes -= *(uint64_t *)body;
    free(body);
}

static void add(struct tally *tally, const struct chunk_message *message)
{
    uint64_t head = (uint64_t)message->csid << 40 ^ (uint64_t)message->timestamp << 8 ^
                    message->type ^ (uint64_t)message->message_stream_id << 20 ^ message->bytes;
    tally->hash = (tally->hash ^ head) * 0x100000001b3u;
    for (uint32_t i = 0; i < message->bytes; i++)
        tally->hash = (tally->hash ^ message->data[i]) * 0x100000001b3u;
    if (message->body)
        body_unref(tally, message->body);
}

static struct tally run(const uint8_t *data, size_t len, size_t slice)
{
    struct tally tally = {0};
    const struct chunk_bodies bodies = {
        .ctx = &tally, .body_new = body_new, .body_unref = body_unref};
    struct chunk_reader reader;
    chunk_reader_init(&reader, &bodies, MESSAGE_BYTES_MAX, BUFFERED_BYTES_MAX);
    for (size_t at = 0; at < len && tally.end >= 0; at += slice) {
        struct dais_str in = dais_str((const char *)data + at, len - at < slice ? len - at : slice);
        struct chunk_message message;
        while ((tally.end = chunk_read(&reader, &in, &message)) > 0)
            add(&tally, &message);
    }
    chunk_reader_fini(&reader);
    if (tally.alive_bytes != 0)
        abort();
    return tally;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    struct tally whole = run(data, len, len);
    struct tally sliced = run(data, len, 1 + data[len - 1] % 7u);
    if (whole.hash != sliced.hash || whole.end != sliced.end)
        abort();
    return 0;
}
