/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Packets of Socket.IO v5, https://socket.io/docs/v4/socket-io-protocol/ :
 * `<type>[<attachments>-][<namespace>,][<id>][<JSON>]`, what stands behind the 4 of an Engine.IO
 * message.
 *
 * Arguments are not looked into: what a client sent is valid JSON and goes on as it came. Parsing
 * and writing are pure functions, callable on any thread; views point into what was parsed.
 */
#include "base/str.h"

#include <stdbool.h>

/** Attachments of one packet, as socket.io-parser has it. */
#define SIO_ATTACHMENTS_MAX 10u
/** Bytes of a namespace's name, its slash included. */
#define SIO_SPACE_BYTES_MAX 128u
/** Bytes of an event's name, decoded. */
#define SIO_NAME_BYTES_MAX 128u

/** The digit of a packet. */
enum sio_type {
    SIO_CONNECT,
    SIO_DISCONNECT,
    SIO_EVENT,
    SIO_ACK,
    SIO_CONNECT_ERROR,
    SIO_BINARY_EVENT,
    SIO_BINARY_ACK
};

struct sio_packet {
    enum sio_type type;
    uint32_t attachments; /**< of the two binary types: how many binary messages follow */
    bool has_id;
    uint64_t id;
    struct dais_str space; /**< "/" when none was named */
    /** Of events: the quoted string or the number, as it stands in the packet. */
    struct dais_str name;
    /** Of events and acks: the arguments without brackets ("" for none). Otherwise the payload, or
     * absent. */
    struct dais_str data;
};

/**
 * Reads one packet. DAIS_E_INVALID for what a server may not take from a client: an unknown type, a
 * payload of the wrong kind, an event without a name or with a reserved one, an id beyond 64 bits,
 * too many attachments, a placeholder `{"_placeholder":true,"num":n}` of a binary packet that names
 * none of them, a CONNECT_ERROR.
 */
DAIS_CHECK_RESULT int32_t sio_packet_parse(struct dais_str text, struct sio_packet *ret_packet);

/**
 * The name of an event as text: a view of its inside, or what `scratch` (SIO_NAME_BYTES_MAX) then
 * holds when it was written with escapes. DAIS_E_INVALID, DAIS_E_TOO_LARGE: no event has that name.
 */
DAIS_CHECK_RESULT int32_t sio_packet_name(const struct sio_packet *packet, struct strbuf *scratch,
                                          struct dais_str *ret_name);

/** Whether the protocol keeps this name for itself ("connect", "disconnect" …). */
bool sio_packet_name_is_reserved(struct dais_str name);

/**
 * Appends the packet's text: what sio_packet_parse reads, and CONNECT_ERROR. `name` and `data` have
 * to be valid JSON. Errors stay in `out`: look at strbuf_error.
 */
void sio_packet_add(struct strbuf *out, const struct sio_packet *packet);

/** Appends what stands before the payload: type, attachments, namespace, id. */
void sio_packet_add_head(struct strbuf *out, const struct sio_packet *packet);
