/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Secrets that we make and show once: keys for machines, codes of invitations, links in letters.
 * Each has 256 random bits, so that a plain hash of it is as good as the secret's own strength.
 */
#include "dais/types.h"

/** Length of a hash. */
#define SECRET_HASH_BYTES 32
/** Longest secret with its prefix and its NUL. */
#define SECRET_TEXT_BYTES 64
/** What a key for a machine begins with; a token that does is no JWT. */
#define SECRET_KEY_PREFIX "dais_"
/** What the code of an invitation begins with. */
#define SECRET_INVITATION_PREFIX "inv_"

/** Makes a secret: `prefix`, at most 16 characters, and 43 of base64url. */
void secret_make(const char *prefix, char ret_text[SECRET_TEXT_BYTES]);

/** The hash by which a secret is stored and found: SHA-256. */
void secret_hash(struct dais_str secret, uint8_t ret_hash[SECRET_HASH_BYTES]);
