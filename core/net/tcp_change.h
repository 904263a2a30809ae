/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Listeners of a plugin whose code is replaced while the server serves.
 *
 *   tcp_change_new → { tcp_change_add … } → tcp_change_apply → tcp_change_free
 *
 * All that the new code listens on is added. A listener of a name and address that are open keeps
 * its sockets; for any other the sockets are opened at once, connections wait in their backlog.
 * Nothing else happens until tcp_change_apply; without it tcp_change_free takes all back. After it
 * each worker has to call tcp_worker_follow. One change at a time.
 */
#include "net/tcp.h"

struct tcp_change;

/** Begins a change for `plugin`, whose fibers will carry `generation`. DAIS_E_MEMORY. [main thread]
 */
DAIS_CHECK_RESULT int32_t tcp_change_new(struct tcp_server *server, uint32_t plugin,
                                         uint32_t generation, struct tcp_change **ret_change);

/**
 * The new code listens there. As tcp_listen; DAIS_E_LIMIT also while connections of listeners that
 * are gone hold their rows; or what open_sockets answered. [main thread, while the server is open]
 */
DAIS_CHECK_RESULT int32_t tcp_change_add(struct tcp_change *change,
                                         const struct dais_listener *listener,
                                         struct dais_str address);

/**
 * From now on new connections are served by what was added; other listeners of the plugin accept no
 * more. Connections that are open end with the row that began them. [main thread, workers parked]
 */
void tcp_change_apply(struct tcp_change *change);

/** Ends the change and gives up the sockets that it left without use; NULL is ignored. [main
 * thread] */
void tcp_change_free(struct tcp_change *change);
