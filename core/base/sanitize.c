/* SPDX-License-Identifier: MIT */
/*
 * Built for ThreadSanitizer alone. libuv closes descriptors by syscall(SYS_close), of which
 * ThreadSanitizer hears nothing: whoever is given the number next, on another thread, seems to race
 * with the last use of the one that is gone. So the executable has a syscall() of its own, to which
 * libuv's calls are bound, and closes by close().
 */
#include "base/sanitize.h"

#include "base/check.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !SANITIZE_THREAD
#error "nothing else needs this"
#endif

typedef long syscall_fn(long number, ...);

static syscall_fn *real(void)
{
    static _Atomic(syscall_fn *) known;
    syscall_fn *fn = atomic_load_explicit(&known, memory_order_relaxed);
    if (fn)
        return fn;
    fn = (syscall_fn *)dlsym(RTLD_NEXT, "syscall");
    CHECK(fn);
    atomic_store_explicit(&known, fn, memory_order_relaxed);
    return fn;
}

/* Six words are what the kernel takes; the C library's own hands on as many, given or not. */
__attribute__((visibility("default"))) long syscall(long number, ...)
{
    long word[6];
    va_list words;
    va_start(words, number);
    for (size_t i = 0; i < 6; i++)
        word[i] = va_arg(words, long);
    va_end(words);
    if (number == SYS_close)
        return close((int)word[0]);
    return real()(number, word[0], word[1], word[2], word[3], word[4], word[5]);
}
