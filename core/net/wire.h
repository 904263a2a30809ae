/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The bytes of a connection that HTTP gave away (http_upgrade.h), plain or with TLS.
 *
 *   http_upgraded_fn gets it → wire_watch → wire_read, wire_write … → wire_close
 *
 * A wire belongs to whoever got it. It is attached to a worker only between wire_watch and
 * wire_unwatch; otherwise it may be mailed to another worker, which goes on where the first one
 * stopped. Nothing is buffered here but what TLS needs. TCP_NODELAY and TCP_USER_TIMEOUT are set as
 * on every connection of the server.
 */
#include "dais/error.h"
#include "dais/types.h"
#include "loop/poll.h"

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/** A connection. Opaque. */
struct wire;

/**
 * [worker] [fiber] Reads up to `len` (> 0) bytes without waiting: how many, 0 at the peer's end, -1
 * with errno EAGAIN when there are none now, or with another errno when the connection is broken.
 * The watch tells of the socket alone and TLS reads ahead: after POLL_READABLE read until EAGAIN,
 * also when watching begins or begins again.
 */
ssize_t wire_read(struct wire *wire, void *bytes, size_t len);

/**
 * [worker] [fiber] Writes the pieces without waiting: how many bytes were taken, from 0 to all of
 * them; -1 with errno EAGAIN when none are taken now, or with another errno when the connection is
 * broken. What was taken needs no further call while the wire is watched, whatever for.
 */
ssize_t wire_write(struct wire *wire, const struct iovec *pieces, int count);

/**
 * [worker] [fiber] Watches for `events` (POLL_… of loop/poll.h; 0: nothing but what TLS still has
 * to send) on this worker from now on. Also changes events and function of a wire that is watched,
 * which is cheap. `fn` runs on the worker's own stack and may close the wire; POLL_ERROR comes
 * whatever was asked for. DAIS_E_MEMORY, DAIS_E_INVALID.
 */
DAIS_CHECK_RESULT int32_t wire_watch(struct wire *wire, uint32_t events, poll_fn fn, void *arg);

/** [worker] [fiber] Ends the watch: the wire may be mailed elsewhere. */
void wire_unwatch(struct wire *wire);

/** [worker] [fiber] Ends the watch, closes (TLS: with its close_notify) and frees. NULL is ignored.
 */
void wire_close(struct wire *wire);

/** [any] The client's address as text, behind trusted proxies too; as long as the wire. */
struct dais_str wire_peer(const struct wire *wire);

/** [any] The same number for all that counts as one address (http_address.h). */
uint64_t wire_address_key(const struct wire *wire);

/** [any] The connection's descriptor, for metrics of the kernel (TCP_INFO); stays the wire's. */
int wire_fd(const struct wire *wire);
