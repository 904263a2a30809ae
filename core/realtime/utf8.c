/* SPDX-License-Identifier: MIT */
#include "realtime/utf8.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define TAIL_LOW 0x80u
#define TAIL_HIGH 0xbfu

/* How many ASCII bytes of `at` to `end` are found eight at a time. */
static uint64_t skip_ascii(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *from = at;
    for (uint64_t word; end - at >= (int64_t)sizeof word; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        if (word & HIGH_BITS)
            break;
    }
    return (uint64_t)(at - from);
}

/* The bounds of the second byte close out overlong forms, surrogates and what lies beyond U+10FFFF
 * (RFC 3629 §4). */
static bool begin(struct utf8 *utf8, uint8_t first)
{
    if (first < 0xc2 || first > 0xf4)
        return false;
    utf8->need = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    utf8->low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : TAIL_LOW;
    utf8->high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : TAIL_HIGH;
    return true;
}

static bool go_on(struct utf8 *utf8, uint8_t byte)
{
    if (byte < utf8->low || byte > utf8->high)
        return false;
    utf8->need--;
    utf8->low = TAIL_LOW;
    utf8->high = TAIL_HIGH;
    return true;
}

bool utf8_feed(struct utf8 *utf8, struct dais_str piece)
{
    const uint8_t *at = (const uint8_t *)piece.ptr, *end = at + piece.len;
    while (at < end) {
        if (utf8->need == 0) {
            at += skip_ascii(at, end);
            while (at < end && *at < 0x80)
                at++;
            if (at == end)
                break;
        }
        bool fits = utf8->need ? go_on(utf8, *at) : begin(utf8, *at);
        if (!fits)
            return false;
        at++;
    }
    return true;
}
