/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A server with Socket.IO at "/socket.io/" and the endpoints "/plain" (WebSocket) and "/engine"
 * (Engine.IO) of a plugin; the clients are those of eio_rig.h.
 *
 * Namespace "/" and "/custom": `ready` emits "auth" with the payload of CONNECT. "/closed" refuses.
 * On "/": "message" comes back as "message-back", "message-with-ack" as its acknowledgement, with
 * the same arguments and attachments; "done" is acknowledged without data, "fail" fails, "ask" asks
 * the client "question" and answers with its answer, "kick" and "close" end the caller's socket,
 * "who" tells its viewer. The token "good" is of user "u1"; all others are bad.
 *
 * The endpoints send each message back.
 */
#include "eio_rig.h"

/** For cmocka: a server before each test and its end after it. */
int sio_rig_setup(void **state);
int sio_rig_teardown(void **state);

/** So many connects of the next server's clients are let in; 0: any number. */
void sio_rig_allow(uint32_t connects);

/** Sockets whose connect and ready, and whose gone handlers ran. */
uint32_t sio_rig_ready(void);
uint32_t sio_rig_gone(void);
/** Waits until the gone handlers of so many ran; fails the test after five seconds. */
void sio_rig_await_gone(uint32_t count);

/** A WebSocket to `target`, behind its 101. */
int sio_rig_upgrade(const char *target);

/** A session of Socket.IO over a WebSocket, behind its handshake; `query` begins with '&' or is
 * empty. */
int sio_rig_session(const char *query);

/** As above, with the namespace "/" joined. */
int sio_rig_client(void);

/** The next frame is a text that begins with `begin`. */
void sio_rig_expect_begin(int fd, const char *begin);

/** The next frame is binary and holds `text`. */
void sio_rig_expect_binary(int fd, const char *text);
