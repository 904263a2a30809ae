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

#include <string.h>

/** A row on one worker. */
struct periodic {
    struct list_node node; /* of host_worker.periodics */
    struct timer timer;
    uint32_t plugin;
    const struct dais_timer *row; /* of the newest generation; NULL: it has no such row any more */
    const struct generation *generation;
    const struct dais_timer *fired; /* what its fiber runs, which a reload does not change */
};

/** ± 10 %, so that the tasks of many workers and nodes spread. */
static uint64_t next_delay(const struct dais_timer *row)
{
    uint32_t tenth = row->every_ms / 10;
    return row->every_ms - tenth + random_below(2 * tenth + 1);
}

static void remove_periodic(struct periodic *periodic)
{
    timer_stop(&periodic->timer);
    list_remove(&periodic->node);
    mem_free(periodic);
}

static void arm(struct periodic *periodic)
{
    if (!periodic->row)
        remove_periodic(periodic);
    else if (!host_worker_self()->drained)
        timer_start(&periodic->timer, next_delay(periodic->row));
}

static void run_once(void *arg)
{
    struct periodic *periodic = arg;
    periodic->fired->run();
    arm(periodic);
}

static void fire(struct timer *timer)
{
    struct periodic *periodic = CONTAINER_OF(timer, struct periodic, timer);
    const struct dais_timer *row = periodic->row;
    if (!row) {
        remove_periodic(periodic);
        return;
    }
    struct fiber_spec spec = {
        .name = row->name,
        .fn = run_once,
        .arg = periodic,
        .owner = generation_mark(periodic->generation, owner_callback(row->name))};
    periodic->fired = row; /* the swap may come before the fiber is entered */
    int32_t error = fiber_spawn(&spec, NULL);
    if (!error)
        return;
    LOG_WARN("periodic task skipped", log_text("task", row->name), log_code(error));
    arm(periodic);
}

static int belongs(const struct dais_timer *row, uint32_t worker)
{
    return worker == 0 || (row->flags & DAIS_TIMER_EACH_WORKER);
}

/** The row called `name` of a generation that belongs on `worker`, or NULL. */
static const struct dais_timer *find_row(const struct generation *generation, const char *name,
                                         uint32_t worker)
{
    const struct registration *record = NULL;
    while ((record = registration_next(generation, REGISTRATION_TIMERS, record)) != NULL)
        for (const struct dais_timer *row = record->table; row->name; row++)
            if (strcmp(row->name, name) == 0 && belongs(row, worker))
                return row;
    return NULL;
}

static int is_armed(const struct host_worker *self, uint32_t plugin, const struct dais_timer *row)
{
    LIST_EACH (node, &self->periodics) {
        const struct periodic *periodic = LIST_ITEM(node, struct periodic, node);
        if (periodic->plugin == plugin && periodic->row == row)
            return 1;
    }
    return 0;
}

static int32_t add(struct host_worker *self, const struct generation *generation,
                   const struct dais_timer *row)
{
    struct periodic *periodic = mem_zalloc(1, sizeof *periodic);
    if (!periodic)
        return DAIS_E_MEMORY;
    periodic->plugin = generation->plugin->owner;
    periodic->row = row;
    periodic->generation = generation;
    timer_init(&periodic->timer, fire);
    list_push(&self->periodics, &periodic->node);
    arm(periodic);
    return DAIS_OK;
}

static int32_t add_missing(struct host_worker *self, const struct generation *generation)
{
    int32_t error = DAIS_OK;
    const struct registration *record = NULL;
    while ((record = registration_next(generation, REGISTRATION_TIMERS, record)) != NULL)
        for (const struct dais_timer *row = record->table; !error && row->name; row++)
            if (belongs(row, worker_index()) && !is_armed(self, generation->plugin->owner, row))
                error = add(self, generation, row);
    return error;
}

int32_t periodic_worker_start(void *unused)
{
    (void)unused;
    struct host *host = host_get();
    int32_t error = DAIS_OK;
    for (uint32_t i = 0; i < host->order_count && !error; i++)
        if (atomic_load(&host->order[i]->state) == PLUGIN_STARTED)
            error = add_missing(host_worker_self(), host->order[i]->current);
    return error;
}

void periodic_retarget(struct host *host, const struct generation *generation)
{
    for (uint32_t worker = 0; worker < host->workers; worker++) {
        struct host_worker *self = host->on_workers[worker];
        LIST_EACH (node, &self->periodics) {
            struct periodic *periodic = LIST_ITEM(node, struct periodic, node);
            if (periodic->plugin != generation->plugin->owner || !periodic->row)
                continue;
            periodic->row = find_row(generation, periodic->row->name, worker);
            periodic->generation = generation;
        }
    }
}

int32_t periodic_worker_drain(void *unused)
{
    (void)unused;
    struct host_worker *self = host_worker_self();
    self->drained = 1;
    LIST_EACH (node, &self->periodics)
        timer_stop(&LIST_ITEM(node, struct periodic, node)->timer);
    return DAIS_OK;
}

void periodic_worker_stop(struct host_worker *self)
{
    LIST_EACH (node, &self->periodics)
        remove_periodic(LIST_ITEM(node, struct periodic, node));
}

static int32_t every(const struct dais_timer *table)
{
    struct generation *generation = registration_check("timers.every");
    if (!generation)
        return DAIS_E_STATE;
    for (const struct dais_timer *row = table; row->name; row++)
        if (!row->run || row->every_ms == 0)
            return registration_refuse(generation, DAIS_E_INVALID, "the timer '%s' is not complete",
                                       row->name);
    return registration_add(generation, REGISTRATION_TIMERS, table, dais_str(NULL, 0));
}

const struct dais_timers_v1 abi_timers = {.every = every};
