/* SPDX-License-Identifier: MIT */
#pragma once
/* Words in texts: pure functions, no I/O. Words are letters, digits and whatever is not ASCII;
 * ASCII letters are compared without regard to case. */
#include "dais/error.h"
#include "dais/types.h"

/** The word among `words` that stands in `text`; absent: none does. */
struct dais_str filter_find(struct dais_str text, const struct dais_str *words, uint64_t count);

/** "teh=the": what is written, and what is to stand there. DAIS_E_INVALID: it has not the form. */
DAIS_CHECK_RESULT int32_t filter_read_pair(struct dais_str text, struct dais_str ret_pair[2]);

/**
 * Writes `text` to `buf` with each word that is the first of a pair replaced by the second. Returns
 * the bytes, or 0 when nothing was to be replaced or the result has more than `size` bytes.
 */
uint64_t filter_replace(struct dais_str text, const struct dais_str (*pairs)[2], uint64_t count,
                        char *buf, uint64_t size);
