/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Listening sockets in groups: several SO_REUSEPORT sockets on one address, so that the kernel
 * spreads connections over those who accept from them. The keeper opens them for the server
 * process; a server process that runs without a supervisor opens its own.
 *
 * Addresses are written "host:port", "[v6 address]:port", ":port" or "port"; without a host, every
 * interface. Hosts are numeric: a name would need a resolver, which blocks. Port 0 lets the kernel
 * choose one, and the whole group listens there.
 */
#include "dais/error.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

/** Sockets of one group: one for each worker (WORKERS_MAX). */
#define SOCKETS_GROUP_MAX 64u
/** Room for an address written as text, with its NUL. */
#define SOCKETS_ADDRESS_MAX 80u
/** Connections that may wait to be accepted; the kernel caps it at net.core.somaxconn. */
#define SOCKETS_BACKLOG 4096

/** A parsed address. */
struct sockets_address {
    struct sockaddr_storage storage;
    socklen_t bytes;
};

/** Parses `text`; DAIS_E_INVALID when it is no such address. */
DAIS_CHECK_RESULT int32_t sockets_parse(const char *text, struct sockets_address *ret_address);

/** Writes `address` as "host:port". */
void sockets_format(const struct sockets_address *address, char ret_text[SOCKETS_ADDRESS_MAX]);

/**
 * Opens `count` (1 … SOCKETS_GROUP_MAX) listening sockets, close-on-exec and non-blocking, into
 * `ret_fds`, and where they listen into `ret_bound`. Refuses an address on which anybody else
 * listens, even a process of the same user that allows it. On failure nothing is open:
 * DAIS_E_CONFLICT when the address is in use, DAIS_E_DENIED when this user may not listen there,
 * DAIS_E_NOT_FOUND when it is no address of this machine, DAIS_E_LIMIT without descriptors left,
 * DAIS_E_UNAVAILABLE otherwise.
 */
DAIS_CHECK_RESULT int32_t sockets_open_group(const struct sockets_address *address, uint32_t count,
                                             int *ret_fds, struct sockets_address *ret_bound);

/** Opens `count` more sockets of a group that listens on `bound`; as sockets_open_group. */
DAIS_CHECK_RESULT int32_t sockets_extend_group(const struct sockets_address *bound, uint32_t count,
                                               int *ret_fds);

/** What an error of sockets_parse or sockets_open_group means for whoever wrote the address. */
const char *sockets_error_text(int32_t error);
