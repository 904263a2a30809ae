/* SPDX-License-Identifier: MIT */
#include "filter.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static int is_part(char c)
{
    const char low = lower(c);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
}

static int same(struct dais_str a, struct dais_str b)
{
    uint64_t i = 0;
    while (a.len == b.len && i < a.len && lower(a.ptr[i]) == lower(b.ptr[i]))
        i++;
    return a.len == b.len && i == a.len;
}

/** The word at `*at` or, where none begins, one byte between words; `*at` goes behind. */
static struct dais_str next(struct dais_str text, uint64_t *at)
{
    const uint64_t begin = *at;
    while (*at < text.len && is_part(text.ptr[*at]))
        ++*at;
    if (*at == begin)
        ++*at;
    return dais_str(text.ptr + begin, *at - begin);
}

struct dais_str filter_find(struct dais_str text, const struct dais_str *words, uint64_t count)
{
    for (uint64_t at = 0; at < text.len;) {
        const struct dais_str word = next(text, &at);
        for (uint64_t i = 0; i < count; i++) {
            if (same(word, words[i]))
                return words[i];
        }
    }
    return dais_str(NULL, 0);
}

int32_t filter_read_pair(struct dais_str text, struct dais_str ret_pair[2])
{
    const char *equals = text.len > 0 ? memchr(text.ptr, '=', text.len) : NULL;
    uint64_t at = 0;
    if (!equals || equals == text.ptr)
        return DAIS_E_INVALID;
    const struct dais_str from = dais_str(text.ptr, (uint64_t)(equals - text.ptr));
    if (next(from, &at).len != from.len || !is_part(from.ptr[0]))
        return DAIS_E_INVALID;
    ret_pair[0] = from;
    ret_pair[1] = dais_str(equals + 1, text.len - from.len - 1);
    return DAIS_OK;
}

uint64_t filter_replace(struct dais_str text, const struct dais_str (*pairs)[2], uint64_t count,
                        char *buf, uint64_t size)
{
    uint64_t len = 0, replaced = 0;
    for (uint64_t at = 0; at < text.len;) {
        struct dais_str piece = next(text, &at);
        for (uint64_t i = 0; i < count; i++) {
            if (!same(piece, pairs[i][0]))
                continue;
            piece = pairs[i][1];
            replaced++;
            break;
        }
        if (piece.len > size - len)
            return 0;
        memcpy(buf + len, piece.ptr, piece.len);
        len += piece.len;
    }
    return replaced > 0 ? len : 0;
}
