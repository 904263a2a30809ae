/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The test host: the real host of the server in the process of a test, on ports of its own and in a
 * folder that is removed afterwards. A test scripts requests and verbs and looks at the answers.
 *
 *     struct testhost_options options = {.plugins = "  polls: {path: /build/plugins/polls.so}\n"};
 *     struct testhost *host;
 *     int32_t error = testhost_start(&options, &host);
 *     struct testhost_reply reply;
 *     error = testhost_get(host, "/api/polls", &reply);      // reply.status, reply.body
 *     testhost_stop(host);
 *
 * Layers, workers and fibers are those of the server. Without `database` every query answers
 * DAIS_E_UNAVAILABLE and no migration runs. One test host at a time; one thread uses it. Functions
 * block.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdint.h>

struct testhost;

/** What the host is started with. Texts are copied. */
struct testhost_options {
    const char *plugins;  /**< rows below `plugins:`, each line indented by two blanks */
    const char *settings; /**< further maps of the configuration, or NULL */
    const char *database; /**< libpq connection string, or NULL */
    uint32_t workers;     /**< 0: 2 */
};

/** An answer. Its texts are valid until the next call. */
struct testhost_reply {
    uint32_t status;
    struct dais_str head; /**< status line and headers */
    struct dais_str body;
};

/** A request. */
struct testhost_request {
    const char *method;
    const char *path;   /**< with its query */
    const char *token;  /**< sent as bearer token; NULL: none */
    const char *body;   /**< JSON, or NULL */
    const char *header; /**< one more header line without its end, or NULL */
};

/**
 * Starts the host and waits until it serves. On failure `testhost_problem` tells why.
 * DAIS_E_INVALID, DAIS_E_TIMEOUT after 10 s, or what host_new or host_run answered.
 */
DAIS_CHECK_RESULT int32_t testhost_start(const struct testhost_options *options,
                                         struct testhost **ret_host);

/** The lines of the last start that failed, "" without one. Valid until the next start. */
const char *testhost_problem(void);

/** Sends a request on a connection of its own. DAIS_E_GONE when no complete answer came. */
DAIS_CHECK_RESULT int32_t testhost_send(struct testhost *host,
                                        const struct testhost_request *request,
                                        struct testhost_reply *ret_reply);

/** GET without a token. */
DAIS_CHECK_RESULT int32_t testhost_get(struct testhost *host, const char *path,
                                       struct testhost_reply *ret_reply);

/** Sends one line of JSON to the control socket (host/control.h); the answer is the body. */
DAIS_CHECK_RESULT int32_t testhost_control(struct testhost *host, const char *line,
                                           struct testhost_reply *ret_reply);

/** A client of `/ws`; used by one thread. */
struct testhost_socket;

/**
 * Connects to `/ws` with `query` ("token=…&guest=…", or NULL); NULL gives none. DAIS_E_DENIED when
 * the server refuses it, DAIS_E_MEMORY, DAIS_E_UNAVAILABLE, DAIS_E_GONE.
 */
DAIS_CHECK_RESULT int32_t testhost_socket_open(struct testhost *host, const char *query,
                                               struct testhost_socket **ret_socket);

/** Sends one message: {"event":"chat:send","data":{…},"id":1}. DAIS_E_GONE. */
DAIS_CHECK_RESULT int32_t testhost_socket_send(struct testhost_socket *socket, const char *text);

/**
 * Waits for a message with `part` in it; what comes before it is dropped. The text is valid until
 * the next call. DAIS_E_TIMEOUT after 5 s, DAIS_E_GONE when the server has closed.
 */
DAIS_CHECK_RESULT int32_t testhost_socket_wait(struct testhost_socket *socket, const char *part,
                                               struct dais_str *ret_text);

/** The code with which the server closed, after DAIS_E_GONE; 0: without one. */
uint32_t testhost_socket_code(const struct testhost_socket *socket);

/** Ends the connection and frees; NULL is ignored. */
void testhost_socket_close(struct testhost_socket *socket);

/** The port of HTTP on 127.0.0.1, for a client of one's own. */
uint32_t testhost_port(const struct testhost *host);

/** The data directory; it is removed by testhost_stop. */
const char *testhost_data_dir(const struct testhost *host);

/** Stops in order and frees; NULL is ignored. Returns what host_run returned. */
int32_t testhost_stop(struct testhost *host);
