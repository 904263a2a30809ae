/* SPDX-License-Identifier: MIT */
#include "base/uuid.h"

/** A tick is the 4096th part of a millisecond: 12 bits behind the 48 of the milliseconds. */
#define TICK_BITS 12u
#define TICKS_MAX ((1ull << (48 + TICK_BITS)) - 1)
#define NS_PER_MS 1000000u

/** Bits that count within a tick, which begins in the lower half. */
#define COUNT_BITS 14u
#define COUNT_MAX ((1u << COUNT_BITS) - 1)
#define COUNT_FIRST_MAX (COUNT_MAX >> 1)

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

static uint64_t ticks_of(int64_t unix_ns)
{
    uint64_t ns = unix_ns > 0 ? (uint64_t)unix_ns : 0;
    uint64_t part = ((ns % NS_PER_MS) << TICK_BITS) / NS_PER_MS;
    return (ns / NS_PER_MS << TICK_BITS | part) & TICKS_MAX;
}

/** The next place in the order. A tick that is full lends from the next one. */
static void advance(struct uuid7 *last, int64_t unix_ns, const uint8_t random[2])
{
    uint64_t now = ticks_of(unix_ns);
    if (now <= last->ticks && last->count < COUNT_MAX) {
        last->count++;
        return;
    }
    last->ticks = now > last->ticks ? now : last->ticks + 1;
    last->count = ((uint32_t)random[0] << 8 | random[1]) & COUNT_FIRST_MAX;
}

void uuid7_write(struct uuid7 *last, int64_t unix_ns, const uint8_t random[UUID7_RANDOM_BYTES],
                 char ret_text[UUID_TEXT_BYTES])
{
    uint8_t bytes[16];
    advance(last, unix_ns, random);
    uint64_t ms = last->ticks >> TICK_BITS;
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    bytes[6] = (uint8_t)(last->ticks >> 8 & 0x0f);
    bytes[7] = (uint8_t)last->ticks;
    bytes[8] = (uint8_t)(last->count >> 8);
    bytes[9] = (uint8_t)last->count;
    memcpy(bytes + 10, random + 2, 6);
    uuid_write(ret_text, bytes, 7);
}
