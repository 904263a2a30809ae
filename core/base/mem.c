/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Allocations that still succeed on this thread; negative: all do. */
static _Thread_local int64_t fail_countdown = -1;

static bool fails(void)
{
    if (__builtin_expect(fail_countdown < 0, 1))
        return false;
    if (fail_countdown == 0)
        return true;
    fail_countdown--;
    return false;
}

void *mem_alloc(size_t bytes)
{
    return fails() ? NULL : malloc(bytes);
}

void *mem_zalloc(size_t count, size_t bytes)
{
    return fails() ? NULL : calloc(count, bytes);
}

void *mem_zalloc_aligned(size_t align, size_t bytes)
{
    size_t rounded;
    if (fails() || __builtin_add_overflow(bytes, align - 1, &rounded))
        return NULL;
    rounded &= ~(align - 1);
    void *memory = aligned_alloc(align, rounded);
    if (memory)
        memset(memory, 0, rounded);
    return memory;
}

void *mem_resize(void *memory, size_t bytes)
{
    return fails() ? NULL : realloc(memory, bytes);
}

void mem_free(void *memory)
{
    free(memory);
}

char *mem_strdup(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = mem_alloc(bytes);
    if (copy)
        memcpy(copy, text, bytes);
    return copy;
}

void mem_fail_after(int64_t count)
{
    fail_countdown = count;
}

void mem_free_indirect(void *variable)
{
    void *memory;
    memcpy(&memory, variable, sizeof memory);
    mem_free(memory);
}

void mem_tune(void)
{
    /* glibc otherwise returns the heap's top to the kernel every dozen requests, only to fault it
     * in again: a third of the HTTP throughput. A refusal costs speed, not correctness. */
    (void)mallopt(M_TRIM_THRESHOLD, 256 << 20);
    (void)mallopt(M_TOP_PAD, 4 << 20);
    /* Segments come and go by the megabyte; in a heap they would leave holes that frames fill. */
    (void)mallopt(M_MMAP_THRESHOLD, 256 << 10);
}
