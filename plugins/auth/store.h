/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The tables of the plugin: accounts here, everything else in store_<topic>.h; the only files with
 * SQL. Each has a table of statements of its own, which plugin.c registers.
 *
 * Functions that take a transaction run in it, or as a statement of their own where it is NULL.
 * Views in results live as long as the running fiber.
 */
#include "dais/db.h"

/** A time as the answers write it: RFC 3339, UTC, milliseconds. */
#define STORE_TIME(column)                                                                         \
    "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

extern const struct dais_statement store_statements[];

enum { STORE_OWNER = 0 }; /**< the row of store_statements that finds an account's owner: itself */

/** [fiber] [suspends] Runs a statement with all of its parameters, in `tx` or alone. */
DAIS_CHECK_RESULT int32_t store_run(struct dais_tx *tx, const struct dais_statement *statement,
                                    const struct dais_param *params, struct dais_rows **ret_rows);

/** [fiber] [suspends] As store_run; DAIS_E_NOT_FOUND without a row. */
DAIS_CHECK_RESULT int32_t store_find(struct dais_tx *tx, const struct dais_statement *statement,
                                     const struct dais_param *params, struct dais_rows **ret_rows);

/** An account as its owner sees it. */
struct store_user {
    struct dais_str id;
    int64_t uid;
    struct dais_str email;
    struct dais_str name;
    struct dais_str role;
    struct dais_str creator;
    struct dais_str bio;
    struct dais_str avatar_url;
    struct dais_str created_at;
    uint8_t email_verified;
    uint8_t disabled;
};

#define STORE_USER_CREATED STORE_TIME("u.created_at")
/** The columns of a struct store_user, for joins that call auth.users `u`: see store_user_take. */
#define STORE_USER_COLUMNS                                                                         \
    "u.id, u.uid, u.email, u.name, u.role, u.creator, u.bio, u.avatar_url, " STORE_USER_CREATED    \
    ", (u.email_verified_at IS NOT NULL)::int, (u.disabled_at IS NOT NULL)::int"
#define STORE_USER_COLUMN_COUNT 11

/** Reads the columns of STORE_USER_COLUMNS, which come first in `row`. */
void store_user_take(const struct dais_rows *rows, uint32_t row, struct store_user *ret_user);

/** What a new account holds. */
struct store_new_user {
    struct dais_str email;
    struct dais_str name;
    struct dais_str role;
    struct dais_str hash;
};

/** What a login is decided by. */
struct store_login {
    struct store_user user;
    struct dais_str hash;
    uint8_t is_known; /**< it was used from this address before */
};

/** What an account shows of itself to others. */
struct store_profile {
    struct store_user user;
    int64_t followers;
    int64_t following;
    uint8_t is_followed; /**< by the one who asks */
    uint8_t is_blocked;  /**< by the one who asks */
};

/** What an owner may change; absent: stays. */
struct store_user_change {
    struct dais_str name;
    struct dais_str bio;
    struct dais_str avatar_url;
};

/** Which accounts a list holds; absent: all. */
struct store_user_filter {
    struct dais_str q; /**< beginning of name or address */
    struct dais_str role;
    struct dais_str creator;
    struct dais_str after_term; /**< last row of the page before; absent: the first page */
    int64_t after_number;
    int64_t limit;
};

/** A page of accounts, with what the next one goes on from. */
struct store_user_page {
    struct store_user *users;
    uint32_t count;
    struct dais_str last_term;
    int64_t last_number;
};

/** [fiber] [suspends] Adds an account. DAIS_E_CONFLICT: the address has one. */
DAIS_CHECK_RESULT int32_t store_user_add(struct dais_tx *tx, const struct store_new_user *user,
                                         struct store_user *ret_user);

/** [fiber] [suspends] Finds an account by its address, ignoring case. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_user_by_email(struct dais_str email, struct store_user *ret_user);

/** [fiber] [suspends] As store_user_by_email, with what a login from `address` is decided by. */
DAIS_CHECK_RESULT int32_t store_login_find(struct dais_str email, struct dais_str address,
                                           struct store_login *ret_login);

/** [fiber] [suspends] Finds an account. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_user_by_id(struct dais_str id, struct store_user *ret_user);

/** [fiber] [suspends] The hash of an account's password. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_user_hash(struct dais_str id, struct dais_str *ret_hash);

/** [fiber] [suspends] What `viewer` (absent: a guest) sees of an account. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_profile_find(struct dais_str id, struct dais_str viewer,
                                             struct store_profile *ret_profile);

/** [fiber] [suspends] A page of accounts: newest first, with `q` by address and name. */
DAIS_CHECK_RESULT int32_t store_users_list(const struct store_user_filter *filter,
                                           struct store_user_page *ret_page);

/** [fiber] [suspends] Changes what a profile shows, in `tx` or alone. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_user_change(struct dais_tx *tx, struct dais_str id,
                                            const struct store_user_change *change,
                                            struct store_user *ret_user);

/**
 * [fiber] [suspends] Holds back, until `tx` ends, whoever else might take the last administrator
 * away. Before each of the next three.
 */
DAIS_CHECK_RESULT int32_t store_admins_lock(struct dais_tx *tx);

/** [fiber] [suspends] DAIS_E_NOT_FOUND · DAIS_E_CONFLICT: it is the last administrator. */
DAIS_CHECK_RESULT int32_t store_user_set_role(struct dais_tx *tx, struct dais_str id,
                                              struct dais_str role);
/** [fiber] [suspends] Errors as store_user_set_role. */
DAIS_CHECK_RESULT int32_t store_user_set_disabled(struct dais_tx *tx, struct dais_str id,
                                                  uint8_t disabled);
/** [fiber] [suspends] Errors as store_user_set_role. */
DAIS_CHECK_RESULT int32_t store_user_delete(struct dais_tx *tx, struct dais_str id);

/** [fiber] [suspends] Stores a hash. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_user_set_hash(struct dais_tx *tx, struct dais_str id,
                                              struct dais_str hash);

/** [fiber] [suspends] Notes that the address is the owner's. DAIS_E_NOT_FOUND: not his by now. */
DAIS_CHECK_RESULT int32_t store_user_set_verified(struct dais_tx *tx, struct dais_str id,
                                                  struct dais_str email);
