/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "base/sanitize.h"
#include "loop/fiber_state.h"

#include <sys/mman.h>
#include <unistd.h>

#if SANITIZE_ADDRESS
#include <sanitizer/common_interface_defs.h>
#endif
#if SANITIZE_THREAD
#include <sanitizer/tsan_interface.h>
#endif

/* Boost.Context's C interface, whose headers are C++. A switch gives the context it came from. */
struct transfer {
    void *from;
    void *data;
};
struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *stack_top, size_t bytes, void (*fn)(struct transfer));

/* Instrumented frames are several times as large. */
#define STACK_FACTOR ((SANITIZE_ADDRESS || SANITIZE_THREAD) ? 4u : 1u)
#define STACK_ALIGNMENT 64u
/* A frame with some buffers must not reach over the guard into somebody else's memory. */
#define GUARD_BYTES 65536u

/* Tell the sanitizers that another stack runs from here on. `save` keeps the state of the one that
 * is left. */
static inline void announce_switch(void **save, const void *bottom, size_t bytes,
                                   void *tsan_context)
{
#if SANITIZE_ADDRESS
    __sanitizer_start_switch_fiber(save, bottom, bytes);
#else
    (void)save;
    (void)bottom;
    (void)bytes;
#endif
#if SANITIZE_THREAD
    __tsan_switch_to_fiber(tsan_context, 0);
#else
    (void)tsan_context;
#endif
}

static inline void confirm_switch(void *saved, const void **ret_bottom, size_t *ret_bytes)
{
#if SANITIZE_ADDRESS
    __sanitizer_finish_switch_fiber(saved, ret_bottom, ret_bytes);
#else
    (void)saved;
    (void)ret_bottom;
    (void)ret_bytes;
#endif
}

void fiber_switch_in(struct fiber *fiber)
{
    struct fiber_state *state = &fiber->worker->fibers;
    struct owner outer = owner_get();
    CHECK(!state->running && fiber->context);
    void *context = fiber->context;
    fiber->context = NULL;
    state->running = fiber;
    owner_set(&fiber->owner);
    announce_switch(&state->fake_stack, fiber->stack_bottom, fiber->stack_bytes,
                    fiber->tsan_context);
    struct transfer transfer = jump_fcontext(context, fiber);
    confirm_switch(state->fake_stack, NULL, NULL);
    fiber->context = transfer.from;
    state->running = NULL;
    fiber->owner = owner_get();
    owner_set(&outer);
}

void fiber_switch_out(struct fiber *fiber)
{
    struct fiber_state *state = &fiber->worker->fibers;
    announce_switch(&fiber->fake_stack, state->stack_bottom, state->stack_bytes,
                    state->tsan_context);
    struct transfer transfer = jump_fcontext(state->context, NULL);
    confirm_switch(fiber->fake_stack, &state->stack_bottom, &state->stack_bytes);
    state->context = transfer.from;
}

/* The bottom frame of every fiber; it never returns. */
static void entry(struct transfer transfer)
{
    struct fiber *fiber = transfer.data;
    struct fiber_state *state = &fiber->worker->fibers;
    confirm_switch(NULL, &state->stack_bottom, &state->stack_bytes);
    state->context = transfer.from;
    for (;;) {
        fiber_main(fiber);
        fiber_switch_out(fiber);
    }
}

static size_t mapping_bytes(size_t page)
{
    size_t stack = (size_t)limit_get(LIMIT_FIBER_STACK_BYTES) * STACK_FACTOR;
    return (stack + page - 1) / page * page + GUARD_BYTES;
}

static struct fiber *map_stack(struct worker *worker)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t bytes = mapping_bytes(page);
    uint8_t *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapping == MAP_FAILED)
        return NULL;
    if (mprotect(mapping, GUARD_BYTES, PROT_NONE)) {
        (void)munmap(mapping, bytes);
        return NULL;
    }
    uintptr_t top = (uintptr_t)mapping + bytes - sizeof(struct fiber);
    struct fiber *fiber = (struct fiber *)(top & ~(uintptr_t)(STACK_ALIGNMENT - 1));
    *fiber = (struct fiber){.magic = FIBER_MAGIC,
                            .worker = worker,
                            .mapping = mapping,
                            .mapping_bytes = bytes,
                            .stack_bottom = mapping + GUARD_BYTES,
                            .stack_bytes = (size_t)((uint8_t *)fiber - mapping) - GUARD_BYTES};
    fiber->context = make_fcontext(fiber, fiber->stack_bytes, entry);
    sanitize_root_add(mapping + GUARD_BYTES, bytes - GUARD_BYTES);
#if SANITIZE_THREAD
    fiber->tsan_context = __tsan_create_fiber(0);
#endif
    return fiber;
}

static void unmap_stack(struct fiber *fiber)
{
#if SANITIZE_THREAD
    __tsan_destroy_fiber(fiber->tsan_context);
#endif
    const uint8_t *stack = fiber->stack_bottom;
    const size_t bytes = fiber->mapping_bytes - (size_t)(stack - fiber->mapping);
    sanitize_root_remove(stack, bytes);
    sanitize_unpoison(stack, bytes); /* frames that never returned, under whatever is mapped next */
    (void)munmap(fiber->mapping, fiber->mapping_bytes);
}

struct fiber *fiber_stack_take(struct worker *worker)
{
    struct fiber_state *state = &worker->fibers;
    struct fiber *fiber = state->pool;
    if (!fiber)
        return map_stack(worker);
    state->pool = fiber->next;
    state->pool_count--;
    return fiber;
}

void fiber_stack_give(struct fiber *fiber)
{
    struct fiber_state *state = &fiber->worker->fibers;
    if (state->pool_count >= (uint32_t)limit_get(LIMIT_FIBER_POOL)) {
        unmap_stack(fiber);
        return;
    }
    fiber->next = state->pool;
    state->pool = fiber;
    state->pool_count++;
}

void fiber_stacks_fini(struct worker *worker)
{
    struct fiber_state *state = &worker->fibers;
    while (state->pool) {
        struct fiber *fiber = state->pool;
        state->pool = fiber->next;
        unmap_stack(fiber);
    }
    state->pool_count = 0;
}
