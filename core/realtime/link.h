/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The sending side of one connection, whatever it is: a WebSocket, or a client that polls.
 *
 *   link_worker_start  on each worker, before the first link
 *   link_init          in place; ws_open ties a WebSocket to it (`ws`), until then it polls
 *   link_put           queues one message; at the end of the turn (end hook) all that has come goes
 *                      out by one system call, or `flush` is called where there is no WebSocket
 *   link_write         a room's whole batch: one system call, nothing queued, no memory
 *   link_fini          by its owner, when the WebSocket (if any) is gone
 *   link_worker_drain  at the begin of the stop: WebSockets are closed with 1001
 *   link_worker_stop   ends what is left
 *
 * A link that cannot take a durable message is over: what waited is dropped, what comes is ignored,
 * and at the end of the turn `overflow` is called. None of the functions calls back before it
 * returns. All on the worker that has the connection, on its own stack or on a fiber.
 */
#include "base/list.h"
#include "realtime/outq.h"

struct link;
struct ws;

/** What the owner of a link does; on the worker's own stack, at the end of a turn. */
struct link_ops {
    /** Something waits and there is no WebSocket: answer the poll that is held, if one is. May be
     * NULL where there always is a WebSocket. */
    void (*flush)(struct link *link);
    /**
     * The client is too slow: end its session, to be resumed (a WebSocket by ws_close with
     * WS_CLOSE_SLOW). NULL: just that.
     */
    void (*overflow)(struct link *link);
};

/** A link; embed it. Only `queue.count`, `queue.bytes` and `ws` are for reading. */
struct link {
    struct outq queue;
    const struct link_ops *ops;
    struct ws *ws; /**< NULL: the client polls, or has no transport at all */
    struct list_node dirty;
    bool over; /**< it was too slow, or its WebSocket is closing: takes nothing any more */
    bool slow; /* `overflow` is due */
};

/** Makes an empty link; `ops` is borrowed and may be NULL. */
void link_init(struct link *link, const struct link_ops *ops);

/** Frees what waits. The link has no WebSocket any more. */
void link_fini(struct link *link);

/** Queues a message by the rules of its class; it is sent at the end of this turn. */
void link_put(struct link *link, const struct message *message);

/**
 * Sends a span of whole messages now, if nothing waits, and keeps by reference (durable) what the
 * socket does not take. False: something waits, or there is no WebSocket; nothing was done, put the
 * messages one by one. Keep spans well below limit socket_output_bytes: a rest beyond it counts as
 * slow.
 */
bool link_write(struct link *link, struct dais_buf *buf, uint32_t offset, uint32_t len);

/** Has the link visited at the end of this turn, as if something had been put. */
void link_mark(struct link *link);

/**
 * Counts what is kept of a message of a client until the rest of it has come, against limit
 * socket_input_bytes of this worker. False: there is no room. What was counted is given back; at
 * the stop that may be done after link_worker_stop.
 */
bool link_count_input(uint64_t bytes);
void link_give_back_input(uint64_t bytes);

/**
 * Readies this worker; behind the layers whose end hooks put messages, so that these go out in the
 * same turn. DAIS_E_MEMORY, DAIS_E_LIMIT, or what registering the metrics came to. [worker]
 */
DAIS_CHECK_RESULT int32_t link_worker_start(void);

/** Closes all WebSockets of this worker with 1001. [worker] */
void link_worker_drain(void);

/** Ends what is left at once (`closed` is called) and frees the worker's part. [worker] */
void link_worker_stop(void);
