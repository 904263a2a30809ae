/* SPDX-License-Identifier: MIT */
#include "proc/watchdog.h"

#include "base/limits.h"
#include "base/sanitize.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAIN_SLOT (SLOTS_MAX - 1)
/* A supervisor that was itself kept from looking that long says nothing about others. */
#define LOOK_LATE_MS (5 * WATCHDOG_EVERY_MS)

void watchdog_begin(struct watchdog *watchdog)
{
    memset(watchdog, 0, sizeof *watchdog);
}

/* How long the thread has waited for a processor in its life; 0 when the kernel does not say. */
static uint64_t starved_ns(pid_t pid, uint32_t thread)
{
    char path[64], text[128];
    uint64_t ran = 0, waited = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%" PRIu32 "/schedstat", (int)pid, thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    text[len > 0 ? len : 0] = '\0';
    return sscanf(text, "%" SCNu64 " %" SCNu64, &ran, &waited) == 2 ? waited : 0;
}

static bool is_same(const struct watchdog_thread *thread, uint64_t beats, const struct owner *owner)
{
    return thread->since_ms != 0 && thread->beats == beats &&
           thread->owner.plugin == owner->plugin && thread->owner.callback == owner->callback &&
           thread->owner.request == owner->request;
}

static uint64_t patience_ms(uint32_t slot, const struct owner *owner)
{
    uint64_t limit_ms = (uint64_t)limit_get(LIMIT_STALL_MS);
    if (slot == MAIN_SLOT)
        return limit_ms * WATCHDOG_MAIN_FACTOR;
    return owner->plugin == OWNER_CORE ? limit_ms * WATCHDOG_CORE_FACTOR : limit_ms;
}

/* How long the thread has been where it is now; 0: it waits for events, or it moves. */
static uint64_t stuck_ms(struct watchdog_thread *thread, const struct owner_slot *slot, pid_t pid,
                         uint64_t now_ms)
{
    uint64_t beats = atomic_load_explicit(&slot->beats, memory_order_relaxed);
    uint32_t id = atomic_load_explicit(&slot->thread, memory_order_relaxed);
    struct owner owner = {
        .plugin = atomic_load_explicit(&slot->plugin, memory_order_relaxed),
        .generation = atomic_load_explicit(&slot->generation, memory_order_relaxed),
        .callback = atomic_load_explicit(&slot->callback, memory_order_relaxed),
        .request = atomic_load_explicit(&slot->request, memory_order_relaxed),
    };
    /* Callbacks of the poll itself run before the loop says that it is awake. */
    bool busy = owner.plugin != OWNER_CORE ||
                atomic_load_explicit(&slot->busy, memory_order_relaxed) != 0;
    if (!busy || id == 0) {
        thread->since_ms = 0;
        return 0;
    }
    if (!is_same(thread, beats, &owner)) {
        *thread = (struct watchdog_thread){beats, owner, now_ms, starved_ns(pid, id)};
        return 0;
    }
    uint64_t since_ms = now_ms - thread->since_ms;
    uint64_t starved_ms = (starved_ns(pid, id) - thread->starved_ns) / 1000000;
    return since_ms > starved_ms ? since_ms - starved_ms : 0;
}

/* Whether this look may be believed: a machine that slept, or was too busy for us, starts anew. */
static bool is_in_time(struct watchdog *watchdog, uint64_t now_ms)
{
    uint64_t before_ms = watchdog->looked_ms;
    watchdog->looked_ms = now_ms;
    if (before_ms == 0 || now_ms - before_ms < LOOK_LATE_MS)
        return true;
    for (uint32_t i = 0; i < SLOTS_MAX; i++)
        watchdog->threads[i].since_ms = 0;
    return false;
}

bool watchdog_look(struct watchdog *watchdog, const struct slots *slots, pid_t pid, uint64_t now_ms)
{
    if (SANITIZE_ADDRESS || SANITIZE_THREAD || limit_get(LIMIT_STALL_MS) == 0 ||
        watchdog->stall.found || !is_in_time(watchdog, now_ms))
        return false;
    for (uint32_t i = 0; i < SLOTS_MAX; i++) {
        if (i >= WORKERS_MAX && i != MAIN_SLOT)
            continue; /* jobs may take as long as they need */
        struct watchdog_thread *thread = &watchdog->threads[i];
        uint64_t ms = stuck_ms(thread, &slots->slots[i], pid, now_ms);
        if (ms <= patience_ms(i, &thread->owner) || ms == 0)
            continue;
        watchdog->stall = (struct watchdog_stall){true, i, thread->owner, ms};
        return true;
    }
    return false;
}

void watchdog_end_process(const struct watchdog *watchdog, const struct slots *slots, pid_t pid)
{
    uint32_t thread = atomic_load(&slots->slots[watchdog->stall.slot].thread);
    /* The kernel refuses threads of other processes, whatever the page says. */
    if (syscall(SYS_tgkill, pid, (pid_t)thread, SIGABRT) != 0)
        kill(pid, SIGABRT);
}
