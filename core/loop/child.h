/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Child processes of a worker: started by exec with a socket to talk over, told to end when the
 * server dies (PDEATHSIG), reaped through a pidfd. No signal handler is involved.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdbool.h>
#include <sys/types.h>

/** A child. Opaque; valid from child_spawn until its `exited` callback returned. */
struct child;

/** How a child is made. */
struct child_spec {
    const char *path;        /**< of the program */
    const char *const *argv; /**< ends with NULL */
    const char *const *env;  /**< ends with NULL; NULL: the server's */
    const char *cwd;         /**< NULL: the server's */
    bool socket;             /**< a stream socketpair; the child's end is its fd 3 */
    int output_fd;           /**< its standard output and error; -1: the server's standard error */
    int death_signal;        /**< sent to it when the server dies; 0: SIGTERM */
    /**
     * [worker] It ended: exit code, or minus the signal's number. The socket is still open and
     * `child` is freed after this returns.
     */
    void (*exited)(struct child *child, int32_t status, void *arg);
    void *arg;
};

/**
 * [worker] [fiber] Starts a child; its standard input is /dev/null. DAIS_E_LIMIT past limit
 * `children`, DAIS_E_NOT_FOUND (no such program), DAIS_E_DENIED, DAIS_E_MEMORY, DAIS_E_INTERNAL.
 */
DAIS_CHECK_RESULT int32_t child_spawn(const struct child_spec *spec, struct child **ret_child);

/** Its process id; 0 once it was reaped. */
pid_t child_pid(const struct child *child);

/** Takes the server's end of the socket (non-blocking, close-on-exec): the caller closes it. -1
 * when gone. */
int child_take_fd(struct child *child);

/** [worker] [fiber] Asks it to end with SIGTERM; SIGKILL follows after `grace_ms`. `exited` comes
 * later. */
void child_stop(struct child *child, uint64_t grace_ms);

/** [worker] [fiber] Sends a signal. */
void child_kill(struct child *child, int signal_number);
