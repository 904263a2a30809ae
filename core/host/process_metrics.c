/* SPDX-License-Identifier: MIT */
#include "host/process_metrics.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#define US_PER_S 1000000

/* Unix time when this process registered its metrics, which it does first of all. */
static int64_t started_ms;

static int64_t read_start(void)
{
    return started_ms;
}

static int64_t microseconds(struct timeval time)
{
    return (int64_t)time.tv_sec * US_PER_S + time.tv_usec;
}

static int64_t read_cpu(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
    return microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
}

/* The numbers of /proc/self/statm, in bytes. */
static int64_t read_memory(int resident)
{
    long long virtual_pages = 0, resident_pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%lld %lld", &virtual_pages, &resident_pages) != 2)
        virtual_pages = resident_pages = 0;
    fclose(file);
    return (resident ? resident_pages : virtual_pages) * sysconf(_SC_PAGESIZE);
}

static int64_t read_virtual(void)
{
    return read_memory(0);
}

static int64_t read_resident(void)
{
    return read_memory(1);
}

static int64_t read_open_fds(void)
{
    int64_t count = -1; /* the folder's own */
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static int64_t read_max_fds(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (int64_t)limit.rlim_cur : 0;
}

static int64_t read_info(void)
{
    return 1;
}

static const struct metrics_row rows[] = {
    {.name = "process_cpu_seconds_total",
     .kind = METRICS_COUNTER,
     .help = "CPU time of the server process, of the kernel for it included",
     .divisor = US_PER_S,
     .read = read_cpu},
    {.name = "process_resident_memory_bytes",
     .kind = METRICS_GAUGE,
     .help = "Memory of the server process that is in RAM",
     .read = read_resident},
    {.name = "process_virtual_memory_bytes",
     .kind = METRICS_GAUGE,
     .help = "Address space of the server process",
     .read = read_virtual},
    {.name = "process_open_fds",
     .kind = METRICS_GAUGE,
     .help = "File descriptors that are open",
     .read = read_open_fds},
    {.name = "process_max_fds",
     .kind = METRICS_GAUGE,
     .help = "File descriptors that may be open",
     .read = read_max_fds},
    {.name = "process_start_time_seconds",
     .kind = METRICS_GAUGE,
     .help = "Unix time when the server process started",
     .divisor = 1000,
     .read = read_start},
    {.name = "dais_build_info",
     .kind = METRICS_GAUGE,
     .help = "1; the version stands in the label",
     .labels = "version=\"" DAIS_VERSION "\"",
     .read = read_info},
};

int32_t process_metrics_register(void)
{
    uint32_t first;
    started_ms = clock_unix_ms();
    return metrics_register(rows, sizeof rows / sizeof rows[0], &first);
}
