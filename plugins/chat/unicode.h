/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * UTF-8 (RFC 3629), and the classes of characters (Unicode 14) that the rules of texts are made of.
 * Pure functions; nothing reads past the end of what it is given, whatever the bytes are.
 */
#include "dais/error.h"
#include "dais/types.h"

/** What unicode_next gives for bytes that are no UTF-8; not a code point. */
#define UNICODE_INVALID 0xFFFFFFFFu
/** The bytes of the longest character in UTF-8. */
#define UNICODE_BYTES_MAX 4u

/** Code points from `first` to `last`, both included. */
struct unicode_range {
    uint32_t first, last;
};

/** Whether `code` is in one of `count` ranges, which ascend. */
int unicode_in(uint32_t code, const struct unicode_range *ranges, uint64_t count);

/** UNICODE_IN(code, table): as unicode_in, for an array. */
#define UNICODE_IN(code, table) unicode_in((code), (table), sizeof(table) / sizeof(table)[0])

/** The code point of more than one byte at `*at`; see unicode_next. */
uint32_t unicode_next_long(struct dais_str text, uint64_t *at);

/**
 * The code point at `*at`, which is less than text.len; `*at` goes behind it. UNICODE_INVALID for
 * overlong forms, surrogates, what is cut off and whatever else is no UTF-8; `*at` then stands.
 */
static inline uint32_t unicode_next(struct dais_str text, uint64_t *at)
{
    const unsigned char byte = (unsigned char)text.ptr[*at];
    if (byte >= 0x80)
        return unicode_next_long(text, at);
    ++*at;
    return byte;
}

/** Writes `code`, which is a code point, to `buf`; returns its bytes, at most UNICODE_BYTES_MAX. */
uint64_t unicode_put(uint32_t code, char *buf);

/** White space (White_Space of PropList.txt). */
int unicode_is_space(uint32_t code);

/** Controls (C0, DEL, C1) and the separators of lines and paragraphs. */
int unicode_is_control(uint32_t code);

/** Private use and noncharacters: what they mean is agreed nowhere. */
int unicode_is_unassignable(uint32_t code);

/** What stacks upon the character before it: nonspacing and enclosing marks (Mn, Me). */
int unicode_is_mark(uint32_t code);

/** What shows nothing by itself: joiners, fillers, directions, selectors, tags. */
int unicode_is_invisible(uint32_t code);

/** The tags of flags (UTS #51 ED-14a), which are readable by programs alone. */
static inline int unicode_is_tag(uint32_t code)
{
    return code >= 0xE0000 && code <= 0xE007F;
}
