/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Many sends in one statement. While the statements of a worker's first sends are under way, those
 * who come wait together, and the next statement stores all of them: what it costs the database to
 * begin a statement is then paid once. Whoever comes while nothing is under way goes alone, at
 * once.
 *
 * A batch runs on a fiber of its own, so that nobody's end takes the answer from the others. What a
 * batch could not store because of one of its rows each of them tries alone. Only store.c calls.
 */
#include "store.h"

extern const struct dais_statement store_many_statements[];

/** The values of a send, in the order of the statement "add". */
#define STORE_MANY_VALUES 10u

/**
 * [fiber] [suspends] Stores a comment as the statement `alone` (with the same values) would, alone
 * or with others, and fills name, uid and avatar of its author. DAIS_E_NOT_FOUND: it stored
 * nothing. DAIS_E_UNAVAILABLE, DAIS_E_TIMEOUT, DAIS_E_CANCELLED: it may have.
 */
DAIS_CHECK_RESULT int32_t store_many_add(const struct dais_statement *alone,
                                         const struct dais_param *values,
                                         struct store_author *author);
