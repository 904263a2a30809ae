/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who follows whom, and who shuts whom out. A block takes the follows of both directions with it
 * and forbids new ones; what two do to each other at once is put in order by a lock of the pair.
 */
#include "dais/field.h"
#include "store.h"

extern const struct dais_statement store_follows_statements[];

/** Another account in a list, and since when. */
struct store_contact {
    struct dais_str id;
    int64_t uid;
    struct dais_str name;
    struct dais_str avatar_url;
    struct dais_str since;
};

enum store_follows_list { STORE_FOLLOWERS, STORE_FOLLOWING, STORE_BLOCKS };

/** A page of contacts, with the number that the next one goes on from. */
struct store_contact_page {
    struct dais_list contacts; /**< items are store_contact */
    int64_t last_number;
};

/**
 * [fiber] [suspends] Follows; doing it twice is no error. DAIS_E_NOT_FOUND: there is no such
 * account · DAIS_E_DENIED: one of the two has blocked the other.
 */
DAIS_CHECK_RESULT int32_t store_follow(struct dais_str follower, struct dais_str followee);

/** [fiber] [suspends] Ends following; without an effect it is no error. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_unfollow(struct dais_str follower, struct dais_str followee);

/** [fiber] [suspends] Blocks; doing it twice is no error. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_block(struct dais_str blocker, struct dais_str blocked);

/** [fiber] [suspends] Ends a block; without an effect it is no error. DAIS_E_NOT_FOUND. */
DAIS_CHECK_RESULT int32_t store_unblock(struct dais_str blocker, struct dais_str blocked);

/**
 * [fiber] [suspends] A page, newest first; `before` is the last number of the page before, 0 for
 * the first page.
 */
DAIS_CHECK_RESULT int32_t store_contacts(enum store_follows_list list, struct dais_str user_id,
                                         int64_t before, int64_t limit,
                                         struct store_contact_page *ret_page);
