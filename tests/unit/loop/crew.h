/* SPDX-License-Identifier: MIT */
#pragma once
/* What the tests of this layer share: a crew of workers for one test, and code on fibers of them.
 */
#include "loop/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CREW 3u

/** For cmocka's setup: starts CREW workers. */
static inline int crew_start(void **state)
{
    (void)state;
    return workers_start(CREW, NULL);
}

/** For cmocka's teardown: everything must end by itself. */
static inline int crew_stop(void **state)
{
    (void)state;
    return workers_stop(2000);
}

/** Runs `fn(arg)` on a fiber of worker `index`; the test fails unless it returns 0. */
static inline void crew_run(uint32_t index, int32_t (*fn)(void *arg), void *arg)
{
    assert_int_equal(worker_call(index, fn, arg), 0);
}

#define CREW_TEST(fn) cmocka_unit_test_setup_teardown(fn, crew_start, crew_stop)

/** On fibers, where cmocka's longjmp must not be used: returns a code that names the line. */
#define EXPECT(cond)                                                                               \
    do {                                                                                           \
        if (!(cond))                                                                               \
            return -1000 - __LINE__;                                                               \
    } while (0)
