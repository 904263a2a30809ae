/* SPDX-License-Identifier: MIT */
/*
 * What WebSocket clients send: however it is cut, it comes to the same, messages keep their bound,
 * text is UTF-8, and nothing is told behind a close frame. The first byte of the input is the size
 * of its pieces.
 */
#include "base/check.h"
#include "base/hash.h"
#include "base/str.h"
#include "realtime/ws.h"
#include "realtime/ws_input.h"

#define MESSAGE_BYTES_MAX 600u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct ws_input_event *event, bool *failed, bool *closed)
{
    CHECK(!*closed && (!*failed || event->kind == WS_INPUT_CLOSE));
    CHECK(event->payload.len <= MESSAGE_BYTES_MAX);
    CHECK(event->kind != WS_INPUT_TEXT || str_is_utf8(event->payload));
    *failed = *failed || event->kind == WS_INPUT_FAILED;
    *closed = event->kind == WS_INPUT_CLOSE;
}

/* A number that stands for all that was told of `bytes` in pieces of `step`. */
static uint64_t transcribe(struct dais_str bytes, uint64_t step)
{
    struct ws_readers readers = {.free = NULL};
    struct ws_input input;
    struct ws_input_event event;
    bool failed = false, closed = false;
    uint64_t told = 0;
    ws_input_init(&input, &readers, MESSAGE_BYTES_MAX);
    for (uint64_t at = 0; at < bytes.len; at += step) {
        struct dais_str piece = str_sub(bytes, at, step);
        while (ws_input_next(&input, &piece, &event)) {
            check(&event, &failed, &closed);
            told = told * 31 + (uint64_t)event.kind * 65537 + event.code;
            told ^= hash_bytes(event.payload);
        }
        CHECK(piece.len == 0);
    }
    ws_input_fini(&input);
    ws_readers_fini(&readers);
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    struct dais_str bytes = dais_str((const char *)data + 1, len - 1);
    uint64_t whole = transcribe(bytes, bytes.len + 1);
    CHECK(transcribe(bytes, (uint64_t)data[0] + 1) == whole);
    CHECK(transcribe(bytes, 1) == whole);
    return 0;
}
