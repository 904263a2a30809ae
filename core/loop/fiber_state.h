/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a fiber is made of: private to core/loop. fiber_stack.c makes stacks and switches between
 * them, fiber.c decides who runs, fiber_lock.c keeps the list of locks.
 *
 * The struct lies at the upper end of its stack's mapping; below it the stack grows down towards a
 * guard page. A fiber that has ended stays in its entry function and waits in the pool for the next
 * work, so that starting one is a list operation and one switch.
 */
#include "loop/fiber.h"
#include "loop/timer.h"
#include "loop/worker_state.h"

#define FIBER_MAGIC CHECK_MAGIC_OF('F', 'I', 'B', 'R')

struct fiber {
    uint32_t magic;
    uint32_t masks;
    struct worker *worker;
    void *context;      /* where it left off; NULL while it runs */
    struct fiber *next; /* in the queue of ready fibers or in the pool */
    struct list_node all;
    bool ready;
    bool ended;
    bool timed_out;
    bool unparked; /* since the last park */
    int32_t cancel_reason;
    uint32_t expired; /* limits that are over and have not ended */

    const char *name;
    void (*fn)(void *arg);
    void *arg;
    struct owner owner; /* while it does not run */
    uint32_t plugin;    /* whom it was made for */
    uint32_t generation;
    dais_handle handle;
    struct dais_arena *arena;
    struct dais_arena own_arena;
    void *locals[FIBER_LOCAL_COUNT];
    struct fiber_wait *waiting; /* what it is suspended in */
    struct fiber_wait *parked;
    struct timer timeout;
    struct timer deadline;
    struct list locks;

    uint8_t *mapping;
    size_t mapping_bytes;
    const void *stack_bottom;
    size_t stack_bytes;
    void *tsan_context;
    void *fake_stack;
};

/** A fiber from the pool or a new one; NULL without memory. */
struct fiber *fiber_stack_take(struct worker *worker);

/** Gives an ended fiber to the pool, or unmaps it when the pool is full. */
void fiber_stack_give(struct fiber *fiber);

/** Unmaps everything pooled. */
void fiber_stacks_fini(struct worker *worker);

/** From the worker's own stack into `fiber`; returns when it suspends or has ended. */
void fiber_switch_in(struct fiber *fiber);

/** From the running fiber back to the worker's own stack; returns when it is entered again. */
void fiber_switch_out(struct fiber *fiber);

/** What an entered fiber runs once: fiber.c. */
void fiber_main(struct fiber *fiber);

/** fiber_lock.c: gives back what an ended fiber still holds. */
void fiber_locks_release(struct fiber *fiber);
