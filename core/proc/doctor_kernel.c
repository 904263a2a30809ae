/* SPDX-License-Identifier: MIT */
/* Of `dais doctor`: limits of the kernel, and programs. */
#include "proc/doctor.h"

#include "base/limits.h"
#include "host/config.h"
#include "net/descriptors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A connection is one descriptor; below the first number a small audience is too much. */
#define FILES_FAIL 1024u
#define FILES_WARN 65536u
/* What a worker has open for itself: its loop, its database, files that it serves. */
#define FILES_PER_WORKER 16u
#define BACKLOG_WARN 1024
/* Two mappings for each pooled fiber stack: the stack and its guard page. */
#define MAPPINGS_PER_WORKER_WARN 4096
/* What PostgreSQL's parallel queries and the default of containers come to. */
#define SHARED_MEMORY_WARN_BYTES (64ull << 20)

/* The number in a file below /proc/sys; -1 when it can't be read. */
static int64_t read_number(const char *path)
{
    char text[32] = "";
    int64_t value = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0 ||
        str_parse_int(str_trim(dais_str(text, (uint64_t)got)), 0, INT64_MAX, &value) != DAIS_OK)
        return -1;
    return value;
}

/* How many connections and sockets there may be at a time, about. */
static unsigned long long room_for_sockets(const struct doctor *doctor, uint64_t files)
{
    uint64_t workers = doctor->config->workers, kept = workers * FILES_PER_WORKER;
    uint64_t most = (uint64_t)limit_get(LIMIT_SOCKETS) * workers;
    uint64_t fit = descriptors_for_sockets(files);
    fit = fit > kept ? fit - kept : 0;
    return fit < most ? fit : most;
}

static void check_files(struct doctor *doctor)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    unsigned long long hard = files.rlim_max;
    enum doctor_grade grade = hard < FILES_FAIL   ? DOCTOR_FAIL
                              : hard < FILES_WARN ? DOCTOR_WARN
                                                  : DOCTOR_OK;
    doctor_say(doctor, grade,
               grade == DOCTOR_OK ? NULL
                                  : "raise it (LimitNOFILE= of systemd, nofile in limits.conf,"
                                    " --ulimit nofile of a container)",
               "file descriptors: at most %llu, room for about %llu sockets of clients", hard,
               room_for_sockets(doctor, files.rlim_max));
}

static void check_backlog(struct doctor *doctor)
{
    int64_t backlog = read_number("/proc/sys/net/core/somaxconn");
    if (backlog < 0)
        return;
    bool low = backlog < BACKLOG_WARN;
    doctor_say(doctor, low ? DOCTOR_WARN : DOCTOR_OK,
               low ? "sysctl -w net.core.somaxconn=4096" : NULL,
               "backlog: %lld connections may wait for each worker", (long long)backlog);
}

static void check_mappings(struct doctor *doctor)
{
    int64_t mappings = read_number("/proc/sys/vm/max_map_count");
    if (mappings < 0)
        return;
    bool low = mappings < (int64_t)doctor->config->workers * MAPPINGS_PER_WORKER_WARN;
    doctor_say(doctor, low ? DOCTOR_WARN : DOCTOR_OK,
               low ? "sysctl -w vm.max_map_count=1048576" : NULL,
               "memory mappings: %lld, enough for about %lld requests that wait at once",
               (long long)mappings, (long long)mappings / 2);
}

static void check_shared_memory(struct doctor *doctor)
{
    struct statvfs disk;
    if (doctor->config->database_url.len > 0 || statvfs("/dev/shm", &disk) != 0)
        return;
    uint64_t bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    bool low = bytes < SHARED_MEMORY_WARN_BYTES;
    doctor_say(doctor, low ? DOCTOR_WARN : DOCTOR_OK,
               low ? "give the container more (--shm-size 256m)" : NULL,
               "shared memory: %llu MiB free in /dev/shm for PostgreSQL",
               (unsigned long long)(bytes >> 20));
}

void doctor_kernel(struct doctor *doctor)
{
    check_files(doctor);
    check_backlog(doctor);
    check_mappings(doctor);
    check_shared_memory(doctor);
}

/* Whether PATH leads to the program; its path then. */
static bool find_program(const char *name, char ret_path[REACH_PATH_BYTES])
{
    const char *path = getenv("PATH");
    struct dais_str rest = dais_cstr(path != NULL ? path : "/usr/bin:/bin"), folder;
    while (str_split(&rest, ':', &folder)) {
        snprintf(ret_path, REACH_PATH_BYTES, "%.*s/%s", STR_ARG(folder), name);
        if (access(ret_path, X_OK) == 0)
            return true;
    }
    return false;
}

void doctor_programs(struct doctor *doctor)
{
    char path[REACH_PATH_BYTES];
    if (find_program("ffmpeg", path))
        doctor_say(doctor, DOCTOR_OK, NULL, "ffmpeg: %s", path);
    else
        doctor_say(doctor, DOCTOR_WARN, "apt-get install ffmpeg",
                   "ffmpeg: is missing; only the demo's test picture needs it");
}
