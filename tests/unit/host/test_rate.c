/* SPDX-License-Identifier: MIT */
#include "host/rate.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"
#include "host/rates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PER_MINUTE 60u

static struct rate_table *table;

static int empty(void **state)
{
    (void)state;
    return rate_table_new(1024, &table);
}

static int discard(void **state)
{
    (void)state;
    rate_table_free(table);
    return 0;
}

/** Counts one event of PER_MINUTE. */
static uint64_t count(uint64_t key, uint64_t now_ms)
{
    return rate_count(table, key, &(struct rate_event){now_ms, 1, PER_MINUTE});
}

static uint64_t step(uint64_t *bucket, uint64_t now_ms)
{
    return rate_step(bucket, &(struct rate_event){now_ms, 1, PER_MINUTE});
}

static void test_a_minutes_allowance_at_once(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < PER_MINUTE; i++)
        assert_int_equal(count(7, 1000), 0);
    uint64_t wait_ms = count(7, 1000);
    assert_in_range(wait_ms, 999, 1001);
    assert_int_equal(count(7, 1000 + wait_ms), 0);
    assert_true(count(7, 1000 + wait_ms) > 0);
}

static void test_the_rate_is_kept(void **state)
{
    uint32_t allowed = 0;
    (void)state;
    for (uint64_t now_ms = 1000; now_ms < 601000; now_ms += 100)
        allowed += count(9, now_ms) == 0;
    assert_in_range(allowed, 10 * PER_MINUTE, 11 * PER_MINUTE + 1);
}

static void test_keys_do_not_disturb_each_other(void **state)
{
    (void)state;
    uint64_t neighbour = (uint64_t)1 << 48 | 7; /* the same cell, another tag */
    for (uint32_t i = 0; i < PER_MINUTE; i++) {
        assert_int_equal(count(7, 1000), 0);
        assert_int_equal(count(neighbour, 1000), 0);
    }
    assert_true(count(7, 1000) > 0);
    assert_true(count(neighbour, 1000) > 0);
}

/** More keys than cells fit in: somebody is forgotten, nobody is refused. */
static void test_a_flood_of_keys_refuses_nobody(void **state)
{
    (void)state;
    for (uint64_t tag = 1; tag < 100; tag++)
        assert_int_equal(rate_count(table, tag << 48 | 7, &(struct rate_event){1000, 1, 1}), 0);
}

/** The bucket of a connection is a number of its own. */
static void test_a_bucket_alone(void **state)
{
    uint64_t bucket = 0;
    (void)state;
    for (uint32_t i = 0; i < PER_MINUTE; i++)
        assert_int_equal(step(&bucket, 1000), 0);
    uint64_t wait_ms = step(&bucket, 1000);
    assert_in_range(wait_ms, 999, 1001);
    assert_true(step(&bucket, 1000 + wait_ms - 2) > 0);
    assert_int_equal(step(&bucket, 1000 + wait_ms), 0);
}

/** Bytes are counted as they come, in pieces of any size. */
static void test_an_event_costs_what_it_is(void **state)
{
    uint64_t bucket = 0;
    struct rate_event event = {1000, PER_MINUTE / 2, PER_MINUTE};
    (void)state;
    assert_int_equal(rate_step(&bucket, &event), 0);
    assert_int_equal(rate_step(&bucket, &event), 0);
    assert_in_range(rate_step(&bucket, &event), 29000, 30001);
    event.cost = 1000 * PER_MINUTE; /* too large for ever: it waits until the bucket is full */
    assert_in_range(rate_step(&bucket, &event), 59000, 60001);
    event.now_ms += 60000;
    assert_int_equal(rate_step(&bucket, &event), 0);
    assert_true(rate_step(&bucket, &event) > 0);
}

static int32_t admit(const struct rates *rates, uint64_t address, const char *user,
                     uint32_t rate_class)
{
    uint64_t paces[HTTP_RATE_CLASSES_MAX] = {0};
    struct http_client client = {address, dais_cstr(user), paces};
    uint64_t wait_ms = 0;
    const struct rates_event event = {rate_class, 1};
    int32_t code = rates_admit(rates, table, &event, &client, &wait_ms);
    assert_true(code == DAIS_OK ? wait_ms == 0 : code == DAIS_E_LIMIT && wait_ms > 0);
    return code;
}

/** Users of one network do not use up each other's allowance; strangers there share one. */
static void test_users_come_before_addresses(void **state)
{
    struct rates rates;
    (void)state;
    rates_use(&rates, RATES_DEFAULT);
    rates_set(&rates, RATES_WRITE, RATES_USER, 3);
    rates_set(&rates, RATES_WRITE, RATES_ADDRESS, 2);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(admit(&rates, 1, "ada", RATES_WRITE), DAIS_OK);
        assert_int_equal(admit(&rates, 1, "bob", RATES_WRITE), DAIS_OK);
    }
    assert_int_equal(admit(&rates, 2, "ada", RATES_WRITE), DAIS_E_LIMIT);
    assert_int_equal(admit(&rates, 1, NULL, RATES_WRITE), DAIS_OK);
    assert_int_equal(admit(&rates, 1, NULL, RATES_WRITE), DAIS_OK);
    assert_int_equal(admit(&rates, 1, NULL, RATES_WRITE), DAIS_E_LIMIT);
    assert_int_equal(admit(&rates, 2, NULL, RATES_WRITE), DAIS_OK);
    assert_int_equal(admit(&rates, 1, NULL, RATES_LOGIN), DAIS_OK);
    rates.users_by_address = true;
    assert_int_equal(admit(&rates, 1, "eve", RATES_WRITE), DAIS_E_LIMIT);
}

/** Tokens of many accounts are no more tries at passwords from one address. */
static void test_logins_are_always_counted_by_address(void **state)
{
    struct rates rates;
    (void)state;
    rates_use(&rates, RATES_DEFAULT);
    rates_set(&rates, RATES_LOGIN, RATES_ADDRESS, 2);
    assert_int_equal(admit(&rates, 1, "ada", RATES_LOGIN), DAIS_OK);
    assert_int_equal(admit(&rates, 1, "bob", RATES_LOGIN), DAIS_OK);
    assert_int_equal(admit(&rates, 1, "eve", RATES_LOGIN), DAIS_E_LIMIT);
    assert_int_equal(admit(&rates, 2, "eve", RATES_LOGIN), DAIS_OK);
}

static void test_connections_have_their_own(void **state)
{
    struct rates rates;
    uint64_t one[HTTP_RATE_CLASSES_MAX] = {0}, other[HTTP_RATE_CLASSES_MAX] = {0};
    struct http_client client = {1, dais_str(NULL, 0), one};
    const struct rates_event event = {RATES_READ, 1};
    uint64_t wait_ms;
    (void)state;
    rates_use(&rates, RATES_DEFAULT);
    rates_set(&rates, RATES_READ, RATES_CONNECTION, 1);
    assert_int_equal(rates_admit(&rates, table, &event, &client, &wait_ms), DAIS_OK);
    assert_int_equal(rates_admit(&rates, table, &event, &client, &wait_ms), DAIS_E_LIMIT);
    assert_in_range(wait_ms, 59000, 61000);
    client.paces = other;
    assert_int_equal(rates_admit(&rates, table, &event, &client, &wait_ms), DAIS_OK);
}

/** Specification 003: 100 requests a minute from an address in general, 1000 for media, 60 for
 * status. */
static void test_spec003_strict(void **state)
{
    struct rates rates;
    (void)state;
    rates_use(&rates, RATES_SPEC003_STRICT);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(admit(&rates, 1, "ada", RATES_READ), DAIS_OK);
        assert_int_equal(admit(&rates, 1, NULL, RATES_WRITE), DAIS_OK);
    }
    assert_int_equal(admit(&rates, 1, NULL, RATES_READ), DAIS_E_LIMIT);
    assert_int_equal(admit(&rates, 1, "ada", RATES_LOGIN), DAIS_E_LIMIT);
    for (int i = 0; i < 60; i++)
        assert_int_equal(admit(&rates, 1, NULL, RATES_STATUS), DAIS_OK);
    assert_int_equal(admit(&rates, 1, NULL, RATES_STATUS), DAIS_E_LIMIT);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(admit(&rates, 1, NULL, RATES_MEDIA), DAIS_OK);
    assert_int_equal(admit(&rates, 1, NULL, RATES_MEDIA), DAIS_E_LIMIT);
    rates_set(&rates, RATES_WRITE, RATES_ADDRESS, 5); /* an allowance of its own now */
    assert_int_equal(admit(&rates, 1, NULL, RATES_WRITE), DAIS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_minutes_allowance_at_once, empty, discard),
        cmocka_unit_test_setup_teardown(test_the_rate_is_kept, empty, discard),
        cmocka_unit_test_setup_teardown(test_keys_do_not_disturb_each_other, empty, discard),
        cmocka_unit_test_setup_teardown(test_a_flood_of_keys_refuses_nobody, empty, discard),
        cmocka_unit_test(test_a_bucket_alone),
        cmocka_unit_test(test_an_event_costs_what_it_is),
        cmocka_unit_test_setup_teardown(test_users_come_before_addresses, empty, discard),
        cmocka_unit_test_setup_teardown(test_logins_are_always_counted_by_address, empty, discard),
        cmocka_unit_test_setup_teardown(test_connections_have_their_own, empty, discard),
        cmocka_unit_test_setup_teardown(test_spec003_strict, empty, discard),
    };
    random_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
