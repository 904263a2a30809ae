/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Emoji as people see them: sequences of code points (UTS #51 §1.4) that are shown as one picture.
 * Joined ones, with selector, with skin tone, flags of countries and of their parts, keycaps. The
 * grammar decides, not a list: what a later version joins is an emoji already.
 *
 * Symbols that are text unless U+FE0F follows ("\u2764", "\u00a9") need it, and so do keycaps.
 */
#include "dais/types.h"

/** Code points of the longest emoji; "couple with kiss" with two skin tones has ten. */
#define EMOJI_CODES_MAX 10u

/** The bytes of the emoji that begins at `at`, which is at most text.len; 0: there is none. Invalid
 * UTF-8 is no emoji. */
uint64_t emoji_at(struct dais_str text, uint64_t at);

/** Whether `text` is exactly one emoji. */
int emoji_is_one(struct dais_str text);
