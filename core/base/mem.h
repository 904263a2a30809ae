/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The heap. The only door to malloc: everything else takes memory from here, from an arena
 * (arena.h) or in a shared buffer (buf.h). All functions may be called on any thread.
 */
#include "dais/error.h"

#include <stddef.h>
#include <stdint.h>

/** `bytes` (> 0) of memory with undefined contents, or NULL. Freed by mem_free. */
void *mem_alloc(size_t bytes) __attribute__((malloc, warn_unused_result));

/** As mem_alloc, for `count` items of `bytes`, zeroed; NULL also when the product overflows. */
void *mem_zalloc(size_t count, size_t bytes) __attribute__((malloc, warn_unused_result));

/** Zeroed memory aligned to `align` (a power of two), `bytes` rounded up to it; NULL without
 * memory. */
void *mem_zalloc_aligned(size_t align, size_t bytes) __attribute__((malloc, warn_unused_result));

/** Grows or shrinks `memory` (or NULL) to `bytes` (> 0); NULL leaves the old block untouched. */
void *mem_resize(void *memory, size_t bytes) __attribute__((warn_unused_result));

/** Gives memory back; NULL is ignored. */
void mem_free(void *memory);

/** A NUL-terminated copy of `text` (not NULL) on the heap, or NULL. */
char *mem_strdup(const char *text) __attribute__((malloc, warn_unused_result));

/**
 * For tests of error paths: after `count` more allocations of this thread every further one fails,
 * until it is called with a negative count.
 */
void mem_fail_after(int64_t count);

/** For MEM_AUTO. */
void mem_free_indirect(void *variable);

/** Scope guard: the pointer's memory is freed when the variable leaves its scope. */
#define MEM_AUTO __attribute__((cleanup(mem_free_indirect)))

/** Shapes the allocator for a server (see docs); call once before the first thread starts. */
void mem_tune(void);
