/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A server that speaks Engine.IO on "/socket.io/" and sends back what it gets, and a client that
 * speaks to it in raw bytes, each request on a connection of its own: with several workers most
 * arrive elsewhere than their session is.
 *
 * Some messages are commands: "close" ends the session, "pause" stops reading for 200 ms, "hold"
 * until eio_rig_release, "many" sends twenty messages, "flood" more than a client may have waiting,
 * "later" sends "late" after 200 ms. A handshake with `deny` in its query is refused, with `crowd`
 * as one too many.
 */
#include "../net/rig.h"

#include "realtime/eio.h"

/** Characters of a sid with its NUL. */
#define SID_BYTES 21u
/** Longest payload of a frame that a test reads. */
#define PAYLOAD_BYTES_MAX 4096u

/** A frame that the server sent. */
struct eio_frame {
    int opcode; /**< 0: the connection ended */
    size_t len;
    char payload[PAYLOAD_BYTES_MAX + 1]; /**< NUL-terminated */
};

/** How many workers the next server has. */
extern uint32_t eio_rig_workers;

/** For cmocka: a server before each test and its end after it, when every session that was opened
 * has to be closed. */
int eio_rig_setup(void **state);
int eio_rig_teardown(void **state);

/** Starts the server anew with this limit besides those set before in this test. */
void eio_rig_limit(const char *name, int64_t value);

/** Sessions opened and closed so far. */
uint32_t eio_rig_opened(void);
uint32_t eio_rig_closed(void);
/** Waits until so many are closed; fails the test after five seconds. */
void eio_rig_await_closed(uint32_t count);
/** Lets sessions go on that "hold" stopped. */
void eio_rig_release(void);
/** How often a message came although the session was paused. */
uint32_t eio_rig_disturbed(void);

/** Shakes hands by polling. */
void eio_rig_open(char ret_sid[SID_BYTES]);

/** Sends a request with this target and body (NULL: none) and leaves the answer to be read. */
int eio_rig_begin(const char *method, const char *target, const char *body, size_t len);
/** GET and POST of a session. */
int eio_rig_begin_get(const char *sid);
int eio_rig_begin_post(const char *sid, const char *body);

/** Reads the answer, which must have this status, closes; the body, freed by the caller. */
char *eio_rig_end(int fd, int status);
/** As above; the answer's body must be this. */
void eio_rig_expect(int fd, int status, const char *body);

/** The whole conversation. */
void eio_rig_get(const char *sid, int status, const char *body);
void eio_rig_post(const char *sid, const char *body, int status, const char *answer);

/** A WebSocket for `sid` (NULL: a handshake), behind its 101. */
int eio_rig_websocket(const char *sid);
void eio_rig_send(int fd, const char *text);
void eio_rig_send_binary(int fd, const char *bytes, size_t len);
/** Reads a frame. */
struct eio_frame eio_rig_read(int fd);
/** The next frame is this text. */
void eio_rig_expect_text(int fd, const char *text);
/** The next frames are the end of the connection; the code of the close frame, 1005 when it has
 * none, 0 when there is no such frame. */
unsigned eio_rig_expect_close(int fd);
