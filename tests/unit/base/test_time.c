/* SPDX-License-Identifier: MIT */
/* clock.h, random.h, error.h, limits.h, check.h */
#include "unit.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define S(text) dais_cstr(text)

static void test_clocks(void **state)
{
    (void)state;
    uint64_t ns = clock_ns();
    assert_true(clock_ns() >= ns && clock_us() >= ns / 1000 && clock_ms() >= ns / 1000000);
    assert_true(clock_unix_ms() > INT64_C(1700000000000));
}

static void test_ticks_stand_still_until_expired(void **state)
{
    (void)state;
    uint64_t before = clock_tick_ms();
    while (clock_ms() < before + 2) {
    }
    assert_true(clock_tick_ms() >= before + 2); /* no ticks yet on this thread */
    clock_tick_expire();
    before = clock_tick_ms();
    int64_t unix_before = clock_tick_unix_ms();
    while (clock_ms() < before + 2) {
    }
    assert_true(clock_tick_ms() == before && clock_tick_unix_ms() == unix_before);
    clock_tick_expire();
    assert_true(clock_tick_ms() >= before + 2);
}

static const struct {
    int64_t unix_ms;
    const char *rfc3339;
    const char *http;
} times[] = {
    {0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {INT64_C(784111777000), "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
    {INT64_C(951826156789), "2000-02-29T12:09:16.789Z", "Tue, 29 Feb 2000 12:09:16 GMT"},
    {INT64_C(4107542399999), "2100-02-28T23:59:59.999Z", "Sun, 28 Feb 2100 23:59:59 GMT"},
    {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"},
    {INT64_C(-1), "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
    {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z", "Sat, 01 Jan 0000 00:00:00 GMT"},
    {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
};

static void test_formatting_times(void **state)
{
    (void)state;
    char text[CLOCK_RFC3339_BYTES], http[CLOCK_HTTP_BYTES];
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int64_t back;
        clock_format_rfc3339(times[i].unix_ms, text);
        assert_string_equal(text, times[i].rfc3339);
        clock_format_http(times[i].unix_ms, http);
        assert_string_equal(http, times[i].http);
        assert_int_equal(clock_parse_rfc3339(S(text), &back), DAIS_OK);
        assert_true(back == times[i].unix_ms);
    }
    clock_format_rfc3339(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    clock_format_rfc3339(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

static void test_parsing_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_ms;
    } good[] = {
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31t19:30:00.5-04:30", 500},
        {"1970-01-01T00:00:00.123987z", 123},
        {"1970-01-01T00:00:60Z", 59000},
    };
    int64_t value = 42;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(clock_parse_rfc3339(S(good[i].text), &value), DAIS_OK);
        assert_true(value == good[i].unix_ms);
    }
    static const char *const wrong[] = {
        "",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01 00:00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-00-01T00:00:00Z",
        "1970-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:61Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00+1:00",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00Zx",
        "1970\r01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(clock_parse_rfc3339(S(wrong[i]), &value), DAIS_E_INVALID);
    assert_true(value == 59000);
}

static void test_random(void **state)
{
    (void)state;
    char hex[201], uuid[RANDOM_UUID_BYTES], other[RANDOM_UUID_BYTES];
    random_hex(hex, 100);
    assert_int_equal(strlen(hex), 200);
    assert_int_equal(strspn(hex, "0123456789abcdef"), 200);
    assert_true(random_u64() != random_u64());
    bool seen[3] = {false};
    for (int i = 0; i < 200; i++)
        seen[random_below(3)] = true;
    assert_true(seen[0] && seen[1] && seen[2]);
    random_uuid(uuid);
    random_uuid(other);
    assert_string_not_equal(uuid, other);
    assert_int_equal(strlen(uuid), 36);
    assert_true(uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' && uuid[23] == '-');
    assert_int_equal(uuid[14], '4');
    assert_non_null(strchr("89ab", uuid[19]));
}

/** Random bytes that are all the same. */
static void fill(uint8_t random[UUID7_RANDOM_BYTES], int byte)
{
    memset(random, byte, UUID7_RANDOM_BYTES);
}

#define MS 1000000

static void test_uuid7_layout(void **state)
{
    (void)state;
    struct uuid7 last = {0};
    uint8_t random[UUID7_RANDOM_BYTES];
    char text[UUID_TEXT_BYTES];
    int64_t at_ns = INT64_C(0x017f22e279b0) * MS; /* the time of RFC 9562, appendix A.6 */
    fill(random, 0xff);
    uuid7_write(&last, at_ns, random, text);
    assert_string_equal(text, "017f22e2-79b0-7000-9fff-ffffffffffff");
    uuid7_write(&last, at_ns, random, text);
    assert_string_equal(text, "017f22e2-79b0-7000-a000-ffffffffffff");
    fill(random, 0);
    uuid7_write(&last, at_ns + MS / 2, random, text);
    assert_string_equal(text, "017f22e2-79b0-7800-8000-000000000000");
    uuid7_write(&last, at_ns + MS - 1, random, text);
    assert_string_equal(text, "017f22e2-79b0-7fff-8000-000000000000");
}

static void test_uuid7_rises_whatever_the_clock_says(void **state)
{
    (void)state;
    static const int64_t clock[] = {1000, 1000, 1001, 900, -5, 0, 1001, 1002, 1001, 5000};
    struct uuid7 last = {0};
    uint8_t random[UUID7_RANDOM_BYTES];
    char before[UUID_TEXT_BYTES] = "", text[UUID_TEXT_BYTES];
    for (size_t i = 0; i < sizeof clock / sizeof clock[0]; i++) {
        fill(random, (int)(255 - i * 20)); /* what is random falls */
        uuid7_write(&last, clock[i] * MS, random, text);
        assert_true(strcmp(before, text) < 0);
        memcpy(before, text, sizeof text);
    }
    assert_memory_equal(text, "00000000-1388-7", 15);
}

/* What another thread makes a microsecond later, whatever is random. */
static void test_uuid7_rises_over_threads(void **state)
{
    (void)state;
    uint8_t random[UUID7_RANDOM_BYTES];
    char before[UUID_TEXT_BYTES], text[UUID_TEXT_BYTES];
    for (int64_t at_ns = 5 * MS - 2000; at_ns < 5 * MS + 2000; at_ns += 300) {
        struct uuid7 one = {0}, other = {0};
        fill(random, 0xff);
        uuid7_write(&one, at_ns, random, before);
        fill(random, 0);
        uuid7_write(&other, at_ns + 1000, random, text);
        assert_true(strcmp(before, text) < 0);
    }
}

static void test_uuid7_of_a_full_tick(void **state)
{
    (void)state;
    struct uuid7 last = {.ticks = (1000ull << 12) + 4095, .count = (1u << 14) - 2};
    uint8_t random[UUID7_RANDOM_BYTES];
    char text[UUID_TEXT_BYTES];
    fill(random, 1);
    uuid7_write(&last, 1000 * MS, random, text);
    assert_string_equal(text, "00000000-03e8-7fff-bfff-010101010101");
    uuid7_write(&last, 1000 * MS, random, text);
    assert_string_equal(text, "00000000-03e9-7000-8101-010101010101");
    uuid7_write(&last, 1000 * MS, random, text); /* the clock is behind */
    assert_string_equal(text, "00000000-03e9-7000-8102-010101010101");
}

static void test_random_uuid7(void **state)
{
    (void)state;
    char before[RANDOM_UUID_BYTES] = "", text[RANDOM_UUID_BYTES];
    int64_t now = clock_unix_ms();
    for (int i = 0; i < 10000; i++) {
        random_uuid_v7(text);
        assert_true(strcmp(before, text) < 0);
        memcpy(before, text, sizeof text);
    }
    char ms[14] = {0};
    memcpy(ms, text, 8);
    memcpy(ms + 8, text + 9, 4);
    assert_in_range(strtoull(ms, NULL, 16), now, now + 60000);
    assert_int_equal(text[14], '7');
    assert_non_null(strchr("89ab", text[19]));
}

static void test_errors(void **state)
{
    (void)state;
    assert_int_equal(error_status(DAIS_E_NOT_FOUND), 404);
    assert_string_equal(error_code(DAIS_E_NOT_FOUND), "not_found");
    assert_string_equal(error_title(DAIS_E_LIMIT), "Too many requests");
    assert_string_equal(error_name(DAIS_E_URI), "DAIS_E_URI");
    assert_int_equal(error_status(DAIS_OK), 200);
    assert_string_equal(error_code(DAIS_OK), "ok");
    assert_int_equal(error_status(-10000), 500);
    assert_int_equal(error_status(5), 500);
    assert_int_equal(error_status(INT32_MIN), 500);
    assert_int_equal(error_from_errno(ENOENT), DAIS_E_NOT_FOUND);
    assert_int_equal(error_from_errno(0), DAIS_OK);
    assert_int_equal(error_from_errno(ENOTTY), DAIS_E_INTERNAL);
}

static void test_limits(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < LIMIT_COUNT; i++) {
        const struct limit_row *row = limit_describe((enum limit)i);
        assert_true(row->min <= row->initial && row->initial <= row->max);
        assert_int_equal(limit_get((enum limit)i), row->initial);
        assert_true(row->name[0] && row->unit[0] && row->prose[0]);
    }
    assert_int_equal(limit_set(S("fibers"), 100), DAIS_OK);
    assert_int_equal(limit_get(LIMIT_FIBERS), 100);
    assert_int_equal(limit_set(S("fibers"), 1), DAIS_E_RANGE);
    assert_int_equal(limit_set(S("fibres"), 100), DAIS_E_NOT_FOUND);
    assert_int_equal(limit_get(LIMIT_FIBERS), 100);
    limits_reset();
    assert_int_equal(limit_get(LIMIT_FIBERS), limit_describe(LIMIT_FIBERS)->initial);
}

struct magical {
    uint32_t magic;
};

static void check_false(void *arg)
{
    CHECK(arg == NULL);
    CHECK_MSG(arg != NULL, "as expected");
}

static void cast_wrong(void *arg)
{
    struct magical *cast = CHECK_CAST(magical, arg, 2);
    (void)cast;
}

static void test_checks(void **state)
{
    (void)state;
    struct magical one = {.magic = 1};
    assert_aborts(check_false, NULL);
    assert_aborts(check_false, &one);
    assert_aborts(cast_wrong, &one);
    assert_aborts(cast_wrong, NULL);
    assert_ptr_equal(CHECK_CAST(magical, &one, 1), &one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_ticks_stand_still_until_expired),
        cmocka_unit_test(test_formatting_times),
        cmocka_unit_test(test_parsing_times),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_uuid7_layout),
        cmocka_unit_test(test_uuid7_rises_whatever_the_clock_says),
        cmocka_unit_test(test_uuid7_rises_over_threads),
        cmocka_unit_test(test_uuid7_of_a_full_tick),
        cmocka_unit_test(test_random_uuid7),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
