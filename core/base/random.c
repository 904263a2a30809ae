/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/uuid.h"

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

void random_uuid(char ret_text[RANDOM_UUID_BYTES])
{
    uint8_t bytes[16];
    random_bytes(bytes, sizeof bytes);
    uuid_write(ret_text, bytes, 4);
}

/** Ids that are made between two calls of the kernel. */
#define POOL_IDS 32u

void random_uuid_v7(char ret_text[RANDOM_UUID_BYTES])
{
    static _Thread_local struct uuid7 last;
    static _Thread_local uint8_t pool[POOL_IDS * UUID7_RANDOM_BYTES];
    static _Thread_local uint32_t left;
    if (left == 0) {
        random_bytes(pool, sizeof pool);
        left = POOL_IDS;
    }
    left--;
    uuid7_write(&last, clock_unix_ns(), pool + left * UUID7_RANDOM_BYTES, ret_text);
}
