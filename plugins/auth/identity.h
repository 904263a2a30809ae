/* SPDX-License-Identifier: MIT */
#pragma once
/* What the plugin keeps for all of its files, and the service dais.identity/1. */
#include "dais/svc/identity.h"

#include "store.h"

/** The configuration, read once in `init`. */
struct auth_config {
    uint64_t present;
    struct dais_str jwt_secret;
    struct dais_str jwt_expires_in;
};

/** The key that signs tokens, and how long a login lasts. */
struct auth_keys {
    struct dais_str key;
    int64_t life_s;
};

extern struct auth_keys auth_keys;
extern const struct dais_identity_v1 identity_service;

/**
 * [fiber] [suspends] Opens a login session of `user` and signs its token, which lives in the
 * fiber's arena.
 */
DAIS_CHECK_RESULT int32_t identity_login(const struct store_user *user,
                                         const struct store_new_session *session,
                                         struct dais_str *ret_token);

/** [fiber] [suspends] Ends a login session; every worker and socket forgets it at once. */
DAIS_CHECK_RESULT int32_t identity_logout(struct dais_str session_id);
