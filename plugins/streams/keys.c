/* SPDX-License-Identifier: MIT */
#include "keys.h"

#include <sodium.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(KEYS_SEALED_BYTES == NONCE_BYTES + TAG_BYTES + KEYS_KEY_LEN, "nonce, tag, key");
_Static_assert(KEYS_HMAC_BYTES == crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256");
_Static_assert(KEYS_MASTER_BYTES == crypto_kdf_KEYBYTES, "libsodium's key derivation");

static uint8_t seal_key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
static uint8_t lookup_key[crypto_auth_hmacsha256_KEYBYTES];

int32_t keys_init(struct dais_str master)
{
    static const char CONTEXT[crypto_kdf_CONTEXTBYTES + 1] = "streamke";
    if (sodium_init() < 0 || master.len != KEYS_MASTER_BYTES)
        return DAIS_E_INVALID;
    const uint8_t *key = (const uint8_t *)master.ptr;
    if (crypto_kdf_derive_from_key(seal_key, sizeof seal_key, 1, CONTEXT, key) ||
        crypto_kdf_derive_from_key(lookup_key, sizeof lookup_key, 2, CONTEXT, key))
        return DAIS_E_INTERNAL;
    return DAIS_OK;
}

/** Fills `text` with `len` random characters of base 62. */
static void random_text(char *text, size_t len)
{
    static const char ALPHABET[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (size_t i = 0; i < len; i++)
        text[i] = ALPHABET[randombytes_uniform(sizeof ALPHABET - 1)];
}

int32_t keys_make(struct dais_str playback_id, struct keys_key *ret_key)
{
    static const char PREFIX[] = "sk_";
    struct keys_key key = {0};
    memcpy(key.text, PREFIX, sizeof PREFIX - 1);
    random_text(key.text + sizeof PREFIX - 1, KEYS_KEY_LEN - (sizeof PREFIX - 1));

    randombytes_buf(key.sealed, NONCE_BYTES);
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(
            key.sealed + NONCE_BYTES, NULL, (const uint8_t *)key.text, KEYS_KEY_LEN,
            (const uint8_t *)playback_id.ptr, playback_id.len, NULL, key.sealed, seal_key))
        return DAIS_E_INTERNAL;
    int32_t error = keys_lookup(dais_str(key.text, KEYS_KEY_LEN), key.hmac);
    if (error)
        return error;
    *ret_key = key;
    return DAIS_OK;
}

int32_t keys_open(struct dais_str playback_id, struct dais_str sealed,
                  char ret_key[KEYS_KEY_LEN + 1])
{
    if (sealed.len != KEYS_SEALED_BYTES)
        return DAIS_E_INTERNAL;
    const uint8_t *nonce = (const uint8_t *)sealed.ptr;
    uint8_t key[KEYS_KEY_LEN];
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            key, NULL, NULL, nonce + NONCE_BYTES, sealed.len - NONCE_BYTES,
            (const uint8_t *)playback_id.ptr, playback_id.len, nonce, seal_key))
        return DAIS_E_INTERNAL;
    memcpy(ret_key, key, KEYS_KEY_LEN);
    ret_key[KEYS_KEY_LEN] = '\0';
    return DAIS_OK;
}

int32_t keys_lookup(struct dais_str key, uint8_t ret_hmac[KEYS_HMAC_BYTES])
{
    if (key.len == 0 || key.len > KEYS_KEY_BYTES_MAX)
        return DAIS_E_DENIED;
    crypto_auth_hmacsha256(ret_hmac, (const uint8_t *)key.ptr, key.len, lookup_key);
    return DAIS_OK;
}

void keys_playback_id(char ret_id[KEYS_PLAYBACK_LEN + 1])
{
    random_text(ret_id, KEYS_PLAYBACK_LEN);
    ret_id[KEYS_PLAYBACK_LEN] = '\0';
}
