/* SPDX-License-Identifier: MIT */
#include "proc/trial.h"

#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *config_path;

void trial_config(const char *path)
{
    config_path = path;
}

/* The child has no signal blocked and keeps what it says to itself. */
static int spawn(const char *files, pid_t *ret_pid)
{
    const char *arguments[] = {"dais",      "trial", files, config_path != NULL ? "--config" : NULL,
                               config_path, NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    int error = posix_spawnattr_setsigmask(&attributes, &none);
    if (error == 0)
        error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (error == 0)
        error = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (error == 0)
        error = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes,
                            (char *const *)(uintptr_t)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* Whether the process has ended in time. */
static bool has_ended(pid_t pid, uint64_t timeout_ms)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return true; /* it is waited for without a limit */
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    int ready;
    do
        ready = poll(&watched, 1, (int)timeout_ms);
    while (ready < 0 && errno == EINTR); /* a stop is no reason to wait for ever */
    close(fd);
    return ready != 0;
}

static int32_t judge(pid_t pid, uint64_t timeout_ms, char ret_problem[HOST_PROBLEM_BYTES])
{
    int status = 0;
    bool ended = has_ended(pid, timeout_ms);
    if (!ended)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!ended)
        snprintf(ret_problem, HOST_PROBLEM_BYTES, "its init does not end within %llu ms",
                 (unsigned long long)timeout_ms);
    else if (WIFSIGNALED(status))
        snprintf(ret_problem, HOST_PROBLEM_BYTES, "its init crashes: %s",
                 strsignal(WTERMSIG(status)));
    else
        return DAIS_OK;
    return DAIS_E_INVALID;
}

int32_t trial_run(const struct host_pinned *files, uint32_t count, uint64_t timeout_ms,
                  char ret_problem[HOST_PROBLEM_BYTES])
{
    STRBUF_AUTO struct strbuf text;
    pid_t pid;
    strbuf_init(&text, TRIAL_TEXT_BYTES_MAX);
    for (uint32_t i = 0; i < count; i++)
        strbuf_addf(&text, "%s=%s\n", files[i].id, files[i].path);
    int error = strbuf_error(&text) != DAIS_OK ? ENOMEM : spawn(strbuf_cstr(&text), &pid);
    if (error == 0)
        return judge(pid, timeout_ms, ret_problem);
    LOG_WARN("a plugin's file could not be tried", log_text("reason", strerror(error)));
    return DAIS_OK;
}
