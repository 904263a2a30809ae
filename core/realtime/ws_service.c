/* SPDX-License-Identifier: MIT */
#include "realtime/ws_service.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/json_scan.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/shape.h"
#include "loop/fiber.h"
#include "net/http_detach.h"
#include "net/wire.h"
#include "realtime/credentials.h"
#include "realtime/events.h"
#include "realtime/inbox.h"
#include "realtime/link.h"
#include "realtime/sockets.h"
#include "realtime/ws.h"
#include "realtime/ws_accept.h"

#include <stdio.h>

#define PATH "/ws"
/** What an envelope has beside its event's name, data, id and mark. */
#define ENVELOPE_BYTES 1024u
#define MESSAGE_BYTES_MAX (64u << 20)

/** The parameters of the path that count. */
enum parameter { PARAMETER_TOKEN, PARAMETER_GUEST, PARAMETER_RESUME, PARAMETER_COUNT };

/** A handshake on its way; its texts follow. */
struct hello {
    struct dais_req *req; /* NULL: it has been answered, or the client has left */
    struct dais_str texts[PARAMETER_COUNT];
    struct dais_str peer;
    uint64_t address;
};

/** A connection. */
struct ws_client {
    struct link link;
    struct ws *ws;
    struct socket *socket; /* NULL: it was refused */
    struct timer *login;   /* while it may have to log in */
    uint8_t malformed;     /* messages in a row that were none */
    uint8_t peer_len;
    char peer[];
};

static const struct socket_form form;

/* --- what goes out --- */

/* Sends text that is in `out` behind frame_begin, which gave `begin`; closes when there is none. */
static void send_text(struct ws_client *client, struct strbuf *out, uint64_t begin,
                      uint32_t message_class)
{
    frame_end(out, begin, false);
    struct dais_buf *buf = strbuf_error(out) == DAIS_OK ? buf_copy(strbuf_view(out)) : NULL;
    if (!buf) {
        ws_close(client->ws, WS_CLOSE_INTERNAL, dais_cstr("out of memory"));
        return;
    }
    const struct message message = {.buf = buf, .len = (uint32_t)buf->len, .class = message_class};
    if (client->socket)
        socket_send(client->socket, &message);
    else
        link_put(&client->link, &message);
    buf_unref(buf);
}

static void send_error(struct ws_client *client, struct dais_str event,
                       const struct envelope_problem *problem)
{
    STRBUF_AUTO struct strbuf out;
    strbuf_init(&out, MESSAGE_BYTES_MAX);
    uint64_t begin = frame_begin(&out);
    envelope_add_error(&out, event, problem);
    send_text(client, &out, begin, MESSAGE_DROPPABLE);
}

/* Several arguments are one value here: a list of them. */
static int32_t single(struct dais_str args, struct strbuf *list, struct dais_str *ret_data)
{
    struct dais_str rest = args, item;
    *ret_data = args;
    if (args.len == 0 || !json_scan_item(&rest, &item) || rest.len == 0)
        return DAIS_OK;
    strbuf_addc(list, '[');
    strbuf_add(list, args);
    strbuf_addc(list, ']');
    *ret_data = strbuf_view(list);
    return strbuf_error(list);
}

static void add_ask(struct strbuf *out, uint64_t ask)
{
    if (ask == 0 || strbuf_error(out) != DAIS_OK)
        return;
    strbuf_truncate(out, out->len - 1); /* its last brace */
    strbuf_addz(out, ",\"id\":");
    strbuf_addu(out, ask);
    strbuf_addc(out, '}');
}

static int32_t encode(const struct socket_form *self, const struct socket_event *event,
                      struct strbuf *out)
{
    (void)self;
    STRBUF_AUTO struct strbuf list;
    struct dais_str data;
    strbuf_init(&list, event->args.len + 2);
    if (event->attachment_count > 0)
        return DAIS_E_INVALID;
    int32_t code = single(event->args, &list, &data);
    if (code != DAIS_OK)
        return code;
    uint64_t begin = frame_begin(out);
    envelope_add_event(out, event->name, data, event->mark);
    add_ask(out, event->ask);
    frame_end(out, begin, false);
    return strbuf_error(out);
}

static void ack(struct socket *socket, const struct socket_ack *ack)
{
    static const struct envelope_problem unspeakable = {
        .error = DAIS_E_INTERNAL, .detail = "the answer cannot be said on this connection"};
    struct ws_client *client = socket->carrier;
    STRBUF_AUTO struct strbuf out, list;
    struct dais_str data;
    strbuf_init(&out, MESSAGE_BYTES_MAX);
    strbuf_init(&list, ack->args.len + 2);
    uint64_t begin = frame_begin(&out);
    if (ack->problem)
        envelope_add_failure(&out, ack->id, ack->problem);
    else if (ack->attachment_count > 0 || single(ack->args, &list, &data) != DAIS_OK)
        envelope_add_failure(&out, ack->id, &unspeakable);
    else
        envelope_add_ack(&out, ack->id, data);
    send_text(client, &out, begin, MESSAGE_DURABLE);
}

/* --- the socket --- */

static void stop_login(struct ws_client *client)
{
    if (client->login)
        timer_stop(client->login);
    mem_free(client->login);
    client->login = NULL;
}

static void opened(struct socket *socket)
{
    stop_login(socket->carrier);
}

static const char *reason_of(uint32_t code)
{
    switch (code) {
    case WS_CLOSE_GOING_AWAY:
        return "the server stops: come again";
    case WS_CLOSE_SLOW:
        return "reading too slowly: come again and resume";
    case WS_CLOSE_EXPIRED:
        return "the token has expired";
    case WS_CLOSE_DENIED:
        return "not allowed any more";
    case WS_CLOSE_TOO_MANY:
        return "too many events";
    case WS_CLOSE_LOGIN_TIMEOUT:
        return "took too long to log in";
    default:
        return "";
    }
}

static void close_with(struct ws_client *client, uint32_t code)
{
    ws_close(client->ws, code, dais_cstr(reason_of(code)));
}

static uint32_t code_of(int32_t error)
{
    if (error == DAIS_E_UNAVAILABLE || error == DAIS_E_MEMORY)
        return WS_CLOSE_GOING_AWAY;
    return error == DAIS_E_LIMIT ? WS_CLOSE_TOO_MANY : WS_CLOSE_DENIED;
}

/* The event "error" says why, then the end. */
static void refuse(struct ws_client *client, const struct envelope_problem *problem)
{
    client->socket = NULL;
    send_error(client, dais_cstr("connect"), problem);
    close_with(client, code_of(problem->error));
}

static void refused(struct socket *socket, const struct envelope_problem *problem)
{
    refuse(socket->carrier, problem);
}

static void close_socket(struct socket *socket, uint32_t code)
{
    close_with(socket->carrier, code);
}

static void pause_input(struct socket *socket)
{
    struct ws_client *client = socket->carrier;
    ws_pause(client->ws);
}

static void resume_input(struct socket *socket)
{
    struct ws_client *client = socket->carrier;
    ws_resume(client->ws);
}

static struct dais_str peer(const struct socket *socket)
{
    const struct ws_client *client = socket->carrier;
    return dais_str(client->peer, client->peer_len);
}

static const struct socket_form form = {
    .index = 0,
    .space = "/",
    .event = encode,
    .opened = opened,
    .refused = refused,
    .ack = ack,
    .close = close_socket,
    .pause = pause_input,
    .resume = resume_input,
    .peer = peer,
};

/* --- what comes in --- */

static void take_ack(struct ws_client *client, const struct envelope *envelope)
{
    const struct socket_ack answer = {.args = envelope->data, .raw = true};
    uint64_t id;
    if (str_parse_uint(envelope->id, UINT64_MAX, &id) == DAIS_OK)
        socket_acked(client->socket, id, &answer);
}

static void take(struct ws_client *client, const struct envelope *envelope)
{
    char memory[ENVELOPE_NAME_BYTES_MAX + 1];
    struct strbuf scratch;
    struct call_in in = {.args = envelope->data, .id = envelope->id};
    strbuf_init_on(&scratch, memory, sizeof memory);
    if (json_scan_text(envelope->event, &scratch, &in.event) != DAIS_OK)
        in.event = dais_cstr(""); /* no event has it */
    if (str_eqz(in.event, "ack"))
        take_ack(client, envelope);
    else
        events_receive(client->socket, &in);
}

/* No rate counts what names no event: who goes on and on is closed. */
static void tell_malformed(struct ws_client *client, const struct json_error *error)
{
    const struct envelope_problem problem = {
        .error = DAIS_E_INVALID, .detail = error->text, .field = error->field};
    if (++client->malformed >= limit_get(LIMIT_SOCKET_REFUSALS))
        socket_close(client->socket, WS_CLOSE_TOO_MANY);
    else
        send_error(client, dais_cstr(""), &problem);
}

static void message(void *owner, struct dais_str payload, bool binary)
{
    struct ws_client *client = owner;
    struct envelope envelope;
    struct json_error error;
    if (!client->socket)
        return;
    if (binary) {
        ws_close(client->ws, WS_CLOSE_UNSUPPORTED, dais_cstr("messages are text here"));
        return;
    }
    if (envelope_parse(payload, &envelope, &error) == DAIS_OK) {
        client->malformed = 0;
        take(client, &envelope);
    } else {
        tell_malformed(client, &error);
    }
}

static void closed(void *owner, uint32_t code)
{
    struct ws_client *client = owner;
    (void)code;
    stop_login(client);
    if (client->socket)
        socket_gone(client->socket);
    link_fini(&client->link);
    mem_free(client);
}

static const struct ws_events ws_events = {.message = message, .closed = closed};

/* --- the connection --- */

/** A client that may have to log in, and when it has to have done so. */
struct login_timer {
    struct timer timer; /* first: freed through ws_client.login */
    struct ws_client *client;
};

static void on_login(struct timer *timer)
{
    struct ws_client *client = CONTAINER_OF(timer, struct login_timer, timer)->client;
    stop_login(client);
    if (client->socket && client->socket->state == SOCKET_OPENING)
        socket_close(client->socket, WS_CLOSE_LOGIN_TIMEOUT);
}

static void start_login(struct ws_client *client)
{
    struct login_timer *login = mem_zalloc(1, sizeof *login);
    if (!login)
        return; /* it is closed when it sends too much, at the latest */
    login->client = client;
    timer_init(&login->timer, on_login);
    timer_start(&login->timer, (uint64_t)limit_get(LIMIT_WS_LOGIN_MS));
    client->login = &login->timer;
}

static void open_socket(struct ws_client *client, const struct hello *hello)
{
    const struct socket_offer offer = {
        .form = &form,
        .link = &client->link,
        .carrier = client,
        .address = hello->address,
        .token = hello->texts[PARAMETER_TOKEN],
        .guest = hello->texts[PARAMETER_GUEST],
        .resume = hello->texts[PARAMETER_RESUME],
        .counted = true,
    };
    struct envelope_problem problem;
    struct socket *socket;
    if (socket_open(&offer, &socket, &problem) != DAIS_OK) {
        refuse(client, &problem);
        return;
    }
    client->socket = socket;
    if (socket->state == SOCKET_OPENING)
        start_login(client);
}

static void on_wire(void *context, struct wire *wire, struct dais_str early)
{
    struct hello *hello = context;
    struct ws_client *client = wire ? mem_zalloc(1, sizeof *client + hello->peer.len) : NULL;
    if (!client) {
        wire_close(wire);
        mem_free(hello);
        return;
    }
    const struct ws_options options = {
        .events = &ws_events,
        .owner = client,
        .early = early,
        .message_bytes_max = (uint64_t)limit_get(LIMIT_WS_MESSAGE_BYTES),
    };
    client->peer_len = (uint8_t)hello->peer.len;
    memcpy(client->peer, hello->peer.ptr, hello->peer.len);
    link_init(&client->link, NULL);
    if (ws_open(wire, &client->link, &options, &client->ws) == DAIS_OK) {
        open_socket(client, hello);
    } else {
        link_fini(&client->link);
        mem_free(client);
    }
    mem_free(hello);
}

/* --- the handshake --- */

static void fail(struct dais_req *req, const struct envelope_problem *problem)
{
    char text[24];
    uint64_t wait_s = (problem->retry_ms + 999) / 1000;
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)wait_s);
    int32_t code = DAIS_OK;
    if (wait_s > 0)
        code = http_header_set(req, "retry-after", dais_str(text, (uint64_t)len));
    if (code == DAIS_OK)
        code = http_fail(req, problem->error, problem->field, problem->detail);
    (void)code; /* without an answer the server makes one */
}

static int32_t read_resume(struct dais_req *req, struct dais_str *ret_resume)
{
    static const char name[] = "resume=";
    struct dais_str rest = http_query_string(req), piece;
    while (str_split(&rest, '&', &piece))
        if (str_has_prefix(piece, name))
            return shape_percent_decode(str_sub(piece, sizeof name - 1, piece.len), true,
                                        http_arena(req), ret_resume);
    return DAIS_OK;
}

static int32_t read_parameters(struct dais_req *req, struct dais_str texts[PARAMETER_COUNT])
{
    struct credentials own;
    int32_t code = credentials_read(http_query_string(req), req, &own);
    if (code != DAIS_OK)
        return code;
    texts[PARAMETER_TOKEN] = own.token;
    texts[PARAMETER_GUEST] = own.guest;
    return read_resume(req, &texts[PARAMETER_RESUME]);
}

static struct hello *hello_new(struct dais_req *req, const struct dais_str *texts)
{
    struct dais_str peer = http_peer(req);
    uint64_t bytes = peer.len;
    for (uint32_t i = 0; i < PARAMETER_COUNT; i++)
        bytes += texts[i].len;
    struct hello *hello = mem_alloc(sizeof *hello + bytes);
    if (!hello)
        return NULL;
    char *at = (char *)(hello + 1);
    *hello = (struct hello){.req = req, .address = http_address_key_of(req)};
    hello->peer = str_place(peer, &at);
    for (uint32_t i = 0; i < PARAMETER_COUNT; i++)
        hello->texts[i] = str_place(texts[i], &at);
    return hello;
}

static void accept(struct hello *hello)
{
    if (ws_accept(hello->req, on_wire, hello) != DAIS_OK)
        mem_free(hello);
}

static void on_gone(struct dais_req *req, void *context)
{
    struct hello *hello = context;
    (void)req;
    hello->req = NULL;
}

/* A token that this worker does not know: the 101 waits for what its provider says. */
static void verify(void *arg)
{
    struct hello *hello = arg;
    struct dais_identity identity;
    const struct realtime_hooks *hooks = sockets_hooks();
    int32_t code = hooks->verify ? hooks->verify(hello->texts[PARAMETER_TOKEN], &identity)
                                 : DAIS_E_UNAVAILABLE;
    struct dais_req *req = hello->req;
    if (req && code == DAIS_OK && ws_accept(req, on_wire, hello) == DAIS_OK)
        return;
    if (req && code != DAIS_OK) {
        const struct envelope_problem problem = {
            .error = code,
            .detail = code == DAIS_E_UNAUTHENTICATED
                          ? "the token is not valid, has ended or was revoked"
                          : "the token cannot be verified now"};
        fail(req, &problem);
    }
    if (req)
        http_finish(req);
    mem_free(hello);
}

static void accept_later(struct hello *hello)
{
    const struct fiber_spec spec = {
        .name = "ws token",
        .fn = verify,
        .arg = hello,
        .deadline_ms = (uint64_t)limit_get(LIMIT_HTTP_HANDLER_MS),
    };
    static const struct envelope_problem busy = {.error = DAIS_E_UNAVAILABLE,
                                                 .detail = "too many requests are being answered"};
    struct dais_req *req = hello->req;
    bool detached = http_detach(req, on_gone, hello) == DAIS_OK;
    if (detached && fiber_spawn(&spec, NULL) == DAIS_OK)
        return;
    fail(req, &busy);
    if (detached)
        http_finish(req);
    mem_free(hello);
}

static bool is_known(struct dais_str token)
{
    const struct realtime_hooks *hooks = sockets_hooks();
    struct dais_identity identity;
    return token.len == 0 ||
           (hooks->identity_cached && hooks->identity_cached(token, &identity) == 1);
}

static void serve(struct dais_req *req, void *context)
{
    (void)context;
    struct dais_str texts[PARAMETER_COUNT] = {{NULL, 0}};
    struct envelope_problem problem = {0};
    struct ws_refusal refusal;
    if (ws_accept_check(req, &refusal) != DAIS_OK) {
        problem = (struct envelope_problem){.error = refusal.error, .detail = refusal.detail};
        fail(req, &problem);
        return;
    }
    int32_t code = socket_admit(http_address_key_of(req), &problem);
    if (code == DAIS_OK)
        problem.error = read_parameters(req, texts);
    struct hello *hello = problem.error == DAIS_OK ? hello_new(req, texts) : NULL;
    if (problem.error == DAIS_OK && !hello)
        problem.error = DAIS_E_MEMORY;
    if (problem.error != DAIS_OK)
        fail(req, &problem);
    else if (is_known(hello->texts[PARAMETER_TOKEN]))
        accept(hello);
    else
        accept_later(hello);
}

const struct http_endpoint *ws_endpoint(void)
{
    static const struct http_endpoint endpoint = {.path = PATH, .serve = serve};
    return &endpoint;
}
