/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Readiness of a file descriptor that another library owns (libpq, curl, a socketpair).
 *
 * poll_open watches nothing until poll_set; poll_close may be called anywhere, also in the
 * callback, after which the callback never comes again and the caller may close the descriptor. One
 * watch per descriptor and worker (epoll refuses a second).
 */
#include "dais/error.h"

#include <stdint.h>

#define POLL_READABLE 1u
#define POLL_WRITABLE 2u
#define POLL_HANGUP 4u /**< the peer closed its sending side */
#define POLL_ERROR 8u  /**< only in callbacks: the descriptor is broken */

/** A watch. Opaque; owned by the caller until poll_close. */
struct poll;

/** [worker] On the worker's own stack; `events` is a mask of POLL_…. Must not suspend. */
typedef void (*poll_fn)(void *arg, uint32_t events);

/** [worker] [fiber] Makes a watch of `fd` on this worker. DAIS_E_MEMORY, DAIS_E_INVALID. */
DAIS_CHECK_RESULT int32_t poll_open(int fd, poll_fn fn, void *arg, struct poll **ret_poll);

/** [worker] [fiber] Watches for `events` from now on (0: nothing). Cheap when they are the same. */
void poll_set(struct poll *poll, uint32_t events);

/** [worker] [fiber] Ends the watch and frees it; the descriptor stays open. NULL is ignored. */
void poll_close(struct poll *poll);

/** [fiber] [suspends] Waits until `fd`, which nobody watches, is ready for one of `events`. */
DAIS_CHECK_RESULT int32_t poll_wait(int fd, uint32_t events, uint64_t timeout_ms,
                                    uint32_t *ret_events);
