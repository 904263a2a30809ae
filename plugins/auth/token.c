/* SPDX-License-Identifier: MIT */
#include "token.h"

#include <jwt.h>
#include <stdlib.h>

static int claims_add(jwt_t *jwt, const struct token_claims *claims, int64_t now_s)
{
    return jwt_add_grant(jwt, "sub", claims->user_id) ||
           jwt_add_grant(jwt, "sid", claims->session_id) || jwt_add_grant_int(jwt, "iat", now_s) ||
           jwt_add_grant_int(jwt, "exp", claims->expires_s);
}

int32_t token_sign(struct dais_str key, const struct token_claims *claims, int64_t now_s,
                   struct dais_arena *arena, struct dais_str *ret_token)
{
    jwt_t *jwt = NULL;
    if (jwt_new(&jwt))
        return DAIS_E_INTERNAL;
    char *text = NULL;
    if (!claims_add(jwt, claims, now_s) &&
        !jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)key.ptr, (int)key.len))
        text = jwt_encode_str(jwt);
    jwt_free(jwt);
    if (!text)
        return DAIS_E_INTERNAL;
    struct dais_str token = dais_mem->arena_dup(arena, dais_cstr(text));
    free(text);
    if (!token.ptr)
        return DAIS_E_MEMORY;
    *ret_token = token;
    return DAIS_OK;
}

static int uuid_take(jwt_t *jwt, const char *claim, char *ret_uuid)
{
    const char *text = jwt_get_grant(jwt, claim);
    if (!text || strlen(text) != TOKEN_UUID_LEN)
        return 0;
    memcpy(ret_uuid, text, TOKEN_UUID_LEN + 1);
    return 1;
}

static int claims_take(jwt_t *jwt, int64_t now_s, struct token_claims *ret_claims)
{
    struct token_claims claims = {.expires_s = jwt_get_grant_int(jwt, "exp")};
    if (jwt_get_alg(jwt) != JWT_ALG_HS256 || claims.expires_s <= now_s)
        return 0;
    if (!uuid_take(jwt, "sub", claims.user_id) || !uuid_take(jwt, "sid", claims.session_id))
        return 0;
    *ret_claims = claims;
    return 1;
}

int32_t token_verify(struct dais_str key, struct dais_str token, int64_t now_s,
                     struct token_claims *ret_claims)
{
    char text[TOKEN_BYTES_MAX + 1];
    if (token.len == 0 || token.len > TOKEN_BYTES_MAX)
        return DAIS_E_UNAUTHENTICATED;
    memcpy(text, token.ptr, token.len);
    text[token.len] = '\0';
    jwt_t *jwt = NULL;
    if (jwt_decode(&jwt, text, (const unsigned char *)key.ptr, (int)key.len))
        return DAIS_E_UNAUTHENTICATED;
    int good = claims_take(jwt, now_s, ret_claims);
    jwt_free(jwt);
    return good ? DAIS_OK : DAIS_E_UNAUTHENTICATED;
}
