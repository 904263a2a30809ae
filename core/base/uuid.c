/* SPDX-License-Identifier: MIT */
#include "base/uuid.h"

/** Bits that count within a millisecond. A millisecond begins in the lower half. */
#define COUNT_BITS 26u
#define COUNT_MAX ((1u << COUNT_BITS) - 1)
#define COUNT_FIRST_MAX (COUNT_MAX >> 1)
/** Bits of the count behind the variant. */
#define COUNT_LOW_BITS 14u

#define MS_MAX ((1ull << 48) - 1)

static char *write_hex(char *at, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    return at;
}

void uuid_write(char ret_text[UUID_TEXT_BYTES], uint8_t bytes[16], uint8_t version)
{
    static const uint8_t groups[] = {4, 2, 2, 2, 6};
    char *at = ret_text;
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof groups; i++) {
        at = write_hex(at, bytes, groups[i]);
        bytes += groups[i];
        *at++ = '-';
    }
    at[-1] = '\0';
}

static uint32_t first_count(const uint8_t random[4])
{
    uint32_t number = (uint32_t)random[0] << 24 | (uint32_t)random[1] << 16 |
                      (uint32_t)random[2] << 8 | random[3];
    return number & COUNT_FIRST_MAX;
}

/** The next place in the order. A millisecond that is full lends from the next one. */
static void advance(struct uuid7 *last, int64_t unix_ms, const uint8_t random[4])
{
    uint64_t now_ms = unix_ms > 0 ? (uint64_t)unix_ms & MS_MAX : 0;
    if (now_ms <= last->ms && last->count < COUNT_MAX) {
        last->count++;
        return;
    }
    last->ms = now_ms > last->ms ? now_ms : last->ms + 1;
    last->count = first_count(random);
}

void uuid7_write(struct uuid7 *last, int64_t unix_ms, const uint8_t random[UUID7_RANDOM_BYTES],
                 char ret_text[UUID_TEXT_BYTES])
{
    uint8_t bytes[16];
    advance(last, unix_ms, random);
    uint32_t high = last->count >> COUNT_LOW_BITS;
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(last->ms >> (40 - 8 * i));
    bytes[6] = (uint8_t)(high >> 8);
    bytes[7] = (uint8_t)high;
    bytes[8] = (uint8_t)(last->count >> 8 & 0x3f);
    bytes[9] = (uint8_t)last->count;
    memcpy(bytes + 10, random + 4, 6);
    uuid_write(ret_text, bytes, 7);
}
