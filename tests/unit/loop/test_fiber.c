/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/sanitize.h"
#include "loop/fiber.h"
#include "loop/mail.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- order of running --- */

struct trace {
    char text[64];
    struct fiber_wait *wait;
    int32_t code;
};

static void note(struct trace *trace, const char *mark)
{
    strncat(trace->text, mark, sizeof trace->text - strlen(trace->text) - 1);
}

static void note_and_yield(void *arg)
{
    note(arg, "b");
    if (fiber_yield() == DAIS_OK)
        note(arg, "d");
}

static int32_t spawn_queues(void *arg)
{
    struct trace *trace = arg;
    const struct fiber_spec spec = {.name = "other", .fn = note_and_yield, .arg = trace};
    EXPECT(fiber_spawn(&spec, NULL) == DAIS_OK);
    note(trace, "a");
    EXPECT(fiber_yield() == DAIS_OK);
    note(trace, "c");
    EXPECT(fiber_yield() == DAIS_OK);
    note(trace, "e");
    return 0;
}

static void test_spawn_queues_behind_the_caller(void **state)
{
    (void)state;
    struct trace trace = {.text = ""};
    crew_run(0, spawn_queues, &trace);
    assert_string_equal(trace.text, "abcde");
}

static void suspend_then_note(void *arg)
{
    struct trace *trace = arg;
    struct fiber_wait wait;
    fiber_wait_init(&wait);
    trace->wait = &wait;
    note(trace, "a");
    trace->code = fiber_suspend(&wait, FIBER_FOREVER);
    note(trace, "c");
}

static struct trace run_trace;
static _Atomic int run_done;

static void run_from_mail(struct mail *mail)
{
    (void)mail;
    const struct fiber_spec spec = {.name = "now", .fn = suspend_then_note, .arg = &run_trace};
    dais_handle handle;
    CHECK(!fiber_self());
    CHECK(fiber_run(&spec, &handle) == DAIS_OK && handle != 0);
    note(&run_trace, "b");
    fiber_resume(run_trace.wait, 7);
    fiber_resume(run_trace.wait, 8); /* ignored */
    note(&run_trace, "!");
}

static int32_t wait_for_trace(void *arg)
{
    (void)arg;
    while (!strchr(run_trace.text, 'c'))
        EXPECT(fiber_sleep(1) == DAIS_OK);
    return 0;
}

static void test_run_enters_at_once_and_resume_later(void **state)
{
    (void)state;
    struct mail mail = {.deliver = run_from_mail};
    run_trace = (struct trace){.text = ""};
    atomic_store(&run_done, 0);
    mail_post(1, &mail);
    crew_run(1, wait_for_trace, NULL);
    assert_string_equal(run_trace.text, "ab!c");
    assert_int_equal(run_trace.code, 7);
}

/* --- waiting --- */

static int32_t resume_before_suspend(void *arg)
{
    (void)arg;
    struct fiber_wait wait;
    fiber_wait_init(&wait);
    fiber_resume(&wait, 5);
    EXPECT(fiber_suspend(&wait, FIBER_FOREVER) == 5);
    return 0;
}

static int32_t time_out(void *arg)
{
    (void)arg;
    struct fiber_wait wait;
    fiber_wait_init(&wait);
    EXPECT(fiber_suspend(&wait, 0) == DAIS_E_TIMEOUT);
    fiber_wait_init(&wait);
    uint64_t before_ms = clock_ms();
    EXPECT(fiber_suspend(&wait, 20) == DAIS_E_TIMEOUT);
    EXPECT(clock_ms() - before_ms >= 20);
    EXPECT(fiber_park(1) == DAIS_E_TIMEOUT);
    EXPECT(fiber_sleep(0) == DAIS_OK && fiber_sleep(2) == DAIS_OK);
    return 0;
}

static void test_waiting(void **state)
{
    (void)state;
    crew_run(0, resume_before_suspend, NULL);
    crew_run(2, time_out, NULL);
}

static void test_outside_a_fiber(void **state)
{
    (void)state;
    struct fiber_wait wait;
    const struct fiber_spec spec = {.name = "no", .fn = note_and_yield};
    fiber_wait_init(&wait);
    assert_int_equal(fiber_suspend(&wait, FIBER_FOREVER), DAIS_E_STATE);
    assert_int_equal(fiber_yield(), DAIS_E_STATE);
    assert_int_equal(fiber_sleep(1), DAIS_E_STATE);
    assert_int_equal(fiber_park(1), DAIS_E_STATE);
    assert_int_equal(fiber_spawn(&spec, NULL), DAIS_E_STATE);
    assert_int_equal(fiber_run(&spec, NULL), DAIS_E_STATE);
    assert_int_equal(fiber_unpark(1), DAIS_E_STATE);
    assert_int_equal(fiber_handle(), 0);
    assert_null(fiber_arena());
    assert_null(fiber_local_get(FIBER_LOCAL_TX));
    assert_int_equal(fiber_count(), 0);
}

/* --- parking --- */

struct parked {
    dais_handle fiber;
    int count;
    int32_t code;
};

static void park_twice(void *arg)
{
    struct parked *parked = arg;
    parked->fiber = fiber_handle();
    for (int i = 0; i < 2 && parked->code == DAIS_OK; i++) {
        parked->code = fiber_park(FIBER_FOREVER);
        parked->count++;
    }
}

static int32_t unpark_twice(void *arg)
{
    (void)arg;
    struct parked parked = {0};
    dais_handle handle;
    const struct fiber_spec spec = {.name = "parked", .fn = park_twice, .arg = &parked};
    EXPECT(fiber_spawn(&spec, &handle) == DAIS_OK);
    EXPECT(fiber_unpark(handle) == DAIS_OK); /* before it parks: kept */
    EXPECT(fiber_unpark(handle) == DAIS_OK); /* but not counted */
    EXPECT(fiber_yield() == DAIS_OK);
    EXPECT(parked.fiber == handle && parked.count == 1);
    EXPECT(fiber_unpark(handle) == DAIS_OK);
    EXPECT(fiber_yield() == DAIS_OK && fiber_yield() == DAIS_OK);
    EXPECT(parked.count == 2 && parked.code == DAIS_OK);
    EXPECT(fiber_unpark(handle) == DAIS_E_GONE);
    EXPECT(fiber_cancel(handle, DAIS_E_GONE) == DAIS_E_GONE);
    EXPECT(fiber_unpark(0) == DAIS_E_GONE);
    return 0;
}

static int32_t unpark_foreign(void *arg)
{
    EXPECT(fiber_unpark(*(dais_handle *)arg) == DAIS_E_STATE);
    return 0;
}

static int32_t give_handle(void *arg)
{
    *(dais_handle *)arg = fiber_handle();
    return 0;
}

static void test_parking(void **state)
{
    (void)state;
    dais_handle handle;
    crew_run(1, unpark_twice, NULL);
    crew_run(1, give_handle, &handle);
    crew_run(2, unpark_foreign, &handle);
}

/* --- cancelling --- */

struct victim {
    int32_t first, second, masked;
    int32_t reason;
    bool ended;
};

static void be_cancelled(void *arg)
{
    struct victim *victim = arg;
    victim->first = fiber_sleep(60000);
    victim->second = fiber_sleep(60000);
    fiber_mask();
    fiber_mask();
    fiber_unmask();
    victim->masked = fiber_sleep(5);
    fiber_unmask();
    victim->reason = fiber_cancel_reason();
    victim->ended = true;
}

static int32_t cancel_one(void *arg)
{
    (void)arg;
    struct victim victim = {0};
    dais_handle handle;
    const struct fiber_spec spec = {.name = "victim", .fn = be_cancelled, .arg = &victim};
    EXPECT(fiber_spawn(&spec, &handle) == DAIS_OK);
    EXPECT(fiber_yield() == DAIS_OK);
    EXPECT(fiber_cancel(handle, DAIS_E_GONE) == DAIS_OK);
    EXPECT(fiber_cancel(handle, DAIS_E_LIMIT) == DAIS_OK); /* the first reason stays */
    while (!victim.ended)
        EXPECT(fiber_sleep(1) == DAIS_OK);
    EXPECT(victim.first == DAIS_E_CANCELLED && victim.second == DAIS_E_CANCELLED);
    EXPECT(victim.masked == DAIS_OK && victim.reason == DAIS_E_GONE);
    return 0;
}

static int32_t deadline_passes(void *arg)
{
    (void)arg;
    struct victim victim = {0};
    const struct fiber_spec spec = {
        .name = "late", .fn = be_cancelled, .arg = &victim, .deadline_ms = 5};
    EXPECT(fiber_spawn(&spec, NULL) == DAIS_OK);
    while (!victim.ended)
        EXPECT(fiber_sleep(1) == DAIS_OK);
    EXPECT(victim.first == DAIS_E_CANCELLED && victim.reason == DAIS_E_TIMEOUT);
    fiber_deadline_set(1);
    EXPECT(fiber_sleep(60000) == DAIS_E_CANCELLED);
    return 0;
}

static int32_t cancel_plugin(void *arg)
{
    (void)arg;
    struct victim victims[3] = {{0}};
    for (uint32_t i = 0; i < 3; i++) {
        const struct fiber_spec spec = {.name = "plugin's",
                                        .fn = be_cancelled,
                                        .arg = &victims[i],
                                        .owner = {.plugin = i == 2 ? 8 : 7}};
        EXPECT(fiber_spawn(&spec, NULL) == DAIS_OK);
    }
    EXPECT(fiber_yield() == DAIS_OK);
    EXPECT(fiber_cancel_owner(7, DAIS_E_UNAVAILABLE) == 2);
    while (!victims[0].ended || !victims[1].ended)
        EXPECT(fiber_sleep(1) == DAIS_OK);
    EXPECT(!victims[2].ended && victims[0].reason == DAIS_E_UNAVAILABLE);
    EXPECT(fiber_cancel_owner(8, DAIS_E_UNAVAILABLE) == 1);
    while (!victims[2].ended)
        EXPECT(fiber_sleep(1) == DAIS_OK);
    return 0;
}

static void test_cancelling(void **state)
{
    (void)state;
    crew_run(0, cancel_one, NULL);
    crew_run(1, deadline_passes, NULL);
    crew_run(2, cancel_plugin, NULL);
}

/* --- what belongs to a fiber --- */

static void count_deferred(void *arg)
{
    (*(int *)arg)++;
}

static void use_own_things(void *arg)
{
    int *deferred = arg;
    struct owner owner = owner_get();
    CHECK(owner.plugin == 3 && owner.request == 99);
    CHECK(fiber_local_get(FIBER_LOCAL_TX) == NULL);
    fiber_local_set(FIBER_LOCAL_TX, deferred);
    CHECK(arena_defer(fiber_arena(), count_deferred, deferred) == DAIS_OK);
    const struct owner other = {.plugin = 4, .request = 100};
    owner_set(&other);
    CHECK(fiber_yield() == DAIS_OK);
    CHECK(owner_get().plugin == 4 && fiber_local_get(FIBER_LOCAL_TX) == deferred);
    CHECK(strcmp(fiber_name(), "own") == 0);
}

static int32_t own_things(void *arg)
{
    (void)arg;
    int deferred = 0;
    const struct fiber_spec spec = {.name = "own",
                                    .fn = use_own_things,
                                    .arg = &deferred,
                                    .owner = {.plugin = 3, .request = 99}};
    EXPECT(fiber_spawn(&spec, NULL) == DAIS_OK);
    EXPECT(fiber_yield() == DAIS_OK);
    EXPECT(owner_get().plugin == OWNER_CORE && deferred == 0);
    EXPECT(fiber_yield() == DAIS_OK && fiber_yield() == DAIS_OK);
    EXPECT(deferred == 1);
    return 0;
}

static int32_t outlived_by_its_arena_only(void *arg)
{
    EXPECT(fiber_defer(count_deferred, arg) == DAIS_OK);
    return 0;
}

static void check_given_arena(void *arg)
{
    CHECK(fiber_arena() == arg && arena_alloc(fiber_arena(), 10));
}

static int32_t given_arena(void *arg)
{
    (void)arg;
    struct dais_arena arena;
    arena_init(&arena, 1 << 20);
    const struct fiber_spec spec = {
        .name = "given", .fn = check_given_arena, .arg = &arena, .arena = &arena};
    EXPECT(fiber_spawn(&spec, NULL) == DAIS_OK);
    EXPECT(fiber_yield() == DAIS_OK && fiber_yield() == DAIS_OK);
    EXPECT(arena_used(&arena) > 0); /* its owner resets it */
    arena_reset(&arena);
    return 0;
}

static void test_what_belongs_to_a_fiber(void **state)
{
    (void)state;
    crew_run(0, own_things, NULL);
    crew_run(0, given_arena, NULL);
    static int deferred;
    assert_int_equal(fiber_defer(count_deferred, &deferred), DAIS_E_STATE);
    crew_run(0, outlived_by_its_arena_only, &deferred);
    crew_run(0, given_arena, NULL); /* the other fiber has ended by now */
    assert_int_equal(deferred, 1);
}

/* --- many --- */

static void sleep_a_little(void *arg)
{
    volatile char deep[8192]; /* really uses the stack */
    memset((char *)deep, 1, sizeof deep);
    int32_t code = fiber_sleep(1 + (uintptr_t)arg % 7);
    CHECK(code == DAIS_OK || code == DAIS_E_CANCELLED);
}

static int32_t many(void *arg)
{
    (void)arg;
    for (uintptr_t i = 0; i < 2000; i++) {
        const struct fiber_spec spec = {.name = "many", .fn = sleep_a_little, .arg = (void *)i};
        EXPECT(fiber_spawn(&spec, NULL) == DAIS_OK);
    }
    EXPECT(fiber_count() == 2001);
    while (fiber_count() > 1)
        EXPECT(fiber_sleep(1) == DAIS_OK);
    return 0;
}

static int32_t bounded(void *arg)
{
    (void)arg;
    const struct fiber_spec spec = {.name = "bounded", .fn = sleep_a_little};
    uint32_t made = 0;
    while (fiber_spawn(&spec, NULL) == DAIS_OK)
        made++; /* this fiber is the 64th */
    EXPECT(made == 63 && fiber_spawn(&spec, NULL) == DAIS_E_LIMIT);
    return 0;
}

static void test_many(void **state)
{
    (void)state;
    crew_run(1, many, NULL);
}

static void test_bounded(void **state)
{
    (void)state;
    assert_int_equal(limit_set(dais_cstr("fibers"), 64), DAIS_OK);
    assert_int_equal(workers_start(1, NULL), DAIS_OK);
    crew_run(0, bounded, NULL);
    assert_int_equal(workers_stop(2000), DAIS_OK);
    limits_reset();
}

/* --- stopping --- */

static struct victim stop_victim;

static int32_t leave_one_waiting(void *arg)
{
    (void)arg;
    const struct fiber_spec spec = {.name = "left", .fn = be_cancelled, .arg = &stop_victim};
    return fiber_spawn(&spec, NULL);
}

static void test_stop_cancels_after_the_grace_time(void **state)
{
    (void)state;
    stop_victim = (struct victim){0};
    assert_int_equal(workers_start(2, NULL), DAIS_OK);
    crew_run(1, leave_one_waiting, NULL);
    uint64_t before_ms = clock_ms();
    assert_int_equal(workers_stop(30), DAIS_OK);
    assert_true(clock_ms() - before_ms >= 30);
    assert_true(stop_victim.ended);
    assert_int_equal(stop_victim.reason, DAIS_E_UNAVAILABLE);
}

/* --- stacks --- */

/* Mappings that nobody may touch: each stack has one. Sanitizers add mappings of other kinds. */
static int count_guards(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    int count = 0;
    char line[512];
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        count += strstr(line, " ---p ") != NULL;
    (void)fclose(maps);
    return count;
}

static void test_stop_unmaps_all_stacks(void **state)
{
    (void)state;
    int before = count_guards();
    assert_int_equal(workers_start(1, NULL), DAIS_OK);
    crew_run(0, many, NULL);
    assert_true(count_guards() - before > 250); /* the pool */
    assert_int_equal(workers_stop(2000), DAIS_OK);
    assert_true(count_guards() - before < 20);
}

#if SANITIZE_ADDRESS
static char *stack_seen;

static int32_t see_stack(void *arg)
{
    (void)arg;
    stack_seen = __builtin_frame_address(0);
    return DAIS_OK;
}

/* AddressSanitizer forbids parts of a frame until its function returns; the lowest frames of a
 * fiber never do, and the marks stayed for whatever was mapped there next. */
static void test_marks_on_a_stack_go_with_it(void **state)
{
    (void)state;
    assert_int_equal(workers_start(1, NULL), DAIS_OK);
    crew_run(0, see_stack, NULL);
    assert_int_equal(workers_stop(2000), DAIS_OK);
    assert_null(__asan_region_is_poisoned(stack_seen, 512));
}
#endif

static int fall(int depth)
{
    volatile char frame[1024];
    frame[0] = (char)depth;
    return depth < 0 ? 0 : fall(depth + 1) + frame[0];
}

static int32_t overflow(void *arg)
{
    (void)arg;
    return fall(1);
}

static void test_overflow_hits_the_guard_page(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(null_fd, STDERR_FILENO); /* what a sanitizer says about it */
        (void)signal(SIGSEGV, SIG_DFL);
        CHECK(workers_start(1, NULL) == DAIS_OK);
        _exit(worker_call(0, overflow, NULL) == 0 ? 0 : 3);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGSEGV : WEXITSTATUS(status) != 0);
}

/* A fiber that never ends: the stop gives up and says so. In a process of its own, since the
 * workers are then left as they are. */
static void never_end(void *arg)
{
    (void)arg;
    fiber_mask();
    while (fiber_sleep(1000) == DAIS_OK) {
    }
}

static int32_t start_endless(void *arg)
{
    const struct fiber_spec spec = {.name = "endless", .fn = never_end, .arg = arg};
    return fiber_spawn(&spec, NULL);
}

static void test_stop_gives_up_on_an_endless_fiber(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(workers_start(2, NULL) == DAIS_OK);
        CHECK(worker_call(0, start_endless, NULL) == DAIS_OK);
        _exit(workers_stop(10) == DAIS_E_TIMEOUT ? 7 : 8);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CREW_TEST(test_spawn_queues_behind_the_caller),
        CREW_TEST(test_run_enters_at_once_and_resume_later),
        CREW_TEST(test_waiting),
        CREW_TEST(test_outside_a_fiber),
        CREW_TEST(test_parking),
        CREW_TEST(test_cancelling),
        CREW_TEST(test_what_belongs_to_a_fiber),
        CREW_TEST(test_many),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_stop_unmaps_all_stacks),
#if SANITIZE_ADDRESS
        cmocka_unit_test(test_marks_on_a_stack_go_with_it),
#endif
        cmocka_unit_test(test_overflow_hits_the_guard_page),
        cmocka_unit_test(test_stop_gives_up_on_an_endless_fiber),
        cmocka_unit_test(test_stop_cancels_after_the_grace_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
