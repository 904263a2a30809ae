/* SPDX-License-Identifier: MIT */
#include "store_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define ID_BYTES 36u
#define TIME_DIGITS 12 /* 48 bits */
/* Years of four digits. */
#define TIME_MS_MAX INT64_C(253402300799999)

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int64_t store_time_of_id(struct dais_str id)
{
    int64_t time_ms = 0;
    if (id.len != ID_BYTES)
        return 0;
    for (int taken = 0, i = 0; taken < TIME_DIGITS; i++) {
        if (id.ptr[i] == '-')
            continue;
        int digit = digit_of(id.ptr[i]);
        if (digit < 0)
            return 0;
        time_ms = time_ms << 4 | digit;
        taken++;
    }
    return time_ms;
}

static int64_t in_bounds(int64_t unix_ms)
{
    if (unix_ms < 0)
        return 0;
    return unix_ms > TIME_MS_MAX ? TIME_MS_MAX : unix_ms;
}

void store_time_id(int64_t unix_ms, char *ret_id)
{
    uint64_t time_ms = (uint64_t)in_bounds(unix_ms);
    snprintf(ret_id, ID_BYTES + 1, "%08" PRIx32 "-%04" PRIx16 "-7000-8000-000000000000",
             (uint32_t)(time_ms >> 16), (uint16_t)time_ms);
}

void store_time_text(int64_t unix_ms, char *ret_text)
{
    int64_t time_ms = in_bounds(unix_ms);
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t used = strftime(ret_text, STORE_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret_text + used, STORE_TIME_BYTES - used, ".%03dZ", (int)(time_ms % 1000));
}
