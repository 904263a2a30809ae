/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Words that a room does not want. A pattern is compared without regard to case, diacritics, width
 * and invisible characters (fold.h), and matches whole words; with '*' at its begin or end a word
 * may go on there: "foo*" finds "food". It may have spaces: "buy now".
 *
 * The time is bounded by the text's length times the number of patterns; most patterns are left
 * out by one look at their letters. Nothing is allocated.
 */
#include "dais/error.h"
#include "dais/types.h"

/** Most characters of a pattern, and of a text that is searched. */
#define WORDS_PATTERN_MAX 50u
#define WORDS_TEXT_MAX 2000u

/** Which characters of a text are part of a match: bit i for the code point i. */
struct words_found {
    uint64_t bits[(WORDS_TEXT_MAX + 63) / 64];
};

/** Whether `pattern` can be one: 1 to 50 characters in UTF-8, one of them visible beside the '*'s
 * at its ends, no controls. */
int words_pattern_ok(struct dais_str pattern);

/**
 * Whether one of `count` patterns is in the text. With `ret_found` all matches are looked for and
 * marked there. Patterns that are none find nothing. DAIS_E_INVALID: the text is no UTF-8 or longer
 * than WORDS_TEXT_MAX.
 */
DAIS_CHECK_RESULT int32_t words_find(const struct dais_str *patterns, uint64_t count,
                                     struct dais_str text, int *ret_any,
                                     struct words_found *ret_found);

/** Writes the text to `buf` of at least text.len bytes, with '*' for each character that is marked;
 * returns its bytes. `text` is one that words_find has searched. */
uint64_t words_mask(struct dais_str text, const struct words_found *found, char *buf);
