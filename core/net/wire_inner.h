/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How a wire is made: by http_upgrade.c, before there is a connection for it, so that the client
 * can still be told when there is no memory.
 */
#include "net/wire.h"

#include <openssl/ssl.h>

/** A wire without a connection, of that peer; `peer` is copied. NULL: no memory. */
struct wire *wire_new(struct dais_str peer, uint64_t address_key);

/**
 * Gives it a connected, non-blocking descriptor and, unless NULL, a reference to the TLS state that
 * was built up over it. DAIS_E_MEMORY: the caller keeps both.
 */
DAIS_CHECK_RESULT int32_t wire_take(struct wire *wire, int fd, SSL *tls);
