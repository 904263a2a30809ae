/* SPDX-License-Identifier: MIT */
#include "host/periodic.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "host/abi.h"
#include "host/host_worker.h"
#include "host/marks.h"
#include "host/registration.h"
#include "host/state.h"
#include "loop/fiber.h"
#include "loop/timer.h"
#include "loop/worker.h"

/** A row on one worker. */
struct periodic {
    struct timer timer;
    const struct dais_timer *row;
    const struct plugin *plugin;
    uint8_t drained; /* no further run */
};

/** ± 10 %, so that the tasks of many workers and nodes spread. */
static uint64_t next_delay(const struct dais_timer *row)
{
    uint32_t tenth = row->every_ms / 10;
    return row->every_ms - tenth + random_below(2 * tenth + 1);
}

static void arm(struct periodic *periodic)
{
    if (!periodic->drained)
        timer_start(&periodic->timer, next_delay(periodic->row));
}

static void run_once(void *arg)
{
    struct periodic *periodic = arg;
    periodic->row->run();
    arm(periodic);
}

static void fire(struct timer *timer)
{
    struct periodic *periodic = CONTAINER_OF(timer, struct periodic, timer);
    struct fiber_spec spec = {.name = periodic->row->name,
                              .fn = run_once,
                              .arg = periodic,
                              .owner = plugin_mark(periodic->plugin, 0)};
    int32_t error = fiber_spawn(&spec, NULL);
    if (!error)
        return;
    LOG_WARN("periodic task skipped", log_text("task", periodic->row->name), log_code(error));
    arm(periodic);
}

static int is_here(const struct dais_timer *row)
{
    return worker_index() == 0 || (row->flags & DAIS_TIMER_EACH_WORKER);
}

/** The rows of one table that belong here; without `ret_periodics` they are only counted. */
static uint32_t collect_table(const struct plugin *plugin, const struct dais_timer *table,
                              struct periodic *ret_periodics)
{
    uint32_t count = 0;
    for (const struct dais_timer *row = table; row->name; row++) {
        if (!is_here(row))
            continue;
        if (ret_periodics)
            ret_periodics[count] = (struct periodic){.row = row, .plugin = plugin};
        count++;
    }
    return count;
}

/** As collect_table, for all plugins that have started. */
static uint32_t collect(struct host *host, struct periodic *ret_periodics)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < host->order_count; i++) {
        const struct plugin *plugin = host->order[i];
        const struct registration *record = NULL;
        if (atomic_load(&plugin->state) != PLUGIN_STARTED)
            continue;
        while ((record = registration_next(plugin, REGISTRATION_TIMERS, record)) != NULL)
            count += collect_table(plugin, record->table,
                                   ret_periodics ? ret_periodics + count : NULL);
    }
    return count;
}

int32_t periodic_worker_start(void *unused)
{
    (void)unused;
    struct host *host = host_get();
    struct host_worker *self = host_worker_self();
    uint32_t count = collect(host, NULL);
    if (count == 0)
        return DAIS_OK;
    self->periodics = mem_zalloc(count, sizeof *self->periodics);
    if (!self->periodics)
        return DAIS_E_MEMORY;
    self->periodic_count = collect(host, self->periodics);
    for (uint32_t i = 0; i < count; i++) {
        timer_init(&self->periodics[i].timer, fire);
        arm(&self->periodics[i]);
    }
    return DAIS_OK;
}

int32_t periodic_worker_drain(void *unused)
{
    (void)unused;
    struct host_worker *self = host_worker_self();
    for (uint32_t i = 0; i < self->periodic_count; i++) {
        self->periodics[i].drained = 1;
        timer_stop(&self->periodics[i].timer);
    }
    return DAIS_OK;
}

void periodic_worker_stop(struct host_worker *self)
{
    for (uint32_t i = 0; i < self->periodic_count; i++)
        timer_stop(&self->periodics[i].timer);
    mem_free(self->periodics);
    self->periodics = NULL;
    self->periodic_count = 0;
}

static int32_t every(const struct dais_timer *table)
{
    struct plugin *plugin = registration_check("timers.every");
    if (!plugin)
        return DAIS_E_STATE;
    for (const struct dais_timer *row = table; row->name; row++)
        if (!row->run || row->every_ms == 0)
            return registration_refuse(plugin, DAIS_E_INVALID, "the timer '%s' is not complete",
                                       row->name);
    return registration_add(plugin, REGISTRATION_TIMERS, table, dais_str(NULL, 0));
}

const struct dais_timers_v1 abi_timers = {.every = every};
