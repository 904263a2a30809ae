/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * File descriptors that connections leave to the rest of the server.
 *
 * A process that has none left can neither open a file nor reach its database, libuv closes whoever
 * connects without a word or goes round in circles, and a WebSocket dies behind its 101, which
 * takes a descriptor of its own. So connections end a little earlier: the kernel gives the lowest
 * free number, which thereby tells how many are taken.
 *
 * Whoever accepts a connection asks here, and closes it when it may not stay.
 */
#include <stdbool.h>
#include <stdint.h>

/**
 * How many descriptors WebSockets may take of `limit` (RLIMIT_NOFILE): an eighth is kept, at least
 * 16 and at most 256. 0 when there are no more. Pure.
 */
uint64_t descriptors_for_sockets(uint64_t limit);

/** What a connection is for. */
enum descriptors_use {
    DESCRIPTORS_SOCKET, /**< WebSockets, which stay */
    DESCRIPTORS_SHORT   /**< requests and encoders: half of what WebSockets leave is theirs, too */
};

/**
 * Whether a connection with this descriptor may stay; where not, the log says so, at most once a
 * minute. The limit of the process is read at the first call. [any thread]
 */
bool descriptors_allow(int fd, enum descriptors_use use);
