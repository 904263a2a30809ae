/* SPDX-License-Identifier: MIT */
#include "host/retire.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "host/activate.h"
#include "host/host_worker.h"
#include "host/operations.h"
#include "host/plugin_life.h"
#include "host/registration.h"
#include "host/state.h"
#include "loop/fiber.h"
#include "loop/park.h"
#include "media/hub.h"

#include <stdio.h>

/** What is under way on the workers for one generation. */
struct census {
    const struct generation *generation;
    uint8_t cancel; /* its tasks are asked to end */
    _Atomic uint32_t fibers;
    _Atomic uint32_t tasks; /* those of the fibers that plugins spawned */
};

static int32_t count_here(void *arg)
{
    struct census *census = arg;
    uint32_t plugin = census->generation->plugin->owner, number = census->generation->number;
    LIST_EACH (node, &host_worker_self()->tasks) {
        const struct host_task *task = LIST_ITEM(node, struct host_task, node);
        if (task->plugin != plugin || task->generation != number)
            continue;
        atomic_fetch_add(&census->tasks, 1);
        int32_t error = census->cancel ? fiber_cancel(task->fiber, DAIS_E_CANCELLED) : DAIS_OK;
        (void)error; /* it is in the list as long as it lives */
    }
    atomic_fetch_add(&census->fibers, fiber_count_owner(plugin, number));
    return DAIS_OK;
}

/** Counts fibers and tasks; where that fails, something seems to be under way. */
static void take_census(struct census *census)
{
    atomic_store(&census->fibers, 0);
    atomic_store(&census->tasks, 0);
    if (host_everywhere(count_here, census) != DAIS_OK)
        atomic_fetch_add(&census->fibers, 1);
}

static uint32_t count_streams(const struct generation *generation)
{
    uint32_t count = 0;
    const struct registration *record = NULL;
    while ((record = registration_next(generation, REGISTRATION_OBSERVER, record)) != NULL)
        count += hub_observed(record->table);
    return count;
}

/** What is under way, in words; NULL: nothing but tasks, whose number is given. */
static const char *find_holder(struct host *host, const struct generation *generation,
                               uint32_t *ret_tasks)
{
    struct census census = {.generation = generation};
    *ret_tasks = 0;
    if (http_owner_in_use(host->http, &generation->http))
        return "requests";
    if (generation_calls(generation) > 0)
        return "calls of other plugins";
    if (count_streams(generation) > 0)
        return "live streams";
    take_census(&census);
    *ret_tasks = census.tasks;
    return census.fibers > census.tasks ? "connections" : NULL;
}

/** Background tasks have their time; then they are cancelled. Gives whether none is left. */
static int end_tasks(struct generation *generation, uint32_t tasks)
{
    if (tasks == 0)
        return 1;
    if (generation->tasks_until_ms == 0)
        generation->tasks_until_ms = clock_ms() + (uint64_t)limit_get(LIMIT_RELOAD_TASKS_MS);
    if (clock_ms() < generation->tasks_until_ms)
        return 0;
    struct census census = {.generation = generation, .cancel = 1};
    take_census(&census);
    return 0;
}

static int32_t run_stop(void *generation)
{
    fiber_deadline_set(PLUGIN_LIFE_WAIT_MS);
    plugin_life_stop_one(generation);
    return DAIS_OK;
}

/** Runs what is due before the memory may go. */
static void say_goodbye(struct generation *generation)
{
    const char *id = generation->plugin->id;
    if (generation->has_started && worker_call(0, run_stop, generation) != DAIS_OK)
        LOG_WARN("a generation could not be stopped", log_text("id", id));
    if (!generation->on_workers)
        return;
    generation->on_workers = 0;
    if (host_everywhere(host_worker_stop_one, generation) != DAIS_OK)
        LOG_WARN("a generation did not leave every worker", log_text("id", id));
}

static int is_held(struct host *host, struct generation *generation)
{
    uint32_t tasks;
    return find_holder(host, generation, &tasks) || !end_tasks(generation, tasks);
}

/** Nothing may lead to it any more: not its tables, and not the hooks of others. */
static void drop(void *arg)
{
    struct generation *generation = arg;
    activate_drop(generation);
    atomic_store(&generation->plugin->live[generation->number % GENERATIONS_MAX], NULL);
    operations_rebuild(host_get());
}

/** Ends one generation, unless something holds it, also something that its `stop` began. */
static void try_end(struct host *host, struct generation *generation)
{
    if (is_held(host, generation))
        return;
    say_goodbye(generation);
    if (generation->has_started || is_held(host, generation)) /* no fiber could be had for `stop` */
        return;
    if (workers_park(drop, generation, (uint64_t)limit_get(LIMIT_RELOAD_PARK_MS)) != DAIS_OK)
        return;
    plugin_life_fini_one(generation);
    LOG_INFO("generation ended", log_text("id", generation->plugin->id),
             log_uint("generation", generation->number));
    generation_free(generation);
    host->retiring--;
}

void retire(struct host *host, struct generation *generation)
{
    generation->retiring = 1;
    host->retiring++;
}

int retire_run(struct host *host)
{
    for (uint32_t owner = 1; owner < host->owner_count && host->retiring > 0; owner++)
        for (uint32_t i = 0; i < GENERATIONS_MAX; i++) {
            struct generation *generation = atomic_load(&host->plugins[owner].live[i]);
            if (generation && generation->retiring)
                try_end(host, generation);
        }
    return host->retiring > 0 ? RETIRE_LOOK_MS : -1;
}

void retire_holder(struct host *host, const struct plugin *plugin, char *ret_text, uint32_t bytes)
{
    const struct generation *oldest = NULL;
    uint32_t tasks = 0;
    for (uint32_t i = 0; i < GENERATIONS_MAX; i++) {
        const struct generation *generation = atomic_load(&plugin->live[i]);
        if (generation && generation != plugin->current &&
            (!oldest || generation->number < oldest->number))
            oldest = generation;
    }
    const char *holder = oldest ? find_holder(host, oldest, &tasks) : NULL;
    if (!oldest)
        snprintf(ret_text, bytes, "nothing was replaced");
    else
        snprintf(ret_text, bytes, "generation %u is held by %s", oldest->number,
                 holder      ? holder
                 : tasks > 0 ? "background tasks"
                             : "its end, which is under way");
}
