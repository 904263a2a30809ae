/* SPDX-License-Identifier: MIT */
/*
 * The main thread of the server: brings everything up, waits, takes everything down.
 *
 * Requests are taken as soon as the plugins have started, or after START_PATIENCE_MS without them:
 * a database that is away must not look like a server that is down. Until then connections wait in
 * the backlog. What the main thread waits for wakes it through one eventfd.
 */
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "data/db.h"
#include "data/migrate.h"
#include "host/attend.h"
#include "host/config.h"
#include "host/control.h"
#include "host/delivery.h"
#include "host/host_worker.h"
#include "host/operations.h"
#include "host/periodic.h"
#include "host/plugin_life.h"
#include "host/plugin_routes.h"
#include "host/realtime.h"
#include "host/report.h"
#include "host/state.h"
#include "loop/fiber.h"
#include "loop/job.h"
#include "loop/mail.h"
#include "net/tcp.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define START_PATIENCE_MS 2000

static void job_thread_start(uint32_t index)
{
    host_use_slot(host_get(), WORKERS_MAX + index);
}

/** Waits until the startup ended or a stop is wanted; for ever when `timeout_ms` is -1. */
static void wait_awake(struct host *host, int timeout_ms, const _Atomic uint32_t *until)
{
    while (!atomic_load(&host->stopping) && !atomic_load(until)) {
        uint64_t count;
        struct pollfd watched = {.fd = host->wake_fd, .events = POLLIN};
        int ready = poll(&watched, 1, timeout_ms);
        if (ready == 0)
            return;
        if (ready > 0 && read(host->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN)
            return;
    }
}

/** The schema, then the plugins. Without a database only those start that can do without. */
static int32_t start_up(struct host *host)
{
    int32_t error = host->options.database ? migrate_run() : DAIS_OK;
    if (!error)
        plugin_life_start(host);
    return error;
}

static void run_startup(void *arg)
{
    struct host *host = arg;
    host->start_error = start_up(host);
    atomic_store(&host->started, 1);
    if (host->startup_end)
        fiber_resume(host->startup_end, DAIS_OK);
    attend_wake(host);
}

static int32_t spawn_startup(void *arg)
{
    struct host *host = arg;
    struct fiber_spec spec = {.name = "startup", .fn = run_startup, .arg = host};
    return fiber_spawn(&spec, &host->startup);
}

/** A startup that waits for its database must not keep the server from stopping. */
static int32_t cancel_startup(struct host *host)
{
    struct fiber_wait end;
    if (atomic_load(&host->started) || host->startup == 0)
        return DAIS_OK;
    fiber_wait_init(&end);
    host->startup_end = &end;
    int32_t error = fiber_cancel(host->startup, DAIS_E_CANCELLED);
    if (!error)
        error = fiber_suspend(&end, FIBER_FOREVER);
    host->startup_end = NULL;
    return error;
}

static int32_t accept_http(void *arg)
{
    struct host *host = arg;
    return http_worker_start(host->http);
}

static int32_t accept_tcp(void *arg)
{
    struct host *host = arg;
    return tcp_worker_start(host->tcp);
}

static int32_t drain_worker(void *arg)
{
    struct host *host = arg;
    if (host->http_accepts)
        http_worker_drain(host->http);
    if (host->tcp_accepts)
        tcp_worker_drain(host->tcp);
    realtime_worker_drain();
    int32_t error = periodic_worker_drain(NULL);
    return error ? error : delivery_worker_drain(NULL);
}

static int32_t stop_plugins(void *arg)
{
    int32_t error = cancel_startup(arg);
    plugin_life_stop(arg);
    return error;
}

static int32_t open_http(struct host *host)
{
    int32_t error = host_everywhere(accept_http, host);
    host->http_accepts = 1;
    return error;
}

/** Everything that only plugins need which have started. */
static int32_t open_plugins(struct host *host)
{
    plugin_life_listen(host);
    int32_t error = tcp_open(host->tcp);
    if (!error) {
        error = host_everywhere(accept_tcp, host);
        host->tcp_accepts = 1;
    }
    if (!error)
        error = host_everywhere(periodic_worker_start, NULL);
    return error ? error : host_everywhere(delivery_worker_start, NULL);
}

/** What the startup came to: the required plugins run, or the server does not. */
static int32_t judge_startup(struct host *host)
{
    if (atomic_load(&host->stopping))
        return DAIS_OK;
    if (host->start_error && migrate_state() == MIGRATE_REFUSED)
        report_add(host->report, "database: %s", migrate_message());
    else if (host->start_error)
        report_add(host->report, "database: %s", error_title(host->start_error));
    if (host->start_error)
        return host->start_error;
    return plugin_life_problems(host) > 0 ? DAIS_E_INVALID : DAIS_OK;
}

static int32_t serve(struct host *host)
{
    int32_t error = worker_call(0, control_open, host);
    if (!error)
        error = worker_call(0, spawn_startup, host);
    if (error)
        return error;
    wait_awake(host, START_PATIENCE_MS, &host->started);
    error = atomic_load(&host->started) ? judge_startup(host) : DAIS_OK;
    if (!error)
        error = open_http(host);
    wait_awake(host, error ? 0 : -1, &host->started);
    if (!error)
        error = judge_startup(host);
    if (error || atomic_load(&host->stopping))
        return error;
    error = open_plugins(host);
    uint32_t problems = plugin_life_problems(host);
    if (error || problems > 0)
        return error ? error : DAIS_E_INVALID;
    plugin_routes_save(host);
    operations_save(host);
    atomic_store(&host->phase, HOST_SERVING);
    LOG_INFO("serving", log_uint("workers", host->workers), log_uint("plugins", host->order_count),
             log_uint("port", http_port(host->http, 0)));
    if (host->options.ready)
        host->options.ready(host->options.context);
    attend(host);
    return DAIS_OK;
}

static void take_down(struct host *host)
{
    atomic_store(&host->phase, HOST_STOPPING);
    LOG_INFO("stopping");
    if (host_everywhere(drain_worker, host) != DAIS_OK ||
        worker_call(0, stop_plugins, host) != DAIS_OK ||
        host_everywhere(host_tasks_cancel, NULL) != DAIS_OK ||
        worker_call(0, control_close, host) != DAIS_OK)
        LOG_ERROR("the stop was not in order");
}

static int32_t run_workers(struct host *host)
{
    int32_t error = host_workers_start(host);
    if (error)
        return error;
    atomic_store(&host->phase, HOST_STARTING);
    error = serve(host);
    take_down(host);
    int32_t stopped = workers_stop((uint64_t)limit_get(LIMIT_SHUTDOWN_MS));
    if (stopped) {
        LOG_ERROR("some fibers did not end", log_code(stopped));
        _exit(1); /* their stacks are in use: nothing can be freed */
    }
    return error;
}

int32_t host_run(struct host *host)
{
    uint32_t before = report_count(host->report);
    int32_t error = http_open(host->http);
    if (error)
        report_add(host->report, "http: %s", http_problem());
    if (!error)
        error = jobs_start(0, job_classes_default, job_classes_default_count, job_thread_start);
    if (!error) {
        error = run_workers(host);
        jobs_stop();
    }
    if (error && report_count(host->report) == before)
        report_add(host->report, "the server cannot start: %s", error_title(error));
    return error;
}
