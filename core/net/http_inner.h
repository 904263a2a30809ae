/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of the HTTP server, for http_*.c only: the only files that see libh2o.
 *
 * One `struct http_worker` per worker holds an h2o context, its listeners and connections. h2o
 * calls the one handler that there is (http_run.c) for every request; it makes a `struct dais_req`,
 * which lives until h2o's request pool is cleared: after the answer was sent or the connection is
 * gone. While a handler works, h2o neither reads nor closes the connection, so the h2o request
 * outlives the handler; what the handler answers is noted and sent when it returned (http_send.c).
 */
#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "base/shape.h"
#include "loop/timer.h"
#include "net/http.h"
#include "net/http_address.h"
#include "net/http_detach.h"
#include "net/http_table.h"
#include "net/http_uri.h"
#include "net/tls_inner.h"

#include <h2o.h>
#include <h2o/http1.h>

/* A build against another flavour of libh2o links silently and then corrupts memory. */
_Static_assert(H2O_USE_LIBUV && sizeof(h2o_context_t) == 2016,
               "this is not the libuv build of h2o 2.2.5");

#define HTTP_ID_BYTES_MAX 64u
/** Header lines that a handler adds. */
#define HTTP_EXTRAS_MAX 32u

/** Numbers of the rows in http_metrics.c. */
enum http_metric {
    HTTP_METRIC_CONNECTIONS,
    HTTP_METRIC_CONNECTIONS_TOTAL,
    HTTP_METRIC_CUT_TOTAL,
    HTTP_METRIC_CROWDED_TOTAL,
    HTTP_METRIC_REFUSED_TOTAL,
    HTTP_METRIC_LIMITED_TOTAL,
    HTTP_METRIC_HELD,
    HTTP_METRIC_DETACHED,
    HTTP_METRIC_UPGRADED_TOTAL,
    HTTP_METRIC_1XX, /* and the classes up to 5xx behind it */
    HTTP_METRIC_2XX,
    HTTP_METRIC_3XX,
    HTTP_METRIC_4XX,
    HTTP_METRIC_5XX,
    HTTP_METRIC_GONE,
    HTTP_METRIC_BODY_BYTES,
    HTTP_METRIC_MISUSE,
    HTTP_METRIC_COUNT
};

/** One connection. Freed when libuv has closed it. */
struct http_conn {
    uv_tcp_t tcp; /* first: h2o hands it back */
    struct http_worker *worker;
    struct list_node node;    /* in its worker's list of connections */
    uint64_t checked_ms;      /* when `checked_queue` was noted; 0: nothing is queued */
    uint64_t checked_queue;   /* bytes of answers that libuv held then */
    struct list_node written; /* in its worker's list, until h2o knows */
    uv_write_t *write_req;
    int write_status;     /* what h2o will be told of it */
    uv_alloc_cb alloc_cb; /* h2o's, see http_lazy.c */
    uv_read_cb read_cb;
    bool reading;      /* libuv watches for input */
    bool read_stopped; /* h2o wants none now */
    bool trusted;      /* a proxy that may speak for others */
    bool counted;      /* among its address's */
    bool refused;      /* before its request was read: http_linger.c */
    uv_close_cb close_cb;
    uint64_t linger_left; /* bytes that are still thrown away */
    struct timer linger;
    struct http_address address;
    uint64_t address_key;
    uint64_t paces[HTTP_RATE_CLASSES_MAX]; /* struct http_client */
};

/** How libh2o's state of TLS begins. */
struct http_ssl {
    SSL_CTX *context;
    SSL *ssl;
};

/** One listening socket of a worker. */
struct http_listener {
    uv_tcp_t tcp;
    struct http_worker *worker;
    bool secure;  /* its connections speak TLS */
    bool stalled; /* a connection waits in it because the worker is full */
};

/** What a worker has. */
struct http_worker {
    h2o_context_t h2o; /* CONTAINER_OF leads from a request to here */
    h2o_accept_ctx_t accept;
    h2o_accept_ctx_t accept_secure;
    struct tls_use tls; /* what accept_secure serves by */
    struct list conns;  /* all of them: struct http_conn.node */
    struct http_server *server;
    uint32_t index;
    struct http_listener listeners[HTTP_ADDRESSES_MAX];
    uint32_t listening; /* sockets not closed yet */
    uint32_t connections;
    uint32_t connections_max;
    uint32_t per_address_max;
    struct idmap peers;  /* how many connections an address has: http_address_key → number */
    uint32_t requests;   /* not answered completely yet */
    struct list written; /* connections whose answer is out: struct http_conn.written */
    uv_idle_t written_idle;
    struct list held;     /* requests whose fiber runs: struct dais_req.held */
    struct list detached; /* requests that wait without one: struct dais_req.held */
    struct list upgrades; /* connections that leave HTTP: http_upgrade.c */
    struct list spare;    /* struct dais_req.held */
    uint32_t spare_count;
    struct timer sweep;
    uint64_t next_id;
    bool draining;
    bool stopping;
};

/** Request headers that are looked at for every request, found in one pass. */
struct http_head {
    struct dais_str authorization;
    struct dais_str content_type;
    struct dais_str origin;
    struct dais_str request_id;
};

/** A header line that a handler adds; name and value in the request's arena. */
struct http_extra {
    h2o_iovec_t name;
    h2o_iovec_t value;
};

/** What will be answered. */
struct http_answer {
    uint32_t status; /* 0: nothing yet */
    int32_t error;   /* DAIS_E_… behind a problem document */
    const char *type;
    struct dais_str body;
    struct dais_buf *buf; /* holds `body`, or NULL */
    bool ranged;          /* Range is honoured */
    uint32_t retry_after_s;
    const char *allow;
    uint32_t extra_count;
    struct http_extra *extras; /* HTTP_EXTRAS_MAX of them once there is one */
    struct dais_str content_range;
};

/** When a request is answered. */
enum http_due {
    HTTP_DUE_NOW,      /* when its handler returns */
    HTTP_DUE_LATER,    /* it is detached */
    HTTP_DUE_FINISHED, /* it was detached and finished before its handler returned */
    HTTP_DUE_NEVER     /* its connection leaves HTTP */
};

struct dais_req {
    struct list_node held;
    h2o_req_t *h2o;
    struct http_worker *worker;
    struct http_conn *conn;
    struct http_table *table; /* in which it was found */
    struct dais_arena arena;
    uint64_t id;
    uint64_t started_us;
    dais_handle fiber; /* 0: none runs */
    enum http_method method;
    struct http_uri uri;
    struct dais_str path; /* decoded */
    struct http_head head;
    uint64_t address_key; /* of the client, as all of these: http_client.c */
    struct http_address address;
    struct dais_str peer;     /* as text; absent until asked for */
    struct dais_str scheme;   /* that a proxy told; absent otherwise */
    struct http_owner *owner; /* of the route or endpoint; NULL: neither */
    const struct http_path *endpoint;
    struct http_match match;
    struct dais_input input;
    struct dais_identity identity;
    uint8_t due;  /* enum http_due */
    bool running; /* the handler or endpoint has not returned */
    bool left;    /* noted by a look at detached requests */
    http_gone_fn gone_fn;
    void *gone_context;
    bool identified;   /* `identity` is set */
    bool handled;      /* the handler was called */
    bool gone;         /* the client left while the fiber ran */
    int32_t bad_path;  /* what reading the path parameters gave, told once the caller may know */
    int32_t bad_input; /* what reading query and body gave */
    int32_t explained; /* the error that `problem` explains when the handler returns it */
    struct http_answer answer;
    /* From here on not zeroed for each request. */
    struct shape_error problem; /* belongs to bad_path, bad_input or explained */
};

/** A server; but for `table` read-only once it is open. */
struct http_server {
    struct http_config config;
    const struct http_hooks *hooks;
    struct dais_arena arena;
    struct http_table *table; /* in use; changes only while the workers stand still */
    h2o_globalconf_t h2o;
    struct http_worker *workers;
    int *fds; /* address_count × workers; -1: closed or given to a loop */
    uint32_t ports[HTTP_ADDRESSES_MAX];
    struct http_network *networks; /* of trusted proxies */
    uint32_t network_count;
    h2o_iovec_t refusal;                       /* the whole answer to bytes that are no request */
    uint32_t metrics;                          /* number of the first */
    uint32_t durations[HTTP_RATE_CLASSES_MAX]; /* numbers of histograms, by rate class */
    uint64_t body_bytes_max;
    uint64_t path_bytes_max;
    uint64_t header_bytes_max;
    uint64_t linger_bytes;
    uint64_t linger_ms;
    uint32_t rate_of_others; /* rate class of what is no route: files, OPTIONS, unknown paths */
    bool cors_any;           /* an origin is "*" */
    bool open;
};

/* http_server.c */

/** Notes the text of http_problem; returns `code`. */
int32_t http_refuse(int32_t code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Whether the address of that number speaks TLS. */
bool http_is_secure(const struct http_config *config, uint32_t address);

/** This thread's worker of `server`. [worker] */
struct http_worker *http_worker_self(struct http_server *server);

/* http_accept.c */

/** Listens on this worker's sockets. [worker] */
DAIS_CHECK_RESULT int32_t http_accept_start(struct http_worker *worker);
/** Closes this worker's listening sockets. [worker] */
void http_accept_stop(struct http_worker *worker);
/** The connection of a request. */
struct http_conn *http_conn_of(h2o_req_t *h2o);

/* http_client.c */

/** Readies a worker, and gives its memory back. [worker] */
void http_client_start(struct http_worker *worker);
void http_client_stop(struct http_worker *worker);
/** Notes the peer of a new connection; false when it has too many already. [worker] */
bool http_client_enter(struct http_conn *conn);
/** A connection ends. [worker] */
void http_client_leave(struct http_conn *conn);
/** Finds out whose request it is: `address` and `scheme`. [worker] */
void http_client_find(struct dais_req *req);

/* http_lazy.c */

/** Finds libuv's own functions; before any connection. [any] */
void http_lazy_setup(void);
/** Readies a worker, and closes its handle. [worker] */
void http_lazy_start(struct http_worker *worker);
void http_lazy_stop(struct http_worker *worker);
/** From now on this connection is read and written so. */
void http_lazy_mark(struct http_conn *conn);
/** Before its memory goes: what is made of it next is not taken for a connection. */
void http_lazy_unmark(struct http_conn *conn);
/** The connection of a handle of libuv; NULL when it is none of ours, or not marked. */
struct http_conn *http_lazy_conn(uv_handle_t *handle);

/* http_record.c */

/** h2o_socket_write. */
typedef void (*http_write_fn)(h2o_socket_t *, h2o_iovec_t *, size_t, h2o_socket_cb);
/** Calls `write` with the pieces, which are made one first where TLS then seals them as one. */
void http_record_write(http_write_fn write, h2o_socket_t *sock, h2o_iovec_t *bufs, size_t count,
                       h2o_socket_cb callback);

/* http_sweep.c */

/** The descriptor of a connection; -1: none any more. */
int http_sweep_fd(const struct http_conn *conn);
/** Starts the look at all connections that comes every second. [worker] */
void http_sweep_start(struct http_worker *worker);
/** Ends every connection of this worker by shutting its socket down. [worker] */
void http_sweep_all(struct http_worker *worker);

/* http_worker.c */

/** Whether this worker has stopped and nothing is left: gives h2o's context back. [worker] */
void http_worker_settle(struct http_worker *worker);

/* http_run.c */

/** The one handler, called by h2o for every request. */
int http_run(h2o_handler_t *handler, h2o_req_t *h2o);

/* http_detach.c */

/** The handler returned. False: the request is answered later, or never. [worker] [fiber] */
bool http_detach_due(struct dais_req *req);
/** A request is about to be answered: it waits no more, if it did. [worker] [fiber] */
void http_detach_take(struct dais_req *req);
/** Asks which detached requests have lost their client, and ends them. [worker] */
void http_detach_sweep(struct http_worker *worker);
/** The server stops: ends all of this worker. [worker] */
void http_detach_drain(struct http_worker *worker);

/* http_endpoint.c */

/** Serves a request by the endpoint that it was found at; 1 when the answer comes later. */
int http_endpoint_serve(struct dais_req *req);

/* http_upgrade.c */

/** The server does not wait for the connections that still leave: says so. [worker] */
void http_upgrade_forget(struct http_worker *worker);

/* http_access.c */

/** What is known about the caller before anything suspends. */
enum http_access {
    HTTP_ACCESS_GRANTED,
    HTTP_ACCESS_REFUSED, /* answered */
    HTTP_ACCESS_VERIFY,  /* the token must be verified, on a fiber */
    HTTP_ACCESS_OWNER    /* the caller is known, the owner must be found, on a fiber */
};
/** Counts a request in the rate class with this number; false: it was refused. [worker] */
bool http_access_admit(struct dais_req *req, uint32_t rate);
/** Looks at the token, counts the request, checks the role. [worker] */
enum http_access http_access_begin(struct dais_req *req);
/**
 * The same for a token that must be verified; reads the input afterwards. Does nothing where that
 * is settled. False: the problem was noted. [fiber, suspends]
 */
bool http_access_verify(struct dais_req *req);
/** Finds the owner where the row asks for it. 0, or the problem was noted. [fiber, suspends] */
int32_t http_access_owner(struct dais_req *req);

/* http_input.c */

/** Reads path, query and body by the row's shapes; notes what was wrong in the request. */
void http_input_read(struct dais_req *req);

/* http_send.c */

/** Sends what was answered, once, and a 500 where nothing was. */
void http_send(struct dais_req *req);
/** Hands status and headers to h2o, and counts the answer. */
void http_send_head(struct dais_req *req);

/* http_problem.c */

/** Whether the owner of the request may not be called now: then 503 was noted. */
bool http_problem_closed(struct dais_req *req);
/** Answers with a problem document instead of what was answered before, its headers included. */
void http_problem_set(struct dais_req *req, int32_t error, const char *field, const char *detail);

/* http_refusal.c */

/** Readies the answers to what is no request; before any connection. [main thread] */
DAIS_CHECK_RESULT int32_t http_refusal_setup(struct http_server *server);

/* http_cors.c */

/** Adds the CORS headers that the request's origin may have. */
void http_cors_add(struct dais_req *req);
/** Whether the configuration lists the origin. */
bool http_cors_allows(const struct http_server *server, struct dais_str origin);
/** Answers OPTIONS for a known path. */
void http_cors_options(struct dais_req *req);

/* http_static.c */

/** Answers from a folder of files, with `fallback` also by its index; 1, or 0 when none has it. */
int http_static_serve(struct dais_req *req, bool fallback);

/* http_header.c */

/** A request header by its lower-case name; absent when not sent. */
struct dais_str http_header_get(const h2o_req_t *h2o, const char *name, size_t len);
/** Fills `head` and checks sizes and shape of all headers. 0, or the code and what is wrong. */
DAIS_CHECK_RESULT int32_t http_header_scan(struct dais_req *req, const char **ret_detail);
/** Adds a line to the answer's headers; name and value live as long as the request. */
void http_header_put(h2o_req_t *h2o, const h2o_iovec_t *name, struct dais_str value);
/** The line that the handler added under `name`; absent when it did not. */
struct dais_str http_extra_get(const struct dais_req *req, const char *name);

/** Adds to a metric of the server. */
void http_count(const struct http_server *server, enum http_metric metric, int64_t value);

/* http_metrics.c */
DAIS_CHECK_RESULT int32_t http_metrics_register(struct http_server *server);
/** Counts an answer into the histogram of its route's rate class. */
void http_count_duration(const struct dais_req *req, uint64_t duration_us);
