/* SPDX-License-Identifier: MIT */
/* Time limits for a part of what a fiber does: they wake, nest, and leave nothing behind. */
#include "crew.h"

#include "base/clock.h"
#include "loop/fiber.h"

static int32_t in_time(void *arg)
{
    struct fiber_limit limit;
    fiber_limit_begin(&limit, 1000);
    EXPECT(fiber_sleep(1) == DAIS_OK);
    EXPECT(!fiber_limit_end(&limit));
    EXPECT(fiber_sleep(1) == DAIS_OK);
    return 0;
}

static void test_what_ends_in_time_is_left_alone(void **state)
{
    crew_run(0, in_time, NULL);
}

static int32_t too_late(void *arg)
{
    struct fiber_limit limit;
    uint64_t begun = clock_ms();
    fiber_limit_begin(&limit, 5);
    EXPECT(fiber_sleep(10000) == DAIS_E_CANCELLED);
    EXPECT(clock_ms() - begun < 1000);
    EXPECT(fiber_yield() == DAIS_E_CANCELLED);
    EXPECT(fiber_cancel_reason() == DAIS_OK);
    EXPECT(fiber_limit_end(&limit));
    EXPECT(fiber_yield() == DAIS_OK && fiber_sleep(1) == DAIS_OK);
    return 0;
}

static void test_a_limit_wakes_and_is_over_with_its_end(void **state)
{
    crew_run(0, too_late, NULL);
}

static int32_t nested(void *arg)
{
    struct fiber_limit outer, inner;
    fiber_limit_begin(&outer, 5);
    fiber_limit_begin(&inner, 1000);
    EXPECT(fiber_sleep(10000) == DAIS_E_CANCELLED);
    EXPECT(!fiber_limit_end(&inner));
    EXPECT(fiber_yield() == DAIS_E_CANCELLED);
    EXPECT(fiber_limit_end(&outer));
    EXPECT(fiber_yield() == DAIS_OK);
    fiber_limit_begin(&outer, 1000);
    fiber_limit_begin(&inner, 5);
    EXPECT(fiber_sleep(10000) == DAIS_E_CANCELLED);
    EXPECT(fiber_limit_end(&inner));
    EXPECT(fiber_sleep(1) == DAIS_OK);
    EXPECT(!fiber_limit_end(&outer));
    return 0;
}

static void test_limits_nest(void **state)
{
    crew_run(0, nested, NULL);
}

static int32_t masked(void *arg)
{
    struct fiber_limit limit;
    fiber_limit_begin(&limit, 1);
    fiber_mask();
    EXPECT(fiber_sleep(5) == DAIS_OK);
    fiber_unmask();
    EXPECT(fiber_yield() == DAIS_E_CANCELLED);
    EXPECT(fiber_limit_end(&limit));
    return 0;
}

static void test_a_mask_holds_it_off(void **state)
{
    crew_run(0, masked, NULL);
}

static void test_outside_a_fiber_nothing_happens(void **state)
{
    struct fiber_limit limit;
    fiber_limit_begin(&limit, 1);
    assert_false(fiber_limit_end(&limit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_ends_in_time_is_left_alone),
        cmocka_unit_test(test_a_limit_wakes_and_is_over_with_its_end),
        cmocka_unit_test(test_limits_nest),
        cmocka_unit_test(test_a_mask_holds_it_off),
        cmocka_unit_test(test_outside_a_fiber_nothing_happens),
    };
    return cmocka_run_group_tests(tests, crew_start, crew_stop);
}
