/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A bounded big-endian bit reader for codec configuration records.
 *
 * Reading past the end never touches memory: it gives zeros and marks the reader as overrun, so
 * that a parser reads its whole structure and asks once at the end. Used by h264.c and aac.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The bits of `len` bytes at `ptr`, which the caller keeps alive. Initialize with bits_init. */
struct bits {
    const uint8_t *ptr;
    size_t len_bits;
    size_t at;
    bool overrun; /**< a read asked for more than there is */
};

/** Starts reading at the first bit of `len` bytes. */
static inline void bits_init(struct bits *bits, const uint8_t *ptr, size_t len)
{
    *bits = (struct bits){.ptr = ptr, .len_bits = len * 8};
}

/** How many bits are left. */
static inline size_t bits_left(const struct bits *bits)
{
    return bits->len_bits - bits->at;
}

/** The next `count` (0 to 32) bits as a number; 0 after an overrun. */
static inline uint32_t bits_get(struct bits *bits, uint32_t count)
{
    if (bits->overrun || count > 32 || bits_left(bits) < count) {
        bits->overrun = true;
        return 0;
    }
    uint64_t value = 0;
    for (uint32_t i = 0; i < count; i++, bits->at++) {
        value = value << 1 | (bits->ptr[bits->at >> 3] >> (7 - (bits->at & 7)) & 1u);
    }
    return (uint32_t)value;
}

/** Steps over `count` bits. */
static inline void bits_skip(struct bits *bits, size_t count)
{
    if (bits->overrun || bits_left(bits) < count) {
        bits->overrun = true;
        return;
    }
    bits->at += count;
}

/** An unsigned Exp-Golomb number (ITU-T H.264 9.1); more than 31 leading zeros is an overrun. */
static inline uint32_t bits_ue(struct bits *bits)
{
    uint32_t zeros = 0;
    while (!bits->overrun && bits_get(bits, 1) == 0) {
        if (++zeros > 31) {
            bits->overrun = true;
        }
    }
    if (bits->overrun) {
        return 0;
    }
    return (uint32_t)((1ull << zeros) - 1 + bits_get(bits, zeros));
}

/** A signed Exp-Golomb number (ITU-T H.264 9.1.1). */
static inline int32_t bits_se(struct bits *bits)
{
    int64_t code = bits_ue(bits);
    return (int32_t)(code & 1 ? (code + 1) / 2 : -(code / 2));
}
