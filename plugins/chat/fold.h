/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Characters that readers take for the same, and where words begin and end; for comparisons only,
 * nothing folded is stored. One code point becomes one, so that places stay comparable.
 */
#include "unicode.h"

/**
 * Simple lower case of Latin (Latin-1, Extended-A), Greek and Cyrillic, of letters and digits that
 * are full-width, mathematical, circled or squared. Others stay what they are.
 */
uint32_t fold_case(uint32_t code);

/** As fold_case, and without diacritics: "\u00e9" is 'e', "\u03ac" is "\u03b1", "\u0451" is
 * "\u0435"; all white space is ' '. 0 for what is to be passed over: marks and invisible ones. */
uint32_t fold_base(uint32_t code);

/** How a character stands in words. */
enum fold_word {
    FOLD_APART = 0, /**< between words */
    FOLD_PART = 1,  /**< of a word, together with its neighbours */
    FOLD_ALONE = 2  /**< of scripts that do not part their words: may begin and end anywhere */
};

/** The class of a character that fold_base gave. Near UAX #29, without its tables. */
enum fold_word fold_word(uint32_t code);
