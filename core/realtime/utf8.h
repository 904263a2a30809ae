/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * UTF-8 (RFC 3629) that comes in pieces: wrong text is seen at its first wrong byte, however the
 * pieces are cut. Zeroed memory is the begin of a text. Pure functions, callable on any thread.
 */
#include "dais/types.h"

#include <stdbool.h>
#include <stdint.h>

/** What of a sequence is still to come; private. */
struct utf8 {
    uint8_t need; /* bytes */
    uint8_t low;  /* bounds of the next one */
    uint8_t high;
};

/** Takes the next piece. False: this is no UTF-8; the state is of no use then. */
bool utf8_feed(struct utf8 *utf8, struct dais_str piece);

/** Whether the text may end here. */
static inline bool utf8_is_complete(const struct utf8 *utf8)
{
    return utf8->need == 0;
}
