/* SPDX-License-Identifier: MIT */
/* dais.events/1: registration is the host's, everything else is realtime's. */
#include "host/abi.h"
#include "host/registration.h"
#include "realtime/call.h"
#include "realtime/events.h"
#include "realtime/sockets.h"

/** Notes a table that was looked over: `error` says how that went. */
static int32_t note(struct generation *generation, enum registration_kind kind, const void *table,
                    int32_t error)
{
    if (error)
        return registration_refuse(generation, error, "events: %s", events_problem());
    return registration_add(generation, kind, table, dais_str(NULL, 0));
}

static int32_t events(const struct dais_event *table)
{
    struct generation *generation = registration_check("events.events");
    if (!generation)
        return DAIS_E_STATE;
    return note(generation, REGISTRATION_EVENTS, table, events_events_check(table));
}

static int32_t documents(const struct dais_event_out *table)
{
    struct generation *generation = registration_check("events.documents");
    if (!generation)
        return DAIS_E_STATE;
    return registration_add(generation, REGISTRATION_EVENTS_OUT, table, dais_str(NULL, 0));
}

static int32_t spaces(const struct dais_space *table)
{
    struct generation *generation = registration_check("events.spaces");
    if (!generation)
        return DAIS_E_STATE;
    return note(generation, REGISTRATION_SPACES, table, events_spaces_check(table));
}

static int32_t endpoints(const struct dais_endpoint *table)
{
    struct generation *generation = registration_check("events.endpoints");
    if (!generation)
        return DAIS_E_STATE;
    return note(generation, REGISTRATION_ENDPOINTS, table, events_endpoints_check(table));
}

const struct dais_events_v1 abi_events = {
    .events = events,
    .documents = documents,
    .spaces = spaces,
    .endpoints = endpoints,
    .identity = call_identity,
    .arena = call_arena,
    .socket = call_socket,
    .viewer = call_viewer,
    .peer = call_peer,
    .args = call_args,
    .attachments = call_attachments,
    .bytes = call_bytes,
    .ack_fields = call_ack_fields,
    .ack_raw = call_ack_raw,
    .fail = call_fail,
    .speak = call_speak,
    .emit_socket = sockets_emit_socket,
    .emit_user = sockets_emit_user,
    .emit_all = sockets_emit_all,
    .ask = sockets_ask,
    .close = sockets_close,
    .send = sockets_send,
    .fail_later = call_fail_later,
};
