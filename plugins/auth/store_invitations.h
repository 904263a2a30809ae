/* SPDX-License-Identifier: MIT */
#pragma once
/* Invitations: codes by which an account may be made, stored as hashes, each for so many uses. */
#include "dais/field.h"
#include "store.h"

extern const struct dais_statement store_invitations_statements[];

/** What an invitation is made of. */
struct store_new_invitation {
    struct dais_str hash;
    struct dais_str role;
    struct dais_str email; /**< absent: for anybody who has the code */
    int64_t uses_max;
    int64_t life_s;
    struct dais_str created_by;
};

/** An invitation without its code. */
struct store_invitation {
    struct dais_str id;
    struct dais_str role;
    struct dais_str email; /**< absent: for anybody */
    int64_t uses;
    int64_t uses_max;
    struct dais_str created_by;
    struct dais_str created_at;
    struct dais_str expires_at;
};

/** A page of invitations, with the number that the next one goes on from. */
struct store_invitation_page {
    struct dais_list invitations; /**< items are store_invitation */
    int64_t last_number;
};

/** [fiber] [suspends] Stores an invitation. DAIS_E_LIMIT: there are `count_max` already. */
DAIS_CHECK_RESULT int32_t store_invitation_add(const struct store_new_invitation *invitation,
                                               int64_t count_max,
                                               struct store_invitation *ret_invitation);

/** [fiber] [suspends] A page, newest first; `before` as in store_contacts. */
DAIS_CHECK_RESULT int32_t store_invitations(int64_t before, int64_t limit,
                                            struct store_invitation_page *ret_page);

/**
 * [fiber] [suspends] Removes an invitation: of `owner` (absent: of anybody). DAIS_E_NOT_FOUND.
 */
DAIS_CHECK_RESULT int32_t store_invitation_delete(struct dais_str id, struct dais_str owner);

/**
 * [fiber] [suspends] Whether `hash` would let `email` in now: its maker may still give that role.
 * DAIS_E_DENIED when not.
 */
DAIS_CHECK_RESULT int32_t store_invitation_check(struct dais_str hash, struct dais_str email);

/** [fiber] [suspends] Uses it once, in `tx`. DAIS_E_DENIED: it is used up, over or another's. */
DAIS_CHECK_RESULT int32_t store_invitation_use(struct dais_tx *tx, struct dais_str hash,
                                               struct dais_str email, struct dais_str *ret_role);

/** [fiber] [suspends] Removes those that ended more than 30 days ago. */
DAIS_CHECK_RESULT int32_t store_invitations_sweep(void);
