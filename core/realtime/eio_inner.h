/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of Engine.IO, for eio*.c only.
 *
 *   eio.c          life of a session: made, heartbeat, ended, told, freed; what a packet does
 *   eio_worker.c   a worker's part: found by sid, counted by address, started and stopped
 *   eio_request.c  checks of a request in the reference's order, handshakes
 *   eio_poll.c     GETs that are held, POSTs
 *   eio_call.c     a request on its way to its session and back, by mail where they are apart
 *   eio_wire.c     WebSockets: of a handshake, and those that a polling session moves to
 *   eio_payload.c, eio_sid.c  parsers
 */
#include "base/map.h"
#include "loop/mail.h"
#include "loop/timer.h"
#include "net/http_address.h"
#include "realtime/eio.h"
#include "realtime/eio_payload.h"
#include "realtime/eio_sid.h"
#include "realtime/ws.h"

struct wire;

/** How far a session is. */
enum eio_state {
    EIO_STATE_OPEN,
    EIO_STATE_LEAVING, /**< polls: its client may fetch what waits, and the farewell */
    EIO_STATE_OVER     /**< not found by anybody any more */
};

/** A session; idle ones are many. */
struct eio_session {
    struct link link;
    struct timer timer;     /* heartbeat; when leaving: how long the farewell is kept */
    struct list_node node;  /* in its worker's list of all */
    struct list_node later; /* in its worker's list of those to be looked at in the next turn */
    struct eio_endpoint *endpoint;
    void *owner;
    struct eio_call *get;    /* that is held, or NULL */
    struct eio_call *post;   /* not read to its end yet, or NULL */
    struct eio_probe *probe; /* a WebSocket that may become its transport, or NULL */
    uint64_t lost_ms;        /* without a pong until then it is lost; by clock_ms */
    uint64_t address_key;
    struct eio_sid sid;
    uint8_t state; /* enum eio_state */
    char farewell; /* type of the packet that is kept for a client that polls */
    bool polling;  /* its transport; false also while the WebSocket of its handshake is awaited */
    bool pinged;   /* a pong is due */
    bool paused;
    bool reading; /* in the body of `post` */
    bool opened;  /* the handler has an owner for it */
    uint8_t peer_len;
    char peer[];
};

/** A WebSocket that came for a session that polls. Freed when the WebSocket is gone or moved. */
struct eio_probe {
    struct link link;
    struct timer timer;
    struct eio_session *session; /* NULL: it has failed */
    bool answered;               /* the probe was: polls are sent away empty */
};

/** What a request wants of its session. */
enum eio_kind {
    EIO_KIND_GET,
    EIO_KIND_POST,
    EIO_KIND_UPGRADE, /**< may its connection become a WebSocket? */
    EIO_KIND_OTHER    /**< nothing that there is */
};

/** A request with a sid: with its worker, or lent to the session's. Answered exactly once. */
struct eio_call {
    struct mail mail;
    struct dais_req *req; /* touched by the request's worker alone; NULL: no answer is due */
    struct eio_endpoint *endpoint;
    struct eio_session *session; /* touched by its worker alone */
    struct dais_buf *body;       /* owned; holds `rest` where the request does not */
    struct dais_str rest;        /* of a POST: what its session has not read yet; absent: nothing */
    uint64_t number;             /* unlike that of every other call */
    uint64_t counted;            /* bytes of its body, in its worker's sum */
    struct eio_sid sid;
    uint8_t worker; /* the request's */
    uint8_t kind;   /* enum eio_kind */
    bool binary;    /* its body says that it is application/octet-stream */
    bool lent;      /* to another worker */
    bool detached;
    const struct eio_answer *answer; /* on the way back */
    struct dais_buf *content;        /* owned; in place of the answer's own body */
};

/** What is answered; constant. */
struct eio_answer {
    uint32_t status;
    const char *type;
    const char *body;
};

/** A WebSocket for a session, maybe on its way to another worker. */
struct eio_arrival {
    struct mail mail;
    struct eio_endpoint *endpoint;
    struct wire *wire;
    struct dais_buf *early; /* NULL: none */
    struct eio_sid sid;
    bool first; /* the session awaits it: it shook hands so */
};

/** What a worker has. */
struct eio_worker {
    struct idmap sessions;  /* that can be found: eio_sid_key → session */
    struct idmap addresses; /* address key → how many sessions */
    struct list all;        /* struct eio_session.node */
    struct list later;      /* struct eio_session.later */
    struct timer turn;      /* armed while `later` has one */
    struct dais_buf *ping;  /* a frame each */
    struct dais_buf *probe_answer;
    uint64_t body_bytes; /* of POSTs that came here and are not answered */
    uint64_t calls;      /* made so far */
    uint32_t count;
    uint32_t metrics; /* number of the first */
    bool draining;
};

/** Numbers of the rows in eio_worker.c. */
enum eio_metric {
    EIO_METRIC_SESSIONS,
    EIO_METRIC_SESSIONS_TOTAL,
    EIO_METRIC_UPGRADES_TOTAL,
    EIO_METRIC_LOST_TOTAL,
    EIO_METRIC_COUNT
};

/** Adds to a metric. */
void eio_worker_count(const struct eio_worker *worker, enum eio_metric metric, int64_t value);

/** Answers that need nothing of their own. */
extern const struct eio_answer eio_answer_transport;   /**< code 0 */
extern const struct eio_answer eio_answer_unknown;     /**< code 1 */
extern const struct eio_answer eio_answer_method;      /**< code 2 */
extern const struct eio_answer eio_answer_bad;         /**< code 3 */
extern const struct eio_answer eio_answer_version;     /**< code 5 */
extern const struct eio_answer eio_answer_ok;          /**< of a POST */
extern const struct eio_answer eio_answer_packets;     /**< of a GET; its content is the call's */
extern const struct eio_answer eio_answer_noop;        /**< of a GET: packet 6 */
extern const struct eio_answer eio_answer_close;       /**< of a GET: packet 1 */
extern const struct eio_answer eio_answer_unavailable; /**< 503 */
extern const struct eio_answer eio_answer_may_upgrade; /**< never sent: goes on as a WebSocket */

/* eio_worker.c */

/** This worker's part; NULL once it has stopped. [worker] */
struct eio_worker *eio_worker_self(void);
/** The session of `sid` that was opened at the endpoint's path, or NULL. One whose time is up ends
 * now. [worker] */
struct eio_session *eio_worker_find(const struct eio_sid *sid, const struct eio_endpoint *endpoint);
/** Counts a session of this address. DAIS_E_UNAVAILABLE, DAIS_E_LIMIT, DAIS_E_MEMORY. [worker] */
DAIS_CHECK_RESULT int32_t eio_worker_enter(struct eio_worker *worker, uint64_t address_key);
void eio_worker_leave(struct eio_worker *worker, uint64_t address_key);
/** Has the session looked at in the next turn: told, freed, read on. [worker] */
void eio_worker_later(struct eio_session *session);

/* eio.c */

/**
 * Makes the session of a handshake and asks the handler. Without `polling` its open packet waits in
 * the link. What the handler or the limits refuse it with: there is none then. [worker]
 */
DAIS_CHECK_RESULT int32_t eio_session_new(struct eio_endpoint *endpoint, struct dais_req *req,
                                          bool polling, struct eio_session **ret_session);
/** Appends the open packet. */
void eio_session_open_packet(const struct eio_session *session, struct strbuf *out);
/** What a packet does. False: it broke the protocol; the caller ends the session. [worker] */
DAIS_CHECK_RESULT bool eio_session_receive(struct eio_session *session,
                                           const struct eio_packet *packet);
/** Ends it at once: requests that it holds are answered, a WebSocket is closed with `code`.
 * Nothing happens when it is over. [worker] */
void eio_session_end(struct eio_session *session, uint32_t code);
/** Whether its client did not answer a ping in time, of what was read of it. */
bool eio_session_is_lost(const struct eio_session *session);
/** Nobody finds it any more; its timer is stopped, the owner will be told. [worker] */
void eio_session_forget(struct eio_session *session);
/** The look in the next turn. The session may be gone afterwards. [worker] */
void eio_session_look(struct eio_session *session);
/** Frees it; told, without WebSocket. [worker] */
void eio_session_free(struct eio_session *session);
/** Reads or does not read the WebSocket, as the session's state asks for. [worker] */
void eio_session_steer(struct eio_session *session);

/* eio_poll.c */

/** A call has come to its session's worker. [worker] */
void eio_poll_take(struct eio_call *call);
/** Answers the GET that is held, if one is: with what waits, or empty. [worker] */
void eio_poll_flush(struct eio_session *session);
void eio_poll_send_home(struct eio_session *session);
/** Reads on in the POST that waits. [worker] */
void eio_poll_go_on(struct eio_session *session);
/** Gives back both calls of a session that ends; the GET gets `answer`. [worker] */
void eio_poll_end(struct eio_session *session, const struct eio_answer *answer);

/* eio_call.c */

/** Takes a request with a sid to its session and sees that it is answered. [worker] */
void eio_call_start(struct eio_endpoint *endpoint, struct dais_req *req, enum eio_kind kind,
                    const struct eio_sid *sid);
/** Whether the call may wait; false: it was answered. On the session's worker. [worker] */
DAIS_CHECK_RESULT bool eio_call_hold(struct eio_call *call);
/** Answers and frees a call; `content` (else absent) in place of the answer's body. [worker] */
void eio_call_answer(struct eio_call *call, const struct eio_answer *answer,
                     struct dais_str content);
/** Whether the client of a held call is known to have left. [worker] */
bool eio_call_left(const struct eio_call *call);
/** Answers a request that is served or detached. [worker] */
void eio_call_reply(struct dais_req *req, const struct eio_answer *answer, struct dais_str content);

/* eio_wire.c */

/** Makes the request's connection a WebSocket for the session of `sid`; answers what cannot be.
 * False: it was answered, and nothing follows. [worker] */
bool eio_wire_accept(struct eio_endpoint *endpoint, struct dais_req *req, const struct eio_sid *sid,
                     bool first);
/** A session ends: its probe does, too. [worker] */
void eio_wire_end_probe(struct eio_session *session);
