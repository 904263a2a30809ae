/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/str.h"
#include "loop/fiber.h"
#include "loop/loop_metrics.h"
#include "loop/mail.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* --- starting and stopping --- */

struct life {
    _Atomic uint32_t started, drained, stopped;
    _Atomic bool order_broken;
    int32_t fail_on; /* worker whose start fails, or -1 */
};

static int32_t on_start(void *context, uint32_t worker)
{
    struct life *life = context;
    CHECK(worker == worker_index() && worker_self() == worker_at(worker));
    if ((int32_t)worker == life->fail_on)
        return DAIS_E_CONFLICT;
    atomic_fetch_add(&life->started, 1);
    return DAIS_OK;
}

static void on_drain(void *context, uint32_t worker)
{
    struct life *life = context;
    (void)worker;
    CHECK(worker_stopping());
    atomic_fetch_add(&life->drained, 1);
}

static void on_stop(void *context, uint32_t worker)
{
    struct life *life = context;
    (void)worker;
    if (atomic_load(&life->drained) != atomic_load(&life->started) || fiber_count() != 0)
        atomic_store(&life->order_broken, true);
    atomic_fetch_add(&life->stopped, 1);
}

static void live(struct life *life, int32_t expected)
{
    const struct worker_events events = {on_start, on_drain, on_stop, life};
    assert_int_equal(workers_start(4, &events), expected);
    if (expected == DAIS_OK) {
        assert_int_equal(worker_count(), 4);
        assert_false(worker_stopping());
        assert_null(worker_self());
        assert_int_equal(workers_stop(100), DAIS_OK);
    }
    assert_int_equal(worker_count(), 0);
    assert_int_equal(life->started, life->stopped);
    assert_int_equal(life->started, life->drained);
    assert_false(life->order_broken);
}

static void test_start_and_stop(void **state)
{
    (void)state;
    struct life life = {.fail_on = -1};
    live(&life, DAIS_OK);
    assert_int_equal(life.started, 4);
}

static void test_failed_start_stops_the_others(void **state)
{
    (void)state;
    struct life life = {.fail_on = 2};
    live(&life, DAIS_E_CONFLICT);
    assert_int_equal(life.started, 3);
}

static void test_start_without_memory(void **state)
{
    (void)state;
    for (int64_t n = 0; n < 2; n++) {
        mem_fail_after(n);
        int32_t code = workers_start(2, NULL);
        mem_fail_after(-1);
        assert_int_equal(code, DAIS_E_MEMORY);
        assert_int_equal(worker_count(), 0);
    }
}

static void test_default_count(void **state)
{
    (void)state;
    assert_in_range(workers_default_count(), 1, WORKERS_MAX);
    assert_int_equal(limit_set(dais_cstr("workers"), 5), DAIS_OK);
    assert_int_equal(workers_default_count(), 5);
    limits_reset();
}

/* --- the turn --- */

struct hooked {
    int begins, ends;
    bool remove_first;
};

static void count_begin(void *arg)
{
    ((struct hooked *)arg)->begins++;
}

static void count_end(void *arg)
{
    ((struct hooked *)arg)->ends++;
}

static void end_once(void *arg)
{
    worker_hook_remove(WORKER_HOOK_END, end_once, arg);
}

static int32_t use_hooks(void *arg)
{
    struct hooked *hooked = arg;
    EXPECT(worker_hook_add(WORKER_HOOK_END, end_once, hooked) == DAIS_OK);
    EXPECT(worker_hook_add(WORKER_HOOK_BEGIN, count_begin, hooked) == DAIS_OK);
    EXPECT(worker_hook_add(WORKER_HOOK_END, count_end, hooked) == DAIS_OK);
    EXPECT(fiber_sleep(5) == DAIS_OK);
    EXPECT(hooked->begins > 0 && hooked->ends > 0);
    int ends = hooked->ends;
    worker_spin();
    EXPECT(fiber_sleep(1) == DAIS_OK && hooked->ends >= ends + 2);
    worker_hook_remove(WORKER_HOOK_BEGIN, count_begin, hooked);
    worker_hook_remove(WORKER_HOOK_END, count_end, hooked);
    ends = hooked->ends;
    EXPECT(fiber_sleep(5) == DAIS_OK && hooked->ends == ends);
    return 0;
}

static int32_t too_many_hooks(void *arg)
{
    int made = 0;
    while (made < 100 && worker_hook_add(WORKER_HOOK_END, count_end, arg) == DAIS_OK)
        made++;
    EXPECT(made > 10 && made < 100);
    worker_hook_remove(WORKER_HOOK_END, count_end, arg);
    EXPECT(worker_hook_add(WORKER_HOOK_END, count_end, arg) == DAIS_OK);
    worker_hook_remove(WORKER_HOOK_END, count_end, arg);
    return 0;
}

static void test_hooks(void **state)
{
    (void)state;
    struct hooked hooked = {0};
    crew_run(1, use_hooks, &hooked);
    crew_run(2, too_many_hooks, &hooked);
}

static int32_t use_slots(void *arg)
{
    EXPECT(worker_slot_get(WORKER_SLOT_TEST) == NULL);
    worker_slot_set(WORKER_SLOT_TEST, arg);
    EXPECT(worker_slot_get(WORKER_SLOT_TEST) == arg);
    EXPECT(worker_uv() != NULL);
    return 0;
}

static void test_slots_and_homes(void **state)
{
    (void)state;
    crew_run(0, use_slots, state);
    crew_run(1, use_slots, state);
    bool seen[CREW] = {false};
    for (int i = 0; i < 100; i++) {
        char id[] = {'a', (char)i};
        uint32_t home = worker_home(dais_str(id, sizeof id));
        assert_in_range(home, 0, CREW - 1);
        assert_int_equal(home, worker_home(dais_str(id, sizeof id)));
        seen[home] = true;
    }
    assert_true(seen[0] && seen[1] && seen[2]);
}

static int32_t fail_with(void *arg)
{
    return *(int32_t *)arg;
}

static void test_call_returns_what_the_function_returned(void **state)
{
    (void)state;
    int32_t code = DAIS_E_CONFLICT;
    assert_int_equal(worker_call(0, fail_with, &code), DAIS_E_CONFLICT);
}

/* --- metrics --- */

static int32_t look_at_metrics(void *arg)
{
    struct strbuf *out = arg;
    metrics_render(out);
    return 0;
}

static void test_metrics(void **state)
{
    (void)state;
    struct strbuf out STRBUF_AUTO;
    strbuf_init(&out, 10000);
    assert_int_equal(loop_metrics_register(), DAIS_E_STATE);
    assert_int_equal(metrics_init(CREW), DAIS_OK);
    assert_int_equal(loop_metrics_register(), DAIS_OK);
    crew_run(1, look_at_metrics, &out);
    assert_non_null(strstr(strbuf_cstr(&out), "\ndais_workers 3\n"));
    assert_non_null(strstr(strbuf_cstr(&out), "\ndais_fibers 1\n"));
    assert_non_null(strstr(strbuf_cstr(&out), "\ndais_mail_waiting 0\n"));
    assert_non_null(strstr(strbuf_cstr(&out), "\ndais_jobs{state=\"running\"} 0\n"));
    metrics_fini();
}

/* --- mail --- */

#define SENDERS 4u
#define MESSAGES 20000u

struct message {
    struct mail mail;
    uint32_t sender;
    uint32_t number;
};

static uint32_t next_number[SENDERS];
static _Atomic uint32_t received;

static void receive(struct mail *mail)
{
    struct message *message = CONTAINER_OF(mail, struct message, mail);
    CHECK(worker_index() == 2 && !fiber_self());
    CHECK(message->number == next_number[message->sender]++);
    mem_free(message);
    atomic_fetch_add(&received, 1);
}

static void *send_many(void *arg)
{
    for (uint32_t i = 0; i < MESSAGES;) {
        struct message *message = mem_zalloc(1, sizeof *message);
        CHECK(message);
        message->mail.deliver = receive;
        message->sender = (uint32_t)(uintptr_t)arg;
        message->number = i;
        int32_t code = mail_send(2, &message->mail);
        if (code) {
            CHECK(code == DAIS_E_LIMIT);
            mem_free(message);
            sched_yield();
            continue;
        }
        i++;
    }
    return NULL;
}

static int32_t wait_for_mail(void *arg)
{
    (void)arg;
    while (atomic_load(&received) < SENDERS * MESSAGES)
        EXPECT(fiber_sleep(1) == DAIS_OK);
    return 0;
}

static void test_mail_keeps_order_and_bound(void **state)
{
    (void)state;
    pthread_t threads[SENDERS];
    atomic_store(&received, 0);
    assert_int_equal(limit_set(dais_cstr("mail"), 64), DAIS_OK);
    for (uintptr_t i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, (void *)i), 0);
    for (uint32_t i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    limits_reset();
    crew_run(0, wait_for_mail, NULL);
    assert_int_equal(mail_waiting(2), 0);
}

static int32_t send_to_self(void *arg)
{
    struct message *message = mem_zalloc(1, sizeof *message);
    (void)arg;
    EXPECT(message);
    atomic_store(&received, 0);
    next_number[0] = 0;
    message->mail.deliver = receive;
    EXPECT(mail_send(worker_index(), &message->mail) == DAIS_OK);
    EXPECT(atomic_load(&received) == 0);
    EXPECT(fiber_yield() == DAIS_OK && atomic_load(&received) == 1);
    return 0;
}

static void test_mail_to_oneself(void **state)
{
    (void)state;
    crew_run(2, send_to_self, NULL);
}

/* An idle worker must be woken by one message at once, again and again. */
struct ping {
    struct mail mail;
    struct fiber_wait *wait;
    uint32_t from;
};

static void pong(struct mail *mail)
{
    fiber_resume(CONTAINER_OF(mail, struct ping, mail)->wait, DAIS_OK);
}

static void ping(struct mail *mail)
{
    mail->deliver = pong;
    mail_post(CONTAINER_OF(mail, struct ping, mail)->from, mail);
}

static int32_t ping_pong(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        struct fiber_wait wait;
        fiber_wait_init(&wait);
        struct ping message = {.mail = {.deliver = ping}, .wait = &wait, .from = worker_index()};
        mail_post(1, &message.mail);
        EXPECT(fiber_suspend(&wait, 5000) == DAIS_OK);
    }
    return 0;
}

static void test_idle_workers_are_woken(void **state)
{
    (void)state;
    crew_run(0, ping_pong, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_and_stop),
        cmocka_unit_test(test_failed_start_stops_the_others),
        cmocka_unit_test(test_start_without_memory),
        cmocka_unit_test(test_default_count),
        CREW_TEST(test_hooks),
        CREW_TEST(test_slots_and_homes),
        CREW_TEST(test_call_returns_what_the_function_returned),
        CREW_TEST(test_metrics),
        CREW_TEST(test_mail_keeps_order_and_bound),
        CREW_TEST(test_mail_to_oneself),
        CREW_TEST(test_idle_workers_are_woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
