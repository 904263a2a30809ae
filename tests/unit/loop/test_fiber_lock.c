/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include "loop/fiber_lock.h"

#include <stdatomic.h>
#include <stdio.h>

#define FIBERS 40
#define ROUNDS 25

static const struct dais_str key = DAIS_STR_INIT("room:1");

/* A key whose home is this worker, or is not. */
static struct dais_str key_homed(bool here, char text[16])
{
    for (int i = 0;; i++) {
        struct dais_str found = dais_str(text,
                                         (uint64_t)snprintf(text, 16, "k%u:%d", worker_index(), i));
        if ((worker_home(found) == worker_index()) == here)
            return found;
    }
}

/* --- exclusion over all workers --- */

static uint32_t inside; /* not atomic: the lock orders it, which TSan checks */
static uint32_t entered;
static _Atomic uint32_t running;

static int32_t enter_and_leave(void)
{
    struct dais_lock *lock FIBER_LOCK_AUTO = NULL;
    int32_t code = fiber_lock(key, FIBER_FOREVER, &lock);
    if (code)
        return code;
    CHECK(inside++ == 0);
    if (entered % 3 == 0)
        code = fiber_yield();
    CHECK(--inside == 0);
    entered++;
    return code;
}

static void contend(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++)
        CHECK(enter_and_leave() == DAIS_OK);
    atomic_fetch_sub(&running, 1);
}

static int32_t start_contenders(void *arg)
{
    const struct fiber_spec spec = {.name = "contend", .fn = contend, .arg = arg};
    for (int i = 0; i < FIBERS; i++) {
        atomic_fetch_add(&running, 1);
        EXPECT(fiber_spawn(&spec, NULL) == DAIS_OK);
    }
    return 0;
}

static int32_t wait_for_contenders(void *arg)
{
    (void)arg;
    while (atomic_load(&running) > 0)
        EXPECT(fiber_sleep(1) == DAIS_OK);
    return 0;
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CREW; i++)
        crew_run(i, start_contenders, NULL);
    crew_run(0, wait_for_contenders, NULL);
    assert_int_equal(entered, CREW * FIBERS * ROUNDS);
    entered = 0;
}

/* --- order, timeout, cancellation, the end of a fiber --- */

struct waiter {
    struct dais_str key;
    int32_t code;
    int place;
    int *next_place;
    uint64_t timeout_ms;
};

static void wait_for_lock(void *arg)
{
    struct waiter *waiter = arg;
    struct dais_lock *lock;
    waiter->code = fiber_lock(waiter->key, waiter->timeout_ms, &lock);
    waiter->place = ++*waiter->next_place;
    /* the end of the fiber gives the lock back */
}

static int32_t try_queue(bool home_here)
{
    char text[16];
    struct dais_str name = key_homed(home_here, text);
    struct dais_lock *lock;
    EXPECT(fiber_lock(name, FIBER_FOREVER, &lock) == DAIS_OK);
    struct waiter waiters[4];
    dais_handle handles[4];
    int place = 0;
    for (int i = 0; i < 4; i++) {
        waiters[i] = (struct waiter){
            .key = name, .code = 1, .next_place = &place, .timeout_ms = i == 1 ? 5 : FIBER_FOREVER};
        const struct fiber_spec spec = {.name = "wait", .fn = wait_for_lock, .arg = &waiters[i]};
        EXPECT(fiber_spawn(&spec, &handles[i]) == DAIS_OK);
    }
    EXPECT(fiber_sleep(30) == DAIS_OK);
    EXPECT(waiters[1].code == DAIS_E_TIMEOUT && waiters[0].code == 1);
    EXPECT(fiber_cancel(handles[2], DAIS_E_GONE) == DAIS_OK);
    EXPECT(fiber_sleep(1) == DAIS_OK && waiters[2].code == DAIS_E_CANCELLED);
    fiber_unlock(lock);
    while (place < 4)
        EXPECT(fiber_sleep(1) == DAIS_OK);
    EXPECT(waiters[0].code == DAIS_OK && waiters[3].code == DAIS_OK);
    EXPECT(waiters[0].place == 3 && waiters[3].place == 4);
    EXPECT(fiber_lock(name, 5000, &lock) == DAIS_OK); /* free again */
    fiber_unlock(lock);
    return 0;
}

static int32_t queue_at_home(void *arg)
{
    (void)arg;
    return try_queue(true);
}

static int32_t queue_far_away(void *arg)
{
    (void)arg;
    return try_queue(false);
}

static void test_queue_at_home(void **state)
{
    (void)state;
    crew_run(0, queue_at_home, NULL);
}

static void test_queue_far_away(void **state)
{
    (void)state;
    crew_run(0, queue_far_away, NULL);
}

/* A stop in the middle of waiting must leave nothing behind; LeakSanitizer looks. */
struct left {
    char key[16];
    int place;
    struct waiter waiter;
};

static struct left lefts[CREW];

static int32_t leave_a_queue(void *arg)
{
    (void)arg;
    struct left *left = &lefts[worker_index()];
    struct dais_str name = key_homed(false, left->key);
    left->waiter = (struct waiter){
        .key = name, .next_place = &left->place, .timeout_ms = FIBER_FOREVER};
    struct dais_lock *lock;
    EXPECT(fiber_lock(name, FIBER_FOREVER, &lock) == DAIS_OK);
    const struct fiber_spec spec = {.name = "left", .fn = wait_for_lock, .arg = &left->waiter};
    for (int i = 0; i < 10; i++)
        EXPECT(fiber_spawn(&spec, NULL) == DAIS_OK);
    atomic_fetch_add(&running, 1);
    EXPECT(fiber_sleep(60000) == DAIS_E_CANCELLED);
    return 0;
}

static void leave_a_queue_and_end(void *arg)
{
    int32_t code = leave_a_queue(arg);
    CHECK(code == 0);
}

static int32_t start_leaving(void *arg)
{
    const struct fiber_spec spec = {.name = "leave", .fn = leave_a_queue_and_end, .arg = arg};
    uint32_t before = atomic_load(&running);
    EXPECT(fiber_spawn(&spec, NULL) == DAIS_OK);
    while (atomic_load(&running) == before)
        EXPECT(fiber_sleep(1) == DAIS_OK);
    return 0;
}

static void test_stop_while_waiting(void **state)
{
    (void)state;
    assert_int_equal(workers_start(CREW, NULL), DAIS_OK);
    for (uint32_t i = 0; i < CREW; i++)
        crew_run(i, start_leaving, NULL);
    assert_int_equal(workers_stop(10), DAIS_OK);
    atomic_store(&running, 0);
}

/* --- misuse and lack of memory --- */

static int32_t misuse(void *arg)
{
    (void)arg;
    static const char zeros[5000];
    struct dais_lock *lock = NULL;
    EXPECT(fiber_lock(dais_str(zeros, 0), 0, &lock) == DAIS_E_INVALID);
    EXPECT(fiber_lock(dais_str(zeros, sizeof zeros), 0, &lock) == DAIS_E_INVALID);
    fiber_unlock(NULL);
    char text[16];
    for (int64_t n = 0; n < 2; n++) {
        mem_fail_after(n);
        int32_t code = fiber_lock(key_homed(true, text), FIBER_FOREVER, &lock);
        mem_fail_after(-1);
        EXPECT(code == DAIS_E_MEMORY);
    }
    EXPECT(lock == NULL);
    return 0;
}

static void test_misuse(void **state)
{
    (void)state;
    struct dais_lock *lock;
    assert_int_equal(fiber_lock(key, FIBER_FOREVER, &lock), DAIS_E_STATE);
    crew_run(1, misuse, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CREW_TEST(test_one_at_a_time),  CREW_TEST(test_queue_at_home),
        CREW_TEST(test_queue_far_away), cmocka_unit_test(test_stop_while_waiting),
        CREW_TEST(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
