/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Watches the heartbeats of the server process's loops: a loop that makes no turn although it is
 * busy is stuck, and the process is better ended than left half alive. The supervisor looks every
 * WATCHDOG_EVERY_MS.
 *
 *     watchdog_begin → watchdog_look … → watchdog_end_process, once it says that a loop is stuck
 *
 * A loop that runs no plugin gets WATCHDOG_CORE_FACTOR times as long. Time in which the kernel gave
 * the thread no processor does not count: a machine that is too busy is no stall. A callback on the
 * main thread (init) has no heartbeat; it is stuck after WATCHDOG_MAIN_FACTOR times the limit.
 */
#include "proc/slots.h"

#include <stdbool.h>
#include <sys/types.h>

#define WATCHDOG_EVERY_MS 100u
#define WATCHDOG_CORE_FACTOR 5u
#define WATCHDOG_MAIN_FACTOR 10u

/** What is known about one thread. */
struct watchdog_thread {
    uint64_t beats;
    struct owner owner;
    uint64_t since_ms; /**< when these were first seen; 0: it waits or moves */
    uint64_t starved_ns;
};

/** A loop that is stuck. */
struct watchdog_stall {
    bool found;
    uint32_t slot;
    struct owner owner;
    uint64_t ms;
};

struct watchdog {
    uint64_t looked_ms;
    struct watchdog_stall stall; /**< the one the process was ended for */
    struct watchdog_thread threads[SLOTS_MAX];
};

/** Forgets what was seen of an earlier process. */
void watchdog_begin(struct watchdog *watchdog);

/**
 * Looks at all threads; true when one of them is stuck, which stands in `stall` then. Once for each
 * process. Never with limit stall_ms 0 or under sanitizers.
 */
bool watchdog_look(struct watchdog *watchdog, const struct slots *slots, pid_t pid,
                   uint64_t now_ms);

/** Makes the stuck thread tell where it is and die (SIGABRT), with its process. */
void watchdog_end_process(const struct watchdog *watchdog, const struct slots *slots, pid_t pid);
