/* SPDX-License-Identifier: MIT */
#include "realtime/frame.h"

#include "base/check.h"

#include <string.h>

#define FINAL_TEXT 0x81u
#define FINAL_BINARY 0x82u
/** Lengths that say: the real one follows, in two or eight bytes. */
#define LENGTH_16 126u
#define LENGTH_64 127u

static void put_big_endian(uint8_t *at, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static uint64_t get_big_endian(const uint8_t *at, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

uint32_t frame_head(uint8_t head[FRAME_HEAD_BYTES_MAX], bool binary, uint64_t len)
{
    head[0] = binary ? FINAL_BINARY : FINAL_TEXT;
    if (len < LENGTH_16) {
        head[1] = (uint8_t)len;
        return 2;
    }
    uint32_t bytes = len <= UINT16_MAX ? 2 : 8;
    head[1] = bytes == 2 ? LENGTH_16 : LENGTH_64;
    put_big_endian(head + 2, len, bytes);
    return 2 + bytes;
}

void frame_add(struct strbuf *out, bool binary, struct dais_str payload)
{
    uint8_t head[FRAME_HEAD_BYTES_MAX];
    uint32_t bytes = frame_head(head, binary, payload.len);
    strbuf_add(out, dais_str((const char *)head, bytes));
    strbuf_add(out, payload);
}

uint64_t frame_begin(struct strbuf *out)
{
    uint64_t begin = strbuf_view(out).len;
    (void)strbuf_extend(out, FRAME_HEAD_BYTES_MAX);
    return begin;
}

/* Room for the longest head was left; the payload moves up to the one that it needs. */
void frame_end(struct strbuf *out, uint64_t begin, bool binary)
{
    uint8_t head[FRAME_HEAD_BYTES_MAX];
    if (strbuf_error(out))
        return;
    struct dais_str all = strbuf_view(out);
    CHECK(all.len >= begin + FRAME_HEAD_BYTES_MAX);
    uint64_t len = all.len - begin - FRAME_HEAD_BYTES_MAX;
    uint32_t bytes = frame_head(head, binary, len);
    memmove(out->ptr + begin + bytes, out->ptr + begin + FRAME_HEAD_BYTES_MAX, len);
    memcpy(out->ptr + begin, head, bytes);
    strbuf_truncate(out, begin + bytes + len);
}

bool frame_next(struct dais_str *rest, bool *ret_binary, struct dais_str *ret_payload)
{
    const uint8_t *at = (const uint8_t *)rest->ptr;
    if (rest->len < 2)
        return false;
    uint32_t more = at[1] == LENGTH_16 ? 2 : at[1] == LENGTH_64 ? 8 : 0;
    CHECK(rest->len >= 2 + more);
    uint64_t len = more ? get_big_endian(at + 2, more) : at[1];
    CHECK(rest->len - 2 - more >= len);
    *ret_binary = at[0] == FINAL_BINARY;
    *ret_payload = dais_str(rest->ptr + 2 + more, len);
    *rest = dais_str(rest->ptr + 2 + more + len, rest->len - 2 - more - len);
    return true;
}
