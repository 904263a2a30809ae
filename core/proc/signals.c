/* SPDX-License-Identifier: MIT */
#include "proc/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int wake_fd = -1;
static volatile sig_atomic_t seen_child;
static volatile sig_atomic_t seen_hangup;
static volatile sig_atomic_t seen_terminates;

static void note(int number)
{
    int saved = errno;
    const uint64_t one = 1;
    if (number == SIGCHLD)
        seen_child = 1;
    else if (number == SIGHUP)
        seen_hangup = 1;
    else
        seen_terminates++;
    ssize_t written = write(wake_fd, &one, sizeof one);
    (void)written; /* a full counter wakes as well */
    errno = saved;
}

int32_t signals_open(int *ret_fd)
{
    static const int numbers[] = {SIGCHLD, SIGHUP, SIGTERM, SIGINT};
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0)
        return DAIS_E_UNAVAILABLE;
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (sigaction(numbers[i], &action, NULL) != 0)
            return DAIS_E_UNAVAILABLE;
    }
    action.sa_handler = SIG_IGN;
    if (sigaction(SIGPIPE, &action, NULL) != 0)
        return DAIS_E_UNAVAILABLE;
    *ret_fd = wake_fd;
    return DAIS_OK;
}

struct signals signals_take(void)
{
    uint64_t count;
    ssize_t got = read(wake_fd, &count, sizeof count);
    (void)got; /* nothing to read means nothing new */
    struct signals signals = {
        .child = seen_child, .hangup = seen_hangup, .terminates = seen_terminates};
    /* Only what was seen is taken back, before anybody acts on it: nothing is lost. */
    if (signals.child)
        seen_child = 0;
    if (signals.hangup)
        seen_hangup = 0;
    return signals;
}
