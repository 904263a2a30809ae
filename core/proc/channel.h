/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The wire between supervisor and server process: a SOCK_SEQPACKET pair, one fixed message a
 * packet, file descriptors beside it (SCM_RIGHTS). Both ends are the same binary, so messages are
 * plain structs.
 *
 * The server asks: CHANNEL_LISTEN, answered by CHANNEL_SOCKETS with the sockets or by
 * CHANNEL_FAILED, at its start and when code is replaced; CHANNEL_CLOSE, answered by
 * CHANNEL_CLOSED. It says CHANNEL_READY once when it serves, and CHANNEL_RELEASE whenever an
 * operator wants that. Whoever reads end of file knows that the other process is gone.
 */
#include "proc/sockets.h"

/** Variables that tell the server process its end of the channel, and the page of slots. */
#define CHANNEL_ENV_FD "DAIS_SUPERVISOR_FD"
#define CHANNEL_ENV_SLOTS_FD "DAIS_SLOTS_FD"

#define CHANNEL_NAME_MAX 32u
#define CHANNEL_TEXT_MAX 160u

enum channel_kind {
    CHANNEL_LISTEN = 1,  /**< server: `count` sockets named `name` on the address `text` */
    CHANNEL_READY = 2,   /**< server: every plugin runs; sockets not asked for may go */
    CHANNEL_SOCKETS = 3, /**< supervisor: `count` descriptors, listening on the address `text` */
    CHANNEL_FAILED = 4,  /**< supervisor: `error` of dais/error.h; why, in words, in `text` */
    CHANNEL_RELEASE = 5, /**< server: forget the crashes of the plugin `text`; no answer */
    CHANNEL_CLOSE = 6,   /**< server: the sockets named `name` on `text` are no longer used */
    CHANNEL_CLOSED = 7,  /**< supervisor: they are closed */
};

/** One packet. Texts end with NUL. */
struct channel_message {
    uint32_t kind;
    uint32_t count;
    int32_t error;
    char name[CHANNEL_NAME_MAX];
    char text[CHANNEL_TEXT_MAX];
};

/** A pair of connected ends, both close-on-exec. DAIS_E_INTERNAL when the kernel has none. */
DAIS_CHECK_RESULT int32_t channel_open(int ret_fds[2]);

/**
 * Sends `message` with `count` descriptors, which stay open here. Never blocks: a server process
 * that asks without reading must not hold its supervisor up. DAIS_E_GONE when the other end is
 * closed, DAIS_E_UNAVAILABLE when its queue is full or on any other failure.
 */
DAIS_CHECK_RESULT int32_t channel_send(int fd, const struct channel_message *message,
                                       const int *fds, uint32_t count);

/**
 * Receives one packet and up to SOCKETS_GROUP_MAX descriptors (close-on-exec) into `ret_fds`, which
 * the caller closes. Blocks, unless the descriptor doesn't. DAIS_E_GONE at end of file,
 * DAIS_E_INVALID for a packet that is no message, DAIS_E_UNAVAILABLE when there is nothing or on
 * any other failure.
 */
DAIS_CHECK_RESULT int32_t channel_receive(int fd, struct channel_message *ret_message, int *ret_fds,
                                          uint32_t *ret_count);
