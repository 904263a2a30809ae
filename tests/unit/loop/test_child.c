/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/child.h"
#include "loop/fiber.h"
#include "loop/poll.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct ending {
    struct fiber_wait wait;
    int32_t status;
    int count;
};

static void on_exited(struct child *child, int32_t status, void *arg)
{
    struct ending *ending = arg;
    CHECK(child_pid(child) == 0);
    ending->status = status;
    ending->count++;
    fiber_resume(&ending->wait, DAIS_OK);
}

static struct child_spec shell(const char *const *argv, struct ending *ending)
{
    *ending = (struct ending){.count = 0};
    fiber_wait_init(&ending->wait);
    return (struct child_spec){
        .path = "/bin/sh", .argv = argv, .output_fd = -1, .exited = on_exited, .arg = ending};
}

static int32_t exit_codes(void *arg)
{
    (void)arg;
    struct ending ending;
    struct child *child;
    const char *const leave[] = {"sh", "-c", "exit 7", NULL};
    struct child_spec spec = shell(leave, &ending);
    EXPECT(child_spawn(&spec, &child) == DAIS_OK && child_pid(child) > 0);
    EXPECT(child_take_fd(child) == -1);
    EXPECT(fiber_suspend(&ending.wait, 10000) == DAIS_OK && ending.status == 7);

    const char *const die[] = {"sh", "-c", "kill -9 $$", NULL};
    spec = shell(die, &ending);
    EXPECT(child_spawn(&spec, &child) == DAIS_OK);
    EXPECT(fiber_suspend(&ending.wait, 10000) == DAIS_OK && ending.status == -SIGKILL);

    const char *const look[] = {"sh", "-c", "test \"$(pwd)\" = /usr && test \"$A\" = b", NULL};
    const char *const env[] = {"A=b", NULL};
    spec = shell(look, &ending);
    spec.env = env;
    spec.cwd = "/usr";
    EXPECT(child_spawn(&spec, &child) == DAIS_OK);
    EXPECT(fiber_suspend(&ending.wait, 10000) == DAIS_OK && ending.status == 0);
    return 0;
}

static void test_exit_codes(void **state)
{
    (void)state;
    crew_run(0, exit_codes, NULL);
}

static int32_t talk(void *arg)
{
    (void)arg;
    struct ending ending;
    struct child *child;
    const char *const argv[] = {"sh", "-c", "read line <&3; echo \"got $line\" >&3; exit 3", NULL};
    struct child_spec spec = shell(argv, &ending);
    spec.socket = true;
    EXPECT(child_spawn(&spec, &child) == DAIS_OK);
    int fd = child_take_fd(child);
    EXPECT(fd >= 0 && child_take_fd(child) == -1);
    EXPECT(write(fd, "word\n", 5) == 5);
    char answer[32] = "";
    uint32_t events = 0;
    EXPECT(poll_wait(fd, POLL_READABLE, 10000, &events) == DAIS_OK && (events & POLL_READABLE));
    EXPECT(read(fd, answer, sizeof answer - 1) == 9 && strcmp(answer, "got word\n") == 0);
    EXPECT(fiber_suspend(&ending.wait, 10000) == DAIS_OK && ending.status == 3);
    EXPECT(read(fd, answer, sizeof answer) == 0); /* its end is closed: nobody else has it */
    (void)close(fd);
    return 0;
}

static void test_talking_over_the_socket(void **state)
{
    (void)state;
    crew_run(1, talk, NULL);
}

static int32_t stop_gently_and_not(void *arg)
{
    (void)arg;
    struct ending ending;
    struct child *child;
    const char *const gentle[] = {"sh", "-c", "trap 'exit 5' TERM; echo >&3; read x <&3", NULL};
    const char *const deaf[] = {"sh", "-c", "trap '' TERM; echo >&3; while :; do read x <&3; done",
                                NULL};
    for (int i = 0; i < 2; i++) {
        struct child_spec spec = shell(i ? deaf : gentle, &ending);
        spec.socket = true;
        EXPECT(child_spawn(&spec, &child) == DAIS_OK);
        int fd = child_take_fd(child);
        uint32_t events;
        EXPECT(poll_wait(fd, POLL_READABLE, 10000, &events) == DAIS_OK); /* its trap is set */
        child_stop(child, i ? 20 : 10000);
        EXPECT(fiber_suspend(&ending.wait, 10000) == DAIS_OK);
        EXPECT(ending.status == (i ? -SIGKILL : 5));
        (void)close(fd);
    }
    return 0;
}

static void test_stopping(void **state)
{
    (void)state;
    crew_run(2, stop_gently_and_not, NULL);
}

static int32_t refusals(void *arg)
{
    (void)arg;
    struct ending ending;
    struct child *child = NULL;
    const char *const argv[] = {"none", NULL};
    struct child_spec spec = shell(argv, &ending);
    spec.path = "/nonexistent/program";
    spec.socket = true;
    EXPECT(child_spawn(&spec, &child) == DAIS_E_NOT_FOUND);
    spec.path = "/etc/passwd";
    EXPECT(child_spawn(&spec, &child) == DAIS_E_DENIED);
    spec.path = "/bin/true";
    spec.cwd = "/nonexistent";
    EXPECT(child_spawn(&spec, &child) == DAIS_E_NOT_FOUND);
    mem_fail_after(0);
    int32_t code = child_spawn(&spec, &child);
    mem_fail_after(-1);
    EXPECT(code == DAIS_E_MEMORY && child == NULL && ending.count == 0);
    return 0;
}

static void test_refusals(void **state)
{
    (void)state;
    crew_run(0, refusals, NULL);
}

static struct ending left_ending;

static int32_t leave_running(void *arg)
{
    (void)arg;
    struct child *child;
    const char *const argv[] = {"sh", "-c", "read x <&3", NULL};
    struct child_spec spec = shell(argv, &left_ending);
    left_ending.wait.fiber = NULL; /* nobody waits */
    spec.socket = true;
    EXPECT(child_spawn(&spec, &child) == DAIS_OK);
    EXPECT(child_spawn(&spec, &child) == DAIS_E_LIMIT);
    return 0;
}

static void test_stop_of_the_worker_ends_children(void **state)
{
    (void)state;
    assert_int_equal(limit_set(dais_cstr("children"), 1), DAIS_OK);
    assert_int_equal(workers_start(1, NULL), DAIS_OK);
    crew_run(0, leave_running, NULL);
    assert_int_equal(workers_stop(1000), DAIS_OK);
    assert_int_equal(left_ending.count, 1);
    assert_int_equal(left_ending.status, -SIGKILL);
    limits_reset();
}

/* --- poll --- */

struct watched {
    struct poll *poll;
    uint32_t seen;
    int count;
    bool close_inside;
};

static void on_events(void *arg, uint32_t events)
{
    struct watched *watched = arg;
    watched->seen |= events;
    watched->count++;
    if (watched->close_inside)
        poll_close(watched->poll);
    else
        poll_set(watched->poll, 0);
}

static int32_t watch_pair(void *arg)
{
    (void)arg;
    int pair[2];
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    struct watched watched = {0};
    EXPECT(poll_open(pair[0], on_events, &watched, &watched.poll) == DAIS_OK);
    EXPECT(write(pair[1], "x", 1) == 1);
    EXPECT(fiber_sleep(2) == DAIS_OK && watched.count == 0); /* nothing asked for yet */
    poll_set(watched.poll, POLL_READABLE | POLL_WRITABLE);
    poll_set(watched.poll, POLL_READABLE | POLL_WRITABLE);
    EXPECT(fiber_sleep(2) == DAIS_OK);
    EXPECT(watched.count == 1 && watched.seen == (POLL_READABLE | POLL_WRITABLE));
    watched.close_inside = true;
    poll_set(watched.poll, POLL_READABLE);
    EXPECT(fiber_sleep(2) == DAIS_OK && watched.count == 2);
    uint32_t events = 0;
    (void)close(pair[1]);
    EXPECT(poll_wait(pair[0], POLL_READABLE | POLL_HANGUP, 1000, &events) == DAIS_OK);
    EXPECT((events & POLL_HANGUP) != 0);
    (void)close(pair[0]);
    poll_close(NULL);
    EXPECT(poll_open(-1, on_events, &watched, &watched.poll) == DAIS_E_INVALID);
    return 0;
}

static int32_t wait_in_vain(void *arg)
{
    (void)arg;
    int pair[2];
    uint32_t events = 0;
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    EXPECT(poll_wait(pair[0], POLL_READABLE, 5, &events) == DAIS_E_TIMEOUT && events == 0);
    (void)close(pair[0]);
    (void)close(pair[1]);
    return 0;
}

static void test_poll(void **state)
{
    (void)state;
    uint32_t events;
    crew_run(0, watch_pair, NULL);
    crew_run(0, wait_in_vain, NULL);
    assert_int_equal(poll_wait(0, POLL_READABLE, 1, &events), DAIS_E_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CREW_TEST(test_exit_codes),
        CREW_TEST(test_talking_over_the_socket),
        CREW_TEST(test_stopping),
        CREW_TEST(test_refusals),
        cmocka_unit_test(test_stop_of_the_worker_ends_children),
        CREW_TEST(test_poll),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
