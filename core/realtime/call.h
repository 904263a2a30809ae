/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * `struct dais_call`: what a client sent, while a handler works on it. Made by the inbox, on the
 * fiber's stack; the texts are in the fiber's arena or in the item that the inbox keeps.
 *
 * The functions of struct dais_events_v1 that take a call; their contract is written there.
 */
#include "dais/events.h"
#include "realtime/socket.h"

/** The socket behind a call; it may have left (state SOCKET_GONE), but its memory is there. For the
 * files of this layer. [fiber, worker] */
struct socket *call_socket_of(const struct dais_call *call);

/* The functions of struct dais_events_v1; their contract is written there. */
const struct dais_identity *call_identity(const struct dais_call *call);
struct dais_arena *call_arena(struct dais_call *call);
dais_handle call_socket(const struct dais_call *call);
struct dais_str call_viewer(struct dais_call *call);
struct dais_str call_peer(struct dais_call *call);
struct dais_str call_args(const struct dais_call *call);
struct dais_buf *const *call_attachments(const struct dais_call *call, uint32_t *ret_count);
struct dais_str call_bytes(const struct dais_call *call, uint32_t *ret_binary);
int32_t call_ack_fields(struct dais_call *call, const struct dais_shape *shape, const void *value);
int32_t call_ack_raw(struct dais_call *call, struct dais_str args,
                     struct dais_buf *const *attachments, uint32_t count);
int32_t call_fail(struct dais_call *call, int32_t error, const char *field, const char *detail);
int32_t call_fail_later(struct dais_call *call, int32_t error, uint64_t retry_ms, const char *field,
                        const char *detail);
int32_t call_speak(struct dais_call *call, const char *dialect);

/** As http_explain: what a problem says when the running fiber's handler returns `error`. Without a
 * call nothing happens. [fiber] */
void call_explain(int32_t error, const char *field, const char *detail);
