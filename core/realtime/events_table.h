/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of the table of events.h, for the inbox: rows are found by space and name when the
 * turn of an event has come. Nothing of it is kept over a suspension but rows and owners, which the
 * owner's fiber keeps alive.
 */
#include "base/map.h"
#include "realtime/events.h"

/** One event in use. */
struct events_row {
    struct events_row *next; /**< in the order of registration */
    const struct dais_event *event;
    struct http_owner *owner;
    const char *rate_class;
    uint32_t rate; /**< its number: realtime_hooks.rate_class */
};

/** What one plugin does with the sockets of a space or endpoint. */
struct events_hook {
    struct events_hook *next; /**< with a greater key */
    uint32_t key;             /**< by plugin, then by row; above 0; the same after a reload */
    struct http_owner *owner;
    const char *name; /**< of the space, or the path: constant */
    int32_t (*connect)(struct dais_call *call);
    void (*ready)(struct dais_call *call);
    void (*message)(struct dais_call *call);
    void (*gone)(struct dais_call *call);
};

/** A space, or an endpoint. */
struct events_space {
    struct events_space *next;
    const char *name;
    uint32_t number;
    bool endpoint;
    bool guests; /**< tokens are not looked at */
    uint32_t protocol;
    struct map rows; /**< name → struct events_row */
    struct events_hook *hooks;
};

/** The event that a socket of `form` may send by this name, or NULL. [worker] */
const struct events_row *events_find(const struct socket_form *form, struct dais_str name);

/** The first hook of the form's space behind `key` (0: the first of all), or NULL. [worker] */
const struct events_hook *events_hook_after(const struct socket_form *form, uint32_t key);

/** Whether all who connect there are guests. [worker] */
bool events_guests_only(const struct socket_form *form);

/** The endpoint at `path` in the table in use, or NULL. [worker] */
const struct events_space *events_endpoint(const char *path);
