/* SPDX-License-Identifier: MIT */
#include "realtime/sio_inner.h"

#include "base/buf.h"
#include "base/json_scan.h"
#include "base/limits.h"
#include "base/mem.h"
#include "realtime/credentials.h"
#include "realtime/events.h"
#include "realtime/ws.h"

#include <stdio.h>

#define PATH "/socket.io/"
#define ID_BYTES 21u

/* --- a client --- */

void sio_end(struct sio_client *client, uint32_t code)
{
    client->ended = true;
    eio_close(client->session, code);
}

void sio_resume(struct sio_client *client)
{
    for (struct sio_member *member = client->members; member; member = member->next) {
        if (member->paused)
            return;
    }
    eio_resume(client->session);
}

static struct sio_member *find_member(const struct sio_client *client, uint32_t space)
{
    struct sio_member *member = client->members;
    while (member && member->space != space)
        member = member->next;
    return member;
}

static bool has_member(const struct sio_client *client, const struct sio_member *wanted)
{
    const struct sio_member *member = client->members;
    while (member && member != wanted)
        member = member->next;
    return member != NULL;
}

void sio_forget(struct sio_member *member)
{
    struct sio_client *client = member->client;
    struct sio_member **slot = &client->members;
    while (*slot != member)
        slot = &(*slot)->next;
    *slot = member->next;
    if (member->paused && !client->ended)
        sio_resume(client);
    mem_free(member);
}

static void leave(struct sio_member *member)
{
    struct socket *socket = member->socket;
    sio_forget(member);
    if (socket)
        socket_gone(socket);
}

static void on_connect_timeout(struct timer *timer)
{
    sio_end(CONTAINER_OF(timer, struct sio_client, connect), WS_CLOSE_LOGIN_TIMEOUT);
}

/* --- the handshake --- */

static int32_t open(struct eio_session *session, struct dais_str query, struct dais_req *req,
                    void **ret_owner)
{
    struct credentials own;
    int32_t code = credentials_read(query, req, &own);
    if (code)
        return code;
    struct sio_client *client = mem_zalloc(1, sizeof *client + own.token.len + own.guest.len);
    if (!client)
        return DAIS_E_MEMORY;
    client->session = session;
    client->token_len = (uint16_t)own.token.len;
    client->guest_len = (uint16_t)own.guest.len;
    if (own.token.len > 0)
        memcpy(client->credentials, own.token.ptr, own.token.len);
    if (own.guest.len > 0)
        memcpy(client->credentials + own.token.len, own.guest.ptr, own.guest.len);
    timer_init(&client->connect, on_connect_timeout);
    timer_start(&client->connect, (uint64_t)limit_get(LIMIT_SIO_CONNECT_MS));
    *ret_owner = client;
    return DAIS_OK;
}

/* --- joining a namespace --- */

static int32_t refuse_member(const char *field, struct envelope_problem *ret_problem)
{
    *ret_problem = (struct envelope_problem){
        .error = DAIS_E_INVALID, .detail = "must be a text", .field = field};
    return DAIS_E_INVALID;
}

/* A text of `auth`; `fallback` when there is none. */
static int32_t text_of(struct dais_str auth, const char *key, struct strbuf *scratch,
                       struct dais_str fallback, struct dais_str *ret_text)
{
    struct dais_str value = json_scan_get(auth, key);
    enum json_kind kind = json_scan_kind(value);
    if (kind == JSON_KIND_STRING)
        return json_scan_text(value, scratch, ret_text);
    *ret_text = fallback;
    return kind == JSON_KIND_ABSENT || kind == JSON_KIND_NULL ? DAIS_OK : DAIS_E_INVALID;
}

static int32_t open_socket(struct sio_member *member, struct socket_offer *offer,
                           struct socket **ret_socket, struct envelope_problem *ret_problem)
{
    const struct sio_client *client = member->client;
    STRBUF_AUTO struct strbuf token, guest;
    strbuf_init(&token, CREDENTIALS_TOKEN_BYTES_MAX);
    strbuf_init(&guest, SOCKET_GUEST_BYTES_MAX);
    if (text_of(offer->payload, "token", &token, dais_str(client->credentials, client->token_len),
                &offer->token))
        return refuse_member("token", ret_problem);
    if (text_of(offer->payload, "guest", &guest,
                dais_str(client->credentials + client->token_len, client->guest_len),
                &offer->guest))
        return refuse_member("guest", ret_problem);
    offer->resume = json_scan_get(offer->payload, "resume");
    return socket_open(offer, ret_socket, ret_problem);
}

/* The first is counted with the rate `connect` for all; who leaves and comes again is counted
 * again. */
static bool is_counted(struct sio_client *client, uint32_t space)
{
    uint16_t bit = (uint16_t)(1u << space);
    bool counted = client->joined && !(client->joined & bit);
    client->joined |= bit;
    return counted;
}

static void join(struct sio_client *client, uint32_t space, struct dais_str auth)
{
    const struct socket_form *form = sio_form(space);
    struct sio_member *member = form ? mem_zalloc(1, sizeof *member) : NULL;
    if (!member) {
        sio_end(client, WS_CLOSE_INTERNAL);
        return;
    }
    *member = (struct sio_member){
        .client = client, .next = client->members, .space = (uint8_t)space};
    client->members = member;
    client->dismissed &= (uint16_t) ~(1u << space);
    struct socket_offer offer = {
        .form = form,
        .link = eio_link(client->session),
        .carrier = member,
        .address = eio_address_key(client->session),
        .payload = auth,
        .counted = is_counted(client, space),
    };
    struct socket *socket;
    struct envelope_problem problem = {0};
    int32_t code = open_socket(member, &offer, &socket, &problem);
    if (code) {
        problem.error = code;
        sio_forget(member);
        sio_send_refusal(client, dais_cstr(form->space), envelope_problem_text(&problem), &problem);
    } else if (has_member(client, member)) {
        member->socket = socket; /* it may have been refused, or closed, meanwhile */
    }
}

/* --- what it sends --- */

static void deliver(struct sio_member *member, const struct sio_packet *packet,
                    struct dais_buf *const *attachments)
{
    if (packet->type == SIO_ACK || packet->type == SIO_BINARY_ACK) {
        const struct socket_ack answer = {.args = packet->data,
                                          .raw = true,
                                          .attachments = attachments,
                                          .attachment_count = packet->attachments};
        socket_acked(member->socket, packet->id, &answer);
        return;
    }
    char memory[SIO_NAME_BYTES_MAX + 1], id[ID_BYTES];
    struct strbuf scratch;
    struct call_in in = {
        .args = packet->data, .attachments = attachments, .attachment_count = packet->attachments};
    strbuf_init_on(&scratch, memory, sizeof memory);
    if (sio_packet_name(packet, &scratch, &in.event))
        in.event = str_sub(packet->name, 0, SIO_NAME_BYTES_MAX); /* quoted: no event has it */
    if (packet->has_id) {
        int len = snprintf(id, sizeof id, "%llu", (unsigned long long)packet->id);
        in.id = dais_str(id, (uint64_t)len);
    }
    events_receive(member->socket, &in);
}

/* Traffic of a namespace that it has not joined ends the session; what was under way when it was
 * told to leave does not. */
static void route(struct sio_client *client, const struct sio_packet *packet,
                  struct dais_buf *const *attachments)
{
    int32_t space = events_space(packet->space);
    struct sio_member *member = space < 0 ? NULL : find_member(client, (uint32_t)space);
    if (!member) {
        if (space < 0 || !(client->dismissed >> space & 1))
            sio_end(client, WS_CLOSE_POLICY);
    } else if (packet->type == SIO_DISCONNECT) {
        leave(member);
    } else if (!member->open) {
        sio_end(client, WS_CLOSE_POLICY);
    } else {
        deliver(member, packet, attachments);
    }
}

static void refuse_strange(struct sio_client *client, struct dais_str space)
{
    if (++client->strange >= limit_get(LIMIT_SOCKET_REFUSALS))
        sio_end(client, WS_CLOSE_POLICY);
    else
        sio_send_refusal(client, space, "Invalid namespace", NULL);
}

static void connect(struct sio_client *client, const struct sio_packet *packet)
{
    int32_t space = events_space(packet->space);
    if (space < 0)
        refuse_strange(client, packet->space);
    else if (find_member(client, (uint32_t)space))
        sio_end(client, WS_CLOSE_POLICY);
    else
        join(client, (uint32_t)space, packet->data);
}

static void drop_partial(struct sio_partial *partial)
{
    if (!partial)
        return;
    for (uint32_t i = 0; i < partial->received; i++)
        buf_unref(partial->attachments[i]);
    link_give_back_input(partial->bytes);
    mem_free(partial);
}

/* The packet is kept until its attachments are there. */
static void begin_partial(struct sio_client *client, struct dais_str text)
{
    struct sio_partial *partial = mem_alloc(sizeof *partial + text.len);
    if (!partial || !link_count_input(text.len)) {
        mem_free(partial);
        sio_end(client, WS_CLOSE_TRY_LATER);
        return;
    }
    memcpy(partial->text, text.ptr, text.len);
    partial->received = 0;
    partial->bytes = text.len;
    int32_t code = sio_packet_parse(dais_str(partial->text, text.len), &partial->packet);
    CHECK(code == DAIS_OK); /* as before */
    client->partial = partial;
}

static void take_text(struct sio_client *client, struct dais_str text)
{
    struct sio_packet packet;
    if (client->partial || sio_packet_parse(text, &packet)) {
        sio_end(client, WS_CLOSE_POLICY);
        return;
    }
    if (packet.type == SIO_CONNECT)
        connect(client, &packet);
    else if (packet.attachments > 0)
        begin_partial(client, text);
    else
        route(client, &packet, NULL);
}

static void take_attachment(struct sio_client *client, struct dais_str bytes)
{
    struct sio_partial *partial = client->partial;
    if (!partial) {
        sio_end(client, WS_CLOSE_POLICY);
        return;
    }
    if (partial->bytes + bytes.len > (uint64_t)limit_get(LIMIT_EIO_PAYLOAD_BYTES)) {
        sio_end(client, WS_CLOSE_TOO_BIG);
        return;
    }
    struct dais_buf *buf = buf_copy(bytes);
    if (!buf || !link_count_input(bytes.len)) {
        buf_unref(buf);
        sio_end(client, WS_CLOSE_TRY_LATER);
        return;
    }
    partial->bytes += bytes.len;
    partial->attachments[partial->received++] = buf;
    if (partial->received < partial->packet.attachments)
        return;
    client->partial = NULL;
    route(client, &partial->packet, partial->attachments);
    drop_partial(partial);
}

static void message(void *owner, struct dais_str payload, bool binary)
{
    struct sio_client *client = owner;
    if (client->ended)
        return;
    if (binary)
        take_attachment(client, payload);
    else
        take_text(client, payload);
}

static void closed(void *owner)
{
    struct sio_client *client = owner;
    client->ended = true;
    timer_stop(&client->connect);
    while (client->members)
        leave(client->members);
    drop_partial(client->partial);
    mem_free(client);
}

static const struct eio_handler handler = {.open = open, .message = message, .closed = closed};

static struct eio_endpoint endpoint;

const struct http_endpoint *sio_endpoint(void)
{
    if (!endpoint.handler)
        eio_endpoint_init(&endpoint, PATH, &handler);
    return &endpoint.http;
}
