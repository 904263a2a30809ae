/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Integers as RTMP, FLV and AMF0 lay them out: most significant byte first. Plain functions on raw
 * memory; the caller has checked that the bytes are there. Used by every codec of this plugin.
 */
#include <stdint.h>

static inline uint32_t bytes_get16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t bytes_get24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t bytes_get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/** The 24-bit two's complement number of FLV composition times. */
static inline int32_t bytes_get24_signed(const uint8_t *p)
{
    return (int32_t)(bytes_get24(p) ^ 0x800000u) - 0x800000;
}

static inline void bytes_put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void bytes_put24(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 16);
    p[1] = (uint8_t)(value >> 8);
    p[2] = (uint8_t)value;
}

static inline void bytes_put32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}
