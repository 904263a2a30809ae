/* SPDX-License-Identifier: MIT */
#include "net/http_range.h"

#include <string.h>

/* Digits at `*at`, at most 19 of them, so that the number fits. -1 when there are none. */
static int take_number(const char **at, const char *end, uint64_t *ret_number)
{
    uint64_t number = 0;
    const char *start = *at;
    while (*at < end && **at >= '0' && **at <= '9' && *at - start < 20)
        number = number * 10 + (uint64_t)(*(*at)++ - '0');
    if (*at == start || *at - start == 20)
        return -1;
    *ret_number = number;
    return 0;
}

/* "-500": the last bytes. */
static int32_t parse_suffix(const char *at, const char *end, uint64_t total,
                            struct http_range *ret_range)
{
    uint64_t wanted;
    if (take_number(&at, end, &wanted) != 0 || at != end)
        return 0;
    if (wanted == 0 || total == 0)
        return DAIS_E_RANGE;
    ret_range->first = wanted < total ? total - wanted : 0;
    ret_range->last = total - 1;
    return 1;
}

int32_t http_range_parse(struct dais_str header, uint64_t total, struct http_range *ret_range)
{
    static const char unit[] = "bytes=";
    if (header.len <= sizeof unit - 1 || memcmp(header.ptr, unit, sizeof unit - 1) != 0)
        return 0;
    const char *at = header.ptr + sizeof unit - 1;
    const char *end = header.ptr + header.len;
    if (*at == '-')
        return parse_suffix(at + 1, end, total, ret_range);

    struct http_range range = {0, total - 1};
    if (take_number(&at, end, &range.first) != 0 || at == end || *at != '-')
        return 0;
    at++;
    uint64_t last = UINT64_MAX;
    if (at < end && (take_number(&at, end, &last) != 0 || at != end || last < range.first))
        return 0;
    if (range.first >= total)
        return DAIS_E_RANGE;
    if (last < range.last)
        range.last = last;
    *ret_range = range;
    return 1;
}
