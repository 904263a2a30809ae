/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A client of the rig's server that speaks plainly or with TLS, and asks for another protocol.
 *
 *   peer_open → peer_send(PEER_ASK(…)) → peer_upgraded → peer_send, peer_read … → peer_close
 */
#include "cert.h"

#include <stdbool.h>
#include <stddef.h>

/** A request for the protocol `echo` at `path`. */
#define PEER_ASK(path)                                                                             \
    "GET " path " HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"

/** The client; `client.fd` alone when it speaks plainly. */
struct peer {
    bool secure;
    struct client client;
};

/** Connects to the rig's first address, or with TLS of `version` (0: any) to its second. */
void peer_open(struct peer *peer, bool secure, int version);
void peer_close(struct peer *peer);

/** Sends all; reads exactly `len` bytes; fail the test otherwise. */
void peer_send(struct peer *peer, const char *text, size_t len);
void peer_read(struct peer *peer, char *ret_text, size_t len);

/** Reads the 101, to its last byte. */
void peer_upgraded(struct peer *peer);

/** Reads `text`; sends it and reads it again. */
void peer_expect(struct peer *peer, const char *text);
void peer_echoes(struct peer *peer, const char *text);
