/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "turns.h"

#define EVERY_MS 3000

static struct turns *turns;

static int begin(void **state)
{
    (void)state;
    turns = calloc(1, sizeof *turns);
    return turns ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    free(turns);
    return 0;
}

static int take(uint64_t key, uint64_t now_ms, int on)
{
    return turns_take(turns, key, now_ms, EVERY_MS, on);
}

static void test_one_turn_in_its_time(void **state)
{
    (void)state;
    assert_true(take(7, 10, 1));
    assert_false(take(7, 11, 1));
    assert_false(take(7, 10 + EVERY_MS - 1, 1));
    assert_true(take(7, 10 + EVERY_MS, 1));
}

static void test_it_may_end_once_in_between(void **state)
{
    (void)state;
    assert_true(take(7, 10, 1));
    assert_true(take(7, 20, 0));
    assert_false(take(7, 30, 0));
    assert_false(take(7, 40, 1)); /* the end does not make the next turn come sooner */
    assert_true(take(7, 10 + EVERY_MS, 1));
}

static void test_others_have_turns_of_their_own(void **state)
{
    (void)state;
    for (uint64_t i = 1; i < TURNS_PLACES; i++)
        assert_true(take(i, 10, 1));
    for (uint64_t i = 1; i < TURNS_PLACES; i++)
        assert_false(take(i, 11, 1));
}

static void test_full_places_refuse_until_their_time_is_over(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < TURNS_NEAR; i++)
        assert_true(take(5 + i * TURNS_PLACES, 10, 1));
    assert_false(take(5 + TURNS_NEAR * TURNS_PLACES, 11, 1));
    assert_true(take(5 + TURNS_NEAR * TURNS_PLACES, 10 + EVERY_MS, 1));
}

static void test_a_turn_given_back_may_be_taken_again(void **state)
{
    (void)state;
    assert_true(take(7, 10, 1));
    turns_give_back(turns, 7);
    assert_true(take(7, 11, 1));
}

static void test_keys_are_of_both_texts(void **state)
{
    (void)state;
    assert_true(turns_key("ab", 2, "c", 1) != turns_key("ab", 2, "d", 1));
    assert_true(turns_key("ab", 2, "c", 1) != turns_key("ax", 2, "c", 1));
    assert_true(turns_key("", 0, "", 0) != 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_turn_in_its_time),
        TEST(test_it_may_end_once_in_between),
        TEST(test_others_have_turns_of_their_own),
        TEST(test_full_places_refuse_until_their_time_is_over),
        TEST(test_a_turn_given_back_may_be_taken_again),
        TEST(test_keys_are_of_both_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
