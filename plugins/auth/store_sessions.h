/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Login sessions and keys for machines: what a token is worth. Ended sessions stay for 30 days, so
 * that a login from an address known by then is told from one that never was.
 */
#include "dais/field.h"
#include "store.h"

extern const struct dais_statement store_sessions_statements[];

/** Where a login comes from and how long it lasts. */
struct store_new_session {
    struct dais_str hash; /**< of the password that it was decided by; absent: of none */
    struct dais_str device;
    struct dais_str address;
    int64_t life_s;
    int64_t sessions_max; /**< open ones of the account; the oldest ends for a new one */
};

/** A session that is open. */
struct store_session {
    struct dais_str id;
    struct dais_str device;
    struct dais_str address;
    struct dais_str created_at;
    struct dais_str last_seen_at;
    struct dais_str expires_at;
    uint8_t is_current; /**< left to the caller */
};

/** What a key is made of; `hash` is the only thing of the key itself that is stored. */
struct store_new_key {
    struct dais_str user_id;
    struct dais_str name;
    struct dais_str hash;
    uint32_t scopes;
    int64_t life_s;
    int64_t keys_max; /**< of one account */
};

/** A key without its secret. */
struct store_key {
    struct dais_str id;
    struct dais_str name;
    int64_t scopes;
    struct dais_str created_at;
    struct dais_str expires_at;
    struct dais_str last_used_at; /**< absent: never */
};

/** Who is behind a token. */
struct store_caller {
    struct store_user user;
    struct dais_str id; /**< of the session or the key */
    int64_t scopes;     /**< of a key */
    int64_t expires_s;  /**< Unix time at which the key ends */
    uint8_t is_stale;   /**< it was last seen more than a minute ago */
};

/** What `store_seen` is about. */
enum store_seen_kind { STORE_SEEN_SESSION, STORE_SEEN_KEY, STORE_SEEN_KINDS };

/**
 * [fiber] [suspends] Opens a login session; DAIS_E_NOT_FOUND when the account has been shut out, or
 * has another password by now. Those that it pushes out are ended; `ret_pushed` holds
 * their ids, in the fiber's arena.
 */
DAIS_CHECK_RESULT int32_t store_session_open(struct dais_str user_id,
                                             const struct store_new_session *session,
                                             struct dais_str *ret_id, struct dais_list *ret_pushed);

/** [fiber] [suspends] The account behind an open session. DAIS_E_NOT_FOUND: it opens nothing. */
DAIS_CHECK_RESULT int32_t store_session_caller(struct dais_str id, struct dais_str user_id,
                                               struct store_caller *ret_caller);

/** [fiber] [suspends] The open sessions of an account, latest first: items are store_session. */
DAIS_CHECK_RESULT int32_t store_sessions_list(struct dais_str user_id, struct dais_list *ret_list);

/** [fiber] [suspends] Ends a session of an account. DAIS_E_NOT_FOUND: it has none that is open. */
DAIS_CHECK_RESULT int32_t store_session_end(struct dais_tx *tx, struct dais_str id,
                                            struct dais_str user_id);

/** [fiber] [suspends] Ends the sessions of an account but `keep` (absent: all); counts them. */
DAIS_CHECK_RESULT int32_t store_sessions_end(struct dais_tx *tx, struct dais_str user_id,
                                             struct dais_str keep, int64_t *ret_count);

/** [fiber] [suspends] Notes that sessions or keys were used now: `ids` is "{uuid,uuid}". */
DAIS_CHECK_RESULT int32_t store_seen(enum store_seen_kind kind, struct dais_str ids);

/** [fiber] [suspends] Removes sessions that ended or expired more than 30 days ago. */
DAIS_CHECK_RESULT int32_t store_sessions_sweep(void);

/** [fiber] [suspends] Stores a key. DAIS_E_LIMIT: the account has as many as it may have. */
DAIS_CHECK_RESULT int32_t store_key_add(const struct store_new_key *key, struct store_key *ret_key);

/** [fiber] [suspends] The account behind the hash of a key. DAIS_E_NOT_FOUND: it opens nothing. */
DAIS_CHECK_RESULT int32_t store_key_caller(struct dais_str hash, struct store_caller *ret_caller);

/** [fiber] [suspends] The keys of an account, oldest first: items are store_key. */
DAIS_CHECK_RESULT int32_t store_keys_list(struct dais_str user_id, struct dais_list *ret_list);

/** [fiber] [suspends] Removes a key of an account. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_key_delete(struct dais_tx *tx, struct dais_str id,
                                           struct dais_str user_id);

/** [fiber] [suspends] Removes all keys of an account. */
DAIS_CHECK_RESULT int32_t store_keys_delete(struct dais_tx *tx, struct dais_str user_id);
