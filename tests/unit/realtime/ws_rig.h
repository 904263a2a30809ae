/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the tests of WebSockets share: connections whose server's end is on worker 0 and whose
 * client's end is this thread, which reads and writes bytes. What the server's side hears is
 * written into a transcript: t(text) b(binary) closed(code).
 */
#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "client_frames.h"
#include "loop/worker.h"
#include "realtime/link.h"
#include "realtime/ws.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PEER_MESSAGE_BYTES_MAX 1000u
#define PEER_BUDGET 65536u
#define PEER_CLOSE_MS 3000

/** What this thread may know of the server's part: as it was when peer_run last came to it. */
struct peer_sight {
    uint32_t waited; /* bytes, before `run` */
    uint32_t code;   /* of the end, behind `run`; 0: there was none yet */
    bool over;       /* so was the link */
};

/** One connection; the server's part belongs to worker 0. */
struct peer {
    struct peer *next;
    int fd; /* the client's end */
    int server_fd;
    struct link link;
    struct ws *ws;
    struct strbuf heard;
    sem_t events; /* posted for each message and at the end */
    struct dais_str early;
    bool own_pings;
    bool pause_after_message;
    struct peer_sight seen;
    const char *expected;
    uint32_t code; /* of the end; for this thread behind peer_close */
    uint32_t overflows;
    uint32_t kept; /* messages put before it was too slow */
    int32_t (*run)(struct peer *peer);
};

/** What peers are opened with; for tests that move them. */
extern const struct ws_events peer_events;

/** A peer that is not connected. Freed at the end of the test. */
struct peer *peer_new(void);

/** Makes its connection and its WebSocket: `code` is what ws_open has to answer. */
void peer_connect(struct peer *peer, int32_t code);

/** peer_new and peer_connect. */
struct peer *peer_open(void);

/** Ends the client's side and waits for the end of the server's. */
void peer_close(struct peer *peer);

/** Runs code on the peer's worker; it has to return DAIS_OK. */
void peer_run(struct peer *peer, int32_t (*run)(struct peer *peer));

/** Does nothing: to wait for the end of the worker's turn. */
int32_t peer_nothing(struct peer *peer);

/** Waits for the next message or the end. */
void peer_wait(struct peer *peer);
void peer_expect_heard(struct peer *peer, const char *expected);

/** On the worker: puts a text message. */
void peer_put(struct peer *peer, const char *text, uint32_t class, uint32_t key);

/** The client's side: sends bytes or a frame, reads a frame ("81:text", "88:code,reason") or the
 * end. The frame read is valid until the next one. */
void peer_send(struct peer *peer, const struct strbuf *bytes);
void peer_send_frame(struct peer *peer, uint32_t first, const char *payload);
const char *peer_next_frame(struct peer *peer);
void peer_expect_end(struct peer *peer);

/** For cmocka: one worker, whose WebSockets are never pinged, or soon. */
int peer_setup(void **state);
int peer_setup_pinging(void **state);
int peer_teardown(void **state);

#define PEER_TEST(fn) cmocka_unit_test_setup_teardown(fn, peer_setup, peer_teardown)
#define PING_TEST(fn) cmocka_unit_test_setup_teardown(fn, peer_setup_pinging, peer_teardown)
