/* SPDX-License-Identifier: MIT */
#include "loop/timer.h"

#include "base/check.h"
#include "base/clock.h"
#include "loop/worker_state.h"

#define DIGIT_BITS 6u

/* The wheel of Varghese and Lauck in the form that needs no counting of ticks: all timers at a
 * level share the digits of `now` above it and are later in its digit, so the first slot of the
 * lowest level that is not empty comes next. */

void timers_init(struct worker *worker)
{
    struct timer_wheel *wheel = &worker->timers;
    wheel->now_ms = clock_tick_ms();
    wheel->armed_ms = UINT64_MAX;
    list_init(&wheel->due);
    for (uint32_t level = 0; level < TIMER_LEVELS; level++) {
        for (uint32_t slot = 0; slot < TIMER_SLOTS; slot++)
            list_init(&wheel->slots[level][slot]);
    }
}

static void insert(struct timer_wheel *wheel, struct timer *timer)
{
    if (timer->due_ms <= wheel->now_ms) {
        list_push(&wheel->due, &timer->node);
        return;
    }
    uint32_t level = (63u - (uint32_t)__builtin_clzll(timer->due_ms ^ wheel->now_ms)) / DIGIT_BITS;
    CHECK(level < TIMER_LEVELS); /* 2^42 ms of uptime: 139 years */
    uint32_t slot = (uint32_t)(timer->due_ms >> (level * DIGIT_BITS)) % TIMER_SLOTS;
    wheel->occupied[level] |= 1ull << slot;
    list_push(&wheel->slots[level][slot], &timer->node);
}

void timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
    *timer = (struct timer){.fn = fn};
}

static void start(struct timer *timer, uint64_t delay_ms)
{
    struct worker *worker = worker_self();
    CHECK_MSG(worker && timer->fn, "a timer needs a worker and a function");
    list_remove(&timer->node);
    if (delay_ms > TIMER_DELAY_MAX_MS)
        delay_ms = TIMER_DELAY_MAX_MS;
    timer->due_ms = clock_ms() + delay_ms; /* a turn may have been long */
    insert(&worker->timers, timer);
}

void timer_start(struct timer *timer, uint64_t delay_ms)
{
    timer->every_ms = 0;
    start(timer, delay_ms);
}

void timer_start_every(struct timer *timer, uint64_t every_ms)
{
    CHECK(every_ms > 0);
    timer->every_ms = every_ms;
    start(timer, every_ms);
}

void timer_stop(struct timer *timer)
{
    list_remove(&timer->node);
}

/* The slot that comes next and the time at which it does; false when the wheel is empty. */
static bool find_next(struct timer_wheel *wheel, uint32_t *ret_level, uint32_t *ret_slot,
                      uint64_t *ret_ms)
{
    for (uint32_t level = 0; level < TIMER_LEVELS; level++) {
        while (wheel->occupied[level]) {
            uint32_t slot = (uint32_t)__builtin_ctzll(wheel->occupied[level]);
            if (list_is_empty(&wheel->slots[level][slot])) {
                wheel->occupied[level] &= ~(1ull << slot);
                continue;
            }
            uint32_t shift = level * DIGIT_BITS;
            uint64_t above = wheel->now_ms >> (shift + DIGIT_BITS) << (shift + DIGIT_BITS);
            *ret_level = level;
            *ret_slot = slot;
            *ret_ms = above | (uint64_t)slot << shift;
            return true;
        }
    }
    return false;
}

uint64_t timers_next_ms(struct worker *worker)
{
    struct timer_wheel *wheel = &worker->timers;
    uint32_t level, slot;
    uint64_t next_ms;
    if (!list_is_empty(&wheel->due))
        return wheel->now_ms;
    return find_next(wheel, &level, &slot, &next_ms) ? next_ms : UINT64_MAX;
}

/* Moves the wheel to `now_ms`; what is due by then is in the due list, in the order of time. */
static void advance(struct timer_wheel *wheel, uint64_t now_ms)
{
    uint32_t level, slot;
    uint64_t next_ms;
    while (find_next(wheel, &level, &slot, &next_ms) && next_ms <= now_ms) {
        struct list moved;
        list_init(&moved);
        list_append(&moved, &wheel->slots[level][slot]);
        wheel->occupied[level] &= ~(1ull << slot);
        wheel->now_ms = next_ms;
        LIST_EACH (node, &moved) {
            list_remove(node);
            insert(wheel, LIST_ITEM(node, struct timer, node));
        }
    }
    if (now_ms > wheel->now_ms)
        wheel->now_ms = now_ms;
}

void timers_run(struct worker *worker)
{
    struct timer_wheel *wheel = &worker->timers;
    struct list running;
    list_init(&running);
    advance(wheel, clock_tick_ms());
    /* A timer that is armed with no delay in here waits for the next turn. */
    list_append(&running, &wheel->due);
    for (struct list_node *node = list_pop(&running); node; node = list_pop(&running)) {
        struct timer *timer = LIST_ITEM(node, struct timer, node);
        if (timer->every_ms > 0)
            start(timer, timer->every_ms);
        timer->fn(timer); /* may free it */
    }
}
