/* SPDX-License-Identifier: MIT */
#include "net/descriptors.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdatomic.h>
#include <sys/resource.h>

#define KEPT_SHARE 8u
#define KEPT_MIN 16u
#define KEPT_MAX 256u
#define SAY_MS 60000u

uint64_t descriptors_for_sockets(uint64_t limit)
{
    uint64_t kept = limit / KEPT_SHARE;
    kept = kept < KEPT_MIN ? KEPT_MIN : kept > KEPT_MAX ? KEPT_MAX : kept;
    return limit > kept ? limit - kept : 0;
}

static uint64_t limit(void)
{
    static _Atomic uint64_t known;
    uint64_t value = atomic_load_explicit(&known, memory_order_relaxed);
    struct rlimit files;
    if (value > 0)
        return value;
    value = getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : UINT64_MAX;
    atomic_store_explicit(&known, value, memory_order_relaxed);
    return value;
}

static void say(void)
{
    static _Atomic uint64_t said_ms;
    uint64_t now_ms = clock_ms(), before_ms = atomic_load(&said_ms);
    if ((before_ms > 0 && now_ms - before_ms < SAY_MS) ||
        !atomic_compare_exchange_strong(&said_ms, &before_ms, now_ms))
        return;
    LOG_WARN("file descriptors run out, connections are refused",
             log_uint("open_files_max", limit()),
             log_text("remedy", "raise the limit of open files, see dais doctor"));
}

bool descriptors_allow(int fd, enum descriptors_use use)
{
    uint64_t bound = descriptors_for_sockets(limit());
    if (use == DESCRIPTORS_SHORT)
        bound += (limit() - bound) / 2;
    if ((uint64_t)fd < bound)
        return true;
    say();
    return false;
}
