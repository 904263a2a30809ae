/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Whether an address is its account's owner's: a letter with a link goes there, and the link's one
 * use shows it. `email_verification` says whether letters are sent at all (off, optional, required)
 * and whether a login needs it (required). Another address counts only once it is verified.
 */
#include "store.h"

/** [any] Whether `user` may not log in before his address is verified. */
int verify_is_missing(const struct store_user *user);

/**
 * [fiber] [suspends] Part of the transaction that makes an account: its first letter. Where letters
 * are optional the account comes into being without one too. DAIS_E_UNAVAILABLE: a letter is
 * required and nobody sends any.
 */
DAIS_CHECK_RESULT int32_t verify_begin(struct dais_tx *tx, const struct store_user *user);

/** [fiber] [suspends] Sends another link to `email`, if it has an account and is not verified. */
DAIS_CHECK_RESULT int32_t verify_resend(struct dais_str email);

/**
 * [fiber] [suspends] Gives an account another address: by a letter there, or at once where
 * verification is off. DAIS_E_CONFLICT: an account has the address · DAIS_E_LIMIT: it gets too many
 * letters · DAIS_E_UNAVAILABLE: nobody sends letters.
 */
DAIS_CHECK_RESULT int32_t verify_change(struct dais_str user_id, struct dais_str email);

/**
 * [fiber] [suspends] Uses a link. DAIS_E_NOT_FOUND: unknown, used, replaced or over ·
 * DAIS_E_CONFLICT: another account has the new address by now.
 */
DAIS_CHECK_RESULT int32_t verify_finish(struct dais_str secret);
