/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What waits to be sent on one connection: references to shared frames (realtime/frame.h).
 *
 * Embedded and zeroed it is empty and holds no memory; one entry lies in the struct itself, more in
 * a ring that goes away as soon as the queue is empty. Messages that lie one behind the other in
 * one buffer become one entry. Each entry counts with its bytes and its own size against limit
 * socket_output_bytes, so that a reader who stops costs that much at most. What is sent keeps the
 * order of putting; a replaceable message that gives way makes room at its place and the new one
 * goes to the end. Used on one worker at a time.
 */
#include "base/str.h"
#include "realtime/frame.h"

#include <sys/uio.h>

/** What putting a message came to. */
enum outq_put {
    OUTQ_KEPT,     /**< it waits now */
    OUTQ_REPLACED, /**< it waits now, an earlier one of its key does no longer */
    OUTQ_DROPPED,  /**< no room for one of its class: it was left out */
    OUTQ_FULL      /**< a durable one has no room (or there is no memory): the reader is too slow */
};

/** Private. */
struct outq_entry {
    struct dais_buf *buf;
    uint32_t offset;
    uint32_t len;
    uint32_t class;
    uint32_t key;
};

/** A queue; zeroed memory is an empty one. Only `count` and `bytes` are for reading. */
struct outq {
    struct outq_entry *ring; /* NULL: `one` is the only entry */
    uint32_t first;
    uint32_t count; /**< entries that wait */
    uint32_t capacity;
    uint32_t sent;        /* bytes of the first entry that are sent already */
    uint32_t bytes;       /**< what waits, as it counts against the budget */
    uint32_t replaceable; /* entries of that class */
    struct outq_entry one;
};

/** A class of the connection's own, replaceable: pings, and answers to the peer's. */
#define OUTQ_CONTROL 4u
#define OUTQ_KEY_PING 1u
#define OUTQ_KEY_PONG 2u

/** Whether nothing waits. */
static inline bool outq_is_empty(const struct outq *queue)
{
    return queue->count == 0;
}

/**
 * Puts a message (len > 0) at the end, against a budget of `bytes_max`: droppable ones are left out
 * over half of it, replaceable ones (of their key, not under way yet) replace and are left out over
 * it, durable ones over it are OUTQ_FULL. Takes a reference of its buffer if it waits.
 */
enum outq_put outq_put(struct outq *queue, const struct message *message, uint64_t bytes_max);

/** Writes the pieces at the front into `iov`, at most `count` and about `bytes_max` bytes; how
 * many. */
uint32_t outq_iov(const struct outq *queue, struct iovec *iov, uint32_t count, uint64_t bytes_max);

/** Takes `bytes`, which are sent now, off the front. */
void outq_sent(struct outq *queue, uint64_t bytes);

/** Gives all references and all memory back. */
void outq_clear(struct outq *queue);

/** As outq_clear, but the rest of a frame whose begin is sent already stays. */
void outq_cut(struct outq *queue);

/** Puts all of `from` behind what is in `to`, with no look at budgets; `from` is empty then. False:
 * no memory, nothing was changed. */
DAIS_CHECK_RESULT bool outq_append(struct outq *to, struct outq *from);

/**
 * For clients that poll: takes up to `packets_max` frames off the front and appends their payloads
 * to `out`, joined by 0x1e (also to what `out` has already), binary ones as 'b' and base64. How
 * many. An error of `out` is left to the caller; the frames are taken anyway.
 */
uint32_t outq_take(struct outq *queue, uint32_t packets_max, struct strbuf *out);
