/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * TCP listeners behind dais.net/1, for protocol plugins.
 *
 *   tcp_new            main thread, before the plugins' `init`
 *   tcp_listen         from `init`: rows of listeners
 *   tcp_open           opens the sockets (worker i accepts on socket i of each listener)
 *   tcp_change_…       a new generation of a plugin takes over, with its listeners (tcp_change.h)
 *   tcp_worker_start   on each worker: starts to accept; one fiber serves each connection
 *   tcp_worker_drain   on each worker: stops accepting, cancels the fibers
 *   tcp_worker_stop    on each worker: closes what is left
 *   tcp_free           main thread, after the workers are gone
 *
 * Input is read into one buffer per worker and handed out as a view; while nobody reads, the
 * kernel's window does the pushing back. Output is copied into a bounded queue per connection.
 * With TLS the fiber of a connection does the handshake first, with limit `tls_handshake_ms`.
 */
#include "dais/net.h"

/** Listeners of one process. */
#define TCP_LISTENERS_MAX 16u

struct tcp_server;
struct tls;

/** Settings; 0 means the default that stands behind. */
struct tcp_config {
    uint32_t workers;         /**< how many there are; at least 1 */
    uint32_t peer_timeout_ms; /**< TCP_USER_TIMEOUT: 20000 */
    struct tls *tls;          /**< certificates (net/tls.h), borrowed; NULL: there are none */
    /** As http_hooks.open_sockets. */
    int32_t (*open_sockets)(const char *name, struct dais_str address, uint32_t count,
                            int *ret_fds);
    /** The sockets of this name and address are given up for good; NULL: nobody keeps them. */
    void (*close_sockets)(const char *name, struct dais_str address);
};

/** Makes the one server of the process. DAIS_E_STATE when there is one, DAIS_E_MEMORY. [main
 * thread] */
DAIS_CHECK_RESULT int32_t tcp_new(const struct tcp_config *config, struct tcp_server **ret_server);

/** Frees the server and closes its sockets; NULL is ignored. [main thread] */
void tcp_free(struct tcp_server *server);

/**
 * dais_net_v1.listen for a plugin; its fibers carry `plugin` and `generation`. The row is borrowed
 * until another one takes its place and its last connection has ended, the address copied.
 * DAIS_E_INVALID, DAIS_E_CONFLICT when the plugin has a listener of that name already,
 * DAIS_E_LIMIT, DAIS_E_UNAVAILABLE for TLS without certificates, DAIS_E_STATE after tcp_open.
 * [setup]
 */
DAIS_CHECK_RESULT int32_t tcp_listen(struct tcp_server *server, uint32_t plugin,
                                     uint32_t generation, const struct dais_listener *listener,
                                     struct dais_str address);

/** Opens the sockets of all listeners. What open_sockets answered. [main thread] */
DAIS_CHECK_RESULT int32_t tcp_open(struct tcp_server *server);

/** Starts to accept on this worker. DAIS_E_MEMORY, DAIS_E_INTERNAL. [worker] */
DAIS_CHECK_RESULT int32_t tcp_worker_start(struct tcp_server *server);

/**
 * Starts to accept for listeners that have come and stops for those that are gone, after a change.
 * DAIS_E_MEMORY, DAIS_E_INTERNAL: some do not accept on this worker. [worker]
 */
DAIS_CHECK_RESULT int32_t tcp_worker_follow(struct tcp_server *server);

/** Stops accepting and cancels the connections' fibers. [worker] */
void tcp_worker_drain(struct tcp_server *server);

/** Closes what is left on this worker, after its fibers ended. [worker] */
void tcp_worker_stop(struct tcp_server *server);

/* The functions of struct dais_net_v1; their contract is written there. */
int32_t tcp_read(dais_handle conn, uint64_t timeout_ms, struct dais_str *ret_input);
int32_t tcp_write(dais_handle conn, struct dais_str bytes);
int32_t tcp_flush(dais_handle conn, uint64_t timeout_ms);
void tcp_close(dais_handle conn);
struct dais_str tcp_peer(dais_handle conn);
uint32_t tcp_port(const struct dais_listener *listener);
