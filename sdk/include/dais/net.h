/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.net/1: TCP for protocol plugins.
 *
 * A listener is a row; each worker accepts on a socket of its own (SO_REUSEPORT), and the sockets
 * outlive the server process: while it restarts, new connections wait instead of being refused.
 * Each connection is served by one fiber that reads and writes top to bottom; the connection is
 * closed when that fiber returns.
 */
#include "dais/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Its connections speak TLS with the server's certificates (`tls.certificates`): `serve` begins
 * after the handshake, `read` and `write` see what is inside. Without a certificate `listen`
 * refuses.
 */
#define DAIS_LISTENER_TLS 1u

/** A listener and what serves its connections. */
struct dais_listener {
    const char *name;          /**< "rtmp": in logs, metrics, `dais doctor` */
    uint32_t connections_max;  /**< per worker; more wait in the backlog */
    uint32_t output_bytes_max; /**< queued output per connection; more gives DAIS_E_LIMIT */
    /** [fiber] Serves one connection, then returns; it is closed behind it. */
    void (*serve)(dais_handle conn);
    /**
     * Not 0: input that comes within so many ms is read together. While a peer sends, its `read`
     * waits for the next multiple of this time; all connections of a worker then read in one turn.
     * That is far cheaper for many peers that send small pieces all the time, as encoders do.
     */
    uint32_t gather_ms;
    uint32_t flags; /**< DAIS_LISTENER_… */
};

struct dais_net_v1 {
    /**
     * [setup] Listens on `address` ("0.0.0.0:1935", "[::]:1935", port 0 for any).
     * DAIS_E_UNAVAILABLE for a listener that speaks TLS when the server has no certificate.
     */
    int32_t (*listen)(const struct dais_listener *listener, struct dais_str address);
    /**
     * [fiber] [suspends] Waits for input and gives a view of it (up to 64 KiB), valid until the
     * next suspending call of this fiber. DAIS_E_TIMEOUT: nothing for `timeout_ms` · DAIS_E_GONE:
     * the peer closed or failed, or `close` was called · DAIS_E_CANCELLED: the server stops.
     */
    int32_t (*read)(dais_handle conn, uint64_t timeout_ms, struct dais_str *ret_input);
    /** [fiber] [worker] Queues a copy of `bytes`. DAIS_E_LIMIT: nothing was queued. */
    int32_t (*write)(dais_handle conn, struct dais_str bytes);
    /** [fiber] [suspends] Waits until the queued output was handed to the kernel. */
    int32_t (*flush)(dais_handle conn, uint64_t timeout_ms);
    /** [any] Ends the connection: its `read` returns DAIS_E_GONE. Stale handles are ignored. */
    void (*close)(dais_handle conn);
    /** [fiber] The peer's address and port: "192.0.2.1:50000". Valid as long as the fiber. */
    struct dais_str (*peer)(dais_handle conn);
    /** [any] The port that `listener` is bound to, for port 0; 0 when it does not listen. */
    uint32_t (*port)(const struct dais_listener *listener);
};

DAIS_SLOT const struct dais_net_v1 *dais_net;
#define DAIS_NEED_NET DAIS_NEED(net, "dais.net/1", 0)

#ifdef __cplusplus
}
#endif
