/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#define MS_PER_DAY INT64_C(86400000)

static _Thread_local bool ticking;
static _Thread_local uint64_t tick_ms; /* 0: not taken */
static _Thread_local int64_t tick_unix_ms;

uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_us(void)
{
    return clock_ns() / 1000;
}

uint64_t clock_ms(void)
{
    return clock_ns() / 1000000;
}

int64_t clock_unix_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_unix_ms(void)
{
    return clock_unix_ns() / 1000000;
}

uint64_t clock_thread_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void clock_tick_expire(void)
{
    ticking = true;
    tick_ms = 0;
}

static void take(void)
{
    if (ticking && tick_ms != 0)
        return;
    tick_ms = clock_ms();
    tick_unix_ms = clock_unix_ms();
}

uint64_t clock_tick_ms(void)
{
    take();
    return tick_ms;
}

int64_t clock_tick_unix_ms(void)
{
    take();
    return tick_unix_ms;
}

struct civil {
    int year, month, day; /* month and day from 1 */
    int hour, minute, second, ms;
    int weekday; /* from Sunday, 0 */
};

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. The year is counted from
 * March, so that the leap day is its last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static struct civil civil_of(int64_t unix_ms)
{
    static const int64_t year_0 = INT64_C(-62167219200000);
    static const int64_t year_10000 = INT64_C(253402300800000);
    if (unix_ms < year_0)
        unix_ms = year_0;
    if (unix_ms >= year_10000)
        unix_ms = year_10000 - 1;
    int64_t days = unix_ms / MS_PER_DAY;
    int64_t rest = unix_ms % MS_PER_DAY;
    if (rest < 0) {
        rest += MS_PER_DAY;
        days--;
    }
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t doe = shifted - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t month = (5 * doy + 2) / 153;
    struct civil civil = {
        .year = (int)(yoe + era * 400 + (month >= 10)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(doy - (153 * month + 2) / 5 + 1),
        .hour = (int)(rest / 3600000),
        .minute = (int)(rest / 60000 % 60),
        .second = (int)(rest / 1000 % 60),
        .ms = (int)(rest % 1000),
        .weekday = (int)(((days + 4) % 7 + 7) % 7),
    };
    return civil;
}

/* Writes `value` in `digits` decimal digits and returns what is behind it. */
static char *put_number(char *at, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

void clock_format_rfc3339(int64_t unix_ms, char ret_text[CLOCK_RFC3339_BYTES])
{
    struct civil c = civil_of(unix_ms);
    char *at = put_char(put_number(ret_text, c.year, 4), '-');
    at = put_char(put_number(at, c.month, 2), '-');
    at = put_char(put_number(at, c.day, 2), 'T');
    at = put_char(put_number(at, c.hour, 2), ':');
    at = put_char(put_number(at, c.minute, 2), ':');
    at = put_char(put_number(at, c.second, 2), '.');
    at = put_char(put_number(at, c.ms, 3), 'Z');
    *at = '\0';
}

void clock_format_http(int64_t unix_ms, char ret_text[CLOCK_HTTP_BYTES])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil c = civil_of(unix_ms);
    memcpy(ret_text, days + 3 * c.weekday, 3);
    memcpy(ret_text + 3, ", ", 2);
    char *at = put_char(put_number(ret_text + 5, c.day, 2), ' ');
    memcpy(at, months + 3 * (c.month - 1), 3);
    at = put_char(at + 3, ' ');
    at = put_char(put_number(at, c.year, 4), ' ');
    at = put_char(put_number(at, c.hour, 2), ':');
    at = put_char(put_number(at, c.minute, 2), ':');
    at = put_number(at, c.second, 2);
    memcpy(at, " GMT", 5);
}

/* Takes a number of exactly `digits` digits and the character `after` it (0: none) off the text. */
static int32_t take_number(struct dais_str *text, int digits, char after, int *ret_value)
{
    int value = 0;
    uint64_t need = (uint64_t)digits + (after ? 1 : 0);
    if (text->len < need)
        return DAIS_E_INVALID;
    for (int i = 0; i < digits; i++) {
        char c = text->ptr[i];
        if (c < '0' || c > '9')
            return DAIS_E_INVALID;
        value = value * 10 + (c - '0');
    }
    char found = after ? text->ptr[digits] : '\0';
    if (found != after && !(after == 'T' && found == 't'))
        return DAIS_E_INVALID;
    *ret_value = value;
    *text = dais_str(text->ptr + need, text->len - need);
    return DAIS_OK;
}

static int32_t take_fraction(struct dais_str *text, int *ret_ms)
{
    *ret_ms = 0;
    if (text->len == 0 || text->ptr[0] != '.')
        return DAIS_OK;
    uint64_t at = 1;
    for (int scale = 100; at < text->len && text->ptr[at] >= '0' && text->ptr[at] <= '9'; at++) {
        *ret_ms += (text->ptr[at] - '0') * scale;
        scale /= 10;
    }
    if (at == 1)
        return DAIS_E_INVALID;
    *text = dais_str(text->ptr + at, text->len - at);
    return DAIS_OK;
}

static int32_t take_zone(struct dais_str *text, int *ret_minutes)
{
    if (text->len == 1 && (text->ptr[0] | 0x20) == 'z') {
        *ret_minutes = 0;
        return DAIS_OK;
    }
    if (text->len != 6 || (text->ptr[0] != '+' && text->ptr[0] != '-'))
        return DAIS_E_INVALID;
    int sign = text->ptr[0] == '-' ? -1 : 1;
    struct dais_str rest = dais_str(text->ptr + 1, 5);
    int hours, minutes;
    if (take_number(&rest, 2, ':', &hours) || take_number(&rest, 2, 0, &minutes))
        return DAIS_E_INVALID;
    if (hours > 23 || minutes > 59)
        return DAIS_E_INVALID;
    *ret_minutes = sign * (hours * 60 + minutes);
    return DAIS_OK;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 ? leap : 0);
}

int32_t clock_parse_rfc3339(struct dais_str text, int64_t *ret_unix_ms)
{
    struct civil c = {0};
    int zone;
    if (take_number(&text, 4, '-', &c.year) || take_number(&text, 2, '-', &c.month) ||
        take_number(&text, 2, 'T', &c.day) || take_number(&text, 2, ':', &c.hour) ||
        take_number(&text, 2, ':', &c.minute) || take_number(&text, 2, 0, &c.second) ||
        take_fraction(&text, &c.ms) || take_zone(&text, &zone))
        return DAIS_E_INVALID;
    if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > days_in_month(c.year, c.month) ||
        c.hour > 23 || c.minute > 59 || c.second > 60)
        return DAIS_E_INVALID;
    if (c.second == 60)
        c.second = 59; /* a leap second has no number in Unix time */
    int64_t minutes = (int64_t)(c.hour * 60 + c.minute) - zone;
    *ret_unix_ms = days_of(c.year, c.month, c.day) * MS_PER_DAY + minutes * 60000 +
                   (int64_t)c.second * 1000 + c.ms;
    return DAIS_OK;
}
