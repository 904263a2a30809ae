/* SPDX-License-Identifier: MIT */
/*
 * Nanoseconds of the smallest things: "what<TAB>value" lines for bench_micro.py. It is CPU time of
 * the one thread that works, so that what else the machine does counts little.
 */
#include <stdio.h>
#include <time.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "host/abi.h"
#include "host/operations.h"
#include "host/registration.h"
#include "host/state.h"
#include "loop/fiber.h"
#include "loop/mail.h"
#include "loop/worker.h"

#define FIBERS 2000000u
#define SWITCHES 2000000u
#define CALLS 100000000u
#define MARKS 10000000u
#define OPERATIONS 20000000u

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void nothing(void *arg)
{
    (void)arg;
}

static void print_ns(const char *what, uint64_t begin_ns, uint64_t count)
{
    printf("%s\t%.2f\n", what, (double)(cpu_ns() - begin_ns) / (double)count);
}

/** On the worker's own stack: each fiber is entered, ends and gives its stack back. */
static int32_t fibers_measure(void)
{
    const struct fiber_spec spec = {.name = "bench", .fn = nothing};
    uint64_t begin_ns = cpu_ns();
    for (uint32_t i = 0; i < FIBERS; i++) {
        int32_t error = fiber_run(&spec, NULL);
        if (error)
            return error;
    }
    print_ns("fiber start and finish", begin_ns, FIBERS);
    return DAIS_OK;
}

static int32_t on_start(void *context, uint32_t worker)
{
    (void)context;
    (void)worker;
    return fibers_measure();
}

/** Takes results, so that no call is left out. */
static struct dais_arena *volatile sink;

/** As the core calls itself. */
static double direct_call_ns(void)
{
    uint64_t begin_ns = cpu_ns();
    for (uint32_t i = 0; i < CALLS; i++)
        sink = fiber_arena();
    return (double)(cpu_ns() - begin_ns) / CALLS;
}

/** As a plugin calls the core: by its slot, which holds the table, which holds the function. */
static double table_call_ns(void)
{
    const struct dais_mem_v1 *volatile slot = &abi_mem;
    uint64_t begin_ns = cpu_ns();
    for (uint32_t i = 0; i < CALLS; i++)
        sink = slot->arena_self();
    return (double)(cpu_ns() - begin_ns) / CALLS;
}

/** As a callback of a plugin begins and ends: the thread changes hands twice, which is charged. */
static void marks_measure(void)
{
    const struct owner plugin = {.plugin = 1, .generation = 1};
    const struct owner core = {.plugin = OWNER_CORE};
    owner_ledger_use(0, OWNER_THREAD_LOOP);
    uint64_t begin_ns = cpu_ns();
    for (uint32_t i = 0; i < MARKS; i++) {
        owner_set(&plugin);
        owner_account_call(1);
        owner_set(&core);
    }
    print_ns("mark and account of a callback", begin_ns, MARKS);
}

static int32_t calls_measure(void *arg)
{
    (void)arg;
    double direct_ns = direct_call_ns();
    double table_ns = table_call_ns();
    printf("direct call\t%.2f\n", direct_ns);
    printf("call through the ABI, beyond a direct one\t%.2f\n",
           table_ns > direct_ns ? table_ns - direct_ns : 0.0);

    marks_measure();
    uint64_t begin_ns = cpu_ns();
    for (uint32_t i = 0; i < SWITCHES; i++) {
        int32_t error = fiber_yield();
        if (error)
            return error;
    }
    print_ns("fiber yield through the loop", begin_ns, SWITCHES);
    return DAIS_OK;
}

struct thing {
    uint64_t present;
    struct dais_str title;
};

static const struct dais_field fields[] = {
    DAIS_FIELD(struct thing, title, DAIS_KIND_STRING, 0, 0, 0, "a text"),
    DAIS_FIELD_END,
};
static const struct dais_shape shape = DAIS_SHAPE("Thing", struct thing, fields);
static const struct dais_operation operations[] = {{"thing.make", &shape, NULL, "Something"},
                                                   {NULL, NULL, NULL, NULL}};

/** A host with one plugin, which declares an operation. */
static struct generation *operations_declare_one(struct host *host)
{
    host_set(host);
    host->owner_count = 2;
    host->plugins[1].owner = 1;
    struct generation *generation = generation_new(&host->plugins[1]);
    if (!generation)
        return NULL;
    registration_open(generation);
    int32_t error = operations_declare(operations);
    registration_open(NULL);
    operations_rebuild(host);
    return error ? NULL : generation;
}

/** As a plugin does it, around nothing. */
static int32_t operations_measure(void)
{
    struct host *host = mem_zalloc(1, sizeof *host);
    struct generation *generation = host ? operations_declare_one(host) : NULL;
    if (!generation)
        return DAIS_E_MEMORY;
    dais_hooks = &abi_hooks;
    dais_db = &abi_db;
    struct thing thing = {.title = {NULL, 0}};
    int32_t error = DAIS_OK;
    uint64_t begin_ns = cpu_ns();
    for (uint32_t i = 0; i < OPERATIONS && !error; i++) {
        struct dais_operation_run run;
        error = dais_operation_begin(&run, &operations[0], NULL, &thing);
        error = dais_operation_end(&run, error);
    }
    print_ns("operation without hooks", begin_ns, OPERATIONS);
    operations_fini();
    generation_free(generation);
    host_set(NULL);
    mem_free(host);
    return error;
}

int main(void)
{
    limits_reset();
    const struct worker_events events = {.start = on_start};
    if (metrics_init(1) || workers_start(1, &events))
        return 1;
    int32_t error = worker_call(0, calls_measure, NULL);
    if (!error)
        error = operations_measure();
    return workers_stop(1000) || error ? 1 : 0;
}
