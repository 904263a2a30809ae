/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who may try a secret now: failed tries are counted by account and address together, by account,
 * and by address, in the database, so for all workers and nodes. After the free tries each failure
 * doubles the wait before the next one.
 *
 * A try counts as failed from its beginning, so tries side by side gain nothing; guard_succeeded
 * takes it back. Whether the account exists makes no difference. Failures from elsewhere make an
 * account's owner wait for little, and not at all at an address from which he has logged in before.
 */
#include "dais/error.h"
#include "dais/types.h"

/** One try. */
struct guard_try {
    const char *what;        /**< kind of secret: "login", "password", "reset" */
    struct dais_str account; /**< e-mail address or user id, case does not matter */
    struct dais_str address; /**< of the peer */
    uint8_t is_known;        /**< the account was used from this address before */
};

/**
 * [fiber] [suspends] Counts a try. DAIS_E_LIMIT: not now; `ret_wait_s` says for how many seconds.
 */
DAIS_CHECK_RESULT int32_t guard_enter(const struct guard_try *attempt, int64_t *ret_wait_s);

/** [fiber] [suspends] The secret was right: the account is as if nothing had failed. */
DAIS_CHECK_RESULT int32_t guard_succeeded(const struct guard_try *attempt);
