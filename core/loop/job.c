/* SPDX-License-Identifier: MIT */
#include "loop/job.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/owner.h"
#include "loop/fiber.h"
#include "loop/mail.h"
#include "loop/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define THREADS_MAX 256u

const struct job_class job_classes_default[] = {
    {"cpu", 0, 0},
    {"disk", 8, 0},
    {"password", JOB_HALF_OF_CORES, 0}, /* anybody may ask for one, and it fills a core */
    {"mail", 4, 64},    /* waits for others: the limit `job_threads` allows for as many more */
    {"database", 2, 0}, /* so does this: cancelling, and finding its host */
};
const uint32_t job_classes_default_count = sizeof job_classes_default /
                                           sizeof job_classes_default[0];

/* A job lies on the stack of the fiber that waits for it. */
struct job {
    struct mail mail;
    struct list_node queued;
    struct fiber_wait wait;
    struct owner owner;
    uint32_t worker;
    int32_t (*fn)(void *arg);
    void *arg;
    int32_t code;
};

struct class_state {
    struct job_class row;
    struct list waiting;
    uint32_t waiting_count;
    uint32_t running_count;
};

static struct {
    pthread_mutex_t lock; /* of everything below and of queued jobs */
    pthread_cond_t changed;
    struct class_state classes[JOB_CLASSES_MAX];
    uint32_t classes_count;
    uint32_t class_next; /* the class to look at first, so that all get their turn */
    pthread_t threads[THREADS_MAX];
    uint32_t threads_count;
    bool stopping;
    void (*thread_start)(uint32_t index);
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* The next job that may run; NULL: none. Called with the lock held. */
static struct job *take(struct class_state **ret_class)
{
    for (uint32_t i = 0; i < pool.classes_count; i++) {
        struct class_state *class = &pool.classes[(pool.class_next + i) % pool.classes_count];
        if (class->running_count >= class->row.running_max || list_is_empty(&class->waiting))
            continue;
        pool.class_next = (pool.class_next + i + 1) % pool.classes_count;
        class->waiting_count--;
        class->running_count++;
        *ret_class = class;
        return LIST_ITEM(list_pop(&class->waiting), struct job, queued);
    }
    return NULL;
}

static void deliver(struct mail *mail)
{
    fiber_resume(&CONTAINER_OF(mail, struct job, mail)->wait, DAIS_OK);
}

static void work(struct job *job)
{
    const struct owner nobody = {.plugin = OWNER_CORE};
    uint64_t begin_ns = clock_thread_ns();
    owner_set(&job->owner);
    job->code = job->fn(job->arg);
    owner_set(&nobody);
    owner_add(&owner_account(job->owner.plugin)->cpu_ns, clock_thread_ns() - begin_ns);
    job->mail.deliver = deliver;
    mail_post(job->worker, &job->mail); /* the job may be gone from here on */
}

static void *run(void *arg)
{
    uint32_t index = (uint32_t)(uintptr_t)arg;
    char name[16];
    (void)snprintf(name, sizeof name, "job-%u", index);
    (void)pthread_setname_np(pthread_self(), name);
    owner_slot_use(NULL);
    if (pool.thread_start)
        pool.thread_start(index);
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        struct class_state *class;
        struct job *job = take(&class);
        if (!job && pool.stopping)
            break;
        if (!job) {
            pthread_cond_wait(&pool.changed, &pool.lock);
            continue;
        }
        pthread_mutex_unlock(&pool.lock);
        work(job);
        pthread_mutex_lock(&pool.lock);
        class->running_count--;
        if (!list_is_empty(&class->waiting))
            pthread_cond_signal(&pool.changed);
    }
    pthread_mutex_unlock(&pool.lock);
    arena_pool_drain();
    return NULL;
}

static void copy_classes(const struct job_class *classes, uint32_t count)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    for (uint32_t i = 0; i < count; i++) {
        struct class_state *class = &pool.classes[i];
        *class = (struct class_state){.row = classes[i]};
        list_init(&class->waiting);
        if (class->row.running_max == 0)
            class->row.running_max = cores > 0 ? (uint32_t)cores : 1;
        else if (class->row.running_max == JOB_HALF_OF_CORES)
            class->row.running_max = cores > 2 ? (uint32_t)cores / 2 : 1;
        if (class->row.waiting_max == 0)
            class->row.waiting_max = (uint32_t)limit_get(LIMIT_JOB_QUEUE);
    }
    pool.classes_count = count;
    pool.class_next = 0;
}

static void start_threads(uint32_t threads)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, (size_t)limit_get(LIMIT_JOB_STACK_BYTES));
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    sigdelset(&all, SIGTRAP);
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    for (uint32_t i = 0; i < threads; i++) {
        if (pthread_create(&pool.threads[i], &attributes, run, (void *)(uintptr_t)i))
            break;
        pool.threads_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

int32_t jobs_start(uint32_t threads, const struct job_class *classes, uint32_t count,
                   void (*thread_start)(uint32_t index))
{
    if (threads == 0)
        threads = (uint32_t)limit_get(LIMIT_JOB_THREADS);
    if (threads > THREADS_MAX || count == 0 || count > JOB_CLASSES_MAX)
        return DAIS_E_INVALID;
    if (pool.threads_count > 0)
        return DAIS_E_STATE;
    pool.stopping = false;
    pool.thread_start = thread_start;
    copy_classes(classes, count);
    start_threads(threads);
    if (pool.threads_count == threads)
        return DAIS_OK;
    jobs_stop();
    return DAIS_E_MEMORY;
}

void jobs_stop(void)
{
    pthread_mutex_lock(&pool.lock);
    pool.stopping = true;
    pthread_cond_broadcast(&pool.changed);
    pthread_mutex_unlock(&pool.lock);
    for (uint32_t i = 0; i < pool.threads_count; i++)
        pthread_join(pool.threads[i], NULL);
    pool.threads_count = 0;
    pool.classes_count = 0;
}

struct job_counts jobs_count(void)
{
    struct job_counts counts = {0, 0};
    pthread_mutex_lock(&pool.lock);
    for (uint32_t i = 0; i < pool.classes_count; i++) {
        counts.waiting += pool.classes[i].waiting_count;
        counts.running += pool.classes[i].running_count;
    }
    pthread_mutex_unlock(&pool.lock);
    return counts;
}

int32_t job_class_find(struct dais_str name, uint32_t *ret_class)
{
    for (uint32_t i = 0; i < pool.classes_count; i++) {
        if (!dais_str_eq(name, dais_cstr(pool.classes[i].row.name)))
            continue;
        *ret_class = i;
        return DAIS_OK;
    }
    return DAIS_E_NOT_FOUND;
}

static int32_t submit(struct class_state *class, struct job *job)
{
    int32_t code = DAIS_E_LIMIT;
    pthread_mutex_lock(&pool.lock);
    if (pool.stopping) {
        code = DAIS_E_UNAVAILABLE;
    } else if (class->waiting_count < class->row.waiting_max) {
        list_push(&class->waiting, &job->queued);
        class->waiting_count++;
        pthread_cond_signal(&pool.changed);
        code = DAIS_OK;
    }
    pthread_mutex_unlock(&pool.lock);
    return code;
}

/* Whether the job had not begun; it never will then. */
static bool withdraw(struct class_state *class, struct job *job)
{
    pthread_mutex_lock(&pool.lock);
    bool queued = list_is_linked(&job->queued);
    if (queued) {
        list_remove(&job->queued);
        class->waiting_count--;
    }
    pthread_mutex_unlock(&pool.lock);
    return queued;
}

int32_t job_run(uint32_t class_number, int32_t (*fn)(void *arg), void *arg)
{
    if (!fiber_self())
        return DAIS_E_STATE;
    if (class_number >= pool.classes_count)
        return DAIS_E_NOT_FOUND;
    struct class_state *class = &pool.classes[class_number];
    struct job job = {.fn = fn, .arg = arg, .owner = owner_get(), .worker = worker_index()};
    fiber_wait_init(&job.wait);
    int32_t code = submit(class, &job);
    if (code)
        return code;
    code = fiber_suspend(&job.wait, FIBER_FOREVER);
    if (code == DAIS_E_CANCELLED) {
        if (withdraw(class, &job))
            return code;
        /* It runs, with the job on this stack: wait for it whatever happens. */
        fiber_mask();
        code = fiber_suspend(&job.wait, FIBER_FOREVER);
        fiber_unmask();
    }
    CHECK(code == DAIS_OK);
    return job.code;
}
