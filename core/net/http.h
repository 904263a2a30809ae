/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The HTTP/1.1 server behind dais.http/1, on libh2o.
 *
 *   http_new               main thread, before the plugins' `init`
 *   http_table_new …       main thread: what is served, made anew whenever it changes
 *   http_table_use         while the workers stand still: from now on that is served
 *   http_open              opens the sockets (worker i accepts on socket i of each address)
 *   http_worker_start      on each worker: starts to accept
 *   http_worker_drain      on each worker: stops accepting; a fiber waits for answers under way
 *   http_worker_stop       on each worker: closes what is left
 *   http_free              main thread, after the workers are gone
 *
 * The life of a request is told in http_run.c. What a request needs from the layers above (who is
 * behind a token, the database) comes through `struct http_hooks`.
 */
#include "dais/http.h"

#include <stdatomic.h>
#include <stdbool.h>

struct http_server;
struct tls;
struct http_table;

/** Bytes of all files of one folder. */
#define HTTP_FOLDER_BYTES_MAX (64u << 20)

/** Addresses that one server may listen on. */
#define HTTP_ADDRESSES_MAX 16u

/**
 * Who offers routes or folders: one for each generation of a plugin. Borrowed by the tables that
 * list it, so it must last until http_owner_in_use says that none does, or until http_free.
 */
struct http_owner {
    const char *id;         /**< the plugin's, or "core"; in logs and metrics */
    uint32_t plugin;        /**< charged for what the handlers do: struct owner of base/owner.h */
    uint32_t generation;    /**< of the plugin */
    const char *assets_dir; /**< absolute path that folders are below, or NULL: has no files */
    /** Not 0: all its routes answer 503, the handlers are not called. May change at any time. */
    _Atomic uint32_t closed;
    const char *_Atomic closed_reason; /**< detail of that 503; NULL for a general one */
    /** Answers of its handlers that were the server's fault: 500 and above, but not 503. */
    _Atomic uint64_t errors;
};

/** Rate classes that requests may have. */
#define HTTP_RATE_CLASSES_MAX 8u

/** Who sent a request, for its rates. */
struct http_client {
    uint64_t address;     /**< the same number for all that counts as one address */
    struct dais_str user; /**< id of the user behind a valid token; absent: none */
    /** Memory of the connection, zeroed at its begin: one number for each rate class. */
    uint64_t *paces;
};

/** What the server asks of the layers above. A NULL function stands for "there is none". */
struct http_hooks {
    /**
     * Opens `count` listening sockets on one address with SO_REUSEPORT; the server closes them.
     * NULL is not allowed. [main thread]
     */
    int32_t (*open_sockets)(const char *name, struct dais_str address, uint32_t count,
                            int *ret_fds);
    /**
     * The identity behind `token` when this worker knows it without asking: 1, or 0. The views are
     * valid until the caller next returns to the loop. [worker]
     */
    int32_t (*identity_cached)(struct dais_str token, struct dais_identity *ret_identity);
    /** As dais_identity_v1.verify; without it every token gets DAIS_E_UNAVAILABLE. [fiber,
     * suspends] */
    int32_t (*verify)(struct dais_str token, struct dais_identity *ret_identity);
    /**
     * Runs `statement` and gives its first cell, valid as long as the running fiber's arena.
     * DAIS_E_NOT_FOUND without a row; a NULL cell is absent. For owners and for reply_rows.
     * [fiber, suspends]
     */
    int32_t (*query_cell)(const struct dais_statement *statement, const struct dais_param *params,
                          uint32_t count, struct dais_str *ret_cell);
    /** The number of the rate class `name`, below HTTP_RATE_CLASSES_MAX; DAIS_E_NOT_FOUND. There is
     * a class "media", in which files count, too. Without it all are 0. [any thread] */
    int32_t (*rate_class)(const char *name);
    /** The name of a rate class for metrics; NULL: there is none of that number. */
    const char *(*rate_class_name)(uint32_t rate_class);
    /**
     * Counts one request of a rate class, once its token was looked at. DAIS_E_LIMIT after setting
     * the seconds to wait. Without it nothing is limited. [worker]
     */
    int32_t (*admit)(uint32_t rate_class, const struct http_client *client,
                     uint32_t *ret_retry_after_s);
};

/**
 * Settings; 0 means the limit that stands behind (base/limits.h). Copied by http_new, texts too.
 * Connections, bytes of body, path and headers, and the idle time are limits alone.
 */
struct http_config {
    const struct dais_str *addresses; /**< "0.0.0.0:8080", "[::]:0" */
    uint32_t address_count;
    uint32_t tls_address_count; /**< the last so many of them speak TLS */
    struct tls *tls;            /**< their certificates (net/tls.h), borrowed; NULL: none do */
    uint32_t workers;           /**< how many there are; at least 1 */
    const struct dais_str *cors_origins; /**< "*" or "https://host[:port]"; none: no CORS headers */
    uint32_t cors_origin_count;
    /** "10.0.0.0/8", "::1": proxies that may say for whom they speak; nobody else is believed. */
    const struct dais_str *trusted_proxies;
    uint32_t trusted_proxy_count;
    uint8_t forwarded; /**< 0: they say it by X-Forwarded-For and -Proto; 1: by Forwarded */
    /** http_request_ms: first byte to complete request; an answer's progress is judged over it. */
    uint32_t request_timeout_ms;
    uint32_t handler_timeout_ms; /**< http_handler_ms: what a handler waits for is then cancelled */
    uint32_t peer_timeout_ms;    /**< http_peer_ms: TCP_USER_TIMEOUT */
    uint32_t bytes_per_s_min;    /**< http_bytes_per_s: of bodies, either way */
    uint8_t access_log;          /**< 1: one line per request */
    uint8_t dev;                 /**< 1: files of folders are read again when they changed */
};

/**
 * Makes the server and registers its metrics. `hooks` is borrowed until http_free. DAIS_E_INVALID
 * for settings that cannot be right, DAIS_E_MEMORY. [main thread]
 */
DAIS_CHECK_RESULT int32_t http_new(const struct http_config *config, const struct http_hooks *hooks,
                                   struct http_server **ret_server);

/** Frees the server and closes its sockets; NULL is ignored. [main thread] */
void http_free(struct http_server *server);

/**
 * Makes an empty table of what is served: routes and folders. It serves once http_table_use took
 * it; until then it may be filled, or given back by http_table_free. DAIS_E_MEMORY. [main thread]
 */
DAIS_CHECK_RESULT int32_t http_table_new(struct http_server *server, struct http_table **ret_table);

/**
 * Adds the rows of dais_http_v1.routes for `owner`; they are borrowed as long as the table is in
 * use. DAIS_E_INVALID for a row that cannot be right, DAIS_E_CONFLICT when method and path are
 * taken, DAIS_E_NOT_FOUND when there is no such rate class: http_problem then names row and reason.
 * [main thread]
 */
DAIS_CHECK_RESULT int32_t http_table_routes(struct http_table *table, struct http_owner *owner,
                                            const struct dais_route *rows);

/**
 * Adds the folders of dais_http_v1.statics for `owner`. The files are read into memory, unless the
 * table in use has the same folder for the same owner: then both share it. DAIS_E_NOT_FOUND when
 * the folder is missing, DAIS_E_TOO_LARGE past HTTP_FOLDER_BYTES_MAX; else as http_table_routes.
 * [main thread]
 */
DAIS_CHECK_RESULT int32_t http_table_statics(struct http_table *table, struct http_owner *owner,
                                             const struct dais_static *rows);

/** As http_table_routes, without a table: whether each row for itself can be right. [any thread] */
DAIS_CHECK_RESULT int32_t http_routes_check(const struct dais_route *rows);

/** Gives back a table that was never used; NULL is ignored. [main thread] */
void http_table_free(struct http_table *table);

/**
 * Serves `table` from the next request on, and takes it over. Requests under way end in the table
 * in which they were found. [parked: while no worker runs]
 */
void http_table_use(struct http_server *server, struct http_table *table);

/**
 * Whether a table that lists `owner` serves, or has requests that are not answered completely: its
 * rows and handlers must stay then. Frees the tables that nothing uses any more. [main thread]
 */
bool http_owner_in_use(struct http_server *server, const struct http_owner *owner);

/** Why the last function of this thread that fills a table, http_new or http_open failed: a line.
 */
const char *http_problem(void);

/** Opens the listening sockets. What open_sockets answered. [main thread] */
DAIS_CHECK_RESULT int32_t http_open(struct http_server *server);

/** The port that address `index` is bound to; 0 when there is no such. After http_open. [any] */
uint32_t http_port(const struct http_server *server, uint32_t index);

/** Starts to accept on this worker. DAIS_E_MEMORY, DAIS_E_INTERNAL. [worker] */
DAIS_CHECK_RESULT int32_t http_worker_start(struct http_server *server);

/**
 * Stops accepting; answers say `Connection: close` from now on. A fiber stays until those under way
 * are out, so that the end of all fibers is the end of all answers. Idle connections stay open
 * until http_worker_stop. [worker]
 */
void http_worker_drain(struct http_server *server);

/** Closes what is left on this worker, after its fibers ended; nothing calls a handler or a hook
 * on it from here on. [worker] */
void http_worker_stop(struct http_server *server);

/** One route in use, for documents and the authorization matrix. */
struct http_route_info {
    const struct dais_route *route;
    const struct http_owner *owner;
    const char *rate_class; /**< never NULL */
};

/** Calls `visit` for every route of the table in use, in the order it was filled. [main thread, or
 * worker without giving way] */
void http_each_route(const struct http_server *server,
                     void (*visit)(const struct http_route_info *info, void *context),
                     void *context);

/* The request functions of struct dais_http_v1; their contract is written there. */
const struct dais_identity *http_identity(const struct dais_req *req);
struct dais_arena *http_arena(struct dais_req *req);
struct dais_str http_header(const struct dais_req *req, const char *name);
struct dais_str http_peer(struct dais_req *req);
struct dais_str http_query_string(const struct dais_req *req);
struct dais_str http_origin(struct dais_req *req);
int32_t http_header_set(struct dais_req *req, const char *name, struct dais_str value);
int32_t http_reply(struct dais_req *req, uint32_t status, const char *type, struct dais_str body);
int32_t http_reply_fields(struct dais_req *req, uint32_t status, const struct dais_shape *shape,
                          const void *value);
int32_t http_reply_buf(struct dais_req *req, const char *type, struct dais_buf *buf,
                       uint64_t offset, uint64_t len);
int32_t http_reply_rows(struct dais_req *req, uint32_t status,
                        const struct dais_statement *statement, const struct dais_param *params,
                        uint32_t count);
int32_t http_fail(struct dais_req *req, int32_t error, const char *field, const char *detail);

/**
 * What the problem document says when the handler of the running fiber's request returns `error`
 * instead of answering; the texts (field may be NULL) are copied. Without a request nothing
 * happens. [fiber]
 */
void http_explain(int32_t error, const char *field, const char *detail);
