/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.events/1: events of real-time clients as tables.
 *
 * A client is a *socket*: a WebSocket at `/ws`, or a Socket.IO client in one of its namespaces. A
 * row says which event, who may send it, its fields and the handler; before the handler runs the
 * host has checked the caller, counted the event against its rate class and read every field. What
 * one socket sends is handled in its order, one event at a time.
 *
 *     static int32_t send_message(struct dais_call *call, const void *data);
 *
 *     static const struct dais_event EVENTS[] = {
 *         {.name = "chat:send", .access = DAIS_ACCESS_USER, .data_shape = &MESSAGE,
 *          .handler = send_message, .summary = "Sends a message to a room"},
 *         {.name = NULL},
 *     };
 *
 * A handler runs on a fiber. It answers with `ack_fields` or `ack_raw` and returns DAIS_OK (without
 * an answer the client gets {"ok":true}); or it returns an error code and the client gets
 * {"ok":false,"error":{…}} with the members of a problem document. The answer goes to a client that
 * asked for one; without an id, errors come as the event "error".
 */
#include "dais/http.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Something that a client sent, or did. Valid until the handler returned. */
struct dais_call;

/** Longest name of an event in bytes, and most attachments of one. */
#define DAIS_EVENT_NAME_BYTES_MAX 128u
#define DAIS_EVENT_ATTACHMENTS_MAX 10u

/**
 * The arguments are taken as they are: any number, any kind, attachments. `args` and `attachments`
 * give them, `ack_raw` answers; there is no `data_shape`.
 */
#define DAIS_EVENT_RAW 1u
/** The handler runs on the worker's own stack and must not suspend. */
#define DAIS_EVENT_INLINE 2u

/** Handles an event; `data` is a struct of the row's data_shape, NULL without one. */
typedef int32_t (*dais_event_fn)(struct dais_call *call, const void *data);

/** One event that clients may send. */
struct dais_event {
    const char *name;  /**< "chat:send"; not those that Socket.IO keeps ("connect" …) */
    const char *space; /**< "/admin"; NULL: the namespace "/" of Socket.IO, and `/ws` */
    uint32_t access;   /**< DAIS_ACCESS_PUBLIC (guests, too), _USER or _ROLE */
    uint32_t roles;    /**< DAIS_ROLE_… for ROLE */
    /** What it is counted with: "event", "ingest" (counts bytes), or a class of requests; NULL:
     * "event". */
    const char *rate_class;
    uint32_t flags;                      /**< DAIS_EVENT_… */
    uint32_t reserved;                   /**< 0 */
    const struct dais_shape *data_shape; /**< of its one argument */
    const struct dais_shape *ack_shape;  /**< of the answer, for the documents */
    dais_event_fn handler;
    const char *summary; /**< one line for the documents */
};

/** An event that clients get, for the documents. */
struct dais_event_out {
    const char *name;
    const char *space; /**< as in struct dais_event */
    const struct dais_shape *shape;
    const char *summary;
};

/**
 * Whoever connects is a guest: a token that is presented is not looked at, what the client sent
 * with CONNECT is the plugin's alone. Counts when one row of the namespace has it.
 */
#define DAIS_SPACE_GUESTS 1u

/**
 * A namespace, and what happens to its sockets. Several plugins may have rows of one. In `connect`
 * and `ready` the call's `args` are what the client sent with CONNECT, or its `auth` message: one
 * JSON value, absent when there was none.
 */
struct dais_space {
    const char *name;  /**< "/", "/admin" */
    uint32_t flags;    /**< DAIS_SPACE_… */
    uint32_t reserved; /**< 0 */
    /** [fiber] Looks at a client before it is let in; may refuse it by an error. Nothing can be
     * sent to it yet. A guest of `/ws` refused by DAIS_E_UNAUTHENTICATED may still send `auth`, and
     * is looked at again then. May be NULL. */
    int32_t (*connect)(struct dais_call *call);
    /** [fiber] It is in, before its first event; may send to it and join rooms. May be NULL. */
    void (*ready)(struct dais_call *call);
    /** [fiber] It was in and has left, behind its last event; rooms are left already. May be NULL.
     */
    void (*gone)(struct dais_call *call);
    const char *summary;
};

enum dais_endpoint_protocol {
    DAIS_ENDPOINT_WEBSOCKET = 1, /**< RFC 6455 */
    DAIS_ENDPOINT_ENGINEIO = 2   /**< Engine.IO v4, polling and WebSocket */
};

/** A path at which clients speak a protocol of the plugin's own, message by message. */
struct dais_endpoint {
    const char *path;  /**< "/engine.io/" */
    uint32_t protocol; /**< enum dais_endpoint_protocol */
    uint32_t reserved; /**< 0 */
    /** [fiber] As in struct dais_space: `connect` may refuse; each may be NULL. */
    int32_t (*connect)(struct dais_call *call);
    void (*ready)(struct dais_call *call);
    /** [fiber] A message: `bytes` gives it, `send` answers. */
    void (*message)(struct dais_call *call);
    void (*gone)(struct dais_call *call);
    const char *summary;
};

/** What becomes of an event whose reader is slow. */
enum dais_delivery {
    DAIS_DURABLE = 1,     /**< never left out: the reader is closed instead, to resume */
    DAIS_REPLACEABLE = 2, /**< a later one with the same key takes its place */
    DAIS_DROPPABLE = 3    /**< left out */
};

/** One way to say it. `value` by `shape`, else `json`, else no argument. */
struct dais_rendering {
    /** For sockets that speak this dialect (rooms.h: the one they joined with); NULL: for all that
     * no other row is for. Dialects are named by the plugin, at most 31 bytes, and few: a process
     * knows 63 of them, for good. */
    const char *dialect;
    const char *event; /**< its name there; NULL with a dialect: these sockets get nothing */
    const struct dais_shape *shape;
    const void *value;
    /** The argument as JSON, valid; several with commas between them, for Socket.IO alone. */
    struct dais_str json;
    /** Socket.IO alone: what {"_placeholder":true,"num":0} … in `json` stand for. */
    struct dais_buf *const *attachments;
    uint32_t attachment_count;
    uint32_t reserved; /**< 0 */
};

/** An event to be sent. Everything is borrowed for the call. */
struct dais_emit {
    /** Ends with a row whose dialect and event are NULL. */
    const struct dais_rendering *renderings;
    uint32_t delivery; /**< enum dais_delivery */
    /** Of a replaceable one; other plugins' keys, and in rooms those of other rooms, are others. */
    uint32_t key;
    dais_handle except; /**< a socket that does not get it; 0: all do */
    uint32_t flags;     /**< 0 */
    uint32_t reserved;  /**< 0 */
};

/** Why a socket is closed. */
enum dais_close {
    DAIS_CLOSE_NORMAL = 1000,  /**< the client may come back */
    DAIS_CLOSE_DENIED = 4003,  /**< banned, removed: it is told not to come back by itself */
    DAIS_CLOSE_TOO_MANY = 4008 /**< it sent too much */
};

struct dais_events_v1 {
    /** [setup] Registers events; the table ends with a row whose name is NULL. */
    int32_t (*events)(const struct dais_event *table);
    /** [setup] Names what clients may get; the table ends with a row whose name is NULL. */
    int32_t (*documents)(const struct dais_event_out *table);
    /** [setup] Registers handlers of namespaces; the table ends with a row whose name is NULL. */
    int32_t (*spaces)(const struct dais_space *table);
    /** [setup] Registers endpoints; the table ends with a row whose path is NULL. */
    int32_t (*endpoints)(const struct dais_endpoint *table);

    /** [fiber] [worker] Who sent it; NULL for a guest. Valid as long as `call`. */
    const struct dais_identity *(*identity)(const struct dais_call *call);
    /** [fiber] [worker] The arena of the call. */
    struct dais_arena *(*arena)(struct dais_call *call);
    /** [fiber] [worker] The socket. Its handle outlives the call, and is stale once it has left. */
    dais_handle (*socket)(const struct dais_call *call);
    /** [fiber] [worker] Which viewer it is (rooms.h). */
    struct dais_str (*viewer)(struct dais_call *call);
    /** [fiber] [worker] The address of the peer as text; absent once it has left. */
    struct dais_str (*peer)(struct dais_call *call);
    /** [fiber] [worker] RAW events: the arguments as JSON, with commas between them. */
    struct dais_str (*args)(const struct dais_call *call);
    /** [fiber] [worker] The attachments, in the order of their numbers; valid as `call`. */
    struct dais_buf *const *(*attachments)(const struct dais_call *call, uint32_t *ret_count);
    /** [fiber] [worker] Endpoints: the message; `ret_binary` may be NULL. */
    struct dais_str (*bytes)(const struct dais_call *call, uint32_t *ret_binary);
    /** [fiber] [worker] Answers with JSON written from `value`. DAIS_E_STATE: answered already. */
    int32_t (*ack_fields)(struct dais_call *call, const struct dais_shape *shape,
                          const void *value);
    /** [fiber] [worker] Answers with these arguments, as they are; `args` is valid JSON with commas
     * between the arguments. To `/ws` goes one value. */
    int32_t (*ack_raw)(struct dais_call *call, struct dais_str args,
                       struct dais_buf *const *attachments, uint32_t count);
    /** [fiber] [worker] Answers with a problem, as dais_http_v1.fail. Returns DAIS_OK. */
    int32_t (*fail)(struct dais_call *call, int32_t error, const char *field, const char *detail);
    /** [fiber] [worker] Names the dialect in which the socket gets events that are not of a room.
     * DAIS_E_LIMIT: there are too many dialects. */
    int32_t (*speak)(struct dais_call *call, const char *dialect);

    /** [fiber] [worker] Sends to one socket of any worker. DAIS_OK also when it has left; for one
     * of this worker DAIS_E_GONE, and DAIS_E_STATE before `ready`. DAIS_E_INVALID, DAIS_E_LIMIT,
     * DAIS_E_TOO_LARGE past limit `event_bytes`, DAIS_E_MEMORY. */
    int32_t (*emit_socket)(dais_handle socket, const struct dais_emit *emit);
    /** [fiber] [worker] Sends to all sockets of a user, as emit_socket. */
    int32_t (*emit_user)(struct dais_str user_id, const struct dais_emit *emit);
    /** [fiber] [worker] Sends to all sockets of a namespace; NULL: "/" and `/ws`. */
    int32_t (*emit_all)(const char *space, const struct dais_emit *emit);
    /**
     * [fiber] [suspends] Sends to one socket and waits until the client acknowledges it; its
     * arguments as JSON, in the fiber's arena. DAIS_E_GONE, DAIS_E_TIMEOUT, DAIS_E_CANCELLED, and
     * the errors of emit_socket.
     */
    int32_t (*ask)(dais_handle socket, const struct dais_emit *emit, uint64_t timeout_ms,
                   struct dais_str *ret_args);
    /** [fiber] [worker] Closes a socket of any worker: enum dais_close. */
    int32_t (*close)(dais_handle socket, uint32_t why);
    /** [fiber] [worker] Endpoints: sends one message. Errors as emit_socket. */
    int32_t (*send)(dais_handle socket, struct dais_str bytes, uint32_t binary);
    /** [fiber] [worker] As `fail`, and the problem's "retryAfter" says in how many seconds, rounded
     * up, it may be tried again; not with 0 ms. */
    int32_t (*fail_later)(struct dais_call *call, int32_t error, uint64_t retry_ms,
                          const char *field, const char *detail);
};

DAIS_SLOT const struct dais_events_v1 *dais_events;
#define DAIS_NEED_EVENTS DAIS_NEED(events, "dais.events/1", 0)

#ifdef __cplusplus
}
#endif
