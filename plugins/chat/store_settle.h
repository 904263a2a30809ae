/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A bar counts for whatever statement begins behind its commit. One that had begun before does not
 * see it and may be committed a moment later; nobody locks anything that sends would have to wait
 * for. Whoever has to say "nothing of this account comes any more" settles first: it waits until
 * all transactions that write messages now have ended, which a batch does within milliseconds.
 */
#include "dais/db.h"

extern const struct dais_statement store_settle_statements[];

/** Milliseconds for which it is waited at most: a hook may keep a send open for long. */
#define STORE_SETTLE_MS_MAX 1000

/** [fiber] [suspends] Waits until no transaction is left that wrote messages when this was called.
 * DAIS_E_TIMEOUT after STORE_SETTLE_MS_MAX, DAIS_E_CANCELLED. */
DAIS_CHECK_RESULT int32_t store_settle(void);
