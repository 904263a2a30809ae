/* SPDX-License-Identifier: MIT */
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/str.h"
#include "loop/mail.h"
#include "net/tcp_inner.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_TIMEOUT_MS 20000u
#define LABEL_BYTES_MAX (TCP_NAME_BYTES_MAX + 16u)

/** A request from another thread to end a connection. */
struct close_mail {
    struct mail mail;
    dais_handle conn;
};

static struct tcp_server *self;

struct tcp_server *tcp_server_self(void)
{
    return self;
}

struct tcp_worker *tcp_worker_self(void)
{
    return self && worker_self() ? &self->workers[worker_index()] : NULL;
}

void tcp_count(const struct tcp_row *row, enum tcp_metric metric, int64_t value)
{
    metrics_add(row->metrics + metric, value);
}

static int32_t register_metrics(struct tcp_row *row)
{
    char labels[LABEL_BYTES_MAX];
    struct metrics_row rows[TCP_METRIC_COUNT] = {
        [TCP_METRIC_CONNECTIONS] = {.name = "dais_tcp_connections",
                                    .kind = METRICS_GAUGE,
                                    .help = "Open connections of protocol listeners"},
        [TCP_METRIC_CONNECTIONS_TOTAL] = {.name = "dais_tcp_connections_total",
                                          .kind = METRICS_COUNTER,
                                          .help = "Accepted connections of protocol listeners"},
        [TCP_METRIC_CROWDED_TOTAL] = {.name = "dais_tcp_connections_crowded_total",
                                      .kind = METRICS_COUNTER,
                                      .help = "Connections refused: their address has too many"},
        [TCP_METRIC_INPUT_BYTES] = {.name = "dais_tcp_input_bytes_total",
                                    .kind = METRICS_COUNTER,
                                    .help = "Bytes received by protocol listeners"},
        [TCP_METRIC_OUTPUT_BYTES] = {.name = "dais_tcp_output_bytes_total",
                                     .kind = METRICS_COUNTER,
                                     .help = "Bytes sent by protocol listeners"},
    };
    snprintf(labels, sizeof labels, "listener=\"%s\"", row->name);
    for (uint32_t i = 0; i < TCP_METRIC_COUNT; i++)
        rows[i].labels = labels;
    return metrics_register(rows, TCP_METRIC_COUNT, &row->metrics);
}

int32_t tcp_new(const struct tcp_config *config, struct tcp_server **ret_server)
{
    if (self)
        return DAIS_E_STATE;
    if (config->workers == 0 || config->workers > WORKERS_MAX || !config->open_sockets)
        return DAIS_E_INVALID;
    struct tcp_server *server = mem_zalloc(1, sizeof *server);
    struct tcp_worker *workers = mem_zalloc(config->workers, sizeof *workers);
    if (!server || !workers) {
        mem_free(server);
        mem_free(workers);
        return DAIS_E_MEMORY;
    }
    server->config = *config;
    server->workers = workers;
    if (server->config.peer_timeout_ms == 0)
        server->config.peer_timeout_ms = PEER_TIMEOUT_MS;
    *ret_server = self = server;
    return DAIS_OK;
}

void tcp_free(struct tcp_server *server)
{
    if (!server)
        return;
    for (uint32_t i = 0; i < server->count; i++)
        for (uint32_t w = 0; w < server->config.workers; w++)
            if (server->rows[i].fds[w] >= 0)
                close(server->rows[i].fds[w]);
    mem_free(server->workers);
    mem_free(server);
    self = NULL;
}

struct tcp_row *tcp_row_named(struct tcp_server *server, uint32_t plugin, const char *name)
{
    for (uint32_t i = 0; i < server->count; i++) {
        struct tcp_row *row = &server->rows[i];
        if (row->plugin == plugin && !row->gone && strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

static bool is_complete(const struct dais_listener *listener, struct dais_str address)
{
    return listener->name && listener->name[0] && strlen(listener->name) < TCP_NAME_BYTES_MAX &&
           listener->serve && listener->connections_max > 0 && listener->output_bytes_max > 0 &&
           address.len > 0 && address.len < TCP_ADDRESS_BYTES_MAX &&
           (listener->flags & ~DAIS_LISTENER_TLS) == 0;
}

int32_t tcp_row_init(const struct tcp_server *server, struct tcp_row *row,
                     const struct dais_listener *listener, struct dais_str address)
{
    if (!is_complete(listener, address))
        return DAIS_E_INVALID;
    if ((listener->flags & DAIS_LISTENER_TLS) && !server->config.tls)
        return DAIS_E_UNAVAILABLE;
    *row = (struct tcp_row){.listener = listener, .users = server->config.workers};
    memcpy(row->name, listener->name, strlen(listener->name));
    for (uint32_t w = 0; w < WORKERS_MAX; w++)
        row->fds[w] = -1;
    memcpy(row->address, address.ptr, address.len);
    return register_metrics(row);
}

int32_t tcp_listen(struct tcp_server *server, uint32_t plugin, uint32_t generation,
                   const struct dais_listener *listener, struct dais_str address)
{
    struct tcp_row row;
    if (server->open)
        return DAIS_E_STATE;
    int32_t code = tcp_row_init(server, &row, listener, address);
    if (code != DAIS_OK)
        return code;
    if (tcp_row_named(server, plugin, row.name))
        return DAIS_E_CONFLICT;
    if (server->count == TCP_LISTENERS_MAX)
        return DAIS_E_LIMIT;
    row.plugin = plugin;
    row.generation = generation;
    server->taken[server->count] = true;
    server->rows[server->count++] = row;
    return DAIS_OK;
}

static uint32_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    return address.ss_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *)(const void *)&address)->sin6_port)
               : ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

int32_t tcp_row_open(const struct tcp_server *server, struct tcp_row *row)
{
    const struct tcp_config *config = &server->config;
    int32_t code = config->open_sockets(row->name, dais_cstr(row->address), config->workers,
                                        row->fds);
    if (code == DAIS_OK)
        row->port = port_of(row->fds[0]);
    return code;
}

int32_t tcp_open(struct tcp_server *server)
{
    int32_t code = DAIS_OK;
    if (server->open)
        return DAIS_E_STATE;
    server->open = true;
    for (uint32_t i = 0; code == DAIS_OK && i < server->count; i++)
        code = tcp_row_open(server, &server->rows[i]);
    return code;
}

int32_t tcp_worker_start(struct tcp_server *server)
{
    struct tcp_worker *worker = &server->workers[worker_index()];
    worker->server = server;
    list_init(&worker->dirty);
    handle_table_init(&worker->conns, (uint8_t)worker_index(), HANDLE_COUNT_MAX);
    idmap_init(&worker->peers, HANDLE_COUNT_MAX);
    worker->input = mem_alloc(TCP_INPUT_BYTES);
    int32_t code = worker->input ? DAIS_OK : DAIS_E_MEMORY;
    if (code == DAIS_OK)
        code = worker_hook_add(WORKER_HOOK_END, tcp_conn_flush_all, worker);
    return code == DAIS_OK ? tcp_worker_follow(server) : code;
}

int32_t tcp_worker_follow(struct tcp_server *server)
{
    struct tcp_worker *worker = &server->workers[worker_index()];
    int32_t code = DAIS_OK;
    for (uint32_t i = 0; i < server->count; i++) {
        int32_t begun = DAIS_OK;
        if (server->rows[i].gone)
            tcp_accept_stop(&worker->acceptors[i]);
        else if (server->rows[i].fds[worker_index()] >= 0)
            begun = tcp_accept_start(worker, i);
        code = code == DAIS_OK ? begun : code;
    }
    return code;
}

static void cancel_all(struct tcp_worker *worker)
{
    for (uint32_t i = 0; i < worker->conns.capacity; i++) {
        const struct tcp_conn *conn = worker->conns.slots[i].thing;
        if (conn && fiber_cancel(conn->fiber, DAIS_E_UNAVAILABLE) != DAIS_OK)
            LOG_DEBUG("connection ends already", log_text("peer", conn->peer));
    }
}

void tcp_worker_drain(struct tcp_server *server)
{
    struct tcp_worker *worker = &server->workers[worker_index()];
    worker->draining = true;
    for (uint32_t i = 0; i < server->count; i++)
        tcp_accept_stop(&worker->acceptors[i]);
    cancel_all(worker);
}

void tcp_worker_stop(struct tcp_server *server)
{
    struct tcp_worker *worker = &server->workers[worker_index()];
    if (!worker->server)
        return;
    for (uint32_t i = 0; i < server->count; i++)
        tcp_accept_stop(&worker->acceptors[i]);
    worker_hook_remove(WORKER_HOOK_END, tcp_conn_flush_all, worker);
    handle_table_fini(&worker->conns);
    idmap_fini(&worker->peers);
    tls_use_drop(&worker->tls);
    mem_free(worker->input);
    worker->input = NULL;
}

static void close_here(dais_handle handle)
{
    struct tcp_conn *conn = handle_get(&tcp_worker_self()->conns, handle);
    if (conn)
        tcp_conn_end(conn);
}

static void deliver_close(struct mail *mail)
{
    struct close_mail *message = CONTAINER_OF(mail, struct close_mail, mail);
    close_here(message->conn);
    mem_free(message);
}

void tcp_close(dais_handle handle)
{
    uint32_t home = handle_tag(handle);
    if (!self || home >= self->config.workers)
        return;
    if (worker_self() && worker_index() == home) {
        close_here(handle);
        return;
    }
    struct close_mail *message = mem_alloc(sizeof *message);
    if (!message)
        return;
    *message = (struct close_mail){{NULL, deliver_close}, handle};
    if (mail_send(home, &message->mail) != DAIS_OK)
        mem_free(message);
}

uint32_t tcp_port(const struct dais_listener *listener)
{
    for (uint32_t i = 0; self && i < self->count; i++)
        if (self->rows[i].listener == listener && !self->rows[i].gone)
            return self->rows[i].port;
    const struct tcp_row *row = self ? tcp_row_named(self, owner_get().plugin, listener->name)
                                     : NULL;
    return row ? row->port : 0;
}
