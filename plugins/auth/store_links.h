/* SPDX-License-Identifier: MIT */
#pragma once
/* Links in letters: what they open, for whom, and until when. Only their hashes are stored. */
#include "store.h"

extern const struct dais_statement store_links_statements[];

/** What a link is for. */
enum store_link_purpose {
    STORE_LINK_RESET,  /**< another password */
    STORE_LINK_VERIFY, /**< the account's address is the owner's */
    STORE_LINK_CHANGE, /**< another address is the owner's, and becomes the account's */
    STORE_LINK_PURPOSES
};

/** A link as it is stored. */
struct store_link {
    struct dais_str user_id;
    struct dais_str email; /**< where its letter went */
    uint32_t purpose;      /**< enum store_link_purpose */
};

/** A new link. */
struct store_new_link {
    struct store_link link;
    struct dais_str hash;
    int64_t life_s;
};

/** [fiber] [suspends] Stores a link; the older one of this account and purpose opens nothing. */
DAIS_CHECK_RESULT int32_t store_link_put(struct dais_tx *tx, const struct store_new_link *link);

/** [fiber] [suspends] Whether a link for `purpose` is good now. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_link_check(struct dais_str hash, uint32_t purpose);

/**
 * [fiber] [suspends] Uses a link up: nobody else can from here on. A link that changes an address
 * is good where one that verifies is asked for. DAIS_E_NOT_FOUND: unknown, used, replaced or over.
 */
DAIS_CHECK_RESULT int32_t store_link_take(struct dais_tx *tx, struct dais_str hash,
                                          uint32_t purpose, struct store_link *ret_link);

/** [fiber] [suspends] Makes all links of an account worthless. */
DAIS_CHECK_RESULT int32_t store_links_drop(struct dais_tx *tx, struct dais_str user_id);

/** [fiber] [suspends] The same for those that open the account: another password or address. */
DAIS_CHECK_RESULT int32_t store_links_drop_doors(struct dais_tx *tx, struct dais_str user_id);

/**
 * [fiber] [suspends] Gives an account another address, verified or not. DAIS_E_NOT_FOUND: no such
 * account · DAIS_E_CONFLICT: another account has the address.
 */
DAIS_CHECK_RESULT int32_t store_links_set_email(struct dais_tx *tx, struct dais_str user_id,
                                                struct dais_str email, uint8_t is_verified);

/** [fiber] [suspends] Removes links that are over. */
DAIS_CHECK_RESULT int32_t store_links_sweep(void);
