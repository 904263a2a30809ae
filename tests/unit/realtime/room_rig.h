/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Rooms with sockets that keep what they get, on one or more workers. Real workers, sockets, links
 * and rooms; only the clients are not at the end of a connection: each takes what waits for it at
 * the end of the turn, or leaves it there (`stuck`).
 *
 * The functions are called on the main thread and run on the client's worker.
 */
#include "base/map.h"
#include "base/str.h"
#include "realtime/link.h"
#include "realtime/room.h"
#include "realtime/sockets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RIG_PATIENCE_MS 10000u

/** A client: zero it, set `worker`, `guest`. */
struct client {
    struct link link;
    struct socket *socket; /* NULL: it has none (any more) */
    dais_handle handle;
    uint32_t worker;
    const char *guest; /* NULL: a viewer of its own */
    bool stuck;        /* reads nothing */
    uint32_t close_code;
    struct strbuf log; /* "name args@seq" and a blank, for each event */
    uint64_t epoch;    /* of the last numbered event, or of the last join */
    uint64_t seq;
    uint32_t numbered; /* events with a number */
    uint32_t events;
    uint32_t gaps; /* numbers that did not follow the one before */
    uint32_t resyncs;
};

/** Called by the kind "live" of the rig. Any thread but one at a time is not promised. */
struct rig_kind {
    int32_t (*admit)(const struct dais_room_entry *entry);
    void (*presence)(const struct dais_presence *change);
};

/** Starts `workers` workers with rooms of the kinds "live" (functions in rig_kind) and "small" (two
 * members at most). cmocka's codes. */
int rig_start(uint32_t workers);
int rig_stop(void);
extern struct rig_kind rig_kind;

/** On a fiber of the client's worker, as the functions below without `rig_`. */
int32_t client_open_here(struct client *client);
void client_close_here(struct client *client);
int32_t client_join_here(struct client *client, const struct dais_room_join *how,
                         struct dais_room_joined *ret_joined);

void rig_open(struct client *client);
/** The client is gone; its log stays. */
void rig_close(struct client *client);
int32_t rig_join(struct client *client, const char *id, const char *dialect,
                 struct dais_room_joined *ret_joined);
/** Joins with what the client has seen. */
int32_t rig_resume(struct client *client, const char *id, struct dais_room_joined *ret_joined);
int32_t rig_leave(struct client *client, const char *id);
/** Emits `event` with `json` to "live:<id>" from a worker. */
int32_t rig_emit(uint32_t worker, const char *id, const char *event, const char *json);
int32_t rig_emit_as(uint32_t worker, const char *id, const struct dais_emit *emit);
int32_t rig_count(uint32_t worker, const char *id, struct dais_room_count *ret_count);
int32_t rig_remove(uint32_t worker, const char *id, const char *viewer,
                   const struct dais_emit *last);
/** Waits until the log is `text`; fails after RIG_PATIENCE_MS. */
void rig_expect(struct client *client, const char *text);
/** Waits until it has had so many events. */
void rig_expect_events(struct client *client, uint32_t count);
/** Waits until the numbers are these. */
void rig_expect_count(const char *id, uint32_t viewers, uint32_t members);
/** Lets every worker have a turn, twice. */
void rig_settle(void);
/** Empties the log. */
void rig_forget(struct client *client);
void client_fini(struct client *client);

/** A short pause while others work. */
void rig_pause(uint32_t ms);

static inline struct dais_room rig_room(const char *id)
{
    return (struct dais_room){.kind = dais_cstr("live"), .id = dais_cstr(id)};
}
