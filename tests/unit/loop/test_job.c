/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "base/check.h"
#include "base/owner.h"
#include "loop/fiber.h"
#include "loop/job.h"

#include <pthread.h>
#include <stdatomic.h>

static const struct job_class classes[] = {
    {"narrow", 2, 3},
    {"wide", 8, 1000},
};

static _Atomic uint32_t threads_seen;

static void count_thread(uint32_t index)
{
    CHECK(index < 4);
    atomic_fetch_add(&threads_seen, 1);
}

static int start_all(void **state)
{
    (void)state;
    atomic_store(&threads_seen, 0);
    int32_t code = jobs_start(4, classes, 2, count_thread);
    return code ? code : workers_start(CREW, NULL);
}

static int stop_all(void **state)
{
    (void)state;
    int32_t code = workers_stop(2000);
    jobs_stop();
    return code;
}

/* --- results --- */

static int32_t square(void *arg)
{
    CHECK(!fiber_self() && owner_get().plugin == 5);
    int32_t *number = arg;
    *number *= *number;
    return *number;
}

static int32_t run_square(void *arg)
{
    (void)arg;
    const struct owner owner = {.plugin = 5};
    owner_set(&owner);
    uint32_t wide;
    EXPECT(job_class_find(dais_cstr("wide"), &wide) == DAIS_OK);
    for (int32_t i = 1; i < 200; i++) {
        int32_t number = i; /* on this stack */
        EXPECT(job_run(wide, square, &number) == i * i && number == i * i);
    }
    return 0;
}

static void test_results(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CREW; i++)
        crew_run(i, run_square, NULL);
    assert_int_equal(threads_seen, 4);
}

/* --- bounds: a gate keeps jobs running until the test has looked --- */

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    uint32_t inside, most;
};

static struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int32_t pass_gate(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&gate.lock);
    gate.inside++;
    if (gate.inside > gate.most)
        gate.most = gate.inside;
    while (!gate.open)
        pthread_cond_wait(&gate.changed, &gate.lock);
    gate.inside--;
    pthread_mutex_unlock(&gate.lock);
    return 11;
}

static uint32_t gate_inside(void)
{
    pthread_mutex_lock(&gate.lock);
    uint32_t inside = gate.inside;
    pthread_mutex_unlock(&gate.lock);
    return inside;
}

static void gate_set(bool open)
{
    pthread_mutex_lock(&gate.lock);
    gate.open = open;
    gate.most = open ? gate.most : 0;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

struct task {
    int32_t code;
    bool ended;
};

static void run_task(void *arg)
{
    struct task *task = arg;
    task->code = job_run(0, pass_gate, NULL);
    task->ended = true;
}

static int32_t bounds(void *arg)
{
    (void)arg;
    struct task tasks[7] = {{0}};
    dais_handle handles[7];
    gate_set(false);
    for (int i = 0; i < 7; i++) {
        const struct fiber_spec spec = {.name = "task", .fn = run_task, .arg = &tasks[i]};
        EXPECT(fiber_spawn(&spec, &handles[i]) == DAIS_OK);
        EXPECT(fiber_yield() == DAIS_OK);
        while (i < 2 && gate_inside() != (uint32_t)i + 1)
            EXPECT(fiber_sleep(1) == DAIS_OK);
    }
    /* Two run, three wait, two were refused. */
    EXPECT(tasks[5].code == DAIS_E_LIMIT && tasks[6].code == DAIS_E_LIMIT);
    EXPECT(!tasks[4].ended && gate_inside() == 2);
    struct job_counts counts = jobs_count();
    EXPECT(counts.running == 2 && counts.waiting == 3);
    /* One that waits can be cancelled, one that runs is waited for. */
    EXPECT(fiber_cancel(handles[4], DAIS_E_GONE) == DAIS_OK);
    EXPECT(fiber_cancel(handles[0], DAIS_E_GONE) == DAIS_OK);
    EXPECT(fiber_sleep(2) == DAIS_OK);
    EXPECT(tasks[4].ended && tasks[4].code == DAIS_E_CANCELLED && !tasks[0].ended);
    gate_set(true);
    for (int i = 0; i < 4; i++) {
        while (!tasks[i].ended)
            EXPECT(fiber_sleep(1) == DAIS_OK);
        EXPECT(tasks[i].code == 11);
    }
    EXPECT(gate.most == 2);
    return 0;
}

static void test_bounds(void **state)
{
    (void)state;
    crew_run(1, bounds, NULL);
}

/* --- misuse --- */

static int32_t no_such_class(void *arg)
{
    EXPECT(job_run(2, square, arg) == DAIS_E_NOT_FOUND);
    return 0;
}

static void test_misuse(void **state)
{
    (void)state;
    uint32_t number;
    assert_int_equal(job_run(0, square, NULL), DAIS_E_STATE);
    assert_int_equal(job_class_find(dais_cstr("none"), &number), DAIS_E_NOT_FOUND);
    assert_int_equal(jobs_start(1, classes, 2, NULL), DAIS_E_STATE);
    assert_int_equal(jobs_start(1, classes, 0, NULL), DAIS_E_INVALID);
    assert_int_equal(jobs_start(1, classes, JOB_CLASSES_MAX + 1, NULL), DAIS_E_INVALID);
    crew_run(0, no_such_class, NULL);
}

static void test_default_classes(void **state)
{
    (void)state;
    uint32_t number;
    assert_int_equal(jobs_start(0, job_classes_default, job_classes_default_count, NULL), 0);
    assert_int_equal(job_class_find(dais_cstr("password"), &number), DAIS_OK);
    assert_int_equal(job_class_find(dais_cstr("disk"), &number), DAIS_OK);
    jobs_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_results, start_all, stop_all),
        cmocka_unit_test_setup_teardown(test_bounds, start_all, stop_all),
        cmocka_unit_test_setup_teardown(test_misuse, start_all, stop_all),
        cmocka_unit_test(test_default_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
