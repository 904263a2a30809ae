/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include "base/random.h"

#include <sodium.h>

static uint8_t secret[crypto_shorthash_KEYBYTES];

/* Before any thread and any map: a map made earlier would lose its keys. */
__attribute__((constructor)) static void make_secret(void)
{
    random_init();
    random_bytes(secret, sizeof secret);
}

uint64_t hash_bytes(struct dais_str bytes)
{
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)bytes.ptr, bytes.len, secret);
    return hash;
}

uint64_t hash_u64(uint64_t value)
{
    return hash_bytes(dais_str((const char *)&value, sizeof value));
}

uint64_t hash_stable(struct dais_str bytes)
{
    uint64_t hash = 14695981039346656037ull;
    for (uint64_t i = 0; i < bytes.len; i++)
        hash = (hash ^ (uint8_t)bytes.ptr[i]) * 1099511628211ull;
    return hash;
}
