/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "base/check.h"
#include "base/clock.h"
#include "loop/fiber.h"
#include "loop/mail.h"
#include "loop/park.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#define ROUNDS 300u
#define PATIENCE_MS 10000u

/* --- plain data that all workers read --- */

struct shared {
    uint64_t first, second; /* always equal, unless somebody reads in the middle of a change */
    uint32_t calls;
};

static struct shared shared;
static _Atomic bool over;
static _Atomic uint64_t looks;

static void change(void *arg)
{
    struct shared *data = arg;
    data->first++;
    data->second++;
    data->calls++;
}

static void look(void *unused)
{
    (void)unused;
    while (!atomic_load(&over)) {
        CHECK(shared.first == shared.second);
        atomic_fetch_add_explicit(&looks, 1, memory_order_relaxed);
        int32_t error = fiber_sleep(0);
        CHECK(error == DAIS_OK);
    }
}

static int32_t spawn_look(void *unused)
{
    const struct fiber_spec spec = {.name = "look", .fn = look, .arg = unused};
    return fiber_spawn(&spec, NULL);
}

static void test_workers_read_plain_data_that_changes(void **state)
{
    (void)state;
    shared = (struct shared){0};
    atomic_store(&over, false);
    for (uint32_t i = 0; i < CREW; i++)
        crew_run(i, spawn_look, NULL);
    for (uint32_t i = 0; i < ROUNDS; i++)
        assert_int_equal(workers_park(change, &shared, PATIENCE_MS), DAIS_OK);
    atomic_store(&over, true);
    assert_int_equal(shared.calls, ROUNDS);
    assert_int_equal(shared.first, ROUNDS);
    assert_true(atomic_load(&looks) > 0);
}

/* --- a worker that is busy --- */

static _Atomic bool stalled, release;

static int32_t stall(void *unused)
{
    (void)unused;
    atomic_store(&stalled, true);
    while (!atomic_load(&release))
        sched_yield();
    return DAIS_OK;
}

static void run_stall(void *unused)
{
    int32_t error = stall(unused);
    CHECK(error == DAIS_OK);
}

static int32_t spawn_stall(void *unused)
{
    const struct fiber_spec spec = {.name = "stall", .fn = run_stall, .arg = unused};
    return fiber_spawn(&spec, NULL);
}

static int32_t nothing(void *unused)
{
    (void)unused;
    return DAIS_OK;
}

static void test_a_stalled_worker_times_out(void **state)
{
    (void)state;
    shared = (struct shared){0};
    atomic_store(&stalled, false);
    atomic_store(&release, false);
    crew_run(1, spawn_stall, NULL);
    while (!atomic_load(&stalled))
        sched_yield();
    uint64_t before_ms = clock_ms();
    assert_int_equal(workers_park(change, &shared, 50), DAIS_E_TIMEOUT);
    assert_in_range(clock_ms() - before_ms, 50, PATIENCE_MS);
    assert_int_equal(shared.calls, 0);
    crew_run(0, nothing, NULL); /* the others have gone on */
    crew_run(2, nothing, NULL);
    assert_int_equal(workers_park(change, &shared, 10), DAIS_E_TIMEOUT);

    atomic_store(&release, true);
    assert_int_equal(workers_park(change, &shared, PATIENCE_MS), DAIS_OK);
    assert_int_equal(shared.calls, 1);
    crew_run(1, nothing, NULL); /* its late request stops nobody */
}

/* --- what waits stays --- */

static _Atomic uint32_t woken;

static void sleep_over(void *unused)
{
    (void)unused;
    int32_t error = fiber_sleep(20);
    CHECK(error == DAIS_OK);
    atomic_fetch_add(&woken, 1);
}

static int32_t spawn_sleeper(void *unused)
{
    const struct fiber_spec spec = {.name = "sleeper", .fn = sleep_over, .arg = unused};
    return fiber_spawn(&spec, NULL);
}

static void test_waiting_fibers_are_left_alone(void **state)
{
    (void)state;
    atomic_store(&woken, 0);
    for (uint32_t i = 0; i < CREW; i++)
        crew_run(i, spawn_sleeper, NULL);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(workers_park(change, &shared, PATIENCE_MS), DAIS_OK);
    while (atomic_load(&woken) < CREW)
        sched_yield();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CREW_TEST(test_workers_read_plain_data_that_changes),
        CREW_TEST(test_a_stalled_worker_times_out),
        CREW_TEST(test_waiting_fibers_are_left_alone),
    };
    return cmocka_run_group_tests_name("park", tests, NULL, NULL);
}
