/* SPDX-License-Identifier: MIT */
#pragma once
/* Failed tries at secrets: see guard.h. */
#include "store.h"

extern const struct dais_statement store_tries_statements[];

/** Bounds of one kind of counter. */
struct store_tries_bound {
    int64_t free;       /**< failures without a wait */
    int64_t wait_max_s; /**< longest wait */
};

enum { STORE_TRIES_ADDRESS, STORE_TRIES_PAIR, STORE_TRIES_ACCOUNT, STORE_TRIES_KINDS };

/** One try: its three counters, the last of which may be absent. */
struct store_try {
    struct dais_str keys[STORE_TRIES_KINDS];
    const struct store_tries_bound *bounds; /**< STORE_TRIES_KINDS of them */
    int64_t wait_ms;                        /**< after the first failure that is not free */
};

/** [fiber] [suspends] Counts a try. DAIS_E_LIMIT: not now, but after `ret_wait_s` seconds. */
DAIS_CHECK_RESULT int32_t store_try_count(const struct store_try *attempt, int64_t *ret_wait_s);

/** [fiber] [suspends] Takes a try back that was none: the account's failures are forgotten. */
DAIS_CHECK_RESULT int32_t store_try_forget(const struct store_try *attempt);

/** [fiber] [suspends] Removes what is over, and the oldest beyond `count_max`. */
DAIS_CHECK_RESULT int32_t store_tries_sweep(int64_t count_max);
