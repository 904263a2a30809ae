/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A server of core/net in the test's own process, on sockets of its own, and a client that speaks
 * to it in raw bytes.
 *
 *   rig_start → rig_connect, rig_send, rig_read_answer … → rig_stop
 *
 * Everything is called from the test's main thread; the server runs on worker threads.
 */
#include "net/http_endpoint.h"
#include "net/tls.h"

#include <stddef.h>
#include <stdint.h>

/** Longest answer that a test reads whole. */
#define RIG_ANSWER_BYTES_MAX (4u << 20)

/** An answer as it came; freed by rig_answer_free. */
struct rig_answer {
    int status; /**< 0: the server closed without a word */
    char *text; /**< head and body, NUL-terminated */
    size_t len;
    const char *body; /**< in `text` */
    size_t body_len;
};

/** What a test adds to the server. */
struct rig {
    struct http_config config;    /**< addresses, workers and TLS are set by rig_start */
    const struct tls_pair *pairs; /**< not NULL: a second address speaks TLS with these */
    uint32_t pair_count;
    const struct dais_route *routes;
    const struct dais_static *statics;
    const char *assets_dir;
    const struct http_endpoint *const *endpoints; /**< ends with NULL; may be NULL */
    struct http_hooks hooks;                      /**< open_sockets is set by rig_start */
    uint32_t workers;                             /**< 0: two */
    /** On the main thread, when there is a server and no worker yet. */
    void (*prepare)(void);
    /** On each worker: before it accepts, and when the stop begins. */
    int32_t (*starting)(uint32_t worker);
    void (*draining)(uint32_t worker);
    /** On each worker, before the server stops there: nothing may call the layers above then. */
    void (*stopping)(uint32_t worker);
};

/** Starts one server on a port that the kernel chose; fails the test otherwise. */
void rig_start(struct rig *rig);

/** The running server. */
struct http_server *rig_server(void);

/** A new table of the rig's server, filled for rig_owner; `statics` may be NULL. */
struct http_table *rig_table(const struct dais_route *routes, const struct dais_static *statics);

/** The certificates of the running server; NULL when it speaks no TLS. */
struct tls *rig_tls(void);

/** Drains and stops it; fails the test when something is left. */
void rig_stop(void);

/** As http_hooks.open_sockets: sockets of this process. */
int32_t rig_open_sockets(const char *name, struct dais_str address, uint32_t count, int *ret_fds);

/** The owner under which the rig's routes run. */
extern struct http_owner rig_owner;

/** A blocking connection with a time limit of five seconds for each read. */
int rig_connect(void);
int rig_connect_to(uint32_t port);

/** Sends all bytes. */
void rig_send(int fd, const char *bytes, size_t len);

/** Sends a text and reads one answer; `head` says that the answer has no body. */
struct rig_answer rig_ask(int fd, const char *request);
struct rig_answer rig_read_answer(int fd, int head);
void rig_answer_free(struct rig_answer *answer);

/** The value of a header of the answer, as a new string, or NULL; freed by free. */
char *rig_header(const struct rig_answer *answer, const char *name);

/** One request on a connection of its own; returns its status. */
int rig_status(const char *request);

/** Whether the server closes within `ms`. Discards what comes before. */
int rig_closed_within(int fd, int ms);
