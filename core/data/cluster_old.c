/* SPDX-License-Identifier: MIT */
/* A postmaster that outlived its supervisor. */
#include "data/cluster.h"

#include "data/runas.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define FAST_MS 15000
#define IMMEDIATE_MS 5000

enum old { OLD_GONE, OLD_LIVES, OLD_STRANGER };

/* The number in the first line of postmaster.pid, or 0. */
static pid_t noted_pid(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return 0;
    char text[32] = {0};
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    long pid = got > 0 ? strtol(text, NULL, 10) : 0;
    return pid > 1 && pid <= INT_MAX ? (pid_t)pid : 0;
}

/* A postmaster works in the folder of its cluster; nobody else does by accident. */
static enum old who_is(pid_t pid, const char *dir)
{
    char link[64], cwd[PATH_MAX], real[PATH_MAX];
    snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
    ssize_t len = readlink(link, cwd, sizeof cwd - 1);
    if (len < 0 || !realpath(dir, real))
        return errno == ENOENT || errno == ESRCH ? OLD_GONE : OLD_STRANGER;
    cwd[len] = '\0';
    return strcmp(cwd, real) == 0 ? OLD_LIVES : OLD_STRANGER;
}

static int ends_within(int process, int timeout_ms)
{
    struct pollfd watch = {.fd = process, .events = POLLIN};
    return poll(&watch, 1, timeout_ms) > 0;
}

static int32_t end(pid_t pid, int process, char *message)
{
    kill(pid, SIGINT);
    if (ends_within(process, FAST_MS))
        return DAIS_OK;
    kill(pid, SIGQUIT);
    if (ends_within(process, IMMEDIATE_MS))
        return DAIS_OK;
    runas_say(message, "an old PostgreSQL (process %d) does not end", (int)pid);
    return DAIS_E_UNAVAILABLE;
}

int32_t cluster_end_old(const struct cluster *cluster, char *message)
{
    char note[CLUSTER_PATH_BYTES + 32];
    snprintf(note, sizeof note, "%s/postmaster.pid", cluster->dir);
    pid_t pid = noted_pid(note);
    if (pid == 0)
        return DAIS_OK;
    /* Opened before looking at it, so that the number can't pass to another process in between. */
    int process = pidfd_open(pid, 0);
    int32_t code = DAIS_OK;
    switch (process < 0 ? OLD_GONE : who_is(pid, cluster->dir)) {
    case OLD_LIVES:
        code = end(pid, process, message);
        break;
    case OLD_STRANGER:
        /* PostgreSQL would take it for the old one and refuse to start. The data directory is
         * locked by this supervisor, so no postmaster of another process namespace is there. */
        if (unlink(note) != 0)
            code = DAIS_E_DENIED;
        break;
    case OLD_GONE:
        break;
    }
    if (process >= 0)
        close(process);
    return code;
}
