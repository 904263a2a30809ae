/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Packets of Engine.IO v4 as a client sends them: one in each WebSocket message, or several in the
 * body of a POST, joined by 0x1e. Pure functions, callable on any thread; views point into what was
 * parsed.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdbool.h>

/** The character that tells what a packet is. */
enum eio_type {
    EIO_TYPE_OPEN = '0',
    EIO_TYPE_CLOSE = '1',
    EIO_TYPE_PING = '2',
    EIO_TYPE_PONG = '3',
    EIO_TYPE_MESSAGE = '4',
    EIO_TYPE_UPGRADE = '5',
    EIO_TYPE_NOOP = '6',
    EIO_TYPE_BINARY = 'b' /**< in bodies alone; its data is base64 */
};

/** Between the packets of a body. */
#define EIO_SEPARATOR '\x1e'

struct eio_packet {
    enum eio_type type;
    struct dais_str data; /**< behind the type; may be empty */
};

/** Reads the one packet of a text message; 'b' is none there. DAIS_E_INVALID. */
DAIS_CHECK_RESULT int32_t eio_packet_parse(struct dais_str text, struct eio_packet *ret_packet);

/**
 * Takes the first packet off `*rest`: 1, or 0 when `*rest` is absent, which the last packet leaves
 * it. DAIS_E_INVALID for a piece that is no packet, the empty one included.
 */
DAIS_CHECK_RESULT int32_t eio_payload_next(struct dais_str *rest, struct eio_packet *ret_packet);
