/* SPDX-License-Identifier: MIT */
#include "data/embedded.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/cluster.h"
#include "data/runas.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARED_BUFFERS_MB 64u
#define PING_EVERY_MS 2
#define IMMEDIATE_MS 5000u

struct embedded {
    struct cluster cluster;
    struct runas account;
    int lock_fd;
    int process_fd; /* of the running postgres, or -1 */
    pid_t pid;      /* 0: none */
    char conninfo[256];
    char message[RUNAS_MESSAGE_BYTES];
};

static int32_t lock_data(struct embedded *embedded, const char *data_dir)
{
    char path[CLUSTER_PATH_BYTES + 32];
    snprintf(path, sizeof path, "%s/postgres.lock", data_dir);
    embedded->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (embedded->lock_fd < 0) {
        runas_say(embedded->message, "cannot open %s: %s", path, strerror(errno));
        return DAIS_E_DENIED;
    }
    if (flock(embedded->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return DAIS_OK;
    runas_say(embedded->message, "another server uses the data directory %s", data_dir);
    return DAIS_E_CONFLICT;
}

/* The folder of the socket: under the data directory, or in /tmp where that path is too long. */
static void choose_socket_dir(struct cluster *cluster, const char *data_dir)
{
    const char *const name = "/run-postgres";
    if (strlen(data_dir) + strlen(name) <= CLUSTER_SOCKET_DIR_BYTES_MAX &&
        !strpbrk(data_dir, "'\\, "))
        snprintf(cluster->socket_dir, sizeof cluster->socket_dir, "%s%s", data_dir, name);
    else
        snprintf(cluster->socket_dir, sizeof cluster->socket_dir, "/tmp/dais-%016llx",
                 (unsigned long long)hash_stable(dais_cstr(data_dir)));
}

static int32_t set_up(struct embedded *embedded, const struct embedded_options *options)
{
    struct cluster *cluster = &embedded->cluster;
    if (!options->data_dir || options->data_dir[0] != '/' ||
        strlen(options->data_dir) + sizeof "/log/postgres.log.1" > CLUSTER_PATH_BYTES) {
        runas_say(embedded->message, "the data directory needs an absolute path that is shorter");
        return DAIS_E_INVALID;
    }
    snprintf(cluster->dir, sizeof cluster->dir, "%s/postgres", options->data_dir);
    snprintf(cluster->log_dir, sizeof cluster->log_dir, "%s/log", options->data_dir);
    choose_socket_dir(cluster, options->data_dir);
    cluster->connections = options->connections;
    cluster->shared_buffers_mb = options->shared_buffers_mb ? options->shared_buffers_mb
                                                            : SHARED_BUFFERS_MB;
    int32_t code = runas_find(options->user, embedded->message, &embedded->account);
    if (code == DAIS_OK)
        code = cluster_find_programs(cluster, embedded->message);
    if (code != DAIS_OK)
        return code;
    _Static_assert(sizeof cluster->user == RUNAS_NAME_BYTES, "a name is copied");
    memcpy(cluster->user, embedded->account.name, sizeof cluster->user);
    snprintf(embedded->conninfo, sizeof embedded->conninfo,
             "host=%s port=" CLUSTER_PORT " user=" CLUSTER_ROLE " dbname=postgres",
             cluster->socket_dir);
    return lock_data(embedded, options->data_dir);
}

int32_t embedded_open(const struct embedded_options *options, char *message,
                      struct embedded **ret_embedded)
{
    _Static_assert(EMBEDDED_MESSAGE_BYTES_MAX == RUNAS_MESSAGE_BYTES, "messages are handed on");
    struct embedded *embedded = mem_zalloc(1, sizeof *embedded);
    if (!embedded)
        return DAIS_E_MEMORY;
    embedded->lock_fd = embedded->process_fd = -1;
    int32_t code = set_up(embedded, options);
    if (code == DAIS_OK) {
        *ret_embedded = embedded;
        return DAIS_OK;
    }
    memcpy(message, embedded->message, RUNAS_MESSAGE_BYTES);
    embedded_close(embedded);
    return code;
}

void embedded_close(struct embedded *embedded)
{
    if (!embedded)
        return;
    embedded_stop(embedded, IMMEDIATE_MS);
    if (embedded->lock_fd >= 0)
        close(embedded->lock_fd);
    mem_free(embedded);
}

const char *embedded_message(const struct embedded *embedded)
{
    return embedded->message;
}

int32_t embedded_prepare(struct embedded *embedded)
{
    if (embedded->pid != 0)
        return DAIS_E_STATE;
    return runas_call(&embedded->account, cluster_prepare, &embedded->cluster, embedded->message);
}

/* What exec would hand down: blocked and ignored signals. */
static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int open_streams(const struct cluster *cluster)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int log = cluster_open_log(cluster);
    return null >= 0 && log >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
           dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0;
}

static void exec_postgres(const struct embedded *embedded)
{
    const struct cluster *cluster = &embedded->cluster;
    char program[CLUSTER_PATH_BYTES + 16];
    snprintf(program, sizeof program, "%s/postgres", cluster->bin_dir);
    const char *const args[] = {program, "-D", cluster->dir, NULL};
    char *const env[] = {(char *)"PATH=/usr/bin:/bin", (char *)"LC_ALL=C.UTF-8", (char *)"TZ=UTC",
                         NULL};
    execve(program, (char *const *)args, env);
}

/* The child between fork and exec. Whatever fails is told through `fd`, which exec closes. */
_Noreturn static void become_postgres(const struct embedded *embedded, pid_t parent, int fd)
{
    const char *step = "enter the account of";
    reset_signals();
    setsid(); /* an interrupt typed at the terminal is for the supervisor alone */
    umask(0077);
    int ready = runas_enter(&embedded->account) == DAIS_OK;
    /* After the change of account, which clears it; the parent may be gone already. */
    if (ready)
        ready = prctl(PR_SET_PDEATHSIG, SIGINT) == 0 && getppid() == parent;
    if (ready) {
        step = "prepare the files of";
        ready = chdir(embedded->cluster.dir) == 0 && open_streams(&embedded->cluster) &&
                close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
    }
    if (ready) {
        step = "execute";
        exec_postgres(embedded);
    }
    char message[RUNAS_MESSAGE_BYTES];
    runas_say(message, "cannot %s postgres: %s", step, strerror(errno));
    ssize_t written = write(fd, message, sizeof message);
    _exit(written < 0 ? 126 : 127);
}

/* The end of the pipe without a word means that exec succeeded. */
static int32_t await_exec(struct embedded *embedded, pid_t child, int fd)
{
    ssize_t got;
    do
        got = read(fd, embedded->message, sizeof embedded->message);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return DAIS_OK;
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    return DAIS_E_UNAVAILABLE;
}

int32_t embedded_start(struct embedded *embedded, pid_t *ret_pid)
{
    if (embedded->pid != 0)
        return DAIS_E_STATE;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return DAIS_E_UNAVAILABLE;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        become_postgres(embedded, parent, ends[1]);
    close(ends[1]);
    int32_t code = DAIS_E_UNAVAILABLE;
    if (child > 0)
        code = await_exec(embedded, child, ends[0]);
    else
        runas_say(embedded->message, "cannot fork: %s", strerror(errno));
    close(ends[0]);
    if (code != DAIS_OK)
        return code;
    embedded->message[0] = '\0';
    embedded->pid = child;
    embedded->process_fd = pidfd_open(child, 0);
    CHECK(embedded->process_fd >= 0);
    *ret_pid = child;
    return DAIS_OK;
}

/* Whether the running postgres ended within `timeout_ms`; it is not collected. */
static int ended_within(const struct embedded *embedded, uint32_t timeout_ms)
{
    struct pollfd watch = {.fd = embedded->process_fd, .events = POLLIN};
    uint64_t until = clock_ms() + timeout_ms;
    for (;;) {
        uint64_t now = clock_ms();
        int got = poll(&watch, 1, now < until ? (int)(until - now) : 0);
        if (got > 0)
            return 1;
        if (got == 0)
            return 0;
    }
}

uint32_t embedded_ready(const struct embedded *embedded)
{
    return embedded->pid != 0 && PQping(embedded->conninfo) == PQPING_OK;
}

int32_t embedded_wait_ready(struct embedded *embedded, uint32_t timeout_ms)
{
    if (embedded->pid == 0)
        return DAIS_E_UNAVAILABLE;
    uint64_t until = clock_ms() + timeout_ms;
    while (!embedded_ready(embedded)) {
        if (ended_within(embedded, PING_EVERY_MS)) {
            runas_say(embedded->message, "postgres ended while starting, see %s/postgres.log",
                      embedded->cluster.log_dir);
            return DAIS_E_UNAVAILABLE;
        }
        if (clock_ms() >= until) {
            runas_say(embedded->message, "postgres accepts no connections after %u ms", timeout_ms);
            return DAIS_E_TIMEOUT;
        }
    }
    return DAIS_OK;
}

pid_t embedded_pid(const struct embedded *embedded)
{
    return embedded->pid;
}

void embedded_exited(struct embedded *embedded, int status)
{
    if (WIFSIGNALED(status))
        runas_say(embedded->message, "postgres was ended by signal %d", WTERMSIG(status));
    else
        runas_say(embedded->message, "postgres ended with status %d", WEXITSTATUS(status));
    if (embedded->process_fd >= 0)
        close(embedded->process_fd);
    embedded->process_fd = -1;
    embedded->pid = 0;
}

void embedded_stop(struct embedded *embedded, uint32_t timeout_ms)
{
    if (embedded->pid == 0)
        return;
    kill(embedded->pid, SIGINT);
    if (!ended_within(embedded, timeout_ms))
        kill(embedded->pid, SIGQUIT);
    if (!ended_within(embedded, IMMEDIATE_MS))
        kill(embedded->pid, SIGKILL);
    int status = 0;
    while (waitpid(embedded->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    embedded_exited(embedded, status);
}

void embedded_trim_log(const struct embedded *embedded)
{
    char message[RUNAS_MESSAGE_BYTES];
    struct cluster cluster = embedded->cluster;
    if (runas_call(&embedded->account, cluster_trim_log, &cluster, message) != DAIS_OK)
        LOG_WARN("cannot cut the log of postgres", log_text("reason", message));
}

const char *embedded_conninfo(const struct embedded *embedded)
{
    return embedded->conninfo;
}

uid_t embedded_uid(const struct embedded *embedded)
{
    return embedded->account.uid;
}

gid_t embedded_gid(const struct embedded *embedded)
{
    return embedded->account.gid;
}
