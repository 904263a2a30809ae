/* SPDX-License-Identifier: MIT */
#include "loop/child.h"

#include "base/check.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "loop/worker_state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAGIC CHECK_MAGIC_OF('C', 'H', 'L', 'D')
#define CHILD_SOCKET_FD 3

struct child {
    uint32_t magic;
    pid_t pid;
    int pid_fd;
    int socket_fd; /* ours; -1: none or taken */
    struct poll *poll;
    struct timer kill_timer;
    struct list_node node;
    void (*exited)(struct child *child, int32_t status, void *arg);
    void *arg;
};

/* What the new process needs, made before the fork: behind it only system calls are safe. */
struct launch {
    const struct child_spec *spec;
    char *const *argv;
    char *const *env;
    int socket_fd; /* the child's end or -1 */
    int null_fd;
    int error_fd; /* where exec's errno goes; closed by a successful exec */
    pid_t parent;
};

/* Between fork and exec, where only one thread was copied: no allocation and no lock. */
__attribute__((noinline, noreturn, no_sanitize("address", "thread", "undefined"))) static void
become(const struct launch *launch)
{
    const struct child_spec *spec = launch->spec;
    int death = spec->death_signal ? spec->death_signal : SIGTERM;
    int output_fd = spec->output_fd >= 0 ? spec->output_fd : STDERR_FILENO;
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, death);
    /* The parent may have died before that took effect. */
    bool ready = getppid() == launch->parent && dup2(launch->null_fd, STDIN_FILENO) >= 0 &&
                 dup2(output_fd, STDOUT_FILENO) >= 0 && dup2(output_fd, STDERR_FILENO) >= 0;
    /* dup2 onto itself would leave close-on-exec set */
    if (ready && launch->socket_fd == CHILD_SOCKET_FD)
        ready = fcntl(CHILD_SOCKET_FD, F_SETFD, 0) == 0;
    else if (ready && launch->socket_fd >= 0)
        ready = dup2(launch->socket_fd, CHILD_SOCKET_FD) >= 0;
    if (ready && (!spec->cwd || chdir(spec->cwd) == 0))
        (void)execve(spec->path, launch->argv, launch->env);
    int error = errno;
    ssize_t written = write(launch->error_fd, &error, sizeof error);
    (void)written;
    _exit(127);
}

/* Forks and execs; the errno of a failure, 0 when the program runs. */
static int launch_process(struct launch *launch, pid_t *ret_pid)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC))
        return errno;
    /* The report may not stand where the child's socket goes. */
    int high = fcntl(report[1], F_DUPFD_CLOEXEC, CHILD_SOCKET_FD + 1);
    (void)close(report[1]);
    launch->error_fd = high;
    launch->parent = getpid();
    int error = high < 0 ? errno : 0;
    pid_t pid = error ? -1 : fork();
    if (pid == 0)
        become(launch);
    if (!error && pid < 0)
        error = errno;
    if (high >= 0)
        (void)close(high);
    if (!error) {
        ssize_t len;
        do
            len = read(report[0], &error, sizeof error);
        while (len < 0 && errno == EINTR);
        if (len != (ssize_t)sizeof error)
            error = 0;
        if (error)
            (void)waitpid(pid, NULL, 0);
    }
    (void)close(report[0]);
    *ret_pid = pid;
    return error;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void free_child(struct child *child)
{
    poll_close(child->poll);
    timer_stop(&child->kill_timer);
    if (list_is_linked(&child->node)) {
        list_remove(&child->node);
        worker_current->children_count--;
    }
    close_fd(&child->pid_fd);
    close_fd(&child->socket_fd);
    child->magic = 0;
    mem_free(child);
}

/* Reaps an ended child and tells its owner. `flags`: WNOHANG to leave a living one alone. */
static void reap(struct child *child, int flags)
{
    int status;
    pid_t pid;
    do
        pid = waitpid(child->pid, &status, flags);
    while (pid < 0 && errno == EINTR);
    if (pid == 0)
        return;
    int32_t result = DAIS_E_INTERNAL;
    if (pid > 0)
        result = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    child->pid = 0; /* the number may be another process's from here on */
    if (child->exited)
        child->exited(child, result, child->arg);
    free_child(child);
}

static void on_ended(void *arg, uint32_t events)
{
    (void)events;
    reap(CHECK_CAST(child, arg, MAGIC), WNOHANG);
}

static void on_kill_timer(struct timer *timer)
{
    child_kill(CONTAINER_OF(timer, struct child, kill_timer), SIGKILL);
}

static int32_t watch(struct child *child)
{
    child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->pid_fd < 0)
        return error_from_errno(errno);
    int32_t code = poll_open(child->pid_fd, on_ended, child, &child->poll);
    if (!code)
        poll_set(child->poll, POLL_READABLE);
    return code;
}

static int32_t start(struct child *child, const struct child_spec *spec)
{
    int pair[2] = {-1, -1};
    if (spec->socket && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return error_from_errno(errno);
    child->socket_fd = pair[0];
    struct launch launch = {.spec = spec,
                            .argv = (char *const *)(uintptr_t)spec->argv, /* exec writes neither */
                            .env = spec->env ? (char *const *)(uintptr_t)spec->env : environ,
                            .socket_fd = pair[1],
                            .null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC)};
    int error = launch.null_fd < 0 ? errno : launch_process(&launch, &child->pid);
    close_fd(&launch.null_fd);
    close_fd(&pair[1]);
    if (error)
        return error_from_errno(error);
    if (spec->socket && fcntl(child->socket_fd, F_SETFL, O_NONBLOCK))
        error = errno;
    int32_t code = error ? error_from_errno(error) : watch(child);
    if (code) {
        (void)kill(child->pid, SIGKILL);
        (void)waitpid(child->pid, NULL, 0);
    }
    return code;
}

int32_t child_spawn(const struct child_spec *spec, struct child **ret_child)
{
    struct worker *worker = worker_self();
    CHECK(worker && spec->path && spec->argv);
    if (worker->children_count >= (uint32_t)limit_get(LIMIT_CHILDREN))
        return DAIS_E_LIMIT;
    struct child *child = mem_zalloc(1, sizeof *child);
    if (!child)
        return DAIS_E_MEMORY;
    *child = (struct child){
        .magic = MAGIC, .pid_fd = -1, .socket_fd = -1, .exited = spec->exited, .arg = spec->arg};
    timer_init(&child->kill_timer, on_kill_timer);
    int32_t code = start(child, spec);
    if (code) {
        free_child(child);
        return code;
    }
    list_push(&worker->children, &child->node);
    worker->children_count++;
    *ret_child = child;
    return DAIS_OK;
}

pid_t child_pid(const struct child *child)
{
    CHECK(child->magic == MAGIC);
    return child->pid;
}

int child_take_fd(struct child *child)
{
    CHECK(child->magic == MAGIC);
    int fd = child->socket_fd;
    child->socket_fd = -1;
    return fd;
}

void child_kill(struct child *child, int signal_number)
{
    CHECK(child->magic == MAGIC);
    if (child->pid > 0)
        (void)kill(child->pid, signal_number);
}

void child_stop(struct child *child, uint64_t grace_ms)
{
    child_kill(child, SIGTERM);
    timer_start(&child->kill_timer, grace_ms);
}

void children_fini(struct worker *worker)
{
    LIST_EACH (node, &worker->children) {
        struct child *child = LIST_ITEM(node, struct child, node);
        child_kill(child, SIGKILL);
        reap(child, 0);
    }
}
