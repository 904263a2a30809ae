/* SPDX-License-Identifier: MIT */
#include "cursor.h"

#include <sodium.h>
#include <stdio.h>

#define RAW_BYTES (CURSOR_TERM_BYTES_MAX + 24)
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

_Static_assert(sodium_base64_ENCODED_LEN(RAW_BYTES, VARIANT) <= CURSOR_BYTES, "a cursor fits");

int32_t cursor_write(int64_t number, struct dais_str term, char ret_text[CURSOR_BYTES])
{
    char raw[RAW_BYTES];
    if (term.len > CURSOR_TERM_BYTES_MAX)
        return DAIS_E_TOO_LARGE;
    int len = snprintf(raw, sizeof raw, "%lld:", (long long)number);
    if (term.len)
        memcpy(raw + len, term.ptr, term.len);
    sodium_bin2base64(ret_text, CURSOR_BYTES, (const unsigned char *)raw, (size_t)len + term.len,
                      VARIANT);
    return DAIS_OK;
}

/** The digits before the colon; DAIS_E_INVALID for anything but a number ≥ 0 of ours. */
static int32_t number_read(const char *raw, size_t len, int64_t *ret_number, size_t *ret_used)
{
    int64_t number = 0;
    size_t i = 0;
    for (; i < len && raw[i] >= '0' && raw[i] <= '9'; i++) {
        if (i == 18)
            return DAIS_E_INVALID;
        number = number * 10 + (raw[i] - '0');
    }
    if (i == 0 || i == len || raw[i] != ':')
        return DAIS_E_INVALID;
    *ret_number = number;
    *ret_used = i + 1;
    return DAIS_OK;
}

int32_t cursor_read(struct dais_str text, struct cursor *ret_cursor)
{
    char raw[RAW_BYTES];
    size_t len = 0, used = 0;
    int64_t number = 0;
    if (sodium_base642bin((unsigned char *)raw, sizeof raw, text.ptr, text.len, NULL, &len, NULL,
                          VARIANT))
        return DAIS_E_INVALID;
    if (number_read(raw, len, &number, &used) || len - used > CURSOR_TERM_BYTES_MAX ||
        memchr(raw, '\0', len))
        return DAIS_E_INVALID;
    ret_cursor->number = number;
    memcpy(ret_cursor->term, raw + used, len - used);
    ret_cursor->term[len - used] = '\0';
    return DAIS_OK;
}
