/* SPDX-License-Identifier: MIT */
/*
 * The end of a connection whose client still writes.
 *
 * A refusal goes out before the whole request came in. Closing then makes the kernel answer what
 * still comes with a reset, which takes the refusal away from a client that has not read it yet. So
 * (RFC 9112 §9.6) only the sending side ends at once; what comes is thrown away until the client
 * ends too, or is not worth more time. libh2o closes through uv_close, found here first as in
 * http_lazy.c; with TLS its close_notify is out by then.
 */
#include "base/check.h"
#include "net/http_inner.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>

/** Thrown away with one call, and calls in one turn of the loop. */
#define PIECE_BYTES 8192u
#define PIECES_MAX 32u

typedef void (*close_fn)(uv_handle_t *, uv_close_cb);

static close_fn real_close;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_real(void)
{
    *(void **)&real_close = dlsym(RTLD_NEXT, "uv_close");
    CHECK(real_close);
}

static void end(struct http_conn *conn)
{
    timer_stop(&conn->linger);
    real_close((uv_handle_t *)&conn->tcp, conn->close_cb);
}

static void on_time(struct timer *timer)
{
    end(CONTAINER_OF(timer, struct http_conn, linger));
}

/* Without a buffer libuv leaves the input to on_input. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(NULL, 0);
}

/* False: the client has ended, or has written more than is listened to. */
static bool discard(struct http_conn *conn, int fd)
{
    char piece[PIECE_BYTES];
    for (uint32_t i = 0; i < PIECES_MAX; i++) {
        ssize_t len = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
        if (len < 0)
            return errno == EAGAIN || errno == EINTR;
        if (len == 0 || (uint64_t)len > conn->linger_left)
            return false;
        conn->linger_left -= (uint64_t)len;
    }
    return true;
}

static void on_input(uv_stream_t *stream, ssize_t status, const uv_buf_t *buf)
{
    struct http_conn *conn = CONTAINER_OF((uv_tcp_t *)stream, struct http_conn, tcp);
    uv_os_fd_t fd;
    (void)buf;
    if (status != UV_ENOBUFS || uv_fileno((const uv_handle_t *)stream, &fd) != 0 ||
        !discard(conn, fd))
        end(conn);
}

/* False: there is nothing to wait for. */
static bool begin(struct http_conn *conn)
{
    const struct http_worker *worker = conn->worker;
    uv_os_fd_t fd;
    if (!conn->refused || worker->stopping || uv_fileno((uv_handle_t *)&conn->tcp, &fd) != 0 ||
        shutdown(fd, SHUT_WR) != 0)
        return false;
    if (uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_input) != 0)
        return false;
    conn->linger_left = worker->server->linger_bytes;
    timer_init(&conn->linger, on_time);
    timer_start(&conn->linger, worker->server->linger_ms);
    return true;
}

/* libh2o forgets a connection that it closes until the callback, so there may be time between. */
void uv_close(uv_handle_t *handle, uv_close_cb close_cb)
{
    struct http_conn *conn = http_lazy_conn(handle);
    CHECK(pthread_once(&once, find_real) == 0);
    if (conn) {
        conn->close_cb = close_cb;
        if (begin(conn))
            return;
    }
    real_close(handle, close_cb);
}
