/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * WebSocket frames from the server to clients (RFC 6455 §5.2: final, unmasked), encoded once and
 * shared by all who get them.
 *
 * A message is one text frame, or a text frame and the binary frames of its attachments, one after
 * another in a shared buffer. Frames describe themselves, so that a client that polls gets the same
 * bytes without their heads: frame_next walks them. Pure functions, callable on any thread.
 */
#include "base/str.h"
#include "dais/mem.h"

#include <stdbool.h>

/** Longest head of a frame. */
#define FRAME_HEAD_BYTES_MAX 10u

/** What becomes of a message whose reader is slow. */
enum message_class {
    MESSAGE_DURABLE = 1, /**< never left out: a reader who cannot take it is closed, to resume */
    MESSAGE_REPLACEABLE, /**< gives way to a later one with its key */
    MESSAGE_DROPPABLE    /**< left out */
};

/** A message in a shared buffer; borrowed, whoever keeps it takes a reference of `buf`. */
struct message {
    struct dais_buf *buf;
    uint32_t offset;
    uint32_t len;
    uint32_t class; /**< enum message_class */
    uint32_t key;   /**< of a replaceable one: what it replaces */
};

/** Writes the head of a frame with `len` bytes of payload; how long the head is. */
uint32_t frame_head(uint8_t head[FRAME_HEAD_BYTES_MAX], bool binary, uint64_t len);

/** Appends a frame. DAIS_E_MEMORY stays in `out`: look at strbuf_error. */
void frame_add(struct strbuf *out, bool binary, struct dais_str payload);

/**
 * The same in two steps, for text that is written straight into `out`: what is appended between
 * frame_begin and frame_end, which takes what frame_begin gave, is the payload.
 */
uint64_t frame_begin(struct strbuf *out);
void frame_end(struct strbuf *out, uint64_t begin, bool binary);

/**
 * The frame at the begin of `*rest`, which then goes on behind it; false at the end. Only for what
 * was written by the functions above.
 */
bool frame_next(struct dais_str *rest, bool *ret_binary, struct dais_str *ret_payload);
