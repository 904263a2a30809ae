/* SPDX-License-Identifier: MIT */
/* Listening sockets that stay while server processes come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proc/keeper.h"

static struct keeper keeper;

static int open_keeper(void **state)
{
    (void)state;
    keeper_init(&keeper);
    return 0;
}

static int close_keeper(void **state)
{
    (void)state;
    keeper_fini(&keeper);
    return 0;
}

__attribute__((noinline)) static const struct keeper_group *
listen_on(const char *name, const char *address, uint32_t count)
{
    const struct keeper_group *group = NULL;
    assert_int_equal(keeper_listen(&keeper, name, address, count, &group), DAIS_OK);
    return group;
}

/* Whether somebody takes a connection to the group's address. */
static int connects(const struct sockets_address *address)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    int result = connect(fd, (const struct sockaddr *)&address->storage, address->bytes);
    int refused = result != 0 && errno == ECONNREFUSED;
    close(fd);
    return !refused;
}

static void test_addresses_are_parsed_and_written(void **state)
{
    (void)state;
    static const char *const good[][2] = {
        {"127.0.0.1:80", "127.0.0.1:80"},
        {"[::1]:80", "[::1]:80"},
        {"[::]:0", "[::]:0"},
        {":8080", "[::]:8080"},
        {"8080", "[::]:8080"},
        {"0.0.0.0:65535", "0.0.0.0:65535"},
    };
    static const char *const bad[] = {"",        "x",      "localhost:80", "127.0.0.1",  "1.2.3:80",
                                      "[::1:80", "::1:80", "[]:80",        "127.0.0.1:", ":65536",
                                      ":-1",     ": 80",   "[::1]80",      ":8x"};
    char text[SOCKETS_ADDRESS_MAX];
    struct sockets_address address;
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(sockets_parse(good[i][0], &address), DAIS_OK);
        sockets_format(&address, text);
        assert_string_equal(text, good[i][1]);
    }
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(sockets_parse(bad[i], &address), DAIS_E_INVALID);
}

static void test_a_group_shares_the_port_that_the_kernel_chose(void **state)
{
    (void)state;
    const struct keeper_group *group = listen_on("http", "127.0.0.1:0", 4);
    assert_int_equal(group->count, 4);
    assert_string_not_equal(group->bound, "127.0.0.1:0");
    for (uint32_t i = 0; i < 4; i++) {
        struct sockets_address bound = {.bytes = sizeof bound.storage};
        char text[SOCKETS_ADDRESS_MAX];
        assert_int_equal(
            getsockname(group->fds[i], (struct sockaddr *)&bound.storage, &bound.bytes), 0);
        sockets_format(&bound, text);
        assert_string_equal(text, group->bound);
        assert_true((fcntl(group->fds[i], F_GETFD) & FD_CLOEXEC) != 0);
        assert_true((fcntl(group->fds[i], F_GETFL) & O_NONBLOCK) != 0);
    }
}

static void test_the_next_process_gets_the_same_sockets(void **state)
{
    (void)state;
    const struct keeper_group *group = listen_on("http", "127.0.0.1:0", 2);
    int first = group->fds[0];
    char bound[SOCKETS_ADDRESS_MAX];
    snprintf(bound, sizeof bound, "%s", group->bound);
    keeper_commit(&keeper);

    keeper_begin(&keeper);
    assert_true(connects(&group->address)); /* nobody accepts, and yet nobody is refused */
    group = listen_on("http", "127.0.0.1:0", 2);
    keeper_commit(&keeper);
    assert_int_equal(group->fds[0], first);
    assert_string_equal(group->bound, bound);
}

static void test_more_and_fewer_workers(void **state)
{
    (void)state;
    const struct keeper_group *group = listen_on("http", "127.0.0.1:0", 1);
    int first = group->fds[0];
    keeper_begin(&keeper);
    group = listen_on("http", "127.0.0.1:0", 3);
    assert_int_equal(group->count, 3);
    assert_int_equal(group->fds[0], first);
    int third = group->fds[2];
    keeper_begin(&keeper);
    group = listen_on("http", "127.0.0.1:0", 2);
    assert_int_equal(group->count, 2);
    assert_int_equal(fcntl(third, F_GETFD), -1);
}

static void test_what_is_not_asked_for_again_is_closed(void **state)
{
    (void)state;
    (void)listen_on("http", "127.0.0.1:0", 2);
    const struct keeper_group *group = listen_on("rtmp", "127.0.0.1:0", 2);
    struct sockets_address gone = group->address;
    keeper_commit(&keeper);
    keeper_begin(&keeper);
    (void)listen_on("http", "127.0.0.1:0", 2);
    assert_true(connects(&gone)); /* until the process is ready */
    keeper_commit(&keeper);
    assert_int_equal(keeper.count, 1);
    assert_string_equal(keeper.groups[0].name, "http");
    assert_false(connects(&gone));
}

static void test_what_is_forgotten_is_closed_and_the_rest_keeps_its_order(void **state)
{
    (void)state;
    const struct keeper_group *group = listen_on("rtmp", "127.0.0.1:0", 2);
    struct sockets_address gone = group->address;
    (void)listen_on("http", "127.0.0.1:0", 1);
    (void)listen_on("http", "[::1]:0", 1);
    keeper_commit(&keeper);
    keeper_forget(&keeper, "rtmp", "127.0.0.1:1");
    assert_int_equal(keeper.count, 3);
    keeper_forget(&keeper, "rtmp", "127.0.0.1:0");
    assert_false(connects(&gone));
    assert_int_equal(keeper.count, 2);
    assert_string_equal(keeper.groups[0].asked, "127.0.0.1:0");
    assert_string_equal(keeper.groups[1].asked, "[::1]:0");
    (void)listen_on("rtmp", "127.0.0.1:0", 2); /* again, also without a new process */
    keeper_commit(&keeper);
    assert_int_equal(keeper.count, 3);
}

static void test_a_moved_address_is_not_blocked_by_the_old_group(void **state)
{
    (void)state;
    const struct keeper_group *group = listen_on("http", "127.0.0.1:0", 1);
    char everywhere[SOCKETS_ADDRESS_MAX];
    snprintf(everywhere, sizeof everywhere, "0.0.0.0%s", strrchr(group->bound, ':'));
    keeper_commit(&keeper);
    keeper_begin(&keeper);
    group = listen_on("http", everywhere, 1);
    assert_string_equal(group->asked, everywhere);
    assert_int_equal(keeper.count, 1);
}

static void test_the_same_group_twice_is_refused(void **state)
{
    (void)state;
    const struct keeper_group *group = NULL;
    (void)listen_on("http", "127.0.0.1:0", 1);
    assert_int_equal(keeper_listen(&keeper, "http", "127.0.0.1:0", 1, &group), DAIS_E_CONFLICT);
    (void)listen_on("other", "127.0.0.1:0", 1);
}

static void test_an_address_in_use_is_refused_even_if_shared(void **state)
{
    (void)state;
    static struct keeper other; /* another server of the same user: SO_REUSEPORT on both sides */
    const struct keeper_group *group = listen_on("http", "127.0.0.1:0", 2);
    const struct keeper_group *second = NULL;
    keeper_init(&other);
    assert_int_equal(keeper_listen(&other, "http", group->bound, 2, &second), DAIS_E_CONFLICT);
    assert_int_equal(other.count, 0);
}

static void test_bad_questions_are_refused(void **state)
{
    (void)state;
    const struct keeper_group *group = NULL;
    assert_int_equal(keeper_listen(&keeper, "http", "nowhere", 1, &group), DAIS_E_INVALID);
    assert_int_equal(keeper_listen(&keeper, "http", "127.0.0.1:0", 0, &group), DAIS_E_INVALID);
    assert_int_equal(keeper_listen(&keeper, "http", "127.0.0.1:0", SOCKETS_GROUP_MAX + 1, &group),
                     DAIS_E_INVALID);
    assert_int_equal(keeper_listen(&keeper, "a-name-that-is-longer-than-there-is-room-for",
                                   "127.0.0.1:0", 1, &group),
                     DAIS_E_INVALID);
    assert_int_equal(keeper_listen(&keeper, "http", "192.0.2.1:0", 1, &group), DAIS_E_NOT_FOUND);
    assert_int_equal(keeper.count, 0);
}

static void test_the_number_of_groups_is_bounded(void **state)
{
    (void)state;
    const struct keeper_group *group = NULL;
    char name[KEEPER_NAME_MAX];
    for (uint32_t i = 0; i < KEEPER_GROUPS_MAX; i++) {
        snprintf(name, sizeof name, "g%u", i);
        (void)listen_on(name, "127.0.0.1:0", 1);
    }
    assert_int_equal(keeper_listen(&keeper, "more", "127.0.0.1:0", 1, &group), DAIS_E_LIMIT);
    assert_int_equal(keeper.count, KEEPER_GROUPS_MAX);
}

int main(void)
{
#define KEEPER_TEST(name) cmocka_unit_test_setup_teardown(name, open_keeper, close_keeper)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_parsed_and_written),
        KEEPER_TEST(test_a_group_shares_the_port_that_the_kernel_chose),
        KEEPER_TEST(test_the_next_process_gets_the_same_sockets),
        KEEPER_TEST(test_more_and_fewer_workers),
        KEEPER_TEST(test_what_is_not_asked_for_again_is_closed),
        KEEPER_TEST(test_what_is_forgotten_is_closed_and_the_rest_keeps_its_order),
        KEEPER_TEST(test_a_moved_address_is_not_blocked_by_the_old_group),
        KEEPER_TEST(test_the_same_group_twice_is_refused),
        KEEPER_TEST(test_an_address_in_use_is_refused_even_if_shared),
        KEEPER_TEST(test_bad_questions_are_refused),
        KEEPER_TEST(test_the_number_of_groups_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
