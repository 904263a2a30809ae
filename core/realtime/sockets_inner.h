/* SPDX-License-Identifier: MIT */
#pragma once
/* What a worker has of sockets: for socket.c, sockets.c, inbox.c, tokens.c and ask.c only. */
#include "base/handle.h"
#include "base/list.h"
#include "base/map.h"
#include "loop/mail.h"
#include "loop/timer.h"
#include "realtime/sockets.h"

struct sockets_worker {
    struct handle_table handles; /* sockets that are not gone */
    struct idmap addresses;      /* address → how many sockets it has */
    struct idmap users;          /* hash of a user's id → one node of a ring of socket_user */
    struct idmap sessions;
    uint64_t revocations; /* heard of */
    struct list checks;   /* socket_user.check: to be verified */
    uint32_t checkers;    /* fibers that do */
    struct list unknown;  /* socket_user.check: to be asked for again */
    struct timer retry;
    dais_handle drainer; /* the fiber that waits for the last socket at a stop */
    uint32_t lingering;  /* sockets that are gone, with something left to be handled */
    bool draining;
    /** The socket that is in socket_open, and why it is refused there. */
    struct socket *opening;
    struct envelope_problem refusal;
};

/** Numbers of the rate classes that sockets need. */
struct sockets_rates {
    uint32_t connect;
    uint32_t event;
    uint32_t ingest;
};

/** Numbers of the rows in sockets.c. */
enum sockets_metric {
    SOCKETS_METRIC_OPEN,
    SOCKETS_METRIC_OPENED_TOTAL,
    SOCKETS_METRIC_REFUSED_TOTAL,
    SOCKETS_METRIC_EVENTS_TOTAL,
    SOCKETS_METRIC_LIMITED_TOTAL,
    SOCKETS_METRIC_FAILED_TOTAL,
    SOCKETS_METRIC_REVOKED_TOTAL,
    SOCKETS_METRIC_EXPIRED_TOTAL,
    SOCKETS_METRIC_COUNT
};

/** This worker's part. [worker] */
struct sockets_worker *sockets_self(void);

/** Valid after sockets_init. */
const struct sockets_rates *sockets_rates(void);

/** Adds to a metric. */
void sockets_add(enum sockets_metric metric, int64_t value);

/** A socket is gone for good: whoever waits for the last one is told. */
void sockets_settled(struct sockets_worker *worker);

/** socket.c: frees a socket that is gone. */
void socket_free(struct socket *socket);

/** As socket_event, in any state with a link. */
DAIS_CHECK_RESULT int32_t socket_push(struct socket *socket, const struct socket_event *event,
                                      uint32_t message_class);

/** ask.c: whoever waits for acknowledgements of this socket gets DAIS_E_GONE. */
void ask_cancel_all(struct socket *socket);
