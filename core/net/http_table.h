/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is served: a router, the folders, and who offered them. For http_*.c only.
 *
 * A table is filled on the main thread, then taken into use while the workers stand still, and
 * never changed again. A request keeps the table in which it was found: it counts itself in the
 * cell of its worker, which nobody else writes, so that no cache line is fought for. The main
 * thread adds the cells up and frees a table that another one replaced once the sum is 0.
 */
#include "net/http_endpoint.h"
#include "net/http_folder.h"
#include "net/http_router.h"

#include <stdatomic.h>

struct http_server;

/** Requests of one worker that were found in a table; a cache line for itself. */
struct http_uses {
    _Atomic uint32_t held;
    char apart[60];
};

/** A folder in a table. Tables share folders. */
struct http_mount {
    struct http_mount *next; /* shorter or equal prefix */
    struct http_folder *folder;
};

/** An owner with at least one row in a table. */
struct http_listed {
    struct http_listed *next;
    const struct http_owner *owner;
};

/** An endpoint in a table. */
struct http_path {
    struct http_path *next;
    struct dais_str path; /* without its last slash */
    const struct http_endpoint *endpoint;
    struct http_owner *owner;
};

struct http_table {
    struct http_server *server;
    struct http_table *replaced; /* the table before it, while that has requests */
    struct http_router router;
    struct http_path *paths;
    uint32_t path_count;
    struct http_mount *mounts;
    struct http_listed *owners;
    struct http_uses *uses; /* one for each worker */
    struct dais_arena arena;
};

/** Frees a table and gives its folders back. [main thread] */
void http_table_drop(struct http_table *table);

/** The endpoint of a decoded path, or NULL. [any] */
const struct http_path *http_table_find(const struct http_table *table, struct dais_str path);

/** One more request of `worker` keeps the table. [worker] */
static inline void http_table_hold(struct http_table *table, uint32_t worker)
{
    _Atomic uint32_t *held = &table->uses[worker].held;
    atomic_store_explicit(held, atomic_load_explicit(held, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/** One less; afterwards the table may be gone. [worker] */
static inline void http_table_leave(struct http_table *table, uint32_t worker)
{
    _Atomic uint32_t *held = &table->uses[worker].held;
    atomic_store_explicit(held, atomic_load_explicit(held, memory_order_relaxed) - 1,
                          memory_order_release);
}
