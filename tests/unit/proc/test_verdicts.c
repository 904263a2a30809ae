/* SPDX-License-Identifier: MIT */
/* What follows from a plugin's crashes, and whom a dead process's page accuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/sanitize.h"
#include "proc/autopsy.h"
#include "proc/verdicts.h"

static struct verdicts verdicts;
static struct slots slots;
static const struct watchdog_stall no_stall;

static int begin(void **state)
{
    (void)state;
    limits_reset();
    memset(&verdicts, 0, sizeof verdicts);
    memset(&slots, 0, sizeof slots);
    memcpy(slots.pages[2].id, "chat", 5);
    memcpy(slots.pages[3].id, "polls", 6);
    return 0;
}

static enum verdict_outcome crash(const char *id, uint64_t now_ms, const char *previous)
{
    const struct verdicts_crash it = {
        .id = id, .now_ms = now_ms, .line = "it fell", .previous = previous};
    return verdicts_crash(&verdicts, &it);
}

static void test_three_crashes_within_the_window_leave_it_out(void **state)
{
    (void)state;
    assert_int_equal(crash("chat", 1000, NULL), VERDICT_COUNTED);
    assert_int_equal(crash("polls", 1500, NULL), VERDICT_COUNTED);
    assert_int_equal(crash("chat", 2000, NULL), VERDICT_COUNTED);
    assert_int_equal(crash("chat", 301000, NULL), VERDICT_QUARANTINED);
    const struct verdict *chat = verdicts_find(&verdicts, "chat");
    assert_true(chat->quarantined);
    assert_non_null(strstr(chat->reason, "3 crashes within 300 s"));
    assert_false(verdicts_find(&verdicts, "polls")->quarantined);
}

static void test_old_crashes_do_not_count(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 300; i++)
        assert_int_equal(crash("chat", 1000 + i * 200000, NULL), VERDICT_COUNTED);
    assert_int_equal(verdicts_find(&verdicts, "chat")->crashes, 300);
}

static void test_a_release_forgets(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        (void)crash("chat", 1000, NULL);
    (void)crash("polls", 1000, NULL);
    assert_true(verdicts_release(&verdicts, "chat"));
    assert_false(verdicts_release(&verdicts, "chat"));
    assert_null(verdicts_find(&verdicts, "chat"));
    assert_int_equal(verdicts_find(&verdicts, "polls")->crashes, 1);
    assert_int_equal(crash("chat", 1001, NULL), VERDICT_COUNTED);
}

static void test_a_crash_behind_a_reload_brings_the_former_copy_back(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(crash("chat", 1000, "/run/1.so"), VERDICT_RETURNED);
    verdicts_write(&verdicts, slots.notes);
    assert_string_equal(slots.notes[0].id, "chat");
    assert_string_equal(slots.notes[0].pinned, "/run/1.so");
    assert_int_equal(slots.notes[0].quarantined, 0);
    assert_int_equal(slots.notes[0].crashes, 3);
    assert_string_equal(slots.notes[1].id, "");
    verdicts_unpin(&verdicts, "chat");
    assert_string_equal(verdicts_find(&verdicts, "chat")->pinned, "");
}

static void test_more_plugins_than_rows(void **state)
{
    (void)state;
    char id[16];
    for (unsigned i = 0; i < 3 * HOST_OWNERS_MAX; i++) {
        (void)snprintf(id, sizeof id, "p%u", i);
        (void)crash(id, 1000, NULL);
    }
    assert_int_equal(verdicts.count, HOST_OWNERS_MAX);
    assert_non_null(verdicts_find(&verdicts, id));
    assert_null(verdicts_find(&verdicts, "p0"));
}

static void test_the_mark_of_the_crashing_thread_accuses(void **state)
{
    (void)state;
    struct autopsy autopsy;
    slots.slots[0].plugin = 3; /* another thread's */
    slots.crash = (struct slots_crash){.state = SLOTS_CRASH_TOLD,
                                       .signal = SIGSEGV,
                                       .slot = 1,
                                       .owner = {.plugin = 2, .generation = 4}};
    autopsy_read(&slots, SIGSEGV, &no_stall, &autopsy);
    assert_int_equal(autopsy.evidence, AUTOPSY_SLOT);
    assert_string_equal(autopsy.plugin, "chat");
    assert_int_equal(autopsy.generation, 4);
    assert_string_equal(autopsy.what, "SIGSEGV");
}

static void test_without_a_mark_the_code_accuses(void **state)
{
    (void)state;
    struct autopsy autopsy;
    slots.pages[3].texts[5] = (struct host_text){2, 0x1000, 0x2000, 0x3000};
    slots.crash = (struct slots_crash){
        .state = SLOTS_CRASH_BEGUN, .signal = SIGILL, .slot = SLOTS_MAX, .pc = 0x2345};
    autopsy_read(&slots, SIGILL, &no_stall, &autopsy);
    assert_int_equal(autopsy.evidence, AUTOPSY_CODE);
    assert_string_equal(autopsy.plugin, "polls");
    assert_string_equal(autopsy.code_of, "polls");
    assert_non_null(strstr(autopsy.line, "polls/2+0x1345"));
    slots.crash.pc = 0x3000;
    autopsy_read(&slots, SIGILL, &no_stall, &autopsy);
    assert_int_equal(autopsy.owner, OWNER_CORE);
    assert_string_equal(autopsy.plugin, "core");
}

static void test_a_silent_death_accuses_whoever_ran_alone(void **state)
{
    (void)state;
    struct autopsy autopsy;
    slots.slots[0].plugin = slots.slots[5].plugin = 2;
    autopsy_read(&slots, SIGSEGV, &no_stall, &autopsy);
    assert_int_equal(autopsy.evidence, AUTOPSY_ALONE);
    assert_string_equal(autopsy.plugin, "chat");
    slots.slots[6].plugin = 3;
    autopsy_read(&slots, SIGSEGV, &no_stall, &autopsy);
    assert_int_equal(autopsy.owner, OWNER_CORE);
    slots.slots[6].plugin = 0;
    autopsy_read(&slots, SIGKILL, &no_stall, &autopsy); /* of the operator, or of the kernel */
    assert_int_equal(autopsy.owner, OWNER_CORE);
}

static void test_a_page_full_of_nonsense_is_survived(void **state)
{
    (void)state;
    struct autopsy autopsy;
    memset(&slots, 0xa5, sizeof slots);
    autopsy_read(&slots, SIGSEGV, &no_stall, &autopsy);
    assert_string_equal(autopsy.plugin, "core");
    autopsy_log(&slots, &autopsy, 1, 0);
    slots.crash.owner.plugin = 7;
    autopsy_read(&slots, SIGSEGV, &no_stall, &autopsy);
    assert_int_equal(strlen(autopsy.plugin), SLOTS_NAME_BYTES - 1);
}

static void test_the_watchdog_sees_a_loop_without_turns(void **state)
{
    (void)state;
    if (SANITIZE_ADDRESS || SANITIZE_THREAD)
        skip(); /* it is off there: instrumented code takes its time */
    static struct watchdog watchdog;
    struct owner_slot *slot = &slots.slots[1];
    watchdog_begin(&watchdog);
    slot->thread = (uint32_t)getpid();
    slot->plugin = 2;
    uint64_t now_ms = 5000;
    for (; now_ms < 6900; now_ms += WATCHDOG_EVERY_MS)
        assert_false(watchdog_look(&watchdog, &slots, getpid(), now_ms));
    slot->beats++; /* it moves */
    for (uint64_t end_ms = now_ms + 1900; now_ms < end_ms; now_ms += WATCHDOG_EVERY_MS)
        assert_false(watchdog_look(&watchdog, &slots, getpid(), now_ms));
    slot->plugin = OWNER_CORE; /* it waits for events */
    for (uint64_t end_ms = now_ms + 30000; now_ms < end_ms; now_ms += WATCHDOG_EVERY_MS)
        assert_false(watchdog_look(&watchdog, &slots, getpid(), now_ms));
    slot->plugin = 2;
    bool found = false;
    for (uint64_t end_ms = now_ms + 2400; now_ms < end_ms && !found; now_ms += WATCHDOG_EVERY_MS)
        found = watchdog_look(&watchdog, &slots, getpid(), now_ms);
    assert_true(found);
    assert_int_equal(watchdog.stall.slot, 1);
    assert_int_equal(watchdog.stall.owner.plugin, 2);
    assert_in_range(watchdog.stall.ms, 2000, 2400);
}

static void test_a_watchdog_that_slept_accuses_nobody(void **state)
{
    (void)state;
    static struct watchdog watchdog;
    watchdog_begin(&watchdog);
    slots.slots[1].thread = (uint32_t)getpid();
    slots.slots[1].plugin = 2;
    assert_false(watchdog_look(&watchdog, &slots, getpid(), 5000));
    assert_false(watchdog_look(&watchdog, &slots, getpid(), 5100));
    assert_false(watchdog_look(&watchdog, &slots, getpid(), 60000));
    assert_false(watchdog_look(&watchdog, &slots, getpid(), 60100));
}

int main(void)
{
#define VERDICT_TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        VERDICT_TEST(test_three_crashes_within_the_window_leave_it_out),
        VERDICT_TEST(test_old_crashes_do_not_count),
        VERDICT_TEST(test_a_release_forgets),
        VERDICT_TEST(test_a_crash_behind_a_reload_brings_the_former_copy_back),
        VERDICT_TEST(test_more_plugins_than_rows),
        VERDICT_TEST(test_the_mark_of_the_crashing_thread_accuses),
        VERDICT_TEST(test_without_a_mark_the_code_accuses),
        VERDICT_TEST(test_a_silent_death_accuses_whoever_ran_alone),
        VERDICT_TEST(test_a_page_full_of_nonsense_is_survived),
        VERDICT_TEST(test_the_watchdog_sees_a_loop_without_turns),
        VERDICT_TEST(test_a_watchdog_that_slept_accuses_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
