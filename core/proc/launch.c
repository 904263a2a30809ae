/* SPDX-License-Identifier: MIT */
#include "proc/launch.h"

#include "proc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Exit status of a child that could not become the server process. */
#define LAUNCH_FAILED 127

static bool give_fd(const char *variable, int fd)
{
    char number[16];
    snprintf(number, sizeof number, "%d", fd);
    return fcntl(fd, F_SETFD, 0) == 0 && setenv(variable, number, 1) == 0;
}

static bool set_environment(const struct launch *launch, int channel)
{
    if (launch->database != NULL && setenv(LAUNCH_ENV_DATABASE, launch->database, 1) != 0)
        return false;
    if (launch->database == NULL)
        unsetenv(LAUNCH_ENV_DATABASE);
    return setenv("DAIS_DATA", launch->data_dir, 1) == 0 && give_fd(CHANNEL_ENV_FD, channel) &&
           give_fd(CHANNEL_ENV_SLOTS_FD, launch->slots_fd);
}

/* The folder we were started in may be closed to the account: it would not even look for a file
 * there. */
static bool leave_private_folder(const struct launch *launch)
{
    return access(".", X_OK) == 0 || chdir(launch->data_dir) == 0;
}

/* The rest of the forked child. PR_SET_PDEATHSIG comes after the change of user, which clears it.
 */
_Noreturn static void become_server(const struct launch *launch, int channel, pid_t supervisor)
{
    const char *arguments[8] = {"dais", "server"};
    unsigned count = 2;
    if (launch->config[0] != '\0') {
        arguments[count++] = "--config";
        arguments[count++] = launch->config;
    }
    if (launch->safe)
        arguments[count++] = "--safe";
    if (launch->core_dumps)
        arguments[count++] = "--core-dumps";
    if (launch->dev)
        arguments[count++] = "--dev";

    setsid();
    if (runas_enter(launch->account) == DAIS_OK && leave_private_folder(launch) &&
        prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == supervisor &&
        set_environment(launch, channel))
        execv(launch->program, (char *const *)(uintptr_t)arguments);
    dprintf(STDERR_FILENO, "dais: can't start %s: %s\n", launch->program, strerror(errno));
    _exit(LAUNCH_FAILED);
}

/* The child of a fork with all signals blocked: one that comes before exec ends it, instead of
 * running the supervisor's handler here, where nobody looks. */
static void reset_signals(const sigset_t *mask)
{
    static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT};
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        signal(numbers[i], SIG_DFL);
    signal(SIGHUP, SIG_IGN); /* until the server has something to read again */
    sigprocmask(SIG_SETMASK, mask, NULL);
}

int32_t launch_server(const struct launch *launch, pid_t *ret_pid, int *ret_channel)
{
    int ends[2];
    pid_t supervisor = getpid();
    if (channel_open(ends) != DAIS_OK)
        return DAIS_E_UNAVAILABLE;
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        reset_signals(&before);
        become_server(launch, ends[1], supervisor);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return DAIS_E_UNAVAILABLE;
    }
    *ret_pid = pid;
    *ret_channel = ends[0];
    return DAIS_OK;
}
