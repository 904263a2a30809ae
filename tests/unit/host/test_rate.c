/* SPDX-License-Identifier: MIT */
#include "host/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PER_MINUTE 60u

static struct rate_table table;

static int empty(void **state)
{
    (void)state;
    memset(&table, 0, sizeof table);
    return 0;
}

static void test_a_minutes_allowance_at_once(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < PER_MINUTE; i++)
        assert_int_equal(rate_count(&table, 7, 1000, PER_MINUTE), 0);
    uint64_t wait_ms = rate_count(&table, 7, 1000, PER_MINUTE);
    assert_in_range(wait_ms, 999, 1001);
    assert_int_equal(rate_count(&table, 7, 1000 + wait_ms, PER_MINUTE), 0);
    assert_true(rate_count(&table, 7, 1000 + wait_ms, PER_MINUTE) > 0);
}

static void test_the_rate_is_kept(void **state)
{
    uint32_t allowed = 0;
    (void)state;
    for (uint64_t now_ms = 1000; now_ms < 601000; now_ms += 100)
        allowed += rate_count(&table, 9, now_ms, PER_MINUTE) == 0;
    assert_in_range(allowed, 10 * PER_MINUTE, 11 * PER_MINUTE + 1);
}

static void test_keys_do_not_disturb_each_other(void **state)
{
    (void)state;
    uint64_t neighbour = (uint64_t)1 << 48 | 7; /* the same cell, another tag */
    for (uint32_t i = 0; i < PER_MINUTE; i++) {
        assert_int_equal(rate_count(&table, 7, 1000, PER_MINUTE), 0);
        assert_int_equal(rate_count(&table, neighbour, 1000, PER_MINUTE), 0);
    }
    assert_true(rate_count(&table, 7, 1000, PER_MINUTE) > 0);
    assert_true(rate_count(&table, neighbour, 1000, PER_MINUTE) > 0);
}

/** More keys than cells fit in: somebody is forgotten, nobody is refused. */
static void test_a_flood_of_keys_refuses_nobody(void **state)
{
    (void)state;
    for (uint64_t tag = 1; tag < 100; tag++)
        assert_int_equal(rate_count(&table, tag << 48 | 7, 1000, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_minutes_allowance_at_once, empty),
        cmocka_unit_test_setup(test_the_rate_is_kept, empty),
        cmocka_unit_test_setup(test_keys_do_not_disturb_each_other, empty),
        cmocka_unit_test_setup(test_a_flood_of_keys_refuses_nobody, empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
