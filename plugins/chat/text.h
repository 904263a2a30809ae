/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which texts may be sent, whatever a room's settings are: valid UTF-8 that shows something, keeps
 * to its place on the page and hides nothing. Stored as it came, without the white space around it;
 * it is never HTML.
 */
#include "dais/types.h"

/** Bounds beside the number of characters. */
#define TEXT_LINES_MAX 10
#define TEXT_EMOJI_MAX 50
#define TEXT_MARKS_MAX 4 /**< that stand upon one character */
#define TEXT_BIDI_MAX 16 /**< embeddings and isolates within each other (UAX #9) */

/**
 * Checks `*text` and takes the white space off its ends: 1 to `characters_max` code points, no
 * controls but newlines, nothing that turns the direction of text for longer than its line, no
 * private use, no tags outside of flags. NULL when it may stand, otherwise a sentence, constant,
 * that says why not; `*text` is then untouched.
 */
const char *text_check(struct dais_str *text, int64_t characters_max);
