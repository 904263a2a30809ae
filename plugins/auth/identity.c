/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include <stdio.h>

#include "auth.h"
#include "dais/bus.h"
#include "dais/fiber.h"
#include "dais/mem.h"
#include "token.h"

struct auth_keys auth_keys;

static int64_t now_s(void)
{
    return dais_fiber->unix_ms() / 1000;
}

static int32_t verify(struct dais_str token, struct dais_identity *ret_identity)
{
    struct token_claims claims;
    int32_t error = token_verify(auth_keys.key, token, now_s(), &claims);
    if (error)
        return error;
    struct store_user user;
    error = store_session_user(dais_cstr(claims.session_id), dais_cstr(claims.user_id), &user);
    if (error)
        return error == DAIS_E_NOT_FOUND ? DAIS_E_UNAUTHENTICATED : error;
    struct dais_identity identity = {
        .user_id = user.id,
        .session_id = dais_mem->arena_dup(dais_mem->arena_self(), dais_cstr(claims.session_id)),
        .name = user.name,
        .role = user.role,
        .roles = auth_roles(user.role, user.creator),
        .expires_s = claims.expires_s,
    };
    if (!identity.session_id.ptr)
        return DAIS_E_MEMORY;
    *ret_identity = identity;
    return DAIS_OK;
}

const struct dais_identity_v1 identity_service = {verify};

static int32_t uuid_copy(struct dais_str uuid, char ret_text[TOKEN_UUID_LEN + 1])
{
    if (uuid.len != TOKEN_UUID_LEN)
        return DAIS_E_INTERNAL;
    memcpy(ret_text, uuid.ptr, TOKEN_UUID_LEN);
    ret_text[TOKEN_UUID_LEN] = '\0';
    return DAIS_OK;
}

int32_t identity_login(const struct store_user *user, const struct store_new_session *session,
                       struct dais_str *ret_token)
{
    struct dais_str session_id;
    int32_t error = store_session_open(user->id, session, &session_id);
    if (error)
        return error;
    struct token_claims claims = {.expires_s = now_s() + session->life_s};
    if (uuid_copy(user->id, claims.user_id) || uuid_copy(session_id, claims.session_id))
        return DAIS_E_INTERNAL;
    return token_sign(auth_keys.key, &claims, now_s(), dais_mem->arena_self(), ret_token);
}

int32_t identity_logout(struct dais_str session_id)
{
    int32_t error = store_session_end(session_id);
    if (error)
        return error;
    char key[64];
    int len = snprintf(key, sizeof key, "session:%.*s", (int)session_id.len, session_id.ptr);
    return dais_bus->publish(DAIS_TOPIC_IDENTITY_REVOKED, dais_str(key, (uint64_t)len),
                             dais_str("", 0));
}
