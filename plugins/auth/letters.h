/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Letters about an account, handed to dais.mailer/1 in the transaction that makes them necessary.
 *
 * What a guest asks for by an address (a new password, another letter) is done in a task after the
 * answer has gone out: so the answer takes the same time whether or not the address has an account.
 */
#include "store_links.h"

/** What is done after the answer. */
enum letters_errand { LETTERS_RESET, LETTERS_RESEND };

/** [any] Whether letters can be sent: some plugin offers dais.mailer/1. */
int letters_available(void);

/**
 * [fiber] [suspends] Makes a link and the letter that holds it, in `tx`. DAIS_E_LIMIT: this address
 * gets too many letters; the transaction may go on. Other errors as dais_mailer_queue.
 */
DAIS_CHECK_RESULT int32_t letters_send_link(struct dais_tx *tx, const struct store_link *link);

/**
 * [fiber] [suspends] Tells the owner of `email`, in `tx`, that the password or the address of his
 * account is another one now. That nobody takes the letter is no error.
 */
DAIS_CHECK_RESULT int32_t letters_tell_password(struct dais_tx *tx, struct dais_str email);
DAIS_CHECK_RESULT int32_t letters_tell_address(struct dais_tx *tx, struct dais_str email);

/**
 * [fiber] Does an errand for `email` after this request. DAIS_E_LIMIT: too many wait ·
 * DAIS_E_UNAVAILABLE: there is no mailer.
 */
DAIS_CHECK_RESULT int32_t letters_later(enum letters_errand errand, struct dais_str email);
