/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include <stdio.h>

#include "auth.h"
#include "dais/bus.h"
#include "dais/fiber.h"
#include "dais/log.h"
#include "dais/mem.h"
#include "secret.h"
#include "seen.h"
#include "token.h"

#define PUBLISH_TRIES 20
#define PUBLISH_WAIT_MS 10

struct auth_config auth_config;
struct auth_keys auth_keys;

static int64_t now_s(void)
{
    return dais_fiber->unix_ms() / 1000;
}

/** An account or session that is gone makes its token worthless, no more. */
static int32_t refused(int32_t error)
{
    return error == DAIS_E_NOT_FOUND ? DAIS_E_UNAUTHENTICATED : error;
}

static int32_t verify_login(struct dais_str token, struct dais_identity *ret_identity)
{
    struct token_claims claims;
    struct store_caller caller;
    int32_t error = token_verify(auth_keys.key, token, now_s(), &claims);
    if (error)
        return error;
    error = store_session_caller(dais_cstr(claims.session_id), dais_cstr(claims.user_id), &caller);
    if (error)
        return refused(error);
    if (caller.is_stale)
        seen_note(STORE_SEEN_SESSION, caller.id);
    *ret_identity = (struct dais_identity){
        .user_id = caller.user.id,
        .session_id = caller.id,
        .name = caller.user.name,
        .role = caller.user.role,
        .roles = auth_roles(caller.user.role, caller.user.creator),
        .expires_s = claims.expires_s,
    };
    return DAIS_OK;
}

/** A key does what its scopes say, and never more than its maker could by now. */
static int32_t verify_key(struct dais_str token, struct dais_identity *ret_identity)
{
    uint8_t hash[SECRET_HASH_BYTES];
    struct store_caller caller;
    secret_hash(token, hash);
    int32_t error = store_key_caller(dais_str((const char *)hash, sizeof hash), &caller);
    if (error)
        return refused(error);
    if (caller.is_stale)
        seen_note(STORE_SEEN_KEY, caller.id);
    uint32_t roles = auth_scopes_limit((uint32_t)caller.scopes,
                                       auth_roles(caller.user.role, caller.user.creator));
    *ret_identity = (struct dais_identity){
        .user_id = caller.user.id,
        .session_id = caller.id,
        .name = caller.user.name,
        .role = auth_role_name(roles),
        .roles = roles,
        .flags = DAIS_IDENTITY_MACHINE,
        .expires_s = caller.expires_s,
    };
    return DAIS_OK;
}

static int32_t verify(struct dais_str token, struct dais_identity *ret_identity)
{
    size_t prefix = sizeof SECRET_KEY_PREFIX - 1;
    if (token.len > prefix && memcmp(token.ptr, SECRET_KEY_PREFIX, prefix) == 0)
        return verify_key(token, ret_identity);
    return verify_login(token, ret_identity);
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
    struct dais_list pushed = {NULL, 0};
    int32_t error = store_session_open(user->id, session, &session_id, &pushed);
    if (error)
        return error;
    const struct dais_str *ids = pushed.items;
    for (uint64_t i = 0; i < pushed.count; i++)
        identity_revoke_session(ids[i]);
    struct token_claims claims = {.expires_s = now_s() + session->life_s};
    if (uuid_copy(user->id, claims.user_id) || uuid_copy(session_id, claims.session_id))
        return DAIS_E_INTERNAL;
    return token_sign(auth_keys.key, &claims, now_s(), dais_mem->arena_self(), ret_token);
}

int32_t identity_logout(struct dais_str session_id, struct dais_str user_id)
{
    struct dais_tx *tx = NULL;
    int32_t error = dais_db->begin(&tx);
    if (error)
        return error;
    error = store_session_end(tx, session_id, user_id);
    if (error) {
        dais_db->rollback(tx);
        return error;
    }
    error = dais_db->commit(tx);
    identity_revoke_session(session_id); /* also where the outcome is not known */
    return error;
}

/** Full mail boxes are given a moment; a fiber that is to end cannot wait and gives up at once. */
static void revoke(const char *kind, struct dais_str id)
{
    char key[64];
    int len = snprintf(key, sizeof key, "%s:%.*s", kind, (int)id.len, id.ptr);
    struct dais_str name = dais_str(key, (uint64_t)len < sizeof key ? (uint64_t)len : 0);
    int32_t error = DAIS_E_LIMIT;
    for (int i = 0; i < PUBLISH_TRIES && error == DAIS_E_LIMIT; i++) {
        error = dais_bus->publish(DAIS_TOPIC_IDENTITY_REVOKED, name, dais_str("", 0));
        if (error == DAIS_E_LIMIT && dais_fiber->sleep(PUBLISH_WAIT_MS))
            break;
    }
    if (error)
        dais_logf(DAIS_ERROR, "not every worker could be told of a revoked %s", kind);
}

void identity_revoke_user(struct dais_str user_id)
{
    revoke("user", user_id);
}

void identity_revoke_session(struct dais_str session_id)
{
    revoke("session", session_id);
}
