/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of the inbox, for inbox_*.c only.
 *
 *   inbox.c          what waits, answers, steps
 *   inbox_opening.c  from the connect handlers to the ready handlers, and the gone handlers
 *   inbox_event.c    may this event be handled now, and by whom
 *   inbox_run.c      calls handlers, on fibers
 *
 * Whatever begins to handle an item sets socket->busy; the item's end clears it and steps on.
 */
#include "realtime/events_table.h"
#include "realtime/inbox.h"

/** A copy of what was sent; NULL without memory. */
struct call_item *inbox_item(struct socket *socket, enum call_kind kind, const struct call_in *in);

/** Frees an item that is in no inbox. */
void inbox_item_free(struct call_item *item);

/** Puts an item behind all others. */
void inbox_push(struct socket *socket, struct call_item *item);

/** Takes the first one, of at least one. */
struct call_item *inbox_pop(struct socket *socket);

/** Answers an item with a problem, and frees it. */
void inbox_fail(struct socket *socket, struct call_item *item,
                const struct envelope_problem *problem);

/** Begins to handle an item under its owner's mark; errors of fiber_run, the item is kept then. */
DAIS_CHECK_RESULT int32_t inbox_start(struct call_item *item, const char *name);

/** As inbox_start, by a handler of its space. */
DAIS_CHECK_RESULT int32_t inbox_start_hook(struct call_item *item, const struct events_hook *hook);

/** Handles an item at once, without a fiber. */
void inbox_run_inline(struct call_item *item);

/** Whether the plugin of a handler is out. */
bool inbox_is_out(const struct events_hook *hook);

/** A connect handler has refused. */
void inbox_connect_refused(struct socket *socket, const struct envelope_problem *problem);

/** What comes next in the stages INBOX_CONNECT and INBOX_READY. */
void inbox_connect(struct socket *socket);
void inbox_ready(struct socket *socket);

/** The next of the gone handlers; false: all have run. */
bool inbox_leave(struct socket *socket);

/** Takes the first item and has it handled, or answered. */
void inbox_event(struct socket *socket);
