/* SPDX-License-Identifier: MIT */
#include "host/reload.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "host/activate.h"
#include "host/config.h"
#include "host/files.h"
#include "host/host_worker.h"
#include "host/operations.h"
#include "host/page.h"
#include "host/periodic.h"
#include "host/plugin_file.h"
#include "host/plugin_life.h"
#include "host/plugin_order.h"
#include "host/plugin_routes.h"
#include "host/reload_schema.h"
#include "host/reload_swap.h"
#include "host/report.h"
#include "host/retire.h"
#include "host/state.h"
#include "loop/fiber.h"
#include "net/tcp_change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { METRIC_DONE, METRIC_REFUSED, METRIC_GENERATIONS };

static uint32_t first_metric;

static int64_t read_generations(void)
{
    const struct host *host = host_get();
    int64_t count = 0;
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        count += generation_count(&host->plugins[owner]);
    return count;
}

static const struct metrics_row metrics[] = {
    [METRIC_DONE] = {.name = "dais_plugin_reloads_total",
                     .kind = METRICS_COUNTER,
                     .help = "Plugins whose code was replaced"},
    [METRIC_REFUSED] = {.name = "dais_plugin_reloads_refused_total",
                        .kind = METRICS_COUNTER,
                        .help = "Plugins whose new code was refused"},
    [METRIC_GENERATIONS] =
        {.name = "dais_plugin_generations",
         .kind = METRICS_GAUGE,
         .help = "Generations of plugins' code that live, replaced ones included",
         .read = read_generations},
};

int32_t reload_init(void)
{
    return metrics_register(metrics, sizeof metrics / sizeof metrics[0], &first_metric);
}

/* --- open --- */

/** One more file may be opened. */
static int32_t check_limits(struct host *host, const struct plugin *plugin, char *ret_message)
{
    char holder[128];
    if (host->loads >= (uint32_t)limit_get(LIMIT_PLUGIN_LOADS)) {
        snprintf(ret_message, RELOAD_MESSAGE_BYTES,
                 "this process has opened %u plugin files (limit plugin_loads); restart the server",
                 host->loads);
        return DAIS_E_LIMIT;
    }
    uint32_t live = generation_count(plugin);
    if (live < (uint32_t)limit_get(LIMIT_PLUGIN_GENERATIONS))
        return DAIS_OK;
    retire_holder(host, plugin, holder, sizeof holder);
    snprintf(ret_message, RELOAD_MESSAGE_BYTES,
             "%u generations of it live already (limit plugin_generations): %s", live, holder);
    return DAIS_E_LIMIT;
}

static int32_t open_file(struct reload_work *work, const char *path)
{
    struct plugin *plugin = work->plugin;
    int32_t error = plugin_file_open(work->next, path);
    if (!error && files_make_folder(plugin->data_dir, 0700) != DAIS_OK) {
        generation_fail(work->next, "%s cannot be made: %s", plugin->data_dir, strerror(errno));
        error = DAIS_E_INVALID;
    }
    return error;
}

/* --- prepare --- */

/** Its configuration is told by the first line of a report of its own. */
static int32_t run_init(struct reload_work *work)
{
    struct host *host = work->host;
    struct report *report = report_new(), *before = host->report;
    host->report = report;
    int32_t error = plugin_life_init(host, work->next);
    host->report = before;
    if (error && report_count(report) > 0)
        snprintf(work->next->reason, sizeof work->next->reason, "%s", report_line(report, 0));
    report_free(report);
    return error;
}

static int32_t prepare(struct reload_work *work)
{
    int32_t error = plugin_order_check(work->host, work->next);
    if (!error)
        error = run_init(work);
    if (!error)
        error = activate_check(work->host, work->next);
    if (!error)
        error = activate_tables(work->host, work->next, &work->tables);
    if (!error)
        error = reload_swap_listen(work);
    return error;
}

/* --- start --- */

static int32_t start_on_worker(void *arg)
{
    struct reload_work *work = arg;
    fiber_deadline_set(PLUGIN_LIFE_WAIT_MS);
    return plugin_life_start_one(work->host, work->next);
}

static int32_t start(struct reload_work *work)
{
    int32_t error = reload_swap_data(work);
    if (error)
        return error;
    work->next->on_workers = 1;
    error = host_everywhere(host_worker_start_one, work->next);
    if (!error)
        error = worker_call(0, start_on_worker, work);
    if (error)
        generation_fail(work->next, "it could not be started: %s", error_title(error));
    return error;
}

/* --- and afterwards --- */

/** What the swap does not need to wait for. */
static void settle(struct reload_work *work)
{
    struct plugin *plugin = work->plugin;
    work->next->swapped_ms = clock_ms();
    if (work->before && work->before->has_started && !work->note)
        memcpy(work->next->former, work->before->path, sizeof work->next->former);
    page_serves(plugin->owner, work->next->number, work->next->path,
                work->note ? 0 : work->next->swapped_ms);
    if (host_everywhere(periodic_worker_start, NULL) != DAIS_OK)
        LOG_WARN("periodic tasks could not be begun", log_text("id", plugin->id));
    plugin_routes_save(work->host);
    operations_save(work->host);
    if (work->before)
        retire(work->host, work->before);
}

/** What was opened in vain ends by itself, when it has begun something. */
static void discard(struct reload_work *work)
{
    tables_free(&work->tables);
    tcp_change_free(work->listeners);
    if (work->next->initialized || work->next->has_data)
        retire(work->host, work->next);
    else
        generation_free(work->next);
}

static int32_t load(struct reload_work *work, const char *path)
{
    int32_t error = open_file(work, path);
    if (!error)
        error = prepare(work);
    if (!error && !work->note) /* former code has run on this schema: `expand` keeps it running */
        error = reload_schema(work->host, work->next, work->before);
    if (!error)
        error = start(work);
    if (!error)
        error = reload_swap(work);
    return error;
}

static int32_t report_refusal(const struct reload *wanted, int32_t error, const char *message)
{
    metrics_add(first_metric + METRIC_REFUSED, 1);
    LOG_WARN("plugin not reloaded", log_text("id", wanted->plugin->id),
             log_text("reason", message));
    return error;
}

static void report_success(const struct reload_work *work, const struct reload *wanted,
                           char *ret_message)
{
    uint64_t took_us = clock_us() - wanted->begun_us;
    const struct generation *next = work->next;
    snprintf(ret_message, RELOAD_MESSAGE_BYTES,
             "%s %s: generation %u (build %.12s) in %llu.%llu ms", work->plugin->id,
             generation_version(next), next->number, next->build_id,
             (unsigned long long)(took_us / 1000), (unsigned long long)(took_us % 1000 / 100));
    metrics_add(first_metric + METRIC_DONE, 1);
    LOG_INFO("plugin reloaded", log_text("id", work->plugin->id),
             log_text("version", generation_version(next)), log_uint("generation", next->number),
             log_text("build", next->build_id), log_uint("took_us", took_us));
}

/** Whether `plugin` was left out for want of something that `provider` offers. */
static int waits_for(const struct plugin *plugin, const struct generation *provider)
{
    const struct dais_plugin *descriptor = plugin_descriptor(plugin);
    const struct dais_need *need = descriptor ? descriptor->needs : NULL;
    if (atomic_load(&plugin->state) != PLUGIN_FAILED)
        return 0;
    for (; need && need->name; need++)
        if (!(need->flags & DAIS_NEED_OPTIONAL) && plugin_offered(provider, need->name))
            return 1;
    return 0;
}

/** Those that were left out because of this plugin. Each comes in at most once, so this ends. */
static void bring_back_users(struct host *host, const struct generation *provider)
{
    char message[RELOAD_MESSAGE_BYTES];
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        struct plugin *plugin = &host->plugins[owner];
        const struct reload wanted = {.plugin = plugin, .begun_us = clock_us()};
        if (!waits_for(plugin, provider))
            continue;
        int32_t error = reload_run(host, &wanted, message);
        (void)error; /* it is logged */
    }
}

int32_t reload_run(struct host *host, const struct reload *wanted,
                   char ret_message[RELOAD_MESSAGE_BYTES])
{
    struct plugin *plugin = wanted->plugin;
    struct reload_work work = {
        .host = host, .plugin = plugin, .before = plugin->current, .note = wanted->note};
    int32_t error = check_limits(host, plugin, ret_message);
    if (error)
        return report_refusal(wanted, error, ret_message);
    int was_out = plugin_is_out(plugin);
    work.next = generation_new(plugin);
    if (!work.next) {
        snprintf(ret_message, RELOAD_MESSAGE_BYTES, "no memory to load it");
        return report_refusal(wanted, DAIS_E_MEMORY, ret_message);
    }
    error = load(&work, wanted->path ? wanted->path : plugin->file);
    if (error) {
        snprintf(ret_message, RELOAD_MESSAGE_BYTES, "%s", work.next->reason);
        discard(&work);
        return report_refusal(wanted, error, ret_message);
    }
    settle(&work);
    report_success(&work, wanted, ret_message);
    if (was_out)
        bring_back_users(host, work.next);
    return DAIS_OK;
}
