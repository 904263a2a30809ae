/* SPDX-License-Identifier: MIT */
#include "host/guard.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "data/db.h"
#include "host/reload.h"
#include "host/state.h"

#include <stdio.h>

#define LOOK_MS 250
/** Errors are counted over so many looks. */
#define WINDOW_LOOKS 4u

static int is_guarded(const struct plugin *plugin, uint64_t now_ms)
{
    const struct generation *generation = plugin->current;
    return generation && generation->swapped_ms && *generation->former &&
           atomic_load(&plugin->state) == PLUGIN_STARTED &&
           now_ms - generation->swapped_ms < (uint64_t)limit_get(LIMIT_RELOAD_GUARD_MS);
}

/** Errors within the last second. Those of a database that is away are nobody's fault. */
static uint64_t count_errors(struct generation *generation)
{
    uint64_t errors = atomic_load_explicit(&generation->http.errors, memory_order_relaxed);
    uint64_t *window = generation->errors_seen;
    if (!db_available() && host_get()->options.database)
        window[0] = window[1] = window[2] = window[3] = errors;
    uint64_t burst = errors - window[WINDOW_LOOKS - 1];
    for (uint32_t i = WINDOW_LOOKS - 1; i > 0; i--)
        window[i] = window[i - 1];
    window[0] = errors;
    return burst;
}

/** The file before is loaded again, as a generation of its own that is not guarded. */
static void go_back(struct host *host, struct plugin *plugin, uint64_t errors)
{
    char path[HOST_PAGE_PATH_BYTES], note[PLUGIN_REASON_BYTES_MAX], message[RELOAD_MESSAGE_BYTES];
    struct generation *failing = plugin->current;
    snprintf(path, sizeof path, "%s", failing->former);
    snprintf(note, sizeof note,
             "the former code serves again: generation %u (build %.12s) failed %llu times within a "
             "second",
             failing->number, failing->build_id, (unsigned long long)errors);
    *failing->former = '\0'; /* once is enough, whatever comes of it */
    LOG_WARN("new code fails, the former one comes back", log_text("id", plugin->id),
             log_uint("generation", failing->number), log_uint("errors", errors));
    const struct reload wanted = {
        .plugin = plugin, .path = path, .note = note, .begun_us = clock_us()};
    int32_t error = reload_run(host, &wanted, message);
    if (error)
        LOG_ERROR("the former code cannot be loaded", log_text("id", plugin->id),
                  log_text("reason", message));
}

int guard_run(struct host *host)
{
    static uint64_t looked_ms;
    uint64_t now_ms = clock_ms(), limit = (uint64_t)limit_get(LIMIT_RELOAD_ERRORS);
    int look = now_ms - looked_ms >= LOOK_MS, guarded = 0;
    if (look)
        looked_ms = now_ms;
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        struct plugin *plugin = &host->plugins[owner];
        if (limit == 0 || !is_guarded(plugin, now_ms))
            continue;
        guarded = 1;
        uint64_t errors = look ? count_errors(plugin->current) : 0;
        if (errors >= limit)
            go_back(host, plugin, errors);
    }
    return guarded ? LOOK_MS : -1;
}
