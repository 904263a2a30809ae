/* SPDX-License-Identifier: MIT */
#include "net/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/resource.h>

static void test_some_are_kept(void **state)
{
    (void)state;
    assert_int_equal(descriptors_for_sockets(0), 0);
    assert_int_equal(descriptors_for_sockets(16), 0);
    assert_int_equal(descriptors_for_sockets(64), 48);
    assert_int_equal(descriptors_for_sockets(1024), 896);
    assert_int_equal(descriptors_for_sockets(1048576), 1048576 - 256);
}

static void test_requests_get_in_behind_sockets(void **state)
{
    (void)state;
    struct rlimit files = {.rlim_cur = 512, .rlim_max = 512};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_true(descriptors_allow(447, DESCRIPTORS_SOCKET));
    assert_false(descriptors_allow(448, DESCRIPTORS_SOCKET));
    assert_true(descriptors_allow(448, DESCRIPTORS_SHORT));
    assert_true(descriptors_allow(479, DESCRIPTORS_SHORT));
    assert_false(descriptors_allow(480, DESCRIPTORS_SHORT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_some_are_kept),
        cmocka_unit_test(test_requests_get_in_behind_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
