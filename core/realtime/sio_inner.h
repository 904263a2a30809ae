/* SPDX-License-Identifier: MIT */
#pragma once
/* A Socket.IO client: sio.c receives for it, sio_form.c sends. */
#include "loop/timer.h"
#include "realtime/eio.h"
#include "realtime/sio.h"
#include "realtime/sio_packet.h"

/** A namespace that it has joined: the carrier of a socket. */
struct sio_member {
    struct sio_client *client;
    struct sio_member *next;
    struct socket *socket; /**< NULL while socket_open has not returned */
    uint8_t space;         /**< its number */
    bool open;             /**< the client was told so */
    bool paused;
};

/** A binary packet whose attachments are on their way. */
struct sio_partial {
    struct sio_packet packet; /**< views into `text` */
    uint32_t received;
    uint64_t bytes; /**< text and attachments so far */
    struct dais_buf *attachments[SIO_ATTACHMENTS_MAX];
    char text[];
};

/** One session of Engine.IO. Idle ones are many, so every byte counts. */
struct sio_client {
    struct eio_session *session;
    struct sio_member *members;
    struct sio_partial *partial;
    struct timer connect; /**< it has to join something until then */
    uint16_t dismissed;   /**< bit per space: told to leave, traffic under way is ignored */
    uint16_t joined;      /**< bit per space: it has asked to be let in before */
    uint8_t strange;      /**< namespaces that it asked for and there are not */
    bool ended;           /**< eio_close was called */
    uint16_t token_len;
    uint16_t guest_len;
    char credentials[]; /**< token and guest of the handshake, for a CONNECT without its own */
};

/** Ends the session with a code of ws.h. */
void sio_end(struct sio_client *client, uint32_t code);

/** Receives again, unless a namespace is still paused. */
void sio_resume(struct sio_client *client);

/** Takes a member out and frees it; its socket is the caller's to end. */
void sio_forget(struct sio_member *member);

/** Sends a packet to the client of `client`; without memory the session ends. */
void sio_send(struct sio_client *client, const struct sio_packet *packet);

/** Tells the client why it is not let into `space`. */
void sio_send_refusal(struct sio_client *client, struct dais_str space, const char *message,
                      const struct envelope_problem *problem);
