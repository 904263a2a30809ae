/* SPDX-License-Identifier: MIT */
#include "base/str.h"

#include <string.h>

static bool is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The second byte's range closes out overlong forms, surrogates and what lies beyond U+10FFFF
 * (RFC 3629 §4). */
static bool second_fits(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return is_tail(second);
    }
}

uint32_t str_utf8_sequence(const uint8_t *bytes, uint64_t len)
{
    if (len == 0)
        return 0;
    uint8_t first = bytes[0];
    if (first < 0x80)
        return 1;
    uint32_t need = first >= 0xc2 && first <= 0xdf   ? 2
                    : first >= 0xe0 && first <= 0xef ? 3
                    : first >= 0xf0 && first <= 0xf4 ? 4
                                                     : 0;
    if (need == 0 || len < need || !second_fits(first, bytes[1]))
        return 0;
    for (uint32_t i = 2; i < need; i++) {
        if (!is_tail(bytes[i]))
            return 0;
    }
    return need;
}

bool str_is_utf8(struct dais_str text)
{
    const uint8_t *bytes = (const uint8_t *)text.ptr;
    uint64_t at = 0;
    while (at < text.len) {
        uint64_t word;
        if (text.len - at >= sizeof word) {
            memcpy(&word, bytes + at, sizeof word);
            if ((word & 0x8080808080808080ull) == 0) {
                at += sizeof word;
                continue;
            }
        }
        uint32_t step = str_utf8_sequence(bytes + at, text.len - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

uint64_t str_utf8_count(struct dais_str text)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < text.len; i++)
        count += !is_tail((uint8_t)text.ptr[i]);
    return count;
}
