/* SPDX-License-Identifier: MIT */
/* Boards: what one worker puts, all workers see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <sched.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "loop/board.h"
#include "loop/fiber.h"
#include "loop/mail.h"
#include "loop/park.h"
#include "loop/worker.h"

#define WORKERS 2u
#define PATIENCE_MS 20000u

static const struct dais_board BOARD = {.name = "numbers", .keys_max = 4, .key_bytes_max = 16};
static const struct dais_board STRANGER = {
    .name = "never added", .keys_max = 4, .key_bytes_max = 16};
static _Atomic int gone_count;

static void on_gone(struct dais_buf *buf, void *context)
{
    (void)buf;
    (void)context;
    atomic_fetch_add(&gone_count, 1);
}

static void number_put(const char *key, uint64_t number)
{
    struct dais_buf *buf = buf_new_with(sizeof number, on_gone, NULL);
    memcpy(buf->data, &number, sizeof number);
    assert_int_equal(board_put(&BOARD, dais_cstr(key), buf), DAIS_OK);
    buf_unref(buf);
}

/** The number under `key` on this worker; UINT64_MAX when there is none. */
static uint64_t number_get(const char *key)
{
    uint64_t number = UINT64_MAX;
    const struct dais_buf *buf = board_get(&BOARD, dais_cstr(key));
    if (buf)
        memcpy(&number, buf->data, sizeof number);
    return number;
}

struct expectation {
    const char *key;
    uint64_t number;
};

static int32_t number_wait(void *arg)
{
    const struct expectation *expected = arg;
    uint64_t end_ms = clock_ms() + PATIENCE_MS;
    while (number_get(expected->key) != expected->number && clock_ms() < end_ms)
        assert_int_equal(fiber_sleep(1), DAIS_OK);
    assert_int_equal(number_get(expected->key), expected->number);
    return DAIS_OK;
}

static int32_t put_run(void *arg)
{
    (void)arg;
    number_put("one", 1);
    assert_int_equal(number_get("one"), 1); /* at once where it was put */
    return DAIS_OK;
}

static int32_t remove_run(void *arg)
{
    (void)arg;
    return board_remove(&BOARD, dais_cstr("one"));
}

static void test_every_worker_sees_what_one_puts(void **state)
{
    (void)state;
    assert_int_equal(worker_call(0, put_run, NULL), DAIS_OK);
    struct expectation there = {"one", 1}, not_there = {"one", UINT64_MAX};
    assert_int_equal(worker_call(1, number_wait, &there), DAIS_OK);
    assert_int_equal(worker_call(0, remove_run, NULL), DAIS_OK);
    assert_int_equal(worker_call(1, number_wait, &not_there), DAIS_OK);
    assert_int_equal(atomic_load(&gone_count), 1);
}

static int32_t bounds_run(void *arg)
{
    (void)arg;
    static const char *const KEYS[] = {"a", "b", "c", "d"};
    for (uint64_t i = 0; i < BOARD.keys_max; i++)
        number_put(KEYS[i], i);
    number_put("a", 7); /* a known key may change */
    struct dais_buf *buf = buf_new(1);
    assert_int_equal(board_put(&BOARD, dais_cstr("e"), buf), DAIS_E_LIMIT);
    assert_int_equal(board_put(&BOARD, dais_cstr("seventeen letters"), buf), DAIS_E_INVALID);
    assert_int_equal(board_put(&BOARD, dais_cstr(""), buf), DAIS_E_INVALID);
    assert_int_equal(board_put(&BOARD, dais_cstr("a"), NULL), DAIS_E_INVALID);
    assert_int_equal(board_put(&STRANGER, dais_cstr("a"), buf), DAIS_E_STATE);
    assert_null(board_get(&STRANGER, dais_cstr("a")));
    buf_unref(buf);
    return DAIS_OK;
}

static void test_keys_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(worker_call(0, bounds_run, NULL), DAIS_OK);
    struct expectation newest = {"a", 7};
    assert_int_equal(worker_call(1, number_wait, &newest), DAIS_OK);
}

/** Holds a worker up until it is let go. */
struct stopper {
    struct mail mail;
    _Atomic int begun, over;
};

static void stopper_deliver(struct mail *mail)
{
    struct stopper *stopper = CONTAINER_OF(mail, struct stopper, mail);
    atomic_store(&stopper->begun, 1);
    while (!atomic_load(&stopper->over))
        sched_yield();
}

static int32_t flood_run(void *arg)
{
    struct stopper *stopper = arg;
    assert_int_equal(mail_send(1, &stopper->mail), DAIS_OK);
    while (!atomic_load(&stopper->begun))
        sched_yield();
    for (uint64_t i = 1; i <= 500; i++) {
        number_put("one", i);
        number_put("two", 1000 + i);
    }
    atomic_store(&stopper->over, 1);
    return DAIS_OK;
}

static void test_a_worker_that_was_held_up_gets_the_newest(void **state)
{
    (void)state;
    struct stopper stopper = {.mail = {.deliver = stopper_deliver}};
    assert_int_equal(worker_call(0, flood_run, &stopper), DAIS_OK);
    struct expectation one = {"one", 500}, two = {"two", 1500};
    int32_t error;
    do /* its mail is full of our puts at first */
        error = worker_call(1, number_wait, &one);
    while (error == DAIS_E_LIMIT);
    assert_int_equal(error, DAIS_OK);
    assert_int_equal(worker_call(1, number_wait, &two), DAIS_OK);
    assert_int_equal(atomic_load(&gone_count), 998); /* all but the two that stand there */
}

/* The same board in newer code: the row stands elsewhere and allows more. */
static const struct dais_board NEWER = {.name = "numbers", .keys_max = 6, .key_bytes_max = 16};
static const struct dais_board CHANGED = {
    .name = "numbers", .keys_max = 4, .key_bytes_max = 16, .layout = 1};

static void newer_add(void *arg)
{
    *(int32_t *)arg = board_add(1, &NEWER);
}

static void older_drop(void *arg)
{
    (void)arg;
    board_drop(&BOARD);
}

static int32_t newer_run(void *arg)
{
    (void)arg;
    static const char *const KEYS[] = {"a", "b", "c", "d", "e"};
    uint64_t number = 0;
    const struct dais_buf *buf = board_get(&NEWER, dais_cstr("one"));
    assert_non_null(buf);
    memcpy(&number, buf->data, sizeof number);
    assert_int_equal(number, 1);
    assert_null(board_get(&BOARD, dais_cstr("one"))); /* the row is forgotten, not the board */
    for (uint32_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        struct dais_buf *object = buf_new_with(1, on_gone, NULL);
        assert_int_equal(board_put(&NEWER, dais_cstr(KEYS[i]), object), DAIS_OK);
        buf_unref(object);
    }
    return DAIS_OK;
}

static int32_t newer_wait(void *arg)
{
    (void)arg;
    uint64_t end_ms = clock_ms() + PATIENCE_MS;
    while (!board_get(&NEWER, dais_cstr("e")) && clock_ms() < end_ms)
        assert_int_equal(fiber_sleep(1), DAIS_OK);
    assert_non_null(board_get(&NEWER, dais_cstr("e")));
    return DAIS_OK;
}

static void test_rows_of_two_generations_lead_to_one_board(void **state)
{
    (void)state;
    int32_t error = DAIS_E_INTERNAL;
    struct expectation there = {"one", 1};
    assert_int_equal(worker_call(0, put_run, NULL), DAIS_OK);
    assert_int_equal(worker_call(1, number_wait, &there), DAIS_OK);
    assert_int_equal(workers_park(newer_add, &error, PATIENCE_MS), DAIS_OK);
    assert_int_equal(error, DAIS_OK);
    assert_int_equal(worker_call(1, number_wait, &there), DAIS_OK); /* the older one works on */
    assert_int_equal(workers_park(older_drop, NULL, PATIENCE_MS), DAIS_OK);
    assert_int_equal(worker_call(0, newer_run, NULL), DAIS_OK);
    assert_int_equal(worker_call(1, newer_wait, NULL), DAIS_OK);
}

static int32_t later_run(void *arg)
{
    (void)arg;
    number_put("one", 1);
    number_put("two", 2);
    struct dais_buf *one = board_get(&BOARD, dais_cstr("one"));
    struct dais_buf *two = board_get(&BOARD, dais_cstr("two"));
    assert_int_equal(board_remove_later(&BOARD, dais_cstr("one"), one, 20), DAIS_OK);
    assert_int_equal(board_remove_later(&BOARD, dais_cstr("two"), two, 20), DAIS_OK);
    assert_int_equal(board_remove_later(&BOARD, dais_cstr("three"), two, 60000), DAIS_OK);
    assert_int_equal(board_remove_later(&STRANGER, dais_cstr("one"), one, 1), DAIS_E_STATE);
    assert_int_equal(board_remove_later(&BOARD, dais_cstr("one"), NULL, 1), DAIS_E_INVALID);
    number_put("two", 22); /* another one stands there when the time has come */
    return number_wait(&(struct expectation){"one", UINT64_MAX});
}

static void test_a_key_goes_later_unless_it_is_another_one(void **state)
{
    (void)state;
    assert_int_equal(worker_call(0, later_run, NULL), DAIS_OK);
    struct expectation one = {"one", UINT64_MAX}, two = {"two", 22};
    assert_int_equal(worker_call(1, number_wait, &one), DAIS_OK);
    assert_int_equal(worker_call(1, number_wait, &two), DAIS_OK);
}

static void test_another_layout_is_refused(void **state)
{
    (void)state;
    static const struct dais_board NAMELESS = {.keys_max = 4, .key_bytes_max = 16};
    static const struct dais_board EMPTY = {.name = "numbers", .key_bytes_max = 16};
    assert_int_equal(board_check(1, &CHANGED), DAIS_E_CONFLICT);
    assert_int_equal(board_check(2, &CHANGED), DAIS_OK); /* another plugin's is another board */
    assert_int_equal(board_check(1, &NEWER), DAIS_OK);
    assert_int_equal(board_check(1, &NAMELESS), DAIS_E_INVALID);
    assert_int_equal(board_check(1, &EMPTY), DAIS_E_INVALID);
}

static int32_t start(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    return board_worker_start();
}

static void stop(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    board_worker_stop();
}

static int setup(void **state)
{
    (void)state;
    limits_reset();
    atomic_store(&gone_count, 0);
    boards_reset();
    const struct worker_events events = {.start = start, .stop = stop};
    return limit_set(dais_cstr("mail"), 64) || metrics_init(WORKERS) || board_add(1, &BOARD) ||
           workers_start(WORKERS, &events);
}

static int teardown(void **state)
{
    (void)state;
    int32_t error = workers_stop(1000);
    metrics_fini();
    return error;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_worker_sees_what_one_puts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_worker_that_was_held_up_gets_the_newest, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_rows_of_two_generations_lead_to_one_board, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_key_goes_later_unless_it_is_another_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_another_layout_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("loop_board", tests, NULL, NULL);
}
