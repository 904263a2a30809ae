/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a server process died of, and whose fault that is, read from the page it left behind.
 *
 * Evidence, best first: the mark of the thread that crashed (its slot); the plugin in whose code
 * the crash happened (its address); with no word from a signal handler, the mark of the only thread
 * that ran a plugin. A death by SIGKILL, and one that the watchdog did not ask for, is nobody's
 * fault.
 */
#include "proc/slots.h"
#include "proc/watchdog.h"

/** How the guilty plugin was found. */
enum autopsy_evidence {
    AUTOPSY_NONE,
    AUTOPSY_SLOT, /**< the crashing thread was marked as running it */
    AUTOPSY_CODE, /**< the crash happened in its code, on a thread with no mark */
    AUTOPSY_ALONE /**< no other plugin was running */
};

/** What was found. Texts are printable as far as the process's own were. */
struct autopsy {
    enum autopsy_evidence evidence;
    uint32_t owner; /**< the guilty plugin's index; OWNER_CORE when it is the core or unknown */
    uint32_t generation;            /**< of that plugin */
    char plugin[SLOTS_NAME_BYTES];  /**< its id; "core" otherwise */
    char code_of[SLOTS_NAME_BYTES]; /**< the plugin whose code crashed; "" when none */
    char what[64];                  /**< "SIGSEGV", "fiber stack overflow", "loop stalled" */
    char line[SLOTS_LINE_BYTES];    /**< all of it in one line for people */
};

/** Reads the page of a process that died of `signal`; `stall` is what the watchdog ended it for. */
void autopsy_read(const struct slots *slots, int signal, const struct watchdog_stall *stall,
                  struct autopsy *ret_autopsy);

/** Writes the log lines about it: what happened, and the way there. */
void autopsy_log(const struct slots *slots, const struct autopsy *autopsy, int32_t pid,
                 uint32_t restart_in_ms);
