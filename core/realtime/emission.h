/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * An event on its way to many: what struct dais_emit says, taken over so that it can go to other
 * workers.
 *
 * Each rendering's argument is written to JSON once, here; each worker encodes it once for each
 * form that it has sockets of (emission_encode), and all sockets share the bytes. Made on any
 * thread, immutable, counted by an atomic number.
 *
 * A *dialect* is the way of speaking with which a socket joined a room ("001", "live"); its number
 * is the same on all workers as long as the process runs. 0: none.
 */
#include "dais/events.h"
#include "realtime/socket.h"

#define EMISSION_DIALECTS_MAX 63u
/** Renderings of one emission. */
#define EMISSION_RENDERINGS_MAX 16u

/** One way to say it. */
struct emission_text {
    struct dais_str event; /**< absent: sockets of this dialect get nothing */
    struct dais_str args;  /**< JSON without brackets */
    struct dais_buf **attachments;
    uint32_t attachment_count;
    uint32_t dialect; /**< 0: for all that no other one is for */
};

struct emission {
    uint32_t delivery; /**< enum message_class */
    uint32_t key;
    dais_handle except;
    uint32_t text_count;
    struct emission_text *texts;
};

/** Takes over what `emit` says. DAIS_E_INVALID for what cannot be said (no renderings, a bad
 * class), DAIS_E_TOO_LARGE past limit `event_bytes`, DAIS_E_LIMIT, DAIS_E_MEMORY. */
DAIS_CHECK_RESULT int32_t emission_new(const struct dais_emit *emit, struct emission **ret);

/** Takes one more reference; returns `emission`. */
struct emission *emission_ref(struct emission *emission);

/** Gives one reference back; NULL is ignored. */
void emission_unref(struct emission *emission);

/** What sockets of this dialect get; NULL: nothing. */
const struct emission_text *emission_text(const struct emission *emission, uint32_t dialect);

/**
 * Encodes a text for a form as a buffer with one reference; `mark` may be NULL. Errors of
 * socket_form.event.
 */
DAIS_CHECK_RESULT int32_t emission_encode(const struct emission_text *text,
                                          const struct socket_form *form,
                                          const struct envelope_mark *mark,
                                          struct dais_buf **ret_buf);

/** The number of a dialect, from 1, given at its first use; 0 for NULL or "". DAIS_E_LIMIT past
 * EMISSION_DIALECTS_MAX, DAIS_E_INVALID for a name longer than 31 bytes. [any thread] */
DAIS_CHECK_RESULT int32_t emission_dialect(const char *name);

/** The name of a dialect; "" for 0. [any thread] */
const char *emission_dialect_name(uint32_t number);
