/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the sanitizers must be told: memory that an allocator of ours holds free, and stacks that
 * LeakSanitizer can't find. In a normal build all of it is nothing.
 */
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZE_ADDRESS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZE_ADDRESS 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define SANITIZE_THREAD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SANITIZE_THREAD 1
#endif
#endif
#ifndef SANITIZE_ADDRESS
#define SANITIZE_ADDRESS 0
#endif
#ifndef SANITIZE_THREAD
#define SANITIZE_THREAD 0
#endif

#if SANITIZE_ADDRESS
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#endif

/** Touching these bytes is an error until sanitize_unpoison. */
static inline void sanitize_poison(const void *memory, size_t bytes)
{
#if SANITIZE_ADDRESS
    __asan_poison_memory_region(memory, bytes);
#else
    (void)memory;
    (void)bytes;
#endif
}

static inline void sanitize_unpoison(const void *memory, size_t bytes)
{
#if SANITIZE_ADDRESS
    __asan_unpoison_memory_region(memory, bytes);
#else
    (void)memory;
    (void)bytes;
#endif
}

/** Pointers in this mapping keep blocks alive for LeakSanitizer. */
static inline void sanitize_root_add(const void *memory, size_t bytes)
{
#if SANITIZE_ADDRESS
    __lsan_register_root_region(memory, bytes);
#else
    (void)memory;
    (void)bytes;
#endif
}

static inline void sanitize_root_remove(const void *memory, size_t bytes)
{
#if SANITIZE_ADDRESS
    __lsan_unregister_root_region(memory, bytes);
#else
    (void)memory;
    (void)bytes;
#endif
}
