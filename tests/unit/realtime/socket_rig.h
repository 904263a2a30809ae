/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A server with `/ws` and a plugin whose events do what a test needs; clients are those of
 * sio_rig.h and eio_rig.h.
 *
 * Events: "echo" gives its data back, "slow" does so 30 ms later, "note" writes down its `n` (some
 * of them 5 ms late), "fields" has a shape, "member" is for users and "admin" for admins, "fail"
 * fails with a detail, "broken" fails on the server's side, "late" outlives its time, "out" belongs
 * to a plugin that is out, "quick" runs without a fiber, "ask" answers with what the client
 * answers, "user", "all" and "other" emit "told" to a user, to all, to the socket of a handle;
 * "count" has a rate of its own, of which every connection may have three.
 *
 * Tokens are "<name>": socket_rig_token makes one valid. A guest's name "shy" is refused by the
 * connect handler with DAIS_E_UNAUTHENTICATED, "bad" with DAIS_E_DENIED; "lobby" is in the room
 * "lobby:1" from the beginning.
 */
#include "sio_rig.h"

#include <stdbool.h>

/** How many workers the next server has. */
extern uint32_t socket_rig_workers;

/** Whose the connect handlers are. */
extern struct http_owner socket_rig_guard;

/** For cmocka: a server before each test and its end after it. */
int socket_rig_setup(void **state);
int socket_rig_teardown(void **state);

/** Starts the server anew with this limit besides those set before in this test. */
void socket_rig_limit(const char *name, int64_t value);

/** Ends the server now; the teardown does nothing then. */
void socket_rig_stop(void);

/** Makes a token of `user` valid for `ms` from now; 0: not valid any more. */
void socket_rig_token(const char *token, const char *user, uint32_t roles, int64_t ms);
/** How long the next verifications take. */
void socket_rig_verify_ms(uint32_t ms);
/** Whether the provider can be asked at all. */
void socket_rig_provider(bool works);
/** Waits until so many verifications have begun. */
void socket_rig_await_verified(uint32_t count);
/** How many verifications there were, and how many at a time at most. */
uint32_t socket_rig_verified(void);
uint32_t socket_rig_verified_together(void);
/** Tells all workers that a user or a session changed: "user:…", "session:…". */
void socket_rig_revoke(const char *key);

/** Lets connections have so many of each rate at once; 0: any number. */
void socket_rig_allow(uint32_t events, uint32_t connects);

/** What "note" wrote down: "1 2 3 ". */
const char *socket_rig_notes(void);

/** Connections of clients: a WebSocket at "/ws" with this query ("", "?token=…"). */
int socket_rig_connect(const char *query);

/** The status of a handshake with this query. */
int socket_rig_status(const char *query);

/** Sends an envelope; the next message is `answer`, or begins with it. */
void socket_rig_say(int fd, const char *envelope, const char *answer);
void socket_rig_say_begin(int fd, const char *envelope, const char *begin);

/** Waits until so many gone handlers ran, or sockets are open. */
void socket_rig_await_gone(uint32_t count);
uint32_t socket_rig_gone(void);
