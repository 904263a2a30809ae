/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * All sockets: the registry of each worker, and how one speaks to sockets of other workers.
 *
 *   sockets_init            main thread, before the workers start
 *   sockets_worker_start    on each worker, before it accepts
 *   sockets_worker_drain    on each worker: takes no more, closes those that are there with 1001,
 *                           spread over limit `sockets_drain_ms`, then all other WebSockets
 *   sockets_worker_stop     on each worker, after its fibers ended
 *   sockets_fini            main thread, after the workers
 *
 * What the layer needs from above comes through `struct realtime_hooks`.
 */
#include "realtime/emission.h"
#include "realtime/socket.h"

/** What realtime asks of the host. A NULL function stands for "there is none". */
struct realtime_hooks {
    /** As http_hooks.identity_cached. [worker] */
    int32_t (*identity_cached)(struct dais_str token, struct dais_identity *ret_identity);
    /** As http_hooks.verify. [fiber, suspends] */
    int32_t (*verify)(struct dais_str token, struct dais_identity *ret_identity);
    /**
     * The number of the rate class `name`, below HTTP_RATE_CLASSES_MAX; DAIS_E_NOT_FOUND. There are
     * "connect", "event" and "ingest" beside those of requests. Without it nothing is limited.
     * [any thread]
     */
    int32_t (*rate_class)(const char *name);
    /**
     * Counts something that costs `cost` of a class (bytes for "ingest", else 1). DAIS_E_LIMIT
     * after setting the milliseconds to wait. `client->paces` is the socket's memory, or zeroes
     * where there is no socket yet. [worker]
     */
    int32_t (*admit)(uint32_t rate_class, const struct http_client *client, uint64_t cost,
                     uint64_t *ret_retry_ms);
};

/** Registers metrics; `hooks` is borrowed until sockets_fini. [main thread] */
DAIS_CHECK_RESULT int32_t sockets_init(const struct realtime_hooks *hooks);
void sockets_fini(void);

/** See above. DAIS_E_MEMORY. [worker] */
DAIS_CHECK_RESULT int32_t sockets_worker_start(void);
void sockets_worker_drain(void);
void sockets_worker_stop(void);

/** The hooks of the host, for the files of this layer. Never NULL between init and fini. */
const struct realtime_hooks *sockets_hooks(void);

/** Sockets of this worker that are not gone. [worker] */
uint32_t sockets_count(void);

/**
 * On the bus topic "identity.revoked": sockets of this worker that `key` ("user:<id>",
 * "session:<id>") means have their tokens verified again, at once. To be called on each worker,
 * behind whatever makes the worker forget the identity. [worker]
 */
void sockets_revoked(struct dais_str key);

/**
 * The functions of struct dais_events_v1; their contract is written there. They may be called on
 * any worker and reach sockets of all workers by mail.
 */
int32_t sockets_emit_socket(dais_handle socket, const struct dais_emit *emit);
int32_t sockets_emit_user(struct dais_str user_id, const struct dais_emit *emit);
int32_t sockets_emit_all(const char *space, const struct dais_emit *emit);
int32_t sockets_ask(dais_handle socket, const struct dais_emit *emit, uint64_t timeout_ms,
                    struct dais_str *ret_args);
int32_t sockets_close(dais_handle socket, uint32_t why);
int32_t sockets_send(dais_handle socket, struct dais_str bytes, uint32_t binary);
