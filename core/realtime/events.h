/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The tables behind dais.events/1: which handler takes which event.
 *
 *   events_table_new, events_table_…   main thread: what all plugins offer, made anew whenever that
 *                                      changes, as http_table
 *   events_use                         while the workers stand still: from now on that counts
 *   events_receive                     on workers: what a client sent
 *
 * An event is looked up when its turn has come, by its space and its name; its handler runs on a
 * fiber with the owner's mark, so that the owner's fibers tell whether its code is still needed.
 * Names that the core handles itself: `auth` and `auth:refresh` (tokens.h), in every space.
 */
#include "dais/events.h"
#include "net/http.h"
#include "realtime/socket.h"

struct events_table;

/** Spaces, events and endpoints of all plugins. */
#define EVENTS_ROWS_MAX 4096u
#define EVENTS_ENDPOINTS_MAX 16u

/** An empty table. DAIS_E_MEMORY. [main thread] */
DAIS_CHECK_RESULT int32_t events_table_new(struct events_table **ret_table);

/**
 * Adds the rows of dais_events_v1.events, .spaces or .endpoints for `owner`, which (and whose rows)
 * must last until events_use has taken a table without them and no fiber runs under its mark.
 * DAIS_E_INVALID for a row that cannot be right, DAIS_E_CONFLICT when another row has its name,
 * DAIS_E_NOT_FOUND when there is no such rate class, DAIS_E_LIMIT past SOCKET_SPACES_MAX or
 * EVENTS_ENDPOINTS_MAX, DAIS_E_MEMORY: events_problem then tells the row and why. [main thread]
 */
DAIS_CHECK_RESULT int32_t events_table_events(struct events_table *table, struct http_owner *owner,
                                              const struct dais_event *rows);
DAIS_CHECK_RESULT int32_t events_table_spaces(struct events_table *table, struct http_owner *owner,
                                              const struct dais_space *rows);
DAIS_CHECK_RESULT int32_t events_table_endpoints(struct events_table *table,
                                                 struct http_owner *owner,
                                                 const struct dais_endpoint *rows);

/** As above, without a table: whether each row for itself can be right. [any thread] */
DAIS_CHECK_RESULT int32_t events_events_check(const struct dais_event *rows);
DAIS_CHECK_RESULT int32_t events_spaces_check(const struct dais_space *rows);
DAIS_CHECK_RESULT int32_t events_endpoints_check(const struct dais_endpoint *rows);

/** Gives back a table that was never used; NULL is ignored. [main thread] */
void events_table_free(struct events_table *table);

/** Looks events up in `table` from now on, and takes it over; the one before is freed. NULL: there
 * are no events. [parked, or before the workers start] */
void events_use(struct events_table *table);

/** Why the last function of this thread failed that fills a table: a line. */
const char *events_problem(void);

/** One row in use, for documents. */
struct events_row_info {
    const struct dais_event *event;
    const struct http_owner *owner;
    const char *rate_class; /**< never NULL */
};

/** Calls `visit` for every event of the table in use. [main thread, or worker without giving way]
 */
void events_each(void (*visit)(const struct events_row_info *info, void *context), void *context);

/**
 * The number of a space that has events or handlers: "/" is 0, others below SOCKET_SPACES_MAX; the
 * same as long as the process runs. DAIS_E_NOT_FOUND. [worker]
 */
DAIS_CHECK_RESULT int32_t events_space(struct dais_str name);

/** The name of a space by its number; valid as long as the process. [any thread] */
const char *events_space_name(uint32_t number);

/** What a client sent. Everything is borrowed for the call. */
struct call_in {
    struct dais_str event; /**< its name as text */
    struct dais_str args;  /**< JSON of the arguments without brackets; "" or absent: none */
    struct dais_str id;    /**< what the form wants back in socket_ack.id; absent: no answer */
    struct dais_buf *const *attachments;
    uint32_t attachment_count;
    bool binary; /**< raw endpoints: `args` are bytes, not text */
};

/**
 * Takes what a client sent: it is handled behind what it sent before, maybe before this returns.
 * The form is paused when more waits than limit `socket_inbox`. [worker's own stack]
 */
void events_receive(struct socket *socket, const struct call_in *in);
