/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where a page of a list ended, as an opaque text that the client gives back: base64url of the
 * number and the text by which the list is sorted. Pure functions.
 */
#include "dais/error.h"
#include "dais/types.h"

/** Longest text that a list is sorted by: an address of e-mail, a name of 80 characters. */
#define CURSOR_TERM_BYTES_MAX 320
/** Longest cursor, with its NUL: base64 of a number, a colon and the longest text. */
#define CURSOR_BYTES 512

/** The last row of a page. */
struct cursor {
    int64_t number;
    char term[CURSOR_TERM_BYTES_MAX + 1]; /**< "" where the list is sorted by the number alone */
};

/** Writes a cursor. DAIS_E_TOO_LARGE: `term` is longer than CURSOR_TERM_BYTES_MAX. */
DAIS_CHECK_RESULT int32_t cursor_write(int64_t number, struct dais_str term,
                                       char ret_text[CURSOR_BYTES]);

/** Reads a cursor. DAIS_E_INVALID: it is none of ours. */
DAIS_CHECK_RESULT int32_t cursor_read(struct dais_str text, struct cursor *ret_cursor);
