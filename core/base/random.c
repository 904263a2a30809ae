/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include "base/check.h"
#include "base/clock.h"

#include <sodium.h>

void random_init(void)
{
    CHECK_MSG(sodium_init() >= 0, "libsodium found no source of randomness");
}

void random_bytes(void *ret_bytes, size_t len)
{
    randombytes_buf(ret_bytes, len);
}

uint64_t random_u64(void)
{
    uint64_t value;
    random_bytes(&value, sizeof value);
    return value;
}

uint32_t random_below(uint32_t bound)
{
    CHECK(bound > 0);
    return randombytes_uniform(bound);
}

static void write_hex(char *ret_text, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_text[2 * len] = '\0';
}

void random_hex(char *ret_text, size_t bytes)
{
    uint8_t piece[32];
    for (size_t at = 0; at < bytes; at += sizeof piece) {
        size_t len = bytes - at < sizeof piece ? bytes - at : sizeof piece;
        random_bytes(piece, len);
        write_hex(ret_text + 2 * at, piece, len);
    }
    ret_text[2 * bytes] = '\0';
}

static void write_uuid(char ret_text[RANDOM_UUID_BYTES], uint8_t bytes[16], uint8_t version)
{
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    static const uint8_t groups[] = {4, 2, 2, 2, 6};
    size_t from = 0;
    char *at = ret_text;
    for (size_t i = 0; i < sizeof groups; i++) {
        write_hex(at, bytes + from, groups[i]);
        from += groups[i];
        at += 2 * groups[i];
        *at++ = '-';
    }
    at[-1] = '\0';
}

void random_uuid(char ret_text[RANDOM_UUID_BYTES])
{
    uint8_t bytes[16];
    random_bytes(bytes, sizeof bytes);
    write_uuid(ret_text, bytes, 4);
}

void random_uuid_v7(char ret_text[RANDOM_UUID_BYTES])
{
    uint8_t bytes[16];
    random_bytes(bytes, sizeof bytes);
    uint64_t ms = (uint64_t)clock_unix_ms();
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    write_uuid(ret_text, bytes, 7);
}
