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
 * The verb "verbs" answers with the tables of all verbs, from which the command reads its arguments:
 *
 *   ← {"ok":true,"verbs":[{"words":"user add","summary":"…","plugin":"auth","fields":[
 *        {"name":"email","kind":"email","positional":true,"required":true,"secret":false,
 *         "env":null,"default":null,"choices":null,"prose":"…"}]}]}
 *
 * `error` is a code of dais/error.h. Values of args are strings, numbers or booleans; strings are
 * taken for every kind ("5", "true"). Core verbs: plugin list, describe [--format text|json], verbs.
 * A verb runs in the server, on a fiber of worker 0, with the caller's arguments validated by the
 * row's shape.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdint.h>

struct host;

/** Longest line in either direction. */
#define CONTROL_LINE_BYTES_MAX (4u << 20)

/**
 * Client side: connects to the server whose data directory this is and gives a blocking stream
 * socket (close-on-exec). Data directories longer than a socket's address may be are fine.
 * DAIS_E_UNAVAILABLE when no server listens there. [any thread, blocks]
 */
DAIS_CHECK_RESULT int32_t control_connect(const char *data_dir, int *ret_fd);

/** The code of an error as it stands in `error` and in problem documents: "conflict". */
const char *control_error_code(int32_t error);
