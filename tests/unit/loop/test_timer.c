/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include "loop/timer.h"

#include <stdlib.h>

struct alarm {
    struct timer timer;
    uint64_t wanted_ms;
    uint64_t came_ms;
    int count;
    struct timer *other; /* stopped by it */
    bool free_self;
};

static void ring_alarm(struct timer *timer)
{
    struct alarm *alarm = CONTAINER_OF(timer, struct alarm, timer);
    CHECK(!fiber_self());
    alarm->came_ms = clock_ms();
    alarm->count++;
    if (alarm->other)
        timer_stop(alarm->other);
    if (alarm->free_self)
        mem_free(alarm);
}

static void set_alarm(struct alarm *alarm, uint64_t delay_ms)
{
    timer_init(&alarm->timer, ring_alarm);
    alarm->wanted_ms = clock_ms() + delay_ms;
    timer_start(&alarm->timer, delay_ms);
}

#define ALARMS 500

static int32_t many_delays(void *arg)
{
    static struct alarm alarms[ALARMS];
    (void)arg;
    for (int i = 0; i < ALARMS; i++)
        set_alarm(&alarms[i], (uint64_t)(i * 7919 % 300)); /* crosses two digits of the wheel */
    for (int i = 0; i < ALARMS; i += 5)
        timer_stop(&alarms[i].timer);
    EXPECT(fiber_sleep(330) == DAIS_OK);
    for (int i = 0; i < ALARMS; i++) {
        EXPECT(alarms[i].count == (i % 5 != 0));
        EXPECT(!timer_is_armed(&alarms[i].timer));
        EXPECT(i % 5 == 0 || alarms[i].came_ms >= alarms[i].wanted_ms);
    }
    return 0;
}

static void test_many_delays(void **state)
{
    (void)state;
    crew_run(0, many_delays, NULL);
}

static int32_t restart_and_stop(void *arg)
{
    (void)arg;
    struct alarm first = {0}, second = {0};
    set_alarm(&first, 5000);
    EXPECT(timer_is_armed(&first.timer));
    timer_start(&first.timer, 0); /* sooner */
    set_alarm(&second, 1000000);  /* far away */
    EXPECT(fiber_sleep(5) == DAIS_OK);
    EXPECT(first.count == 1 && second.count == 0);
    timer_stop(&second.timer);
    timer_stop(&second.timer);
    /* Of two that are due at once the first stops the second. */
    first.other = &second.timer;
    set_alarm(&first, 3);
    set_alarm(&second, 3);
    EXPECT(fiber_sleep(10) == DAIS_OK);
    EXPECT(first.count == 2 && second.count == 0);
    struct alarm *gone = mem_zalloc(1, sizeof *gone);
    EXPECT(gone);
    gone->free_self = true;
    set_alarm(gone, 1);
    EXPECT(fiber_sleep(5) == DAIS_OK);
    timer_start(&first.timer, UINT64_MAX); /* cut, not overflowing */
    timer_stop(&first.timer);
    return 0;
}

static void test_restart_and_stop(void **state)
{
    (void)state;
    crew_run(1, restart_and_stop, NULL);
}

static int32_t every(void *arg)
{
    (void)arg;
    struct alarm alarm = {0};
    timer_init(&alarm.timer, ring_alarm);
    timer_start_every(&alarm.timer, 2);
    while (alarm.count < 5)
        EXPECT(fiber_sleep(1) == DAIS_OK);
    EXPECT(timer_is_armed(&alarm.timer));
    timer_stop(&alarm.timer);
    int count = alarm.count;
    EXPECT(fiber_sleep(8) == DAIS_OK && alarm.count == count);
    return 0;
}

static void test_every(void **state)
{
    (void)state;
    crew_run(2, every, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CREW_TEST(test_many_delays),
        CREW_TEST(test_restart_and_stop),
        CREW_TEST(test_every),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
