/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Access tokens: JWT signed with HS256 (RFC 7519, RFC 7515), made and read by libjwt. A token names
 * its user (`sub`) and its login session (`sid`); the session's row decides whether it still opens
 * anything.
 */
#include "dais/mem.h"

/** Longest token that is looked at, in bytes. */
#define TOKEN_BYTES_MAX 4096
/** Length of a uuid as text. */
#define TOKEN_UUID_LEN 36

/** What a token says. */
struct token_claims {
    char user_id[TOKEN_UUID_LEN + 1];
    char session_id[TOKEN_UUID_LEN + 1];
    int64_t expires_s; /**< Unix time */
};

/** A signed token in `arena`. DAIS_E_INTERNAL when libjwt fails. `now_s` is the Unix time. */
DAIS_CHECK_RESULT int32_t token_sign(struct dais_str key, const struct token_claims *claims,
                                     int64_t now_s, struct dais_arena *arena,
                                     struct dais_str *ret_token);

/**
 * Checks signature, algorithm and end of a token. DAIS_E_UNAUTHENTICATED whatever is wrong with it.
 */
DAIS_CHECK_RESULT int32_t token_verify(struct dais_str key, struct dais_str token, int64_t now_s,
                                       struct token_claims *ret_claims);
