/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A WebSocket (RFC 6455), server's side, from the 101 on: input, closing, pings. What is sent goes
 * through its link (realtime/link.h).
 *
 *   http_upgrade …     gives a wire (net/wire.h); it may be mailed to another worker
 *   ws_open            takes the wire, ties the link
 *   `message` *        one call for each message, fragments joined, text checked to be UTF-8
 *   ws_close           begins the closing handshake: what waits is sent, then the close frame
 *   `closed`           once, always, never from within a call of the owner's: the ws is gone
 *
 * Pings of the peer are answered here. Ours go out every limit ws_ping_ms (unless the protocol on
 * top has its own); a peer silent for ws_pong_ms after one is lost. Who does not answer a close
 * frame within ws_close_ms loses the connection. Idle, a ws holds no buffer. All on one worker.
 */
#include "dais/error.h"
#include "dais/types.h"

#include <stdbool.h>
#include <stdint.h>

struct link;
struct wire;

/** A WebSocket. Opaque; from ws_open until `closed` returned. */
struct ws;

/** Codes of close frames (RFC 6455 §7.4; from 4000 on our own). */
enum ws_close_code {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_GOING_AWAY = 1001,   /**< the server stops */
    WS_CLOSE_PROTOCOL = 1002,     /**< not a WebSocket's frames */
    WS_CLOSE_UNSUPPORTED = 1003,  /**< text or binary that is not expected here */
    WS_CLOSE_NO_CODE = 1005,      /**< never sent: the peer gave none */
    WS_CLOSE_LOST = 1006,         /**< never sent: the connection went without a close frame */
    WS_CLOSE_NOT_UTF8 = 1007,     /**< text that is none */
    WS_CLOSE_POLICY = 1008,       /**< what was sent is not allowed */
    WS_CLOSE_TOO_BIG = 1009,      /**< a message beyond the bound */
    WS_CLOSE_INTERNAL = 1011,     /**< the server failed */
    WS_CLOSE_TRY_LATER = 1013,    /**< the server has no room for it now */
    WS_CLOSE_SLOW = 4000,         /**< read too slowly: come again and resume */
    WS_CLOSE_EXPIRED = 4001,      /**< the token expired */
    WS_CLOSE_DENIED = 4003,       /**< not allowed any more: banned, revoked, removed */
    WS_CLOSE_TOO_MANY = 4008,     /**< too many events */
    WS_CLOSE_LOGIN_TIMEOUT = 4009 /**< took too long to log in */
};

/** What the owner hears; on the worker's own stack. Any call of ws and link is allowed in them. */
struct ws_events {
    /** A message; the view is valid during the call. Never after ws_close. */
    void (*message)(void *owner, struct dais_str payload, bool binary);
    /**
     * The ws is gone, its link untied and emptied. `code`: the peer's, or the one of ws_close if we
     * closed first; WS_CLOSE_NO_CODE or WS_CLOSE_LOST if there was none.
     */
    void (*closed)(void *owner, uint32_t code);
};

/** How to open one; copied. */
struct ws_options {
    const struct ws_events *events; /**< borrowed until `closed` returned */
    void *owner;                    /**< what they get */
    struct dais_str early;      /**< bytes that came behind the handshake; copied, may be empty */
    uint64_t message_bytes_max; /**< longest message taken; beyond it 1009 */
    bool own_pings;             /**< the protocol on top has its own (Engine.IO): none of ours */
};

/**
 * Takes `wire` (also on failure: it is closed then) and ties `link`, which is borrowed until
 * `closed` returned; what waits in it is sent. DAIS_E_MEMORY, DAIS_E_INVALID, DAIS_E_STATE when the
 * worker stops.
 */
DAIS_CHECK_RESULT int32_t ws_open(struct wire *wire, struct link *link,
                                  const struct ws_options *options, struct ws **ret_ws);

/**
 * Begins to close with a code that may be sent and a reason of at most 123 bytes (longer ones are
 * cut). With WS_CLOSE_SLOW what waits is dropped, else it is sent first. Later calls are ignored.
 */
void ws_close(struct ws *ws, uint32_t code, struct dais_str reason);

/** Drops the connection without a close frame; `closed` comes at the end of the turn. */
void ws_abort(struct ws *ws);

/** Takes no more input until ws_resume; calls need not pair. Nothing that has come is lost. */
void ws_pause(struct ws *ws);
void ws_resume(struct ws *ws);

/**
 * Gives the ws to another link, owner and events (Engine.IO: a probe becomes the session's
 * transport). What waits in the former link goes first. `link` has no ws. DAIS_E_MEMORY,
 * DAIS_E_STATE when it is closing already: nothing was changed.
 */
DAIS_CHECK_RESULT int32_t ws_move(struct ws *ws, struct link *link, const struct ws_events *events,
                                  void *owner);

/** The connection below: peer and address key may be asked. Valid as long as the ws. */
const struct wire *ws_wire(const struct ws *ws);
