/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A password that was forgotten: a letter with a link, and the link's one use. A newer link takes
 * the place of an older one; whoever uses it has shown that the address is his.
 */
#include "dais/error.h"
#include "dais/types.h"

/**
 * [fiber] [suspends] Sends a link to the owner of `email`, if there is one who is not shut out.
 * DAIS_E_LIMIT: he gets too many letters.
 */
DAIS_CHECK_RESULT int32_t reset_begin(struct dais_str email);

/**
 * [fiber] [suspends] Sets a password by a link and ends every login of the account. `address` is
 * where the request comes from. DAIS_E_NOT_FOUND: the link is unknown, used, replaced or over ·
 * DAIS_E_LIMIT: too many passwords wait to be hashed.
 */
DAIS_CHECK_RESULT int32_t reset_finish(struct dais_str secret, struct dais_str password,
                                       struct dais_str address);
