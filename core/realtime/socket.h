/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A socket: what plugins know of a client, whatever it speaks. One `/ws` connection, one namespace
 * of a Socket.IO client, or one connection of a plugin's own endpoint. It stays on one worker.
 *
 *   socket_open ── token verified, connect handlers ──► form->opened   (or form->refused: the end)
 *   events_receive …      what the client sent, handled one after another (inbox.h)
 *   socket_send …         to the client
 *   socket_gone           the form says that the client has left: what was sent before is handled,
 *                         then the gone handlers run, then its memory goes
 *
 * The *form* is how it speaks: it encodes, it answers, it closes. A form's carrier (a connection, a
 * namespace of a session) has the socket from socket_open until it calls socket_gone, or until
 * form->refused was called.
 *
 * Everything here is called on the socket's worker, on its own stack or on a fiber, unless said
 * otherwise. From elsewhere: sockets.h.
 */
#include "base/list.h"
#include "base/str.h"
#include "dais/mem.h"
#include "dais/svc/identity.h"
#include "dais/types.h"
#include "net/http.h"
#include "realtime/envelope.h"
#include "realtime/frame.h"

#include <stdbool.h>

struct call_item;
struct link;
struct room_member;
struct socket;
struct socket_ask;
struct socket_resumes;
struct socket_user;

/** Forms: `/ws` is 0, the namespace n of Socket.IO is 1 + n, the raw ones are the last. */
#define SOCKET_SPACES_MAX 15u
#define SOCKET_FORM_RAW (1u + SOCKET_SPACES_MAX)
#define SOCKET_FORMS_MAX (2u + SOCKET_SPACES_MAX)
/** Bytes of the name that a guest may give itself: letters, digits, '-' and '_'. */
#define SOCKET_GUEST_BYTES_MAX 64u
/** Rooms that a client may ask to resume. */
#define SOCKET_RESUMES_MAX 64u
/** Hexadecimal, without the final NUL. */
#define SOCKET_ID_BYTES 16u

/** An event on its way to clients. All views are borrowed. */
struct socket_event {
    struct dais_str name; /**< as text; absent: a message of an endpoint, see raw_service.h */
    struct dais_str args; /**< JSON of the arguments without brackets: `{…}`, `1,"a"`, "" */
    struct dais_buf *const *attachments;
    uint32_t attachment_count;
    uint64_t ask;                     /**< not 0: the client is to acknowledge it by this id */
    const struct envelope_mark *mark; /**< its place in a room; NULL: it is not numbered */
};

/** The answer to an event that came with an id. All views are borrowed. */
struct socket_ack {
    struct dais_str id;                     /**< as the form gave it with the event */
    const struct envelope_problem *problem; /**< NULL: it was done */
    struct dais_str args; /**< done: JSON of one value, or absent; raw: of the arguments */
    bool raw;             /**< `args` are the answer's arguments as they are */
    struct dais_buf *const *attachments;
    uint32_t attachment_count;
};

/** How a socket speaks. Constant, one for each index. */
struct socket_form {
    uint32_t index;    /**< below SOCKET_FORMS_MAX */
    const char *space; /**< whose events it may send: "/", "/admin" */
    /**
     * Appends the event as the frames of one message (frame.h). Pure, on any thread. DAIS_E_INVALID
     * when the form cannot say that (attachments on `/ws`), DAIS_E_MEMORY, DAIS_E_TOO_LARGE.
     */
    int32_t (*event)(const struct socket_form *form, const struct socket_event *event,
                     struct strbuf *out);
    /** It is open, now the client may be told; comes before the first message. */
    void (*opened)(struct socket *socket);
    /** It will not be opened: the client is told why and the carrier forgets the socket, which is
     * gone when this returns. */
    void (*refused)(struct socket *socket, const struct envelope_problem *problem);
    /** Answers an event; nothing is to be sent without an id. */
    void (*ack)(struct socket *socket, const struct socket_ack *ack);
    /**
     * Ends it with a code of ws.h: socket_gone follows, maybe before this returns.
     * Socket.IO: 4003 is a packet 41 and the end of the session behind it, others end the transport
     * so that the client comes back.
     */
    void (*close)(struct socket *socket, uint32_t code);
    /** Nothing more is to be read from the client until resume; both are repeated freely. */
    void (*pause)(struct socket *socket);
    void (*resume)(struct socket *socket);
    /** The peer's address as text, valid as long as the connection. */
    struct dais_str (*peer)(const struct socket *socket);
};

enum socket_state {
    SOCKET_OPENING, /**< the token is verified, connect handlers run */
    SOCKET_OPEN,
    SOCKET_CLOSING, /**< form->close was called */
    SOCKET_GONE     /**< no carrier any more: what is in its inbox is still handled */
};

/** A socket; idle ones are many, so every byte counts. Members are read by the files of this
 * layer. */
struct socket {
    dais_handle handle; /**< 0 when it is gone */
    dais_handle number; /**< what `handle` was, for its public id */
    const struct socket_form *form;
    struct link *link;           /**< the sending side; NULL when it is gone */
    void *carrier;               /**< the form's own; NULL when it is gone */
    struct socket_user *user;    /**< who it is (tokens.h); NULL: a guest */
    struct room_member *members; /**< rooms it is in: room.h's alone */
    struct call_item *first;     /**< inbox.h's */
    struct call_item *last;
    struct socket_ask *asks; /**< what the client has yet to acknowledge */
    struct socket_resumes *resumes;
    uint64_t address; /**< the number of its address, http_client.address */
    uint64_t paces[HTTP_RATE_CLASSES_MAX];
    uint64_t asked;   /**< ids given out */
    char *guest;      /**< the name that a guest gave itself; NULL: none */
    uint16_t waiting; /**< items in the inbox */
    uint8_t state;    /**< enum socket_state */
    uint8_t dialect;  /**< emission.h; 0: none yet */
    uint8_t stage;    /**< enum inbox_stage */
    uint8_t refused;  /**< events in a row that were too many */
    bool busy;        /**< an item of the inbox is being handled */
    bool stepping;    /**< inbox_step is on the stack */
    bool paused;      /**< form->pause was called */
    bool acquainted;  /**< an event of it was handled: it may not change who it is */
    uint32_t cursor;  /**< which handlers of its space have run */
    uint32_t waiting_bytes;
};

/** What a client presents. Everything is borrowed for the call. */
struct socket_offer {
    const struct socket_form *form;
    struct link *link;
    void *carrier;
    uint64_t address;       /**< http_address_key of the peer */
    struct dais_str token;  /**< absent or empty: a guest */
    struct dais_str guest;  /**< the name of a guest; absent: none */
    struct dais_str resume; /**< JSON {"<kind>:<id>":{"epoch","seq"}}; absent: none */
    /** All that it sent to connect, as JSON: `args` of connect and ready; absent: nothing. */
    struct dais_str payload;
    /** The `connect` rate was counted already (a further namespace of a session). */
    bool counted;
};

/**
 * Whether an address may have one more socket now, and counts that against the rate `connect`: for
 * carriers that can refuse before socket_open, whose offer is `counted` then. DAIS_E_LIMIT,
 * DAIS_E_UNAVAILABLE.
 */
DAIS_CHECK_RESULT int32_t socket_admit(uint64_t address, struct envelope_problem *ret_problem);

/**
 * Makes a socket. It is open when form->opened was called, which may be before this returns.
 * DAIS_E_LIMIT past limits `sockets`, `sockets_per_address` or the rate `connect`, DAIS_E_INVALID
 * for a guest's name or a resume that cannot be right, DAIS_E_MEMORY, DAIS_E_UNAVAILABLE while the
 * server stops: then there is none and form->refused is not called; `ret_problem` says why, its
 * texts are constant.
 */
DAIS_CHECK_RESULT int32_t socket_open(const struct socket_offer *offer, struct socket **ret_socket,
                                      struct envelope_problem *ret_problem);

/**
 * Takes what a client says of itself besides its token: a guest's name and the rooms it was in,
 * absent or empty for nothing. DAIS_E_INVALID with `ret_problem`, DAIS_E_MEMORY.
 */
DAIS_CHECK_RESULT int32_t socket_present(struct socket *socket, struct dais_str guest,
                                         struct dais_str resume,
                                         struct envelope_problem *ret_problem);

/** The client has left, or was closed. The carrier must not use the socket any more. */
void socket_gone(struct socket *socket);

/** The socket of `handle` on this worker; NULL when it is gone or of another worker. */
struct socket *socket_find(dais_handle handle);

/**
 * Queues an encoded message behind everything that is on its way to the socket, rooms included.
 * Sent at the end of the turn. Not while it is opening.
 */
void socket_send(struct socket *socket, const struct message *message);

/** Encodes an event for this socket alone and sends it. Errors of form->event, DAIS_E_STATE. */
DAIS_CHECK_RESULT int32_t socket_event(struct socket *socket, const struct socket_event *event,
                                       uint32_t message_class);

/** Ends it with a code of ws.h. Nothing happens when it ends already. */
void socket_close(struct socket *socket, uint32_t code);

/** Its public id, the same as long as it lives: no secret, and nothing can be done with it. */
void socket_id(const struct socket *socket, char ret_id[SOCKET_ID_BYTES + 1]);

/** Who it is; NULL for a guest. Valid until the caller next gives way. */
const struct dais_identity *socket_identity(const struct socket *socket);

#define SOCKET_VIEWER_BYTES_MAX 80u
/**
 * The viewer that it is one socket of (dais/rooms.h): the id of its user, "guest:<name>", else
 * "socket:<its id>". In `scratch` or the socket, valid until the caller next gives way.
 */
struct dais_str socket_viewer(const struct socket *socket, char scratch[SOCKET_VIEWER_BYTES_MAX]);

/** Takes what the client had of `room` ("<kind>:<id>") when its last connection ended; false:
 * it did not say. */
bool socket_resume(struct socket *socket, struct dais_str room, uint64_t *ret_epoch,
                   uint64_t *ret_seq);

/** The client has acknowledged what was asked by `id`. Unknown ids are ignored. */
void socket_acked(struct socket *socket, uint64_t id, const struct socket_ack *answer);
