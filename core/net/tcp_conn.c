/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/tcp_inner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/** First size of an output queue. */
#define OUTPUT_FIRST 4096u
/** So often may a gathering connection find nothing before it waits for its watch again. */
#define GATHER_LOOKS 4u
/** What is queued when the fiber returned has this long to go out. */
#define LINGER_FLUSH_MS 5000u
/** How long the end of the peer's output is waited for, so that no reset eats our last bytes. */
#define LINGER_READ_MS 1000u

static void watch(struct tcp_conn *conn, uint32_t events)
{
    if (conn->events == events)
        return;
    conn->events = events;
    poll_set(conn->poll, events);
}

static void wake(struct fiber_wait **slot, int32_t code)
{
    struct fiber_wait *wait = *slot;
    *slot = NULL;
    if (wait)
        fiber_resume(wait, code);
}

void tcp_conn_end(struct tcp_conn *conn)
{
    conn->closed = true;
    watch(conn, 0);
    wake(&conn->reader, DAIS_E_GONE);
    wake(&conn->writer, DAIS_E_GONE);
}

/* Sends what the socket takes. True when nothing is left. */
static bool send_output(struct tcp_conn *conn)
{
    while (conn->output_sent < conn->output_len && !conn->closed) {
        const uint8_t *bytes = conn->output + conn->output_sent;
        size_t len = conn->output_len - conn->output_sent;
        ssize_t sent = conn->tls ? tcp_tls_send(conn, bytes, len)
                                 : send(conn->fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            tcp_conn_end(conn);
        if (sent < 0)
            return false;
        conn->output_sent += (size_t)sent;
        tcp_count(conn->acceptor->row, TCP_METRIC_OUTPUT_BYTES, sent);
    }
    conn->output_sent = conn->output_len = 0;
    return !conn->closed;
}

static void flush_output(struct tcp_conn *conn)
{
    if (conn->closed)
        return;
    if (send_output(conn)) {
        watch(conn, conn->events & ~POLL_WRITABLE);
        wake(&conn->writer, DAIS_OK);
    } else if (!conn->closed) {
        watch(conn, conn->events | POLL_WRITABLE);
    }
}

void tcp_conn_flush_all(void *arg)
{
    struct tcp_worker *worker = arg;
    for (struct list_node *node; (node = list_pop(&worker->dirty));)
        flush_output(LIST_ITEM(node, struct tcp_conn, dirty));
}

/* Input that nobody waits for is left to the kernel, whose window then holds the peer back. */
static void on_ready(void *arg, uint32_t events)
{
    struct tcp_conn *conn = arg;
    if (events & POLL_ERROR)
        conn->events = 0; /* the watch has stopped */
    if (events & (POLL_READABLE | POLL_HANGUP | POLL_ERROR)) {
        conn->readable = true;
        if (!conn->reader)
            watch(conn, conn->events & ~POLL_READABLE);
        wake(&conn->reader, DAIS_OK);
    }
    if (events & (POLL_WRITABLE | POLL_ERROR))
        flush_output(conn);
}

static struct tcp_conn *conn_of(dais_handle handle, int32_t *ret_code)
{
    struct tcp_worker *worker = tcp_worker_self();
    *ret_code = worker && handle_tag(handle) == worker->conns.tag ? DAIS_E_GONE : DAIS_E_STATE;
    return worker ? handle_get(&worker->conns, handle) : NULL;
}

int32_t tcp_conn_wait_input(struct tcp_conn *conn, uint64_t timeout_ms)
{
    struct fiber_wait wait;
    if (conn->reader)
        return DAIS_E_STATE;
    watch(conn, conn->events | POLL_READABLE);
    fiber_wait_init(&wait);
    conn->reader = &wait;
    int32_t code = fiber_suspend(&wait, timeout_ms);
    if (code != DAIS_OK)
        conn->reader = NULL;
    return code;
}

/* Until all connections that gather are read next; 0 when this one does not gather. */
static uint64_t gather_gap_ms(const struct tcp_conn *conn)
{
    uint64_t every_ms = conn->listener->gather_ms;
    bool gathers = every_ms > 0 && conn->looks_left > 0 && !conn->full;
    return gathers ? every_ms - clock_tick_ms() % every_ms : 0;
}

static int32_t wait_gathered(struct tcp_conn *conn, uint64_t gap_ms)
{
    struct fiber_wait wait;
    if (conn->reader)
        return DAIS_E_STATE;
    watch(conn, conn->events & ~POLL_READABLE);
    fiber_wait_init(&wait);
    conn->reader = &wait; /* for whoever ends the connection */
    int32_t code = fiber_suspend(&wait, gap_ms);
    if (code != DAIS_OK)
        conn->reader = NULL;
    return code == DAIS_E_TIMEOUT ? DAIS_OK : code;
}

static int32_t wait_input(struct tcp_conn *conn, uint64_t *left_ms)
{
    uint64_t gap_ms = gather_gap_ms(conn);
    if (conn->readable)
        return DAIS_OK;
    if (gap_ms == 0 || gap_ms >= *left_ms)
        return tcp_conn_wait_input(conn, *left_ms);
    if (*left_ms != FIBER_FOREVER)
        *left_ms -= gap_ms;
    return wait_gathered(conn, gap_ms);
}

/* DAIS_E_TIMEOUT here means: nothing there after all, wait again. */
static int32_t receive(struct tcp_conn *conn, struct dais_str *ret_input)
{
    uint8_t *buffer = conn->acceptor->worker->input;
    conn->readable = false;
    ssize_t got = conn->tls ? tcp_tls_recv(conn, buffer, TCP_INPUT_BYTES)
                            : recv(conn->fd, buffer, TCP_INPUT_BYTES, 0);
    conn->full = got == TCP_INPUT_BYTES;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        conn->looks_left -= conn->looks_left > 0 ? 1 : 0;
        return DAIS_E_TIMEOUT;
    }
    conn->looks_left = GATHER_LOOKS;
    if (got <= 0) {
        tcp_conn_end(conn);
        return DAIS_E_GONE;
    }
    tcp_count(conn->acceptor->row, TCP_METRIC_INPUT_BYTES, got);
    *ret_input = dais_str((const char *)buffer, (uint64_t)got);
    return DAIS_OK;
}

int32_t tcp_read(dais_handle handle, uint64_t timeout_ms, struct dais_str *ret_input)
{
    int32_t code;
    struct tcp_conn *conn = conn_of(handle, &code);
    if (!conn)
        return code;
    do {
        if (conn->closed)
            return DAIS_E_GONE;
        code = wait_input(conn, &timeout_ms);
        if (code != DAIS_OK)
            return code;
        code = conn->closed ? DAIS_E_GONE : receive(conn, ret_input);
    } while (code == DAIS_E_TIMEOUT);
    return code;
}

/* Room for `more` bytes behind the queue: moves what is left to the front, or grows. */
static bool make_room(struct tcp_conn *conn, size_t more)
{
    size_t left = conn->output_len - conn->output_sent;
    if (conn->output_len + more <= conn->output_capacity)
        return true;
    if (conn->output_sent > 0) {
        memmove(conn->output, conn->output + conn->output_sent, left);
        conn->output_sent = 0;
        conn->output_len = left;
    }
    size_t capacity = conn->output_capacity ? conn->output_capacity : OUTPUT_FIRST;
    while (capacity < left + more)
        capacity *= 2;
    if (capacity == conn->output_capacity)
        return true;
    uint8_t *grown = mem_resize(conn->output, capacity);
    if (!grown)
        return false;
    conn->output = grown;
    conn->output_capacity = capacity;
    return true;
}

int32_t tcp_write(dais_handle handle, struct dais_str bytes)
{
    int32_t code;
    struct tcp_conn *conn = conn_of(handle, &code);
    if (!conn)
        return code;
    if (conn->closed)
        return DAIS_E_GONE;
    if (bytes.len == 0)
        return DAIS_OK;
    uint64_t most = conn->listener->output_bytes_max;
    uint64_t queued = conn->output_len - conn->output_sent;
    if (bytes.len > most || queued > most - bytes.len)
        return DAIS_E_LIMIT;
    if (!make_room(conn, bytes.len))
        return DAIS_E_MEMORY;
    memcpy(conn->output + conn->output_len, bytes.ptr, bytes.len);
    conn->output_len += bytes.len;
    if (!list_is_linked(&conn->dirty) && !(conn->events & POLL_WRITABLE))
        list_push(&conn->acceptor->worker->dirty, &conn->dirty);
    return DAIS_OK;
}

static int32_t wait_written(struct tcp_conn *conn, uint64_t timeout_ms)
{
    struct fiber_wait wait;
    if (conn->writer)
        return DAIS_E_STATE;
    fiber_wait_init(&wait);
    conn->writer = &wait;
    int32_t code = fiber_suspend(&wait, timeout_ms);
    if (code != DAIS_OK)
        conn->writer = NULL;
    return code;
}

int32_t tcp_conn_wait_output(struct tcp_conn *conn, uint64_t timeout_ms)
{
    watch(conn, conn->events | POLL_WRITABLE);
    return wait_written(conn, timeout_ms);
}

int32_t tcp_flush(dais_handle handle, uint64_t timeout_ms)
{
    int32_t code;
    struct tcp_conn *conn = conn_of(handle, &code);
    if (!conn)
        return code;
    list_remove(&conn->dirty);
    flush_output(conn);
    if (conn->closed)
        return DAIS_E_GONE;
    return conn->output_len == 0 ? DAIS_OK : wait_written(conn, timeout_ms);
}

struct dais_str tcp_peer(dais_handle handle)
{
    int32_t code;
    const struct tcp_conn *conn = conn_of(handle, &code);
    return conn ? dais_cstr(conn->peer) : dais_str(NULL, 0);
}

/* Takes what the peer still sends, unread. False at its end. */
static bool discard(struct tcp_conn *conn)
{
    ssize_t got = recv(conn->fd, conn->acceptor->worker->input, TCP_INPUT_BYTES, 0);
    if (got < 0 && errno == EAGAIN)
        return tcp_conn_wait_input(conn, LINGER_READ_MS) == DAIS_OK;
    return got > 0;
}

/* The last words go out, then the peer's end is waited for a moment: closing a socket that still
 * has input sends a reset, which can overtake what we sent. */
static void linger(struct tcp_conn *conn)
{
    uint64_t until_ms = clock_ms() + LINGER_READ_MS;
    if (conn->output_len > 0 && tcp_flush(conn->handle, LINGER_FLUSH_MS) != DAIS_OK)
        return;
    tcp_tls_notify(conn);
    if (conn->closed || shutdown(conn->fd, SHUT_WR) != 0)
        return;
    while (clock_ms() < until_ms && discard(conn))
        ;
}

static void free_conn(struct tcp_conn *conn)
{
    struct tcp_acceptor *acceptor = conn->acceptor;
    handle_remove(&acceptor->worker->conns, conn->handle);
    list_remove(&conn->dirty);
    if (conn->poll)
        poll_close(conn->poll);
    tcp_tls_close(conn);
    tcp_peer_leave(conn);
    close(conn->fd);
    mem_free(conn->output);
    mem_free(conn);
    acceptor->connections--;
    tcp_count(acceptor->row, TCP_METRIC_CONNECTIONS, -1);
    tcp_accept_again(acceptor);
    atomic_fetch_sub(&acceptor->row->users, 1);
}

static void serve(void *arg)
{
    struct tcp_conn *conn = arg;
    fiber_local_set(FIBER_LOCAL_CONN, conn);
    int32_t code = conn->tls ? tcp_tls_handshake(conn) : DAIS_OK;
    if (code == DAIS_OK && !conn->acceptor->worker->draining)
        conn->listener->serve(conn->handle);
    linger(conn);
    free_conn(conn);
}

static void write_peer(struct tcp_conn *conn, const struct sockaddr_storage *address)
{
    char host[INET6_ADDRSTRLEN] = "unknown";
    const struct sockaddr_in *v4 = (const void *)address;
    const struct sockaddr_in6 *v6 = (const void *)address;
    bool mapped = address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
    if (address->ss_family == AF_INET6 && !mapped) {
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(conn->peer, sizeof conn->peer, "[%s]:%u", host, ntohs(v6->sin6_port));
        return;
    }
    if (address->ss_family == AF_INET || mapped)
        inet_ntop(AF_INET, mapped ? (const void *)&v6->sin6_addr.s6_addr[12] : &v4->sin_addr, host,
                  sizeof host);
    snprintf(conn->peer, sizeof conn->peer, "%s:%u", host, ntohs(v4->sin_port));
}

static int32_t start(struct tcp_conn *conn)
{
    const struct tcp_row *row = conn->acceptor->row;
    struct fiber_spec spec = {
        .name = row->name,
        .fn = serve,
        .arg = conn,
        .owner = {.plugin = row->plugin, .generation = row->generation},
    };
    int32_t code = handle_add(&conn->acceptor->worker->conns, conn, &conn->handle);
    if (code == DAIS_OK)
        code = poll_open(conn->fd, on_ready, conn, &conn->poll);
    if (code == DAIS_OK && (conn->listener->flags & DAIS_LISTENER_TLS))
        code = tcp_tls_open(conn);
    return code == DAIS_OK ? fiber_spawn(&spec, &conn->fiber) : code;
}

void tcp_conn_start(struct tcp_acceptor *acceptor, int fd)
{
    struct tcp_conn *conn = mem_zalloc(1, sizeof *conn);
    if (!conn) {
        close(fd);
        return;
    }
    conn->acceptor = acceptor;
    conn->listener = acceptor->row->listener;
    conn->fd = fd;
    acceptor->connections++;
    atomic_fetch_add(&acceptor->row->users, 1);
    tcp_count(acceptor->row, TCP_METRIC_CONNECTIONS, 1);
    tcp_count(acceptor->row, TCP_METRIC_CONNECTIONS_TOTAL, 1);
    struct sockaddr_storage address = {0}; /* a peer that is gone already has none */
    socklen_t len = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &len) != 0)
        address.ss_family = AF_UNSPEC;
    write_peer(conn, &address);
    if (!tcp_peer_enter(conn, &address)) {
        tcp_count(acceptor->row, TCP_METRIC_CROWDED_TOTAL, 1);
        free_conn(conn);
        return;
    }
    int32_t code = start(conn);
    if (code == DAIS_OK)
        return;
    LOG_WARN("connection not served", log_text("listener", acceptor->row->name), log_code(code));
    free_conn(conn);
}
