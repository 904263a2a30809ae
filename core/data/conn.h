/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One connection to PostgreSQL on a worker's loop, which comes back by itself.
 *
 *     conn_init → conn_open → (connecting → ready → lost → waiting →)* conn_close
 *
 * Its owner (lane.h) hears of `ready`, `readable` and `lost`, on the worker's own stack. Between
 * attempts it waits 5 ms, doubled up to 200 ms, ± 25 %: a server that starts or recovers refuses
 * for a while and that is no error. The connection is in pipeline mode and does not block.
 *
 * libpq closes its descriptor inside PQconsumeInput, and replaces it inside PQconnectPoll. By the
 * time that the watch ends, the number may be another worker's; so what is watched is a duplicate.
 */
#include "dais/error.h"
#include "loop/timer.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

struct poll;
struct conn;
struct resolver;

enum conn_state { CONN_CLOSED, CONN_WAITING, CONN_CONNECTING, CONN_READY };

/** What the owner hears. `lost` comes once for each `ready`, after the connection was taken down.
 */
struct conn_events {
    void (*ready)(struct conn *conn);
    void (*readable)(struct conn *conn);
    void (*lost)(struct conn *conn);
};

/** How to connect. Borrowed as long as the connection exists. */
struct conn_options {
    const char *conninfo;
    const char *application_name;
    struct resolver *resolver; /**< of `conninfo` */
    uint32_t statement_timeout_ms;
};

/** A connection; embed it. */
struct conn {
    PGconn *pg; /**< NULL unless connecting or ready */
    enum conn_state state;
    const struct conn_events *events;
    const struct conn_options *options;
    struct poll *poll; /* private, as all below */
    int watched_fd;    /* the duplicate, while there is a watch */
    struct timer timer;
    uint32_t delay_ms;
    bool told; /* the present absence stands in the log */
};

/** Readies a closed connection. Both structs are borrowed. */
void conn_init(struct conn *conn, const struct conn_options *options,
               const struct conn_events *events);

/** Begins to connect unless it does already. [worker] */
void conn_open(struct conn *conn);

/** Ends the connection for good, without `lost`. [worker] */
void conn_close(struct conn *conn);

/** Takes a connection down that is broken; `lost`, then it reconnects. [worker] */
void conn_lose(struct conn *conn);

/** Sends what libpq holds back and watches accordingly; may lose the connection. [worker] [fiber]
 */
void conn_flush(struct conn *conn);
