/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the plugin keeps for all of its files, and the service dais.identity/1: it tells who is
 * behind a token, be that a JWT of a login session or a machine's key.
 */
#include "dais/svc/identity.h"

#include "store_sessions.h"

/** The configuration, read once in `init`. */
struct auth_config {
    uint64_t present;
    struct dais_str jwt_secret;
    struct dais_str jwt_expires_in;
    struct dais_str registration;
    int64_t sessions_max;
    int64_t keys_max;
    int64_t creator_wait_days;
    int64_t login_free;
    int64_t login_free_account;
    int64_t login_free_address;
    int64_t login_wait_ms;
    int64_t login_wait_max_s;
    int64_t login_wait_account_s;
    struct dais_str email_verification;
    struct dais_str public_url;
    int64_t reset_life_s;
    int64_t verify_life_s;
};

/** The key that signs tokens, and how long a login lasts. */
struct auth_keys {
    struct dais_str key;
    int64_t life_s;
};

extern struct auth_config auth_config;
extern struct auth_keys auth_keys;
extern const struct dais_identity_v1 identity_service;

/**
 * [fiber] [suspends] Opens a login session of `user` and signs its token, which lives in the
 * fiber's arena. The oldest session ends where there are too many. DAIS_E_NOT_FOUND: see
 * store_session_open.
 */
DAIS_CHECK_RESULT int32_t identity_login(const struct store_user *user,
                                         const struct store_new_session *session,
                                         struct dais_str *ret_token);

/**
 * [fiber] [suspends] Ends a login session of `user_id`; every worker and socket forgets it at once.
 * DAIS_E_NOT_FOUND: he has no such session that is open.
 */
DAIS_CHECK_RESULT int32_t identity_logout(struct dais_str session_id, struct dais_str user_id);

/**
 * [fiber] [suspends] Tells every worker to forget what it knows of an account: after the commit of
 * whatever changed its role, its state or its password. A worker that could not be told asks again
 * by itself within a minute; that is logged.
 */
void identity_revoke_user(struct dais_str user_id);

/** [fiber] [suspends] As identity_revoke_user, for one session or key. */
void identity_revoke_session(struct dais_str session_id);
