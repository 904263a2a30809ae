/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Passwords: Argon2id by libsodium (RFC 9106), always in a job of the class "password", so that
 * hashing never holds up a worker and never uses more memory than that class allows.
 */
#include "dais/abi.h"

/** Length of a hash as libsodium writes it, with its NUL. */
#define PASSWORD_HASH_BYTES 128

/** [setup] Makes the hash that unknown accounts are compared with. */
DAIS_CHECK_RESULT int32_t password_init(void);

/** [fiber] [suspends] Hashes `password`. DAIS_E_LIMIT when too many wait. */
DAIS_CHECK_RESULT int32_t password_hash(struct dais_str password,
                                        char ret_hash[PASSWORD_HASH_BYTES]);

/**
 * [fiber] [suspends] Compares with a stored hash; an absent `hash` (no such account) takes the same
 * time. DAIS_E_UNAUTHENTICATED when they differ, DAIS_E_LIMIT when too many wait.
 */
DAIS_CHECK_RESULT int32_t password_verify(struct dais_str password, struct dais_str hash);
