/* SPDX-License-Identifier: MIT */
#include "host/attend.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "host/guard.h"
#include "host/retire.h"
#include "host/state.h"
#include "host/watch.h"
#include "loop/fiber.h"
#include "loop/mail.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/** A request of a fiber, on its stack until the answer is there. */
struct request {
    struct request *next;
    struct plugin *plugin;
    char *message;
    int32_t error;
    uint32_t worker;
    struct fiber_wait *wait;
    struct mail mail;
};

/* Those that wait, newest first; taken as a whole. While nobody looks it is this mark. */
static struct request closed;
static _Atomic(struct request *) waiting = &closed;

static bool push(struct request *request)
{
    struct request *head = atomic_load(&waiting);
    do {
        if (head == &closed)
            return false;
        request->next = head;
    } while (!atomic_compare_exchange_weak(&waiting, &head, request));
    return true;
}

/** All that wait, oldest first; from now on the queue is `after`. */
static struct request *take_all(struct request *after)
{
    struct request *newest = atomic_exchange(&waiting, after), *oldest = NULL;
    while (newest && newest != &closed) {
        struct request *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

void attend_wake(struct host *host)
{
    const uint64_t one = 1;
    if (write(host->wake_fd, &one, sizeof one) < 0)
        CHECK(errno == EAGAIN); /* the counter is full: it is awake */
}

/* --- the fiber's side --- */

static void deliver_answer(struct mail *mail)
{
    const struct request *request = CONTAINER_OF(mail, struct request, mail);
    fiber_resume(request->wait, request->error);
}

int32_t reload_request(struct dais_str id, char ret_message[RELOAD_MESSAGE_BYTES])
{
    struct fiber_wait wait;
    struct request request = {.plugin = host_plugin_find(id),
                              .message = ret_message,
                              .worker = worker_index(),
                              .wait = &wait,
                              .mail = {.deliver = deliver_answer}};
    if (!request.plugin) {
        snprintf(ret_message, RELOAD_MESSAGE_BYTES, "no such plugin is enabled");
        return DAIS_E_NOT_FOUND;
    }
    fiber_wait_init(&wait);
    if (!push(&request)) {
        snprintf(ret_message, RELOAD_MESSAGE_BYTES, "the server is starting or stopping");
        return DAIS_E_UNAVAILABLE;
    }
    attend_wake(host_get());
    fiber_mask(); /* the request lies on this stack */
    int32_t error = fiber_suspend(&wait, FIBER_FOREVER);
    fiber_unmask();
    return error;
}

/* --- the main thread's side --- */

static void serve_request(struct host *host, struct request *request)
{
    const struct reload wanted = {.plugin = request->plugin, .begun_us = clock_us()};
    if (atomic_load(&host->stopping)) {
        snprintf(request->message, RELOAD_MESSAGE_BYTES, "the server stops");
        request->error = DAIS_E_UNAVAILABLE;
    } else {
        request->error = reload_run(host, &wanted, request->message);
    }
    mail_post(request->worker, &request->mail);
}

static void serve_requests(struct host *host, struct request *after)
{
    struct request *request = take_all(after);
    while (request) {
        struct request *next = request->next; /* it is gone once it is answered */
        serve_request(host, request);
        request = next;
    }
}

/** The sooner of two times to look again; -1: never. */
static int sooner(int one_ms, int other_ms)
{
    if (one_ms < 0 || other_ms < 0)
        return one_ms < 0 ? other_ms : one_ms;
    return one_ms < other_ms ? one_ms : other_ms;
}

static void wait_for_work(struct host *host, int timeout_ms)
{
    uint64_t count;
    struct pollfd watched[] = {{.fd = host->wake_fd, .events = POLLIN},
                               {.fd = watch_fd(), .events = POLLIN}};
    int ready = poll(watched, sizeof watched / sizeof watched[0], timeout_ms);
    if (ready > 0 && (watched[0].revents & POLLIN) &&
        read(host->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN)
        LOG_ERROR("the main thread's descriptor cannot be read");
}

void attend(struct host *host)
{
    atomic_store(&waiting, NULL);
    watch_open(host);
    while (!atomic_load(&host->stopping)) {
        int again_ms = sooner(retire_run(host), guard_run(host));
        wait_for_work(host, sooner(again_ms, watch_run(host)));
        serve_requests(host, NULL);
    }
    watch_close();
    serve_requests(host, &closed);
}
