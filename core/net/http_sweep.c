/* SPDX-License-Identifier: MIT */
/*
 * The look at all connections that comes every second, for what h2o does not watch: requests that
 * trickle in, answers that trickle out, and clients that leave while their handler works.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include "net/http_inner.h"

#include <poll.h>
#include <sys/socket.h>

#define SWEEP_MS 1000u
/** Held requests asked about with one poll(2). */
#define POLL_COUNT 256u

int http_sweep_fd(const struct http_conn *conn)
{
    uv_os_fd_t fd;
    return uv_fileno((const uv_handle_t *)&conn->tcp, &fd) == 0 ? fd : -1;
}

/* h2o owns the socket, so it is shut down, which h2o notices and closes in order. */
static void cut(struct http_conn *conn)
{
    int fd = http_sweep_fd(conn);
    if (fd >= 0 && shutdown(fd, SHUT_RDWR) == 0)
        http_count(conn->worker->server, HTTP_METRIC_CUT_TOTAL, 1);
}

static uint64_t elapsed_ms(struct timeval since, struct timeval now)
{
    int64_t ms = (int64_t)(now.tv_sec - since.tv_sec) * 1000 + (now.tv_usec - since.tv_usec) / 1000;
    return ms > 0 ? (uint64_t)ms : 0;
}

/* A request that is not complete yet has its time, and longer only while its body keeps coming. */
static void sweep_reading(struct http_worker *worker, h2o_req_t *h2o, struct timeval now)
{
    const struct http_config *config = &worker->server->config;
    h2o_socket_t *sock = h2o->conn->callbacks->get_socket(h2o->conn);
    if (h2o->timestamps.request_begin_at.tv_sec == 0)
        return;
    uint64_t waited_ms = elapsed_ms(h2o->timestamps.request_begin_at, now);
    bool has_head = h2o->timestamps.request_body_begin_at.tv_sec != 0;
    uint64_t owed = waited_ms / 1000 * config->bytes_per_s_min;
    if (waited_ms >= config->request_timeout_ms && (!has_head || sock->input->size < owed))
        cut(http_conn_of(h2o));
}

/* Progress is judged over as long as a request may take. */
static void sweep_sending(struct http_conn *conn, uint64_t now_ms)
{
    uint64_t queued = uv_stream_get_write_queue_size((const uv_stream_t *)&conn->tcp);
    if (queued == 0) {
        conn->checked_ms = 0;
        return;
    }
    const struct http_config *config = &conn->worker->server->config;
    uint64_t least = (uint64_t)config->bytes_per_s_min * config->request_timeout_ms / 1000;
    if (conn->checked_ms != 0 && now_ms - conn->checked_ms < config->request_timeout_ms)
        return;
    if (conn->checked_ms != 0 && conn->checked_queue < queued + least)
        cut(conn);
    conn->checked_ms = now_ms;
    conn->checked_queue = queued;
}

static int sweep_one(h2o_req_t *h2o, void *context)
{
    struct http_worker *worker = context;
    struct timeval now = *h2o_get_timestamp(&worker->h2o, NULL, NULL);
    if (h2o->timestamps.response_start_at.tv_sec != 0)
        sweep_sending(http_conn_of(h2o), clock_tick_ms());
    else if (!h2o->pathconf)
        sweep_reading(worker, h2o, now);
    return 0;
}

static void cancel_gone(struct dais_req **reqs, struct pollfd *polls, uint32_t count)
{
    if (count == 0 || poll(polls, count, 0) <= 0)
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (!(polls[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) || reqs[i]->gone)
            continue;
        reqs[i]->gone = true;
        if (fiber_cancel(reqs[i]->fiber, DAIS_E_CANCELLED) != DAIS_OK)
            reqs[i]->gone = false; /* it ends anyway */
    }
}

/* h2o does not read while a handler works, so only the kernel knows whether the client is there. */
static void sweep_held(struct http_worker *worker)
{
    struct dais_req *reqs[POLL_COUNT];
    struct pollfd polls[POLL_COUNT];
    uint32_t count = 0;
    LIST_EACH (node, &worker->held) {
        reqs[count] = LIST_ITEM(node, struct dais_req, held);
        polls[count] = (struct pollfd){http_sweep_fd(reqs[count]->conn), POLLRDHUP, 0};
        if (++count == POLL_COUNT) {
            cancel_gone(reqs, polls, count);
            count = 0;
        }
    }
    cancel_gone(reqs, polls, count);
}

static void sweep(struct timer *timer)
{
    struct http_worker *worker = CONTAINER_OF(timer, struct http_worker, sweep);
    sweep_held(worker);
    http_detach_sweep(worker);
    H2O_HTTP1_CALLBACKS.foreach_request(&worker->h2o, sweep_one, worker);
}

void http_sweep_start(struct http_worker *worker)
{
    timer_init(&worker->sweep, sweep);
    timer_start_every(&worker->sweep, SWEEP_MS);
}

/* Also those that are half-way through a handshake, which h2o has no list of. */
void http_sweep_all(struct http_worker *worker)
{
    timer_stop(&worker->sweep);
    LIST_EACH (node, &worker->conns) {
        int fd = http_sweep_fd(LIST_ITEM(node, struct http_conn, node));
        if (fd >= 0)
            shutdown(fd, SHUT_RDWR);
    }
}
