/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What waits to be handled of one socket, and the handling: one thing after another, each on a
 * fiber of the plugin that handles it.
 *
 *   token → connect handlers → open → ready handlers → events … → gone handlers → its memory goes
 *             └ login: a guest of `/ws` that has to log in first
 *
 * inbox_step does what comes next; whoever has changed something calls it. It does nothing while an
 * item is being handled, whose end calls it again.
 *
 * An event is looked up when its turn has come; then it is counted against its rate, its sender is
 * judged, its fields are read, its handler runs, and it is answered whatever happens.
 */
#include "base/shape.h"
#include "realtime/call.h"
#include "realtime/events_table.h"

/** Events that the core handles, in every space. */
#define INBOX_AUTH "auth"
#define INBOX_REFRESH "auth:refresh"

enum inbox_stage {
    INBOX_TOKEN, /**< its token is being verified */
    INBOX_CONNECT,
    INBOX_LOGIN, /**< the connect handlers want a user; only `auth` is handled */
    INBOX_READY,
    INBOX_EVENTS,
    INBOX_GONE
};

enum call_kind {
    CALL_EVENT,
    CALL_MESSAGE, /**< of an endpoint */
    CALL_AUTH,    /**< `auth`, `auth:refresh` */
    CALL_OPENING, /**< connect and ready; stays until both are through */
    CALL_GONE
};

/** One thing to be handled. Its texts follow in the same block. */
struct call_item {
    struct call_item *next;
    struct socket *socket;
    const struct dais_event *event; /**< once its turn has come */
    struct events_hook hook;        /**< a copy: the table may be replaced before its fiber runs */
    struct http_owner *owner;       /**< whose code handles it; NULL: the core */
    uint8_t kind;                   /**< enum call_kind */
    bool binary;
    struct dais_str name;
    struct dais_str args;
    struct dais_str id;
    struct dais_buf **attachments;
    uint32_t attachment_count;
    uint32_t bytes; /**< all that it holds */
};

struct dais_call {
    struct socket *socket;
    struct socket_user *user; /**< one reference; NULL: a guest */
    struct call_item *item;
    struct dais_arena *arena;
    bool answered;
    int32_t explained; /**< the error that `problem` explains when the handler returns it */
    struct shape_error problem;
    char viewer[SOCKET_VIEWER_BYTES_MAX];
};

/** A new socket begins with its token (`verifying`) or its handlers; `payload` may be absent.
 * DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t inbox_begin(struct socket *socket, struct dais_str payload,
                                      bool verifying);

/** events_receive. */
void inbox_receive(struct socket *socket, const struct call_in *in);

/** The token has been judged, or a login has succeeded: the connect handlers are next. */
void inbox_admit(struct socket *socket);

/** Does what comes next; frees the socket when it is gone and nothing is left to do. */
void inbox_step(struct socket *socket);

/** Frees what waits, but for what is being handled. */
void inbox_drop(struct socket *socket);

/** A socket that is opening will not be: tells its form; the caller steps it. */
void inbox_refuse(struct socket *socket, const struct envelope_problem *problem);

/** A login payload takes the place of what the client sent to connect. DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t inbox_reopen(struct socket *socket, struct dais_str payload);

/** Sends the answer to an item, or the event "error" where none is waited for. */
void inbox_answer(struct socket *socket, const struct call_item *item, struct socket_ack *ack);
