/* SPDX-License-Identifier: MIT */
/*
 * A worker is asked by mail and waits inside its delivery, which is a safe point by nature. Rounds
 * are numbered: who arrives waits until the number has changed, and a request that comes to a
 * worker behind the end of its round finds no round open and is over at once. One that is still on
 * its way when the next round begins serves for that one.
 */
#include "loop/park.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/owner.h"
#include "loop/worker_state.h"

#include <time.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t arrived;  /* the main thread waits for it */
    pthread_cond_t released; /* the workers wait for it */
    uint64_t round;
    uint32_t count; /* of workers that have arrived in this round */
    bool open;      /* who comes now stops */
} park = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .arrived = PTHREAD_COND_INITIALIZER,
    .released = PTHREAD_COND_INITIALIZER,
};

static void wait_for_release(void)
{
    pthread_mutex_lock(&park.lock);
    if (park.open) {
        uint64_t round = park.round;
        park.count++;
        pthread_cond_signal(&park.arrived);
        while (park.round == round)
            pthread_cond_wait(&park.released, &park.lock);
    }
    pthread_mutex_unlock(&park.lock);
}

/** A thread that waits here does not stall, however long the round takes. */
static void deliver(struct mail *mail)
{
    struct worker *worker = CONTAINER_OF(mail, struct worker, park);
    atomic_store(&worker->park_asked, false);
    owner_asleep();
    wait_for_release();
    clock_tick_expire();
    owner_awake();
}

static void open_round(void)
{
    pthread_mutex_lock(&park.lock);
    park.count = 0;
    park.open = true;
    pthread_mutex_unlock(&park.lock);
    for (uint32_t i = 0; i < worker_count(); i++) {
        struct worker *worker = worker_at(i);
        if (atomic_exchange(&worker->park_asked, true))
            continue; /* of a round that ended without it; it is on its way */
        worker->park.deliver = deliver;
        mail_post(i, &worker->park);
    }
}

/** The workers that have arrived go on. */
static void end_round(void)
{
    park.open = false;
    park.round++;
    pthread_cond_broadcast(&park.released);
}

static struct timespec time_after(uint64_t timeout_ms)
{
    uint64_t until_ns = clock_ns() + timeout_ms * 1000000;
    return (struct timespec){(time_t)(until_ns / 1000000000), (long)(until_ns % 1000000000)};
}

int32_t workers_park(void (*fn)(void *arg), void *arg, uint64_t timeout_ms)
{
    CHECK(!worker_current && worker_count() > 0 && !park.open);
    const struct timespec until = time_after(timeout_ms);
    int failed = 0;
    open_round();
    pthread_mutex_lock(&park.lock);
    while (park.count < worker_count() && failed == 0)
        failed = pthread_cond_clockwait(&park.arrived, &park.lock, CLOCK_MONOTONIC, &until);
    bool all = park.count == worker_count();
    if (all)
        fn(arg);
    end_round();
    pthread_mutex_unlock(&park.lock);
    return all ? DAIS_OK : DAIS_E_TIMEOUT;
}
