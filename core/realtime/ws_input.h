/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a WebSocket client sends (RFC 6455 §5): bytes in, messages and control frames out.
 *
 *     ws_input_init(&input, &readers, message_bytes_max);
 *     while (ws_input_next(&input, &bytes, &event)) …      event.kind tells what it is
 *     ws_input_fini(&input);
 *
 * Frames are read by wslay's frame API, whose context holds 4 KiB. It is borrowed from `struct
 * ws_readers` (one per worker) while a frame is incomplete; an input between two messages holds no
 * memory at all. Fragments are joined, text is checked while it comes. No socket, no clock: pure
 * but for the memory. Used on one thread at a time.
 */
#include "dais/types.h"

#include <stdbool.h>
#include <stdint.h>

/** Readers kept for the next incomplete frame. */
#define WS_READERS_FREE_MAX 64u

struct ws_reader;
struct ws_assembly;

/** What the inputs of a worker share; zeroed memory has no readers yet, and no bound. */
struct ws_readers {
    struct ws_reader *free; /* private, as the next two */
    uint32_t free_count;
    uint64_t bytes;
    uint64_t bytes_max; /**< of all messages of which some has come; 0: any number */
};

/**
 * Counts bytes of a message of which some has come, wherever they are kept. False when there is no
 * room for them, so that many clients that never finish theirs cannot take all memory. What was
 * counted is given back.
 */
bool ws_readers_count(struct ws_readers *readers, uint64_t bytes);
void ws_readers_give_back(struct ws_readers *readers, uint64_t bytes);

/** Frees the readers that nobody borrows. */
void ws_readers_fini(struct ws_readers *readers);

/** The input of one connection. All private. */
struct ws_input {
    struct ws_readers *readers;
    struct ws_reader *reader;     /* borrowed, in the middle of a frame */
    struct ws_assembly *assembly; /* in the middle of a message */
    uint32_t message_bytes_max;
    bool failed; /* told so; only a close frame is still looked for */
    bool lost;   /* where frames begin is not known any more */
};

enum ws_input_kind {
    WS_INPUT_TEXT = 1,
    WS_INPUT_BINARY,
    WS_INPUT_PING,
    WS_INPUT_PONG,
    WS_INPUT_CLOSE, /**< `code`: the peer's, or WS_CLOSE_NO_CODE */
    WS_INPUT_FAILED /**< `code`: that of the close frame that is due */
};

struct ws_input_event {
    enum ws_input_kind kind;
    uint32_t code;           /**< enum ws_close_code, see above */
    struct dais_str payload; /**< valid until the next call; of a close frame its reason */
};

/** An input at the begin of a frame. `message_bytes_max` is cut to 1 GiB. */
void ws_input_init(struct ws_input *input, struct ws_readers *readers, uint64_t message_bytes_max);

/**
 * Takes bytes off `*bytes` until something is complete. False: all were taken and nothing is. After
 * WS_INPUT_FAILED (once at most) what comes is thrown away but for a close frame; so it is after
 * WS_INPUT_CLOSE.
 */
bool ws_input_next(struct ws_input *input, struct dais_str *bytes,
                   struct ws_input_event *ret_event);

/** From now on only a close frame is looked for. The payload of the last event stays valid. */
static inline void ws_input_discard(struct ws_input *input)
{
    input->failed = true;
}

/** Whether nothing of a frame or a message has come yet: no memory is held. */
static inline bool ws_input_is_idle(const struct ws_input *input)
{
    return !input->reader && !input->assembly;
}

/** Gives back what is borrowed. */
void ws_input_fini(struct ws_input *input);
