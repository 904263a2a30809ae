/* SPDX-License-Identifier: MIT */
#include "host/host_worker.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/bus.h"
#include "data/db.h"
#include "host/identity.h"
#include "host/marks.h"
#include "host/periodic.h"
#include "host/realtime.h"
#include "host/state.h"
#include "loop/board.h"
#include "loop/fiber.h"
#include "loop/mail.h"
#include "media/hub.h"
#include "net/tcp.h"

#include <semaphore.h>

struct host_worker *host_worker_self(void)
{
    struct host_worker *self = worker_slot_get(WORKER_SLOT_HOST);
    CHECK(self != NULL);
    return self;
}

int32_t host_worker_start_one(void *arg)
{
    struct generation *generation = arg;
    int32_t none = DAIS_OK;
    if (!generation->descriptor->worker_start)
        return DAIS_OK;
    struct mark mark = mark_enter(generation);
    mark_callback("worker_start");
    int32_t error = generation->descriptor->worker_start(worker_index());
    mark_leave(&mark);
    if (error)
        atomic_compare_exchange_strong(&generation->worker_error, &none, error);
    return DAIS_OK;
}

int32_t host_worker_stop_one(void *arg)
{
    struct generation *generation = arg;
    if (!generation->descriptor->worker_stop)
        return DAIS_OK;
    struct mark mark = mark_enter(generation);
    generation->descriptor->worker_stop(worker_index());
    mark_leave(&mark);
    return DAIS_OK;
}

/** Tells every plugin about this worker; who cannot work here is left out everywhere. */
static void start_plugins(struct host *host)
{
    for (uint32_t i = 0; i < host->order_count; i++) {
        int32_t error = host_worker_start_one(host->order[i]->current);
        CHECK(error == DAIS_OK); /* it is noted with the generation */
    }
}

static int32_t start_layers(struct host_worker *self)
{
    int32_t error = db_worker_start();
    if (!error)
        error = board_worker_start();
    if (!error)
        error = hub_worker_start();
    if (!error)
        error = identity_worker_start(&self->identities);
    if (!error)
        error = realtime_worker_start();
    return error;
}

static int32_t on_start(void *context, uint32_t worker)
{
    struct host *host = context;
    host_use_slot(host, worker);
    struct host_worker *self = mem_zalloc(1, sizeof *self);
    if (!self)
        return DAIS_E_MEMORY;
    list_init(&self->tasks);
    list_init(&self->periodics);
    host->on_workers[worker] = self;
    worker_slot_set(WORKER_SLOT_HOST, self);
    int32_t error = start_layers(self);
    if (!error)
        start_plugins(host);
    return error;
}

/** All generations that have come to the workers, the replaced ones too. */
static void stop_generations(struct plugin *plugin)
{
    for (uint32_t i = 0; i < GENERATIONS_MAX; i++) {
        struct generation *generation = atomic_load(&plugin->live[i]);
        if (!generation || !generation->on_workers)
            continue;
        int32_t error = host_worker_stop_one(generation);
        CHECK(error == DAIS_OK);
    }
}

static void stop_plugins(struct host *host)
{
    for (uint32_t i = host->order_count; i-- > 0;)
        stop_generations(host->order[i]);
}

/** First what calls plugins, then the plugins, then what they use. */
static void on_stop(void *context, uint32_t worker)
{
    struct host *host = context;
    struct host_worker *self = worker_slot_get(WORKER_SLOT_HOST);
    http_worker_stop(host->http);
    tcp_worker_stop(host->tcp);
    realtime_worker_stop();
    hub_worker_stop();
    stop_plugins(host);
    board_worker_stop();
    db_worker_stop();
    if (self) {
        periodic_worker_stop(self);
        identity_worker_stop(self->identities);
        host->on_workers[worker] = NULL;
        worker_slot_set(WORKER_SLOT_HOST, NULL);
        mem_free(self);
    }
}

int32_t host_workers_start(struct host *host)
{
    struct worker_events events = {.start = on_start, .stop = on_stop, .context = host};
    for (uint32_t i = 0; i < host->order_count; i++)
        host->order[i]->current->on_workers = 1;
    return workers_start(host->workers, &events);
}

int32_t host_tasks_cancel(void *unused)
{
    (void)unused;
    LIST_EACH (node, &host_worker_self()->tasks) {
        dais_handle fiber = LIST_ITEM(node, struct host_task, node)->fiber;
        int32_t error = fiber_cancel(fiber, DAIS_E_CANCELLED);
        CHECK(error == DAIS_OK); /* it is in the list as long as it lives */
    }
    return DAIS_OK;
}

/** One piece of work for all workers; lives on the main thread's stack while that waits. */
struct everywhere {
    int32_t (*fn)(void *arg);
    void *arg;
    sem_t done;
    _Atomic int32_t error;
};

struct everywhere_mail {
    struct mail mail;
    struct everywhere *work;
};

static void finish(struct everywhere *work, int32_t error)
{
    int32_t none = DAIS_OK;
    if (error)
        atomic_compare_exchange_strong(&work->error, &none, error);
    sem_post(&work->done);
}

static void run_work(void *arg)
{
    struct everywhere *work = arg;
    finish(work, work->fn(work->arg));
}

static void deliver(struct mail *mail)
{
    struct everywhere *work = CONTAINER_OF(mail, struct everywhere_mail, mail)->work;
    struct fiber_spec spec = {.name = "host", .fn = run_work, .arg = work};
    int32_t error = fiber_spawn(&spec, NULL);
    if (error)
        finish(work, error);
}

int32_t host_everywhere(int32_t (*fn)(void *arg), void *arg)
{
    uint32_t count = worker_count();
    struct everywhere work = {.fn = fn, .arg = arg};
    struct everywhere_mail mails[WORKERS_MAX];
    CHECK(count <= WORKERS_MAX && !worker_self());
    CHECK(sem_init(&work.done, 0, 0) == 0);
    for (uint32_t i = 0; i < count; i++) {
        mails[i] = (struct everywhere_mail){.mail = {.deliver = deliver}, .work = &work};
        mail_post(i, &mails[i].mail);
    }
    for (uint32_t i = 0; i < count; i++)
        while (sem_wait(&work.done) != 0)
            ;
    sem_destroy(&work.done);
    return work.error;
}
