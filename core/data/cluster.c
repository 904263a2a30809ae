/* SPDX-License-Identifier: MIT */
#include "data/cluster.h"

#include "data/runas.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_BYTES_MAX (8 << 20)
#define PATH_BYTES (CLUSTER_PATH_BYTES + 64)

static int32_t denied(char *message, const char *what, const char *path)
{
    runas_say(message, "cannot %s %s: %s", what, path, strerror(errno));
    return DAIS_E_DENIED;
}

/* Reads a short file whole; -1 when there is none. */
static ssize_t read_file(const char *path, char *text, size_t bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    ssize_t got = read(fd, text, bytes - 1);
    close(fd);
    text[got < 0 ? 0 : got] = '\0';
    return got;
}

static int is_program(const char *dir, const char *name)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, X_OK) == 0;
}

static int take_programs(struct cluster *cluster, const char *dir)
{
    if (strlen(dir) >= sizeof cluster->bin_dir || !is_program(dir, "postgres") ||
        !is_program(dir, "initdb"))
        return 0;
    memcpy(cluster->bin_dir, dir, strlen(dir) + 1);
    return 1;
}

static void ask_pg_config(char *dir, size_t bytes)
{
    dir[0] = '\0';
    FILE *answer = popen("pg_config --bindir 2>/dev/null", "re");
    if (!answer)
        return;
    if (fgets(dir, (int)bytes, answer))
        dir[strcspn(dir, "\n")] = '\0';
    pclose(answer);
}

int32_t cluster_find_programs(struct cluster *cluster, char *message)
{
    char path[PATH_BYTES], version[16];
    snprintf(path, sizeof path, "%s/PG_VERSION", cluster->dir);
    int exists = read_file(path, version, sizeof version) > 0;
    if (exists)
        version[strspn(version, "0123456789")] = '\0';
    char dir[CLUSTER_PATH_BYTES];
    snprintf(dir, sizeof dir, "/usr/lib/postgresql/%s/bin", exists ? version : "15");
    if (take_programs(cluster, dir))
        return DAIS_OK;
    ask_pg_config(dir, sizeof dir);
    if (take_programs(cluster, dir))
        return DAIS_OK;
    runas_say(message,
              "PostgreSQL %s is not installed (package postgresql-%s); "
              "or set database.url to a server of yours",
              exists ? version : "15", exists ? version : "15");
    return DAIS_E_NOT_FOUND;
}

static int32_t make_dir(const char *path, char *message)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return denied(message, "make", path);
    struct stat stat;
    if (lstat(path, &stat) != 0 || !S_ISDIR(stat.st_mode) || stat.st_uid != geteuid()) {
        runas_say(message, "%s is not a folder of user %u", path, (unsigned)geteuid());
        return DAIS_E_DENIED;
    }
    if ((stat.st_mode & 0777) != 0700 && chmod(path, 0700) != 0)
        return denied(message, "protect", path);
    return DAIS_OK;
}

int cluster_open_log(const struct cluster *cluster)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/postgres.log", cluster->log_dir);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int32_t cluster_trim_log(void *arg, char *message)
{
    const struct cluster *cluster = arg;
    char path[PATH_BYTES], older[PATH_BYTES + 2];
    snprintf(path, sizeof path, "%s/postgres.log", cluster->log_dir);
    snprintf(older, sizeof older, "%s.1", path);
    int log = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (log < 0)
        return errno == ENOENT ? DAIS_OK : denied(message, "open", path);
    struct stat stat;
    int copy = -1;
    if (fstat(log, &stat) == 0 && stat.st_size > LOG_BYTES_MAX)
        copy = open(older, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    /* PostgreSQL keeps the file open for appending: it is emptied, not replaced. */
    while (copy >= 0 && copy_file_range(log, NULL, copy, NULL, LOG_BYTES_MAX, 0) > 0)
        continue;
    if (copy >= 0 && ftruncate(log, 0) == 0)
        close(copy);
    close(log);
    return DAIS_OK;
}

/* In the child: execs initdb with its words into the log. */
_Noreturn static void exec_initdb(const struct cluster *cluster, const char *target)
{
    char program[PATH_BYTES];
    snprintf(program, sizeof program, "%s/initdb", cluster->bin_dir);
    int log = cluster_open_log(cluster);
    if (log < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0 || chdir("/") != 0)
        _exit(127);
    const char *const args[] = {program,
                                "--pgdata",
                                target,
                                "--username=" CLUSTER_ROLE,
                                "--encoding=UTF8",
                                "--locale=C.UTF-8",
                                "--auth-local=peer",
                                "--auth-host=reject",
                                "--no-instructions",
                                NULL};
    char *const env[] = {(char *)"PATH=/usr/bin:/bin", (char *)"LC_ALL=C.UTF-8", (char *)"TZ=UTC",
                         NULL};
    execve(program, (char *const *)args, env);
    _exit(127);
}

static int32_t run_initdb(const struct cluster *cluster, const char *target, char *message)
{
    pid_t child = fork();
    if (child == 0)
        exec_initdb(cluster, target);
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return DAIS_OK;
    runas_say(message, "initdb failed, see %s/postgres.log", cluster->log_dir);
    return DAIS_E_UNAVAILABLE;
}

/* What a start that was killed left behind. */
static int32_t remove_tree(const char *path, char *message)
{
    if (access(path, F_OK) != 0)
        return DAIS_OK;
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/rm", "rm", "-rf", "--one-file-system", "--", path, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status == 0 ? DAIS_OK : denied(message, "remove", path);
}

int32_t cluster_make(const struct cluster *cluster, char *message)
{
    char version[PATH_BYTES], target[PATH_BYTES];
    snprintf(version, sizeof version, "%s/PG_VERSION", cluster->dir);
    snprintf(target, sizeof target, "%s.new", cluster->dir);
    if (access(version, F_OK) == 0)
        return DAIS_OK;
    int32_t code = remove_tree(target, message);
    if (code == DAIS_OK)
        code = run_initdb(cluster, target, message);
    if (code != DAIS_OK)
        return code;
    /* initdb has synced its files; an empty folder may stand where the cluster goes. */
    if (rename(target, cluster->dir) != 0)
        return denied(message, "rename the new cluster to", cluster->dir);
    return DAIS_OK;
}

static int32_t write_file(const struct cluster *cluster, const char *name, const char *text,
                          char *message)
{
    char path[PATH_BYTES], fresh[PATH_BYTES + 4];
    snprintf(path, sizeof path, "%s/%s", cluster->dir, name);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return denied(message, "write", fresh);
    size_t len = strlen(text);
    int written = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    close(fd);
    if (!written || rename(fresh, path) != 0)
        return denied(message, "write", path);
    return DAIS_OK;
}

/* Errors of statements are logged by the one who sent them, by name and without their values. */
static const char settings_format[] =
    "# Written at each start. Settings of your own go into local.conf beside this file.\n"
    "listen_addresses = ''\n"
    "port = " CLUSTER_PORT "\n"
    "unix_socket_directories = '%s'\n"
    "unix_socket_permissions = 0700\n"
    "max_connections = %u\n"
    "shared_buffers = %uMB\n"
    "max_wal_size = 256MB\n"
    "min_wal_size = 32MB\n"
    "fsync = on\n"
    "recovery_init_sync_method = syncfs\n"
    "synchronous_commit = on\n"
    "full_page_writes = on\n"
    "jit = off\n"
    "max_parallel_workers_per_gather = 0\n"
    "client_connection_check_interval = 1s\n"
    "idle_in_transaction_session_timeout = 60s\n"
    "timezone = 'UTC'\n"
    "log_timezone = 'UTC'\n"
    "datestyle = 'iso'\n"
    "lc_messages = 'C'\n"
    "default_text_search_config = 'pg_catalog.simple'\n"
    "log_destination = 'stderr'\n"
    "logging_collector = off\n"
    "log_line_prefix = '%%m [%%p] %%a '\n"
    "log_min_messages = log\n"
    "log_min_error_statement = panic\n"
    "log_parameter_max_length = 0\n"
    "log_parameter_max_length_on_error = 0\n"
    "log_checkpoints = off\n"
    "max_logical_replication_workers = 0\n"
    "include_if_exists = 'local.conf'\n";

/* The operator's own file, so that there is one to edit. */
static int32_t write_local(const struct cluster *cluster, char *message)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/local.conf", cluster->dir);
    if (access(path, F_OK) == 0)
        return DAIS_OK;
    return write_file(cluster, "local.conf", "# Settings of your own, read last.\n", message);
}

int32_t cluster_settings(const struct cluster *cluster, char *message)
{
    char text[sizeof settings_format + 512];
    snprintf(text, sizeof text, settings_format, cluster->socket_dir, cluster->connections,
             cluster->shared_buffers_mb);
    int32_t code = write_file(cluster, "postgresql.conf", text, message);
    if (code == DAIS_OK)
        code = write_local(cluster, message);
    if (code == DAIS_OK)
        code = write_file(cluster, "pg_hba.conf", "local all all peer map=dais\n", message);
    if (code != DAIS_OK)
        return code;
    snprintf(text, sizeof text, "dais \"%s\" " CLUSTER_ROLE "\ndais root " CLUSTER_ROLE "\n",
             cluster->user);
    return write_file(cluster, "pg_ident.conf", text, message);
}

int32_t cluster_prepare(void *arg, char *message)
{
    const struct cluster *cluster = arg;
    umask(0077);
    int32_t code = make_dir(cluster->log_dir, message);
    if (code == DAIS_OK)
        code = make_dir(cluster->socket_dir, message);
    if (code == DAIS_OK)
        code = cluster_end_old(cluster, message);
    if (code == DAIS_OK)
        code = cluster_make(cluster, message);
    if (code == DAIS_OK)
        code = cluster_settings(cluster, message);
    return code;
}
