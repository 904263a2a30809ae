/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Stream keys: made here, sealed for the database (XChaCha20-Poly1305), looked up by HMAC-SHA-256.
 * Both use keys derived from one master key that lives outside the database, so that a copy of the
 * database opens no stream.
 */
#include "dais/abi.h"

/** Characters of a stream key: "sk_" and 32 of base 62, 190 bits. */
#define KEYS_KEY_LEN 35
/** Longest key that is looked up, in bytes. */
#define KEYS_KEY_BYTES_MAX 256
/** Bytes of a sealed key: nonce, tag, key. */
#define KEYS_SEALED_BYTES (24 + 16 + KEYS_KEY_LEN)
/** Bytes of the look-up value. */
#define KEYS_HMAC_BYTES 32
/** Characters of a playback id: base 62, 71 bits. */
#define KEYS_PLAYBACK_LEN 12
/** Bytes of the master key. */
#define KEYS_MASTER_BYTES 32

/** A new key in its three forms. */
struct keys_key {
    char text[KEYS_KEY_LEN + 1];
    uint8_t sealed[KEYS_SEALED_BYTES];
    uint8_t hmac[KEYS_HMAC_BYTES];
};

/** [setup] Derives the working keys. DAIS_E_INVALID when `master` has another length. */
DAIS_CHECK_RESULT int32_t keys_init(struct dais_str master);

/** [any] Makes a key for the stream named `playback_id`, which the seal is bound to. */
DAIS_CHECK_RESULT int32_t keys_make(struct dais_str playback_id, struct keys_key *ret_key);

/** [any] Opens a sealed key. DAIS_E_INTERNAL: made with another master key or for another stream.
 */
DAIS_CHECK_RESULT int32_t keys_open(struct dais_str playback_id, struct dais_str sealed,
                                    char ret_key[KEYS_KEY_LEN + 1]);

/** [any] The look-up value of a key. DAIS_E_DENIED when it is too long to be one. */
DAIS_CHECK_RESULT int32_t keys_lookup(struct dais_str key, uint8_t ret_hmac[KEYS_HMAC_BYTES]);

/** [any] A new public playback id, NUL-terminated. */
void keys_playback_id(char ret_id[KEYS_PLAYBACK_LEN + 1]);
