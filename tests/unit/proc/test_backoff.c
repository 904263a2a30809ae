/* SPDX-License-Identifier: MIT */
/* When a child that died is started again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proc/backoff.h"

static void test_first_death_restarts_at_once(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 100, 5000);
    assert_int_equal(backoff_next(&backoff, 3), 0);
}

static void test_deaths_in_a_row_wait_longer_up_to_the_maximum(void **state)
{
    (void)state;
    static const uint32_t expected[] = {0, 100, 200, 400, 800, 1600, 3200, 5000, 5000};
    struct backoff backoff;
    backoff_init(&backoff, 100, 5000);
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(backoff_next(&backoff, BACKOFF_GOOD_LIFE_MS - 1), expected[i]);
}

static void test_a_good_life_forgets(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 100, 5000);
    for (int i = 0; i < 5; i++)
        (void)backoff_next(&backoff, 0);
    assert_int_equal(backoff_next(&backoff, BACKOFF_GOOD_LIFE_MS), 0);
    assert_int_equal(backoff_next(&backoff, 0), 100);
}

static void test_a_maximum_near_the_type_does_not_overflow(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, UINT32_MAX / 2, UINT32_MAX);
    (void)backoff_next(&backoff, 0);
    assert_int_equal(backoff_next(&backoff, 0), UINT32_MAX / 2);
    assert_int_equal(backoff_next(&backoff, 0), UINT32_MAX - 1);
    assert_int_equal(backoff_next(&backoff, 0), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_death_restarts_at_once),
        cmocka_unit_test(test_deaths_in_a_row_wait_longer_up_to_the_maximum),
        cmocka_unit_test(test_a_good_life_forgets),
        cmocka_unit_test(test_a_maximum_near_the_type_does_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
