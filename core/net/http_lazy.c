/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing with two system calls for each request instead of four.
 *
 * h2o stops reading after each request and starts again after each answer, and libuv looks at the
 * watch after each write; together that is two calls of epoll_ctl for nothing. libh2o reaches
 * uv_read_stop, uv_read_start and uv_write through the symbol table, so the definitions here come
 * first. For connections of ours stopping is a flag, and libuv is told only when input or the
 * peer's end shows up meanwhile; and what the socket takes at once is written past libuv's queue,
 * with the callback as always in the next turn. All other streams pass through.
 *
 * The same place guards against mistakes of h2o 2.2.5 over libuv with TLS, see on_read, is_broken
 * and uv_write.
 */
#include "base/check.h"
#include "net/http_inner.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>

typedef int (*read_start_fn)(uv_stream_t *, uv_alloc_cb, uv_read_cb);
typedef int (*read_stop_fn)(uv_stream_t *);
typedef int (*write_fn)(uv_write_t *, uv_stream_t *, const uv_buf_t *, unsigned, uv_write_cb);

/** Pieces of an answer that are tried at once; h2o makes one or two. */
#define PIECES_MAX 8u

static read_start_fn real_start;
static read_stop_fn real_stop;
static write_fn real_write;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char mark;

static void find_real(void)
{
    *(void **)&real_start = dlsym(RTLD_NEXT, "uv_read_start");
    *(void **)&real_stop = dlsym(RTLD_NEXT, "uv_read_stop");
    *(void **)&real_write = dlsym(RTLD_NEXT, "uv_write");
    CHECK(real_start && real_stop && real_write);
}

void http_lazy_setup(void)
{
    pthread_once(&once, find_real);
}

void http_lazy_mark(struct http_conn *conn)
{
    conn->tcp.u.reserved[3] = (void *)(uintptr_t)&mark;
}

void http_lazy_unmark(struct http_conn *conn)
{
    conn->tcp.u.reserved[3] = NULL;
}

struct http_conn *http_lazy_conn(uv_handle_t *handle)
{
    return handle->u.reserved[3] == (const void *)&mark
               ? CONTAINER_OF((uv_tcp_t *)handle, struct http_conn, tcp)
               : NULL;
}

static struct http_conn *conn_of(uv_stream_t *stream)
{
    return http_lazy_conn((uv_handle_t *)stream);
}

/* No buffer makes libuv leave the input where it is and report UV_ENOBUFS. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct http_conn *conn = conn_of((uv_stream_t *)handle);
    if (conn->read_stopped)
        *buf = uv_buf_init(NULL, 0);
    else
        conn->alloc_cb(handle, suggested, buf);
}

/* Nothing read is libuv's way to say "not yet", after input that filled the buffer to its last
 * byte. h2o would take it for an error of TLS and close the connection. */
static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct http_conn *conn = conn_of(stream);
    if (!conn->read_stopped) {
        if (len != 0)
            conn->read_cb(stream, len, buf);
        return;
    }
    real_stop(stream);
    conn->reading = false;
}

/* Makes the next read end the connection. */
static void end(struct http_conn *conn)
{
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&conn->tcp, &fd) == 0)
        shutdown(fd, SHUT_RDWR);
}

/* A record that came with the end of the handshake broke TLS: h2o does not look, and would wait for
 * a request. OpenSSL is then in a handshake again that nobody began. */
static bool is_broken(const uv_stream_t *stream)
{
    const h2o_socket_t *sock = stream->data;
    if (!sock->ssl)
        return false;
    const SSL *ssl = ((const struct http_ssl *)sock->ssl)->ssl;
    return ssl && SSL_in_init(ssl) && SSL_get_state(ssl) == TLS_ST_OK;
}

int uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc_cb, uv_read_cb read_cb)
{
    struct http_conn *conn = conn_of(stream);
    if (!conn) {
        http_lazy_setup();
        return real_start(stream, alloc_cb, read_cb);
    }
    conn->alloc_cb = alloc_cb;
    conn->read_cb = read_cb;
    conn->read_stopped = false;
    if (is_broken(stream))
        end(conn);
    if (conn->reading)
        return 0;
    conn->reading = true;
    return real_start(stream, on_alloc, on_read);
}

int uv_read_stop(uv_stream_t *stream)
{
    struct http_conn *conn = conn_of(stream);
    if (!conn) {
        http_lazy_setup();
        return real_stop(stream);
    }
    conn->read_stopped = true;
    if (!uv_is_closing((const uv_handle_t *)stream))
        return 0;
    conn->reading = false;
    return real_stop(stream);
}

/* Tells h2o about the answers that were written since the last turn. */
static void on_idle(uv_idle_t *idle)
{
    struct http_worker *worker = CONTAINER_OF(idle, struct http_worker, written_idle);
    struct list written;
    list_init(&written);
    list_append(&written, &worker->written);
    uv_idle_stop(idle);
    for (struct list_node *node; (node = list_pop(&written));) {
        struct http_conn *conn = LIST_ITEM(node, struct http_conn, written);
        conn->write_req->cb(conn->write_req, conn->write_status);
    }
}

void http_lazy_start(struct http_worker *worker)
{
    list_init(&worker->written);
    CHECK(uv_idle_init(worker->h2o.loop, &worker->written_idle) == 0);
}

void http_lazy_stop(struct http_worker *worker)
{
    uv_close((uv_handle_t *)&worker->written_idle, NULL);
}

static int complete_later(struct http_conn *conn, uv_write_t *req, uv_write_cb cb, int status)
{
    struct http_worker *worker = conn->worker;
    req->handle = (uv_stream_t *)&conn->tcp;
    req->cb = cb;
    conn->write_req = req;
    conn->write_status = status;
    if (list_is_empty(&worker->written))
        uv_idle_start(&worker->written_idle, on_idle);
    list_push(&worker->written, &conn->written);
    return 0;
}

/* Drops `done` bytes off the front of the pieces; returns how many pieces are left. */
static unsigned skip_written(uv_buf_t *bufs, unsigned count, size_t done)
{
    unsigned first = 0;
    while (first < count && done >= bufs[first].len)
        done -= bufs[first++].len;
    if (first < count)
        bufs[first] = uv_buf_init(bufs[first].base + done, (unsigned)(bufs[first].len - done));
    memmove(bufs, bufs + first, (count - first) * sizeof *bufs);
    return count - first;
}

/* No pieces at all come from h2o when TLS broke while an answer was made; libuv would abort the
 * process. h2o closes such a connection only when reading tells it to.
 *
 * And h2o does not look at what uv_write returns: it would wait for ever for the callback of a
 * close_notify that the peer's reset made impossible. */
int uv_write(uv_write_t *req, uv_stream_t *stream, const uv_buf_t *bufs, unsigned count,
             uv_write_cb cb)
{
    struct http_conn *conn = conn_of(stream);
    uv_buf_t left[PIECES_MAX];
    if (conn && count == 0) {
        end(conn);
        return complete_later(conn, req, cb, 0);
    }
    if (!conn) {
        http_lazy_setup();
        return real_write(req, stream, bufs, count, cb);
    }
    conn->checked_ms = 0; /* another answer: its progress is its own */
    if (count <= PIECES_MAX) {
        memcpy(left, bufs, count * sizeof *bufs);
        int done = uv_try_write(stream, left, count);
        if (done > 0)
            count = skip_written(left, count, (size_t)done);
        if (count == 0)
            return complete_later(conn, req, cb, 0);
        bufs = left;
    }
    int status = real_write(req, stream, bufs, count, cb);
    return status == 0 ? 0 : complete_later(conn, req, cb, status);
}
