/* SPDX-License-Identifier: MIT */
/* dais.fiber/1: tasks, locks and jobs carry the mark of the plugin that made them. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/owner.h"
#include "host/abi.h"
#include "host/host_worker.h"
#include "host/state.h"
#include "loop/fiber.h"
#include "loop/fiber_lock.h"
#include "loop/job.h"
#include "loop/worker.h"

#include <string.h>

/** Longest key that a plugin may lock, without what the host puts before it. */
#define LOCK_KEY_BYTES_MAX 240u

static void run_task(void *arg)
{
    struct host_task *task = arg;
    task->row->run(task->cookie);
    list_remove(&task->node);
    mem_free(task);
}

static int32_t spawn(const struct dais_task *row, uint64_t cookie, dais_handle *ret_fiber)
{
    if (!worker_self()) {
        host_misuse("fiber.spawn");
        return DAIS_E_STATE;
    }
    if (!row || !row->run || !row->name)
        return DAIS_E_INVALID;
    struct host_task *task = mem_zalloc(1, sizeof *task);
    if (!task)
        return DAIS_E_MEMORY;
    task->row = row;
    task->cookie = cookie;
    struct owner owner = owner_get();
    owner.request = 0;
    owner.callback = owner_callback(row->name);
    task->plugin = owner.plugin;
    task->generation = owner.generation;
    struct fiber_spec spec = {.name = row->name, .fn = run_task, .arg = task, .owner = owner};
    int32_t error = fiber_spawn(&spec, &task->fiber);
    if (error) {
        mem_free(task);
        return error;
    }
    list_push(&host_worker_self()->tasks, &task->node);
    if (ret_fiber)
        *ret_fiber = task->fiber;
    return DAIS_OK;
}

static int32_t cancel(dais_handle fiber)
{
    return fiber_cancel(fiber, DAIS_E_CANCELLED);
}

/** Plugins name their locks without regard to each other, so the key begins with the plugin. */
static int32_t lock(struct dais_str key, struct dais_lock **ret_lock)
{
    char full[sizeof(uint32_t) + LOCK_KEY_BYTES_MAX];
    uint32_t plugin = owner_get().plugin;
    if (key.len > LOCK_KEY_BYTES_MAX)
        return DAIS_E_INVALID;
    memcpy(full, &plugin, sizeof plugin);
    if (key.len)
        memcpy(full + sizeof plugin, key.ptr, key.len);
    return fiber_lock(dais_str(full, sizeof plugin + key.len), FIBER_FOREVER, ret_lock);
}

/** The thread of the pool carries the mark of the fiber that waits. */
static int32_t job(const struct dais_job *row, void *arg)
{
    uint32_t class_number;
    if (!fiber_self()) {
        host_misuse("fiber.job");
        return DAIS_E_STATE;
    }
    if (!row || !row->run || job_class_find(dais_cstr(row->job_class), &class_number) != DAIS_OK)
        return DAIS_E_INVALID;
    return job_run(class_number, row->run, arg);
}

static uint32_t this_worker(void)
{
    return worker_self() ? worker_index() : 0;
}

static uint32_t all_workers(void)
{
    return host_get()->workers;
}

const struct dais_fiber_v1 abi_fiber = {
    .spawn = spawn,
    .sleep = fiber_sleep,
    .park = fiber_park,
    .unpark = fiber_unpark,
    .cancel = cancel,
    .self = fiber_handle,
    .lock = lock,
    .unlock = fiber_unlock,
    .job = job,
    .worker = this_worker,
    .workers = all_workers,
    .now_ms = clock_ms,
    .unix_ms = clock_unix_ms,
};
