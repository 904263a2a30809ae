/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include <sodium.h>
#include <stdio.h>

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

_Static_assert(SECRET_HASH_BYTES == crypto_hash_sha256_BYTES, "libsodium's length of SHA-256");

void secret_make(const char *prefix, char ret_text[SECRET_TEXT_BYTES])
{
    uint8_t noise[32];
    char text[sodium_base64_ENCODED_LEN(sizeof noise, VARIANT)];
    randombytes_buf(noise, sizeof noise);
    sodium_bin2base64(text, sizeof text, noise, sizeof noise, VARIANT);
    snprintf(ret_text, SECRET_TEXT_BYTES, "%.16s%s", prefix, text);
}

void secret_hash(struct dais_str secret, uint8_t ret_hash[SECRET_HASH_BYTES])
{
    crypto_hash_sha256(ret_hash, (const uint8_t *)secret.ptr, secret.len);
}
