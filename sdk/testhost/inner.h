/* SPDX-License-Identifier: MIT */
#pragma once
/* Between the files of the test host. */
#include "base/str.h"
#include "testhost.h"

/** As struct http_hooks: opens `count` sockets on an address of this machine. */
int32_t testhost_open_sockets(const char *name, struct dais_str address, uint32_t count,
                              int *ret_fds);

/** Connects to a port of 127.0.0.1. DAIS_E_UNAVAILABLE. */
DAIS_CHECK_RESULT int32_t testhost_connect(uint32_t port, int *ret_fd);

/** Sends all of `text`. DAIS_E_GONE. */
DAIS_CHECK_RESULT int32_t testhost_write(int fd, struct dais_str text);

/** Reads to the end of the connection into `ret_text`. DAIS_E_GONE, DAIS_E_TOO_LARGE. */
DAIS_CHECK_RESULT int32_t testhost_read(int fd, struct strbuf *ret_text);
