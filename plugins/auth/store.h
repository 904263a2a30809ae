/* SPDX-License-Identifier: MIT */
#pragma once
/* The tables of accounts and login sessions: the only file of the plugin with SQL. */
#include "dais/db.h"

extern const struct dais_statement store_statements[];

/** An account as its owner sees it. The views live as long as the running fiber. */
struct store_user {
    struct dais_str id;
    int64_t uid;
    struct dais_str email;
    struct dais_str name;
    struct dais_str role;
    struct dais_str creator;
    struct dais_str created_at; /**< RFC 3339 */
};

/** What a new account holds. */
struct store_new_user {
    struct dais_str email;
    struct dais_str name;
    struct dais_str role;
    struct dais_str hash;
};

/** Where a login comes from and how long it lasts. */
struct store_new_session {
    struct dais_str device;
    struct dais_str address;
    int64_t life_s;
};

/** [fiber] [suspends] Adds an account. DAIS_E_CONFLICT: the address has one. */
DAIS_CHECK_RESULT int32_t store_user_add(const struct store_new_user *user,
                                         struct store_user *ret_user);

/** [fiber] [suspends] Finds an account and its hash by address, ignoring case. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_user_by_email(struct dais_str email, struct store_user *ret_user,
                                              struct dais_str *ret_hash);

/** [fiber] [suspends] Finds an account. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_user_by_id(struct dais_str id, struct store_user *ret_user);

/** [fiber] [suspends] Opens a login session and gives its id. */
DAIS_CHECK_RESULT int32_t store_session_open(struct dais_str user_id,
                                             const struct store_new_session *session,
                                             struct dais_str *ret_id);

/** [fiber] [suspends] Ends a login session; ending it twice is no error. */
DAIS_CHECK_RESULT int32_t store_session_end(struct dais_str id);

/** [fiber] [suspends] The account behind a session that is still open. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_session_user(struct dais_str id, struct dais_str user_id,
                                             struct store_user *ret_user);

/** [fiber] [suspends] Removes sessions that ended or expired more than 30 days ago. */
DAIS_CHECK_RESULT int32_t store_sessions_sweep(void);
