/* SPDX-License-Identifier: MIT */
/*
 * Requests that wait without a fiber.
 *
 * They stand in a list of their worker. libh2o keeps a request as long as it is not answered and
 * does not read from its connection meanwhile, so nothing ends one but what happens here.
 */
#include "net/http_inner.h"

#include <poll.h>

/** Requests asked about with one poll(2). */
#define POLL_COUNT 256u

int32_t http_detach(struct dais_req *req, http_gone_fn gone, void *context)
{
    if (!req->running || req->due != HTTP_DUE_NOW || req->answer.status != 0) {
        http_count(req->worker->server, HTTP_METRIC_MISUSE, 1);
        return DAIS_E_STATE;
    }
    if (req->worker->draining)
        return DAIS_E_UNAVAILABLE;
    req->due = HTTP_DUE_LATER;
    req->gone_fn = gone;
    req->gone_context = context;
    return DAIS_OK;
}

void http_detach_take(struct dais_req *req)
{
    if (req->due == HTTP_DUE_LATER && !req->running) {
        list_remove(&req->held);
        http_count(req->worker->server, HTTP_METRIC_DETACHED, -1);
    }
    req->due = HTTP_DUE_NOW;
}

/* Takes a request that waits away from who detached it, and answers it. */
static void end(struct dais_req *req, int32_t error, const char *detail)
{
    http_detach_take(req);
    req->gone_fn(req, req->gone_context);
    req->gone = true; /* nothing more is heard on this connection */
    http_problem_set(req, error, NULL, detail);
    http_send(req);
}

static void end_for_stop(struct dais_req *req)
{
    end(req, DAIS_E_UNAVAILABLE, "the server stops");
}

bool http_detach_due(struct dais_req *req)
{
    if (req->due == HTTP_DUE_FINISHED)
        req->due = HTTP_DUE_NOW;
    if (req->due != HTTP_DUE_LATER)
        return req->due == HTTP_DUE_NOW;
    list_push(&req->worker->detached, &req->held);
    http_count(req->worker->server, HTTP_METRIC_DETACHED, 1);
    if (req->worker->draining) /* since it was detached */
        end_for_stop(req);
    return false;
}

void http_finish(struct dais_req *req)
{
    CHECK_MSG(req->due == HTTP_DUE_LATER, "this request does not wait");
    if (req->running) {
        req->due = HTTP_DUE_FINISHED;
        return;
    }
    http_detach_take(req);
    http_send(req);
}

static bool has_left(const struct pollfd *polled)
{
    return (polled->revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool http_detached_left(const struct dais_req *req)
{
    struct pollfd polled = {http_sweep_fd(req->conn), POLLRDHUP, 0};
    return polled.fd < 0 || (poll(&polled, 1, 0) > 0 && has_left(&polled));
}

static void ask(struct dais_req **reqs, struct pollfd *polls, uint32_t count)
{
    if (count == 0 || poll(polls, count, 0) <= 0)
        return;
    for (uint32_t i = 0; i < count; i++)
        reqs[i]->left = has_left(&polls[i]);
}

static void ask_all(struct http_worker *worker)
{
    struct dais_req *reqs[POLL_COUNT];
    struct pollfd polls[POLL_COUNT];
    uint32_t count = 0;
    LIST_EACH (node, &worker->detached) {
        reqs[count] = LIST_ITEM(node, struct dais_req, held);
        polls[count] = (struct pollfd){http_sweep_fd(reqs[count]->conn), POLLRDHUP, 0};
        if (++count == POLL_COUNT) {
            ask(reqs, polls, count);
            count = 0;
        }
    }
    ask(reqs, polls, count);
}

/* Whoever is told may finish others, which then leave the list they are in. */
void http_detach_sweep(struct http_worker *worker)
{
    struct list asked;
    ask_all(worker);
    list_init(&asked);
    list_append(&asked, &worker->detached);
    for (struct list_node *node; (node = list_first(&asked));) {
        struct dais_req *req = LIST_ITEM(node, struct dais_req, held);
        if (req->left) {
            end(req, DAIS_E_CANCELLED, NULL);
        } else {
            list_remove(node);
            list_push(&worker->detached, node);
        }
    }
}

void http_detach_drain(struct http_worker *worker)
{
    for (struct list_node *node; (node = list_first(&worker->detached));)
        end_for_stop(LIST_ITEM(node, struct dais_req, held));
}
