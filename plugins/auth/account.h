/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What can happen to an account, whoever asks for it: a route, a verb of the command, a letter's
 * link. Each function leaves a consistent account behind and tells every worker what it has to
 * forget; the caller has checked who may ask.
 *
 * A change that takes a right away is a transaction even where one statement would do: a statement
 * whose client went away may have run without anybody knowing, a COMMIT never.
 */
#include "store.h"
#include "store_creators.h"

/** What a new account is made of. */
struct account_new {
    struct dais_str email;
    struct dais_str name; /**< absent: what stands before the '@' */
    struct dais_str role; /**< replaced by the invitation's */
    struct dais_str password;
    struct dais_str invitation; /**< its code; absent: without one */
    uint8_t is_vouched; /**< who makes it knows that the address is the owner's: no letter */
};

/** A state of a creator that an administrator sets. */
struct account_creator {
    struct dais_str status; /**< "none", "approved" or "rejected" */
    struct dais_str reviewer_id;
};

/** A new password, and the session that may go on. */
struct account_password {
    struct dais_str hash;
    struct dais_str keep_session; /**< absent: none */
};

/** Which sessions to end. */
struct account_sessions {
    struct dais_str keep; /**< absent: none */
    int64_t *ret_count;
};

/**
 * [fiber] [suspends] Makes an account. DAIS_E_CONFLICT: the address has one · DAIS_E_DENIED: the
 * invitation is unknown, used up, over or for another address · DAIS_E_LIMIT: too many passwords
 * wait to be hashed.
 */
DAIS_CHECK_RESULT int32_t account_create(const struct account_new *account,
                                         struct store_user *ret_user);

/**
 * [fiber] [suspends] Removes an account and all that is its own. DAIS_E_NOT_FOUND ·
 * DAIS_E_CONFLICT: it is the last administrator.
 */
DAIS_CHECK_RESULT int32_t account_delete(struct dais_str user_id);

/** [fiber] [suspends] Gives an account another role; errors as account_delete. */
DAIS_CHECK_RESULT int32_t account_set_role(struct dais_str user_id, struct dais_str role);

/**
 * [fiber] [suspends] Shuts an account out, its sessions and keys with it, or lets it in again;
 * errors as account_delete.
 */
DAIS_CHECK_RESULT int32_t account_set_disabled(struct dais_str user_id, uint8_t disabled);

/** [fiber] [suspends] Makes or unmakes a creator. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t account_set_creator(struct dais_str user_id,
                                              const struct account_creator *creator);

/**
 * [fiber] [suspends] Decides about a request to become a creator. DAIS_E_NOT_FOUND ·
 * DAIS_E_CONFLICT: somebody has decided already.
 */
DAIS_CHECK_RESULT int32_t account_review(const struct store_review *review,
                                         struct store_request *ret_request);

/** [fiber] [suspends] Changes a password and ends the other sessions. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t account_change_password(struct dais_str user_id,
                                                  const struct account_password *password);

/** [fiber] [suspends] Ends sessions. */
DAIS_CHECK_RESULT int32_t account_end_sessions(struct dais_str user_id,
                                               const struct account_sessions *sessions);

/**
 * [fiber] [suspends] Part of a transaction: stores a hash made by password_hash, ends every login
 * session but `keep_session` (absent: every one), and makes links to another password or address
 * worthless: whoever knew the former password may have asked for them. After the commit the caller
 * calls identity_revoke_user. DAIS_E_NOT_FOUND.
 */
DAIS_CHECK_RESULT int32_t account_set_password(struct dais_tx *tx, struct dais_str user_id,
                                               struct dais_str hash, struct dais_str keep_session);

/**
 * [fiber] [suspends] Part of a transaction: notes that `email` belongs to the account's owner.
 * DAIS_E_NOT_FOUND: no such account, or it has another address by now.
 */
DAIS_CHECK_RESULT int32_t account_set_verified(struct dais_tx *tx, struct dais_str user_id,
                                               struct dais_str email);
