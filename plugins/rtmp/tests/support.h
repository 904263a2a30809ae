/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the tests of this plugin share: bodies that are counted, a growing byte string, and the
 * client's side of a connection as bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "amf0.h"
#include "chunk.h"
#include "session.h"

/** Bodies on the heap; `alive` must be 0 at the end of a test. */
struct support_bodies {
    uint32_t alive;
    uint32_t made;
    uint64_t bytes_alive;
    uint64_t bytes_peak;
    bool empty; /**< no memory is left */
};

struct chunk_bodies support_bodies(struct support_bodies *counts);

/** Bytes that are put together; freed by support_free. */
struct support_bytes {
    uint8_t *data;
    size_t len;
    size_t room;
};

void support_append(struct support_bytes *bytes, const void *from, size_t len);
void support_append_str(struct support_bytes *bytes, struct dais_str from);
void support_free(struct support_bytes *bytes);
struct dais_str support_view(const struct support_bytes *bytes);

/** Appends a message as chunks. */
void support_message(struct support_bytes *bytes, const struct chunk_message *message,
                     uint32_t chunk_bytes);

/** Appends a command; `write_args` (may be NULL) writes what follows name and transaction. */
struct support_command {
    const char *name;
    double transaction;
    uint32_t stream;
    uint8_t type; /**< 0 for an AMF0 command */
    void (*write_args)(struct amf0_writer *writer);
};
void support_command(struct support_bytes *bytes, const struct support_command *command);

/** Appends the client's handshake. */
void support_handshake(struct support_bytes *bytes);

/** A config for sessions in tests. */
struct session_config support_config(struct support_bodies *counts);

/** A whole file. */
void support_read_file(struct support_bytes *bytes, const char *path);
