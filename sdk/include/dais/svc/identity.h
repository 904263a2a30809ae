/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.identity/1: who is calling. One plugin offers it (`auth`, or a third party's own); the host
 * calls it for every request and socket that carries a token, keeps the answer per worker until the
 * token's end, and drops it when the bus says so.
 *
 * The provider publishes on the bus topic "identity.revoked" with the key "session:<id>" or
 * "user:<id>" whenever a session ended or a user's role, block or password changed.
 */
#include "dais/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Tells all workers to forget a caller; see above. */
#define DAIS_TOPIC_IDENTITY_REVOKED "identity.revoked"

/** Roles and grants as bits; a route row names those that may call it. */
#define DAIS_ROLE_ATTENDEE 1u
#define DAIS_ROLE_SPEAKER 2u
#define DAIS_ROLE_MODERATOR 4u
#define DAIS_ROLE_ADMIN 8u
#define DAIS_ROLE_CREATOR 16u /**< an approved creator, whatever the role */

/** A machine with a key, not somebody who logged in: it may not change what opens the account. */
#define DAIS_IDENTITY_MACHINE 1u

/** Bytes of an id. */
#define DAIS_IDENTITY_ID_BYTES_MAX 64u

/** A verified caller. The views live as long as the request. */
struct dais_identity {
    struct dais_str user_id;    /**< uuid; never empty */
    struct dais_str session_id; /**< uuid of the login session, or of the machine's key */
    struct dais_str name;       /**< for display */
    struct dais_str role;       /**< "admin", "moderator", "speaker", "attendee" */
    uint32_t roles;             /**< DAIS_ROLE_… */
    uint32_t flags;             /**< DAIS_IDENTITY_… */
    int64_t expires_s;          /**< Unix time at which the token ends */
};

struct dais_identity_v1 {
    /**
     * [fiber] [suspends] Verifies `token` (without "Bearer "). The views of `ret_identity` are in
     * the fiber's arena. DAIS_E_UNAUTHENTICATED: not valid, ended or revoked ·
     * DAIS_E_UNAVAILABLE: cannot be known now.
     */
    int32_t (*verify)(struct dais_str token, struct dais_identity *ret_identity);
};

#ifdef __cplusplus
}
#endif
