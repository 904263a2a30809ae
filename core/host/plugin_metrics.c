/* SPDX-License-Identifier: MIT */
#include "host/plugin_metrics.h"

#include "base/owner.h"
#include "host/plugin_crash.h"
#include "host/state.h"

static double started(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)totals;
    return atomic_load(&plugin->state) == PLUGIN_STARTED;
}

static double quarantined(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)totals;
    return atomic_load(&plugin->state) == PLUGIN_QUARANTINED;
}

static double generation(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)totals;
    return plugin->current ? plugin->current->number : 0;
}

static double crashes(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)totals;
    return plugin_crash_count(plugin);
}

static double misuses(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)totals;
    return (double)atomic_load(&plugin->misuses);
}

static double state_bytes(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)totals;
    return (double)atomic_load(&plugin->state_bytes);
}

static double cpu(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)plugin;
    return totals->cpu_seconds;
}

static double calls(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)plugin;
    return (double)totals->calls;
}

static double stalls(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)plugin;
    return (double)totals->stalls;
}

static double queries(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)plugin;
    return (double)totals->queries;
}

static double query_seconds(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)plugin;
    return totals->query_seconds;
}

static double errors(const struct plugin *plugin, const struct owner_totals *totals)
{
    (void)plugin;
    return (double)totals->errors;
}

static const struct {
    struct metrics_row row;
    double (*read)(const struct plugin *plugin, const struct owner_totals *totals);
} rows[] = {
#define ROW(NAME, KIND, READ, HELP)                                                                \
    {                                                                                              \
        {.name = NAME, .kind = KIND, .help = HELP}, READ                                           \
    }
    ROW("dais_plugin_started", METRICS_GAUGE, started, "1 for each plugin that runs"),
    ROW("dais_plugin_quarantined", METRICS_GAUGE, quarantined,
        "1 for each plugin left out for its crashes, or by --safe"),
    ROW("dais_plugin_generation", METRICS_GAUGE, generation,
        "Number of the loaded file that serves; 0: none"),
    ROW("dais_plugin_crashes_total", METRICS_COUNTER, crashes,
        "Deaths of the server process that the plugin is guilty of, since it was released"),
    ROW("dais_plugin_cpu_seconds_total", METRICS_COUNTER, cpu,
        "Time that workers and job threads ran code of the plugin"),
    ROW("dais_plugin_calls_total", METRICS_COUNTER, calls,
        "Callbacks begun: requests, tasks, timers, events, services"),
    ROW("dais_plugin_stalls_total", METRICS_COUNTER, stalls,
        "Times the plugin kept its loop longer than limit stall_warn_ms"),
    ROW("dais_plugin_queries_total", METRICS_COUNTER, queries,
        "Statements that the plugin asked for"),
    ROW("dais_plugin_query_seconds_total", METRICS_COUNTER, query_seconds,
        "Time from asking for statements to their answers"),
    ROW("dais_plugin_errors_total", METRICS_COUNTER, errors,
        "Answers of its handlers with status 500 and above, without 503"),
    ROW("dais_plugin_misuses_total", METRICS_COUNTER, misuses, "Calls from the wrong place"),
    ROW("dais_plugin_state_bytes", METRICS_GAUGE, state_bytes,
        "Lasting memory given to the plugin"),
#undef ROW
};

#define ROWS (sizeof rows / sizeof rows[0])

void plugin_metrics_render(struct strbuf *out)
{
    const struct host *host = host_get();
    struct owner_totals totals[HOST_OWNERS_MAX];
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        totals[owner] = owner_totals(owner);
    for (uint32_t i = 0; i < ROWS; i++) {
        const struct metrics_row *row = &rows[i].row;
        strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                    row->kind == METRICS_COUNTER ? "counter" : "gauge");
        for (uint32_t owner = 1; owner < host->owner_count; owner++)
            strbuf_addf(out, "%s{plugin=\"%s\"} %.12g\n", row->name, host->plugins[owner].id,
                        rows[i].read(&host->plugins[owner], &totals[owner]));
    }
}

void plugin_metrics_describe(void (*each)(const struct metrics_row *row, void *context),
                             void *context)
{
    for (uint32_t i = 0; i < ROWS; i++)
        each(&rows[i].row, context);
}
