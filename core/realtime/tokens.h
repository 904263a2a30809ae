/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who is behind a socket, as long as it lives: its token is verified when it opens, warned of
 * before it ends, replaced by `auth:refresh`, and verified again when the bus says that something
 * has changed.
 *
 *   expires - token_warn_ms    event "auth:expiring" {"expiresAt"}
 *   expires + token_grace_ms   closed with 4001
 *   revoked                    verified again on a fiber; while that lasts nothing of it is
 *                              handled; not valid any more: event "auth:revoked", closed with 4003;
 *                              else the new roles count at once
 *
 * While it cannot be known whether a token is still valid, events get DAIS_E_UNAVAILABLE and it is
 * asked for again every second. A socket without a token has none of this.
 */
#include "loop/timer.h"
#include "realtime/inbox.h"

struct sockets_worker;

/** A verified token of one socket. Its texts follow in the same block. */
struct socket_user {
    struct list_node by_user; /* rings: sockets_worker */
    struct list_node by_session;
    struct list_node check; /* waits to be verified, or for another try */
    struct timer timer;
    struct socket *socket; /* NULL: another one took its place, or the socket is gone */
    uint32_t refs;
    bool warned;
    bool checking; /**< it may have been revoked: nothing is handled until that is known */
    bool again;    /* revoked once more meanwhile */
    bool unknown;  /**< it could not be known */
    struct dais_identity identity;
    struct dais_str token;
};

/** Gives a reference back; NULL is ignored. */
void tokens_unref(struct socket_user *user);

/**
 * Finds out who a new socket is: DAIS_OK, it is known; 1: a fiber asks, which calls inbox_admit or
 * inbox_refuse. DAIS_E_UNAUTHENTICATED, DAIS_E_MEMORY, DAIS_E_LIMIT, DAIS_E_UNAVAILABLE.
 */
DAIS_CHECK_RESULT int32_t tokens_begin(struct socket *socket, struct dais_str token);

/** The socket has left: nothing is warned of any more; `user` stays for its handlers. */
void tokens_leave(struct socket *socket);

/** Handles `auth` and `auth:refresh`; answers. [fiber, suspends] */
void tokens_handle(struct dais_call *call);

/** Another try for tokens that could not be verified: sockets_worker.retry. */
void tokens_retry(struct timer *timer);

/** sockets_revoked. */
void tokens_revoked(struct sockets_worker *worker, struct dais_str key);

/** The first socket user of a user on this worker, or NULL; the ring leads to the others. */
struct socket_user *tokens_first(struct sockets_worker *worker, struct dais_str user_id);

/** The next of the same user; NULL after the last one. `first` is where it began. */
struct socket_user *tokens_next(struct socket_user *user, struct socket_user *first);
