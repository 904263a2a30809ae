/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of the TCP server, for tcp*.c only.
 *
 * A connection is a descriptor with a watch (loop/poll.h). The watch only tells readiness; it is
 * the connection's own fiber that receives, into the worker's one input buffer, so that the view it
 * gets stays whole until that fiber suspends. Output is queued and goes out at the end of the turn,
 * as one call for all that was written in it.
 */
#include "base/handle.h"
#include "base/list.h"
#include "base/map.h"
#include "loop/fiber.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "loop/worker.h"
#include "net/tcp.h"
#include "net/tls_inner.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/types.h>

#define TCP_INPUT_BYTES 65536u
#define TCP_PEER_BYTES 64u
#define TCP_ADDRESS_BYTES_MAX 128u
#define TCP_NAME_BYTES_MAX 48u

/** Metrics of each listener, in the order of the rows in tcp.c. */
enum tcp_metric {
    TCP_METRIC_CONNECTIONS,
    TCP_METRIC_CONNECTIONS_TOTAL,
    TCP_METRIC_CROWDED_TOTAL,
    TCP_METRIC_INPUT_BYTES,
    TCP_METRIC_OUTPUT_BYTES,
    TCP_METRIC_COUNT
};

/** One registered listener. Once the server is open it changes only while all workers are parked.
 */
struct tcp_row {
    const struct dais_listener *listener; /* of the generation that serves new connections */
    uint32_t plugin;                      /* owner of the fibers */
    uint32_t generation;
    uint32_t metrics; /* number of the first */
    uint32_t port;
    char name[TCP_NAME_BYTES_MAX];
    char address[TCP_ADDRESS_BYTES_MAX];
    int fds[WORKERS_MAX];   /* -1: none, or given to its worker */
    bool gone;              /* newer code does not listen there: nothing is accepted any more */
    _Atomic uint32_t users; /* sockets and connections; a row that is gone is free without any */
};

/** One listener on one worker. */
struct tcp_acceptor {
    struct tcp_worker *worker;
    struct tcp_row *row;
    struct poll *poll; /* NULL: stopped */
    int fd;
    uint32_t connections;
    struct timer retry; /* accepts again after the process ran out of descriptors */
};

/** What a worker has. */
struct tcp_worker {
    struct tcp_server *server;
    struct handle_table conns;
    struct tcp_acceptor acceptors[TCP_LISTENERS_MAX];
    struct list dirty;  /* connections with output to send: struct tcp_conn.dirty */
    struct idmap peers; /* how many connections an address has: http_address_key → number */
    uint8_t *input;     /* TCP_INPUT_BYTES */
    struct tls_use tls;
    bool draining;
};

/** One connection. Freed by its fiber. */
struct tcp_conn {
    struct list_node dirty;
    struct tcp_acceptor *acceptor;
    const struct dais_listener *listener; /* that serves it to its end */
    struct poll *poll;
    int fd;
    SSL *tls;        /* NULL: plain */
    bool tls_broken; /* nothing may be said by TLS any more */
    dais_handle handle;
    dais_handle fiber;
    uint32_t events;           /* what is watched */
    bool readable;             /* told by the watch, not used yet */
    bool full;                 /* the last input filled the buffer, so that there may be more */
    uint32_t looks_left;       /* that may find nothing until the watch is waited for again */
    bool closed;               /* by tcp_close or a failure: everything gives DAIS_E_GONE */
    struct fiber_wait *reader; /* waits for input, or NULL */
    struct fiber_wait *writer; /* waits for the queue to empty, or NULL */
    uint8_t *output;
    size_t output_sent;
    size_t output_len;
    size_t output_capacity;
    char peer[TCP_PEER_BYTES];
    uint64_t address_key;
    bool counted; /* among those of its address */
};

struct tcp_server {
    struct tcp_config config;
    uint32_t count;
    bool open;
    struct tcp_row rows[TCP_LISTENERS_MAX];
    bool taken[TCP_LISTENERS_MAX]; /* rows in use or about to be; the main thread's own */
    struct tcp_worker *workers;
};

/* tcp.c */

/** The one server, or NULL. */
struct tcp_server *tcp_server_self(void);
/** This thread's part of the server. [worker] */
struct tcp_worker *tcp_worker_self(void);
/** Adds to a metric of a listener. */
void tcp_count(const struct tcp_row *row, enum tcp_metric metric, int64_t value);
/** The plugin's row of that name that connections are accepted for, or NULL. */
struct tcp_row *tcp_row_named(struct tcp_server *server, uint32_t plugin, const char *name);
/** Fills a row whose sockets are not open yet. As tcp_listen. [main thread] */
DAIS_CHECK_RESULT int32_t tcp_row_init(const struct tcp_server *server, struct tcp_row *row,
                                       const struct dais_listener *listener,
                                       struct dais_str address);
/** Opens its sockets. What open_sockets answered. [main thread] */
DAIS_CHECK_RESULT int32_t tcp_row_open(const struct tcp_server *server, struct tcp_row *row);

/* tcp_accept.c */

/** Accepts on this worker's socket of row `index`. [worker] */
DAIS_CHECK_RESULT int32_t tcp_accept_start(struct tcp_worker *worker, uint32_t index);
/** Closes that socket. [worker] */
void tcp_accept_stop(struct tcp_acceptor *acceptor);
/** A connection of this acceptor ended: there may be room for one that waits. */
void tcp_accept_again(struct tcp_acceptor *acceptor);

/* tcp_peer.c */

/** Counts a new connection for its address; false when that has enough of them already. [worker] */
bool tcp_peer_enter(struct tcp_conn *conn, const struct sockaddr_storage *name);
/** A connection ends. [worker] */
void tcp_peer_leave(struct tcp_conn *conn);

/* tcp_conn.c */

/** Takes over a connected socket and starts its fiber; closes it on failure. [worker] */
void tcp_conn_start(struct tcp_acceptor *acceptor, int fd);
/** Sends what all connections of this worker wrote in this turn. [worker] */
void tcp_conn_flush_all(void *worker);
/** Ends a connection of this worker. [worker] */
void tcp_conn_end(struct tcp_conn *conn);
/** Waits until the socket may have input. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t tcp_conn_wait_input(struct tcp_conn *conn, uint64_t timeout_ms);
/** Waits until the socket takes output; none may be queued. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t tcp_conn_wait_output(struct tcp_conn *conn, uint64_t timeout_ms);

/* tcp_tls.c */

/** Readies a connection for TLS. DAIS_E_MEMORY. [worker] */
DAIS_CHECK_RESULT int32_t tcp_tls_open(struct tcp_conn *conn);
/** Does the handshake: DAIS_E_GONE when the peer left or speaks no TLS that we do. Otherwise as
 * fiber_suspend. [fiber, suspends] */
DAIS_CHECK_RESULT int32_t tcp_tls_handshake(struct tcp_conn *conn);
/** As recv and send, EAGAIN included; every end that is not an orderly one is ECONNRESET. */
ssize_t tcp_tls_recv(struct tcp_conn *conn, void *bytes, size_t len);
ssize_t tcp_tls_send(struct tcp_conn *conn, const void *bytes, size_t len);
/** Tells the peer, once, that nothing will follow. */
void tcp_tls_notify(struct tcp_conn *conn);
/** Frees what tcp_tls_open made; nothing for a plain connection. */
void tcp_tls_close(struct tcp_conn *conn);
