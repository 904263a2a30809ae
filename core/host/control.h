/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The control socket: how the command `dais` reaches a running server.
 *
 * <data>/run/control.sock, mode 0600. One connection carries one call: a line of JSON each way.
 *
 *   → {"verb":"user add","args":{"email":"a@example.org","role":"admin"}}
 *   ← {"ok":true,"text":"what the verb printed\n"}
 *   ← {"ok":false,"error":"conflict","message":"one line","text":"printed before it failed"}
 *
 * The verb "verbs" answers with the tables of all verbs, from which the command reads its
 * arguments:
 *
 *   ← {"ok":true,"verbs":[{"words":"user add","summary":"…","plugin":"auth","fields":[
 *        {"name":"email","kind":"email","positional":true,"required":true,"secret":false,
 *         "env":null,"default":null,"choices":null,"prose":"…"}]}]}
 *
 * `error` is a code of dais/error.h. Values of args are strings, numbers or booleans; strings are
 * taken for every kind ("5", "true"). Core verbs: plugin list, describe [--format text|json],
 * verbs. A verb runs in the server, on a fiber of worker 0, with the caller's arguments validated
 * by the row's shape.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdint.h>

/** Longest line in either direction. */
#define CONTROL_LINE_BYTES_MAX (4u << 20)

/**
 * Client side: connects to the server whose data directory this is and gives a blocking stream
 * socket (close-on-exec). Data directories longer than a socket's address may be are fine.
 * DAIS_E_UNAVAILABLE when no server listens there, DAIS_E_DENIED when it is somebody else's. [any
 * thread, blocks]
 */
DAIS_CHECK_RESULT int32_t control_connect(const char *data_dir, int *ret_fd);

/** The socket's name in <data>/run. */
#define CONTROL_SOCKET_NAME "control.sock"

struct sockaddr_un;

/**
 * The address of the socket by way of a descriptor of its folder, which the caller closes when the
 * address has been used. DAIS_E_UNAVAILABLE without that folder. [any thread, blocks]
 */
DAIS_CHECK_RESULT int32_t control_address(const char *data_dir, struct sockaddr_un *ret_address,
                                          int *ret_folder);

/**
 * Server side: listens on worker 0. DAIS_E_CONFLICT when another server listens there already,
 * which stands in the host's report. `host` is a struct host. [fiber]
 */
DAIS_CHECK_RESULT int32_t control_open(void *host);

/** Stops listening; calls under way go on. [fiber] */
DAIS_CHECK_RESULT int32_t control_close(void *host);
