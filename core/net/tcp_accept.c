/* SPDX-License-Identifier: MIT */
#include "base/log.h"
#include "net/descriptors.h"
#include "net/tcp_inner.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/** Connections taken in one turn, so that a flood does not keep the others waiting. */
#define BURST_MAX 32u
/** Pause after the process ran out of descriptors. */
#define RETRY_MS 100u

static void set_options(const struct tcp_acceptor *acceptor, int fd)
{
    int one = 1;
    unsigned timeout_ms = acceptor->worker->server->config.peer_timeout_ms;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms) != 0)
        LOG_WARN("socket option refused", log_int("errno", errno));
}

static void pause_accepting(struct tcp_acceptor *acceptor, int error)
{
    LOG_WARN("connection not accepted", log_text("listener", acceptor->row->name),
             log_int("errno", error));
    poll_set(acceptor->poll, 0);
    timer_start(&acceptor->retry, RETRY_MS);
}

/* Whether there may be another one at once. */
static bool accept_one(struct tcp_acceptor *acceptor)
{
    int fd = accept4(acceptor->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0 && !descriptors_allow(fd, DESCRIPTORS_SHORT)) {
        close(fd);
        return true;
    }
    if (fd >= 0) {
        set_options(acceptor, fd);
        tcp_conn_start(acceptor, fd);
        return true;
    }
    int error = errno; /* writing the log may change it */
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM)
        pause_accepting(acceptor, error);
    return error == ECONNABORTED || error == EINTR;
}

static void on_acceptable(void *arg, uint32_t events)
{
    struct tcp_acceptor *acceptor = arg;
    (void)events;
    if (acceptor->row->gone) {
        tcp_accept_stop(acceptor); /* this worker has not heard of it yet */
        return;
    }
    for (uint32_t i = 0; i < BURST_MAX; i++) {
        if (acceptor->connections >= acceptor->row->listener->connections_max) {
            poll_set(acceptor->poll, 0); /* more wait in the backlog */
            return;
        }
        if (!accept_one(acceptor))
            return;
    }
}

void tcp_accept_again(struct tcp_acceptor *acceptor)
{
    if (acceptor->poll && !timer_is_armed(&acceptor->retry))
        poll_set(acceptor->poll, POLL_READABLE);
}

static void on_retry(struct timer *timer)
{
    tcp_accept_again(CONTAINER_OF(timer, struct tcp_acceptor, retry));
}

int32_t tcp_accept_start(struct tcp_worker *worker, uint32_t index)
{
    struct tcp_acceptor *acceptor = &worker->acceptors[index];
    struct tcp_row *row = &worker->server->rows[index];
    acceptor->worker = worker;
    acceptor->row = row;
    acceptor->fd = row->fds[worker_index()];
    row->fds[worker_index()] = -1;
    timer_init(&acceptor->retry, on_retry);
    int32_t code = poll_open(acceptor->fd, on_acceptable, acceptor, &acceptor->poll);
    if (code == DAIS_OK) {
        poll_set(acceptor->poll, POLL_READABLE);
        return DAIS_OK;
    }
    close(acceptor->fd);
    atomic_fetch_sub(&row->users, 1);
    return code;
}

void tcp_accept_stop(struct tcp_acceptor *acceptor)
{
    if (!acceptor->poll)
        return;
    timer_stop(&acceptor->retry);
    poll_close(acceptor->poll);
    acceptor->poll = NULL;
    close(acceptor->fd);
    atomic_fetch_sub(&acceptor->row->users, 1);
}
