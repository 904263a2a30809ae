/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What link.c, link_worker.c, ws.c, ws_send.c and ws_clock.c share: the parts of a WebSocket and of
 * a worker.
 *
 * A ws goes OPEN → CLOSING (our close frame is queued) → DONE (the peer's has come, too; what waits
 * is written) → DEAD, or from any of them to DEAD when the connection breaks. A dead one is ended
 * at the end of the turn, where alone `closed` is called. Work that must not happen inside a call
 * of the owner is done there as well: links that have any stand in `dirty`.
 */
#include "base/buf.h"
#include "loop/timer.h"
#include "net/wire.h"
#include "realtime/link.h"
#include "realtime/ws.h"
#include "realtime/ws_input.h"

/** Input read by one call; calls, and messages and control frames, for one connection in a turn. */
#define WS_READ_BYTES 65536u
#define WS_READS_MAX 2u
#define WS_EVENTS_MAX 64u

/** Written for one connection in a turn. */
#define WS_WRITE_PIECES_MAX 64u
#define WS_WRITE_BYTES_MAX 262144u

/** RFC 6455 §5.2. */
#define WS_OPCODE_CLOSE 0x8u
#define WS_OPCODE_PING 0x9u
#define WS_OPCODE_PONG 0xau

enum ws_state { WS_OPEN = 1, WS_CLOSING, WS_DONE, WS_DEAD };

/** What a ws waits for; one list each, in the order of time, since each has one delay. */
enum ws_wait {
    WS_WAIT_FIRST,  /* for its first ping */
    WS_WAIT_PONG,   /* for a sign of life */
    WS_WAIT_PING,   /* for the next ping */
    WS_WAIT_CLOSE,  /* for the end of closing */
    WS_WAIT_NOTHING /* pings are somebody else's */
};
#define WS_WAIT_COUNT 5u

struct ws {
    uint32_t magic;
    uint8_t state; /* enum ws_state */
    uint8_t wait;  /* enum ws_wait */
    bool paused;
    bool blocked; /* the socket takes nothing now */
    bool wake;    /* input is to be looked at, without an event */
    bool heard;   /* since the last ping */
    uint16_t code;
    uint32_t due_ms; /* of `wait`, counted as clock_tick_ms cut to 32 bits */
    uint32_t held_from;
    struct dais_buf *held; /* input that has come and was not taken: early, paused, too many */
    struct wire *wire;
    struct link *link;
    const struct ws_events *events;
    void *owner;
    struct list_node timed;
    struct ws_input input;
};

enum link_metric {
    LINK_METRIC_WS,
    LINK_METRIC_WS_LOST,
    LINK_METRIC_MESSAGES_IN,
    LINK_METRIC_BYTES_IN,
    LINK_METRIC_WRITES,
    LINK_METRIC_BYTES_OUT,
    LINK_METRIC_DROPPED,
    LINK_METRIC_REPLACED,
    LINK_METRIC_SLOW,
    LINK_METRIC_COUNT
};

/** A worker's part, in WORKER_SLOT_LINKS. */
struct link_worker {
    struct list dirty;
    bool visited; /* this turn's visit is over: what is marked now needs another turn */
    bool draining;
    uint64_t output_bytes_max;
    uint32_t metrics;
    struct ws_readers readers;
    struct list waits[WS_WAIT_COUNT];
    uint32_t delays_ms[WS_WAIT_COUNT];
    uint32_t ws_count;
    uint32_t tick_ms;
    struct timer tick;
    struct dais_buf *ping; /* a ping frame */
    uint8_t read[WS_READ_BYTES];
};

/** This worker's part; CHECKs that there is one. */
struct link_worker *link_worker(void);

/** Counts. */
void link_count(const struct link_worker *worker, enum link_metric metric, int64_t value);

/** At the end of a turn: what there is to do for this ws; it may be gone then. [worker] */
void ws_visit(struct ws *ws);

/** Writes what waits, as much as the socket takes and one turn allows. */
void ws_flush(struct ws *ws);

/** One write: how many bytes were taken, may be none. False: the connection broke. */
bool ws_write(struct ws *ws, const struct iovec *pieces, uint32_t count, uint32_t *ret_sent);

/** The socket takes nothing now: what waits is written when it does. */
void ws_block(struct ws *ws);

/** A frame with at most 125 bytes of payload; NULL: no memory. */
struct dais_buf *ws_control_frame(uint32_t opcode, struct dais_str payload);

/** Queues an answer to a ping. */
void ws_put_pong(struct ws *ws, struct dais_str payload);

/** Queues our close frame, whatever the budget. False: no memory. */
bool ws_put_close(struct ws *ws, uint32_t code, struct dais_str reason);

/** The connection is of no use any more: `closed` comes at the end of this turn. */
void ws_kill(struct ws *ws);

/** Watches for what the state calls for. */
void ws_watch(struct ws *ws);

/** Makes it wait for something else from now on. */
void ws_clock_set(struct link_worker *worker, struct ws *ws, enum ws_wait wait);

/** It waits for nothing any more and is forgotten. */
void ws_clock_forget(struct link_worker *worker, struct ws *ws);

/** Readies the lists and starts the tick when there is something to wait for. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t ws_clock_init(struct link_worker *worker);
void ws_clock_fini(struct link_worker *worker);
