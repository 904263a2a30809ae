/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The server process's end of the channel to its supervisor (channel.h). Without a supervisor (the
 * verb `server` by itself) it opens sockets on its own, and being ready is nobody's business.
 *
 *     uplink_open → { uplink_listen …, uplink_ready, uplink_unlisten … } → uplink_close
 *
 * One uplink a process, used by its main thread. What is only told, not asked, may come from any
 * thread: a packet is one system call.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdint.h>

/** Takes the channel that the environment names, and the variable out of it. DAIS_E_INVALID. */
DAIS_CHECK_RESULT int32_t uplink_open(void);

/** Closes the channel. */
void uplink_close(void);

/**
 * Gives `count` listening SO_REUSEPORT sockets, non-blocking and close-on-exec, which the caller
 * closes. Fails as keeper_listen, after logging why; DAIS_E_GONE without the supervisor. Blocks.
 */
DAIS_CHECK_RESULT int32_t uplink_listen(const char *name, struct dais_str address, uint32_t count,
                                        int *ret_fds);

/** The sockets given for this name and address are given up for good. Blocks. */
void uplink_unlisten(const char *name, struct dais_str address);

/** Asks the supervisor to forget the crashes of the plugin `id`. DAIS_E_UNAVAILABLE. [any thread]
 */
DAIS_CHECK_RESULT int32_t uplink_release(const char *id);

/** Tells the supervisor that this process serves; `context` is unused. */
void uplink_ready(void *context);
