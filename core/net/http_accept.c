/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/worker.h"
#include "net/descriptors.h"
#include "net/http_inner.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define BACKLOG 4096

static void accept_next(struct http_listener *listener);

struct http_conn *http_conn_of(h2o_req_t *h2o)
{
    h2o_socket_t *sock = h2o->conn->callbacks->get_socket(h2o->conn);
    return sock->on_close.data;
}

/* A connection ended: one that waits in a listener may come in. */
static void unstall(struct http_worker *worker)
{
    for (uint32_t i = 0; i < worker->server->config.address_count; i++) {
        struct http_listener *listener = &worker->listeners[i];
        if (!listener->stalled || worker->connections >= worker->connections_max)
            continue;
        listener->stalled = false;
        if (!worker->draining)
            accept_next(listener);
    }
}

static void conn_free(struct http_conn *conn)
{
    struct http_worker *worker = conn->worker;
    list_remove(&conn->node);
    list_remove(&conn->written);
    http_client_leave(conn);
    http_lazy_unmark(conn);
    mem_free(conn);
    worker->connections--;
    http_count(worker->server, HTTP_METRIC_CONNECTIONS, -1);
    unstall(worker);
    http_worker_settle(worker);
}

static void on_closed(uv_handle_t *handle)
{
    conn_free(CONTAINER_OF((uv_tcp_t *)handle, struct http_conn, tcp));
}

/* Small answers go out at once; a peer that vanished does not hold its answer for ever. */
static void set_options(struct http_conn *conn)
{
    int timeout_ms = (int)conn->worker->server->config.peer_timeout_ms;
    uv_os_fd_t fd;
    uv_tcp_nodelay(&conn->tcp, 1);
    if (uv_fileno((const uv_handle_t *)&conn->tcp, &fd) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms) != 0)
        LOG_WARN("socket option refused", log_text("option", "TCP_USER_TIMEOUT"));
}

/* A handshake goes on with the certificates that it began with. */
static h2o_accept_ctx_t *context_of(struct http_listener *listener)
{
    struct http_worker *worker = listener->worker;
    if (!listener->secure)
        return &worker->accept;
    worker->accept_secure.ssl_ctx = tls_use_get(&worker->tls, worker->server->config.tls);
    return &worker->accept_secure;
}

/* While descriptors are left for everything else. */
static bool may_stay(const struct http_conn *conn)
{
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&conn->tcp, &fd) != 0 ||
        descriptors_allow(fd, DESCRIPTORS_SHORT))
        return true;
    http_count(conn->worker->server, HTTP_METRIC_REFUSED_TOTAL, 1);
    return false;
}

static void accept_next(struct http_listener *listener)
{
    struct http_worker *worker = listener->worker;
    struct http_conn *conn = mem_zalloc(1, sizeof *conn);
    if (!conn) {
        listener->stalled = true;
        return;
    }
    conn->worker = worker;
    list_push(&worker->conns, &conn->node);
    worker->connections++;
    http_count(worker->server, HTTP_METRIC_CONNECTIONS, 1);
    CHECK(uv_tcp_init(listener->tcp.loop, &conn->tcp) == 0);
    if (uv_accept((uv_stream_t *)&listener->tcp, (uv_stream_t *)&conn->tcp) != 0 ||
        !may_stay(conn) || !http_client_enter(conn)) {
        uv_close((uv_handle_t *)&conn->tcp, on_closed);
        return;
    }
    http_count(worker->server, HTTP_METRIC_CONNECTIONS_TOTAL, 1);
    set_options(conn);
    http_lazy_mark(conn);
    h2o_socket_t *sock = h2o_uv_socket_create((uv_stream_t *)&conn->tcp, on_closed);
    sock->on_close.data = conn;
    h2o_accept(context_of(listener), sock);
}

/* Not accepting while full leaves the others in the kernel's queue; libuv then stops listening. */
static void on_connection(uv_stream_t *stream, int status)
{
    struct http_listener *listener = CONTAINER_OF((uv_tcp_t *)stream, struct http_listener, tcp);
    if (status != 0) {
        LOG_WARN("connection not accepted", log_text("reason", uv_strerror(status)));
        return;
    }
    if (listener->worker->connections >= listener->worker->connections_max)
        listener->stalled = true;
    else
        accept_next(listener);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct http_listener *listener = CONTAINER_OF((uv_tcp_t *)handle, struct http_listener, tcp);
    listener->worker->listening--;
    http_worker_settle(listener->worker);
}

static int32_t listen_on(struct http_worker *worker, uint32_t address)
{
    struct http_server *server = worker->server;
    struct http_listener *listener = &worker->listeners[address];
    int *fd = &server->fds[address * server->config.workers + worker_index()];
    listener->worker = worker;
    listener->secure = http_is_secure(&server->config, address);
    if (uv_tcp_init(worker_uv(), &listener->tcp) != 0)
        return DAIS_E_INTERNAL;
    worker->listening++;
    if (uv_tcp_open(&listener->tcp, *fd) != 0)
        return DAIS_E_INTERNAL;
    *fd = -1; /* the handle closes it */
    return uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection) == 0 ? DAIS_OK
                                                                                 : DAIS_E_INTERNAL;
}

int32_t http_accept_start(struct http_worker *worker)
{
    int32_t code = DAIS_OK;
    for (uint32_t i = 0; code == DAIS_OK && i < worker->server->config.address_count; i++)
        code = listen_on(worker, i);
    return code;
}

void http_accept_stop(struct http_worker *worker)
{
    for (uint32_t i = 0; i < worker->server->config.address_count; i++) {
        uv_handle_t *handle = (uv_handle_t *)&worker->listeners[i].tcp;
        if (worker->listeners[i].worker && !uv_is_closing(handle))
            uv_close(handle, on_listener_closed);
    }
}
