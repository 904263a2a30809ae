/* SPDX-License-Identifier: MIT */
#include "loop/loop_metrics.h"

#include "base/metrics.h"
#include "loop/job.h"
#include "loop/mail.h"
#include "loop/worker_state.h"

static int64_t read_workers(void)
{
    return worker_count();
}

static int64_t read_fibers(void)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < worker_count(); i++)
        sum += atomic_load_explicit(&worker_at(i)->fibers.count, memory_order_relaxed);
    return sum;
}

static int64_t read_mail(void)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < worker_count(); i++)
        sum += mail_waiting(i);
    return sum;
}

static int64_t read_jobs_waiting(void)
{
    struct job_counts counts = jobs_count();
    return counts.waiting;
}

static int64_t read_jobs_running(void)
{
    struct job_counts counts = jobs_count();
    return counts.running;
}

static const struct metrics_row rows[] = {
    {"dais_workers", METRICS_GAUGE, "Worker threads", NULL, NULL, 0, read_workers},
    {"dais_fibers", METRICS_GAUGE, "Fibers that exist", NULL, NULL, 0, read_fibers},
    {"dais_mail_waiting", METRICS_GAUGE, "Messages between workers that wait", NULL, NULL, 0,
     read_mail},
    {"dais_jobs", METRICS_GAUGE, "Jobs of the thread pool", "state=\"waiting\"", NULL, 0,
     read_jobs_waiting},
    {"dais_jobs", METRICS_GAUGE, "Jobs of the thread pool", "state=\"running\"", NULL, 0,
     read_jobs_running},
};

int32_t loop_metrics_register(void)
{
    uint32_t first;
    return metrics_register(rows, sizeof rows / sizeof rows[0], &first);
}
