/* SPDX-License-Identifier: MIT */
#pragma once
/* The rules: pure functions, no I/O and no clock. */
#include "dais/types.h"

/** Longest word, in characters. */
#define TEMPLATE_WORD_MAX 30

/** Whether `text` is one word: not empty, no white space, no control characters. */
int template_is_word(struct dais_str text);
