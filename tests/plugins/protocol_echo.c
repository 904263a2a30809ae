/* SPDX-License-Identifier: MIT */
/*
 * What suites of conformance talk to.
 *
 *   /engine.io/         each message comes back, text as text and binary as binary
 *   /socket.io/ and /custom: whoever connects gets the event `auth` with what it sent to connect,
 *                       {} without. In / furthermore:
 *     message           comes back as `message-back` with the same arguments
 *     message-with-ack  is answered with the same arguments
 */
#include "dais/dais.h"

/** Sends one event with these arguments to whoever called. */
static int32_t send_back(struct dais_call *call, const char *event, struct dais_str args)
{
    uint32_t count;
    struct dais_buf *const *attachments = dais_events->attachments(call, &count);
    const struct dais_rendering renderings[] = {
        {.event = event, .json = args, .attachments = attachments, .attachment_count = count},
        {.event = NULL},
    };
    const struct dais_emit emit = {.renderings = renderings, .delivery = DAIS_DURABLE};
    return dais_events->emit_socket(dais_events->socket(call), &emit);
}

static void greet(struct dais_call *call)
{
    struct dais_str payload = dais_events->args(call);
    int32_t error = send_back(call, "auth", payload.len > 0 ? payload : dais_cstr("{}"));
    if (error)
        dais_logf(DAIS_WARN, "a client was not greeted");
}

static int32_t echo(struct dais_call *call, const void *data)
{
    (void)data;
    return send_back(call, "message-back", dais_events->args(call));
}

static int32_t acknowledge(struct dais_call *call, const void *data)
{
    uint32_t count;
    struct dais_buf *const *attachments = dais_events->attachments(call, &count);
    (void)data;
    return dais_events->ack_raw(call, dais_events->args(call), attachments, count);
}

static void echo_bytes(struct dais_call *call)
{
    uint32_t binary;
    struct dais_str bytes = dais_events->bytes(call, &binary);
    int32_t error = dais_events->send(dais_events->socket(call), bytes, binary);
    (void)error; /* it has left meanwhile */
}

static const struct dais_space spaces[] = {
    {.name = "/", .flags = DAIS_SPACE_GUESTS, .ready = greet, .summary = "Echoes"},
    {.name = "/custom", .flags = DAIS_SPACE_GUESTS, .ready = greet, .summary = "Says hello"},
    {.name = NULL},
};

static const struct dais_event events[] = {
    {.name = "message",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_EVENT_RAW,
     .handler = echo,
     .summary = "Comes back as message-back"},
    {.name = "message-with-ack",
     .access = DAIS_ACCESS_PUBLIC,
     .flags = DAIS_EVENT_RAW,
     .handler = acknowledge,
     .summary = "Is answered with the same arguments"},
    {.name = NULL},
};

static const struct dais_event_out documents[] = {
    {.name = "auth", .summary = "What the client sent to connect"},
    {.name = "message-back", .summary = "The arguments of message"},
    {.name = NULL},
};

static const struct dais_endpoint endpoints[] = {
    {.path = "/engine.io/",
     .protocol = DAIS_ENDPOINT_ENGINEIO,
     .message = echo_bytes,
     .summary = "Each message comes back"},
    {.path = NULL},
};

static int32_t init(const struct dais_host *host)
{
    (void)host;
    int32_t error = dais_events->spaces(spaces);
    if (!error)
        error = dais_events->events(events);
    if (!error)
        error = dais_events->documents(documents);
    return error ? error : dais_events->endpoints(endpoints);
}

static const struct dais_need needs[] = {
    DAIS_NEED_EVENTS,
    DAIS_NEED_LOG,
    {NULL, NULL, 0, 0},
};

DAIS_EXPORT const struct dais_plugin dais_plugin = {
    .magic = DAIS_PLUGIN_MAGIC,
    .abi_major = DAIS_ABI_MAJOR,
    .draft_hash = DAIS_DRAFT_HASH,
    .id = "protocol_echo",
    .version = "1.0.0",
    .summary = "What suites of conformance talk to",
    .needs = needs,
    .init = init,
};
