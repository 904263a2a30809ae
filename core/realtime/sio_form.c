/* SPDX-License-Identifier: MIT */
#include "realtime/sio_inner.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "realtime/events.h"
#include "realtime/ws.h"

#include <stdatomic.h>

/** The digit of an Engine.IO message. */
#define ENGINE_MESSAGE '4'
/** What a packet has beside its payload and its namespace. */
#define PACKET_BYTES 64u
/** A problem document beside its texts. */
#define PROBLEM_BYTES 512u
/** The longest escape of one byte. */
#define ESCAPE_BYTES 6u
#define REFUSAL_BYTES_MAX 65536u
#define ID_BYTES_MAX 20u

/* A message is written straight into the buffer that is sent. */
struct draft {
    struct dais_buf *buf;
    struct strbuf out;
    uint64_t begin;
};

static bool draft_begin(struct draft *draft, const struct sio_packet *packet, uint64_t bytes)
{
    bytes += PACKET_BYTES + packet->space.len + packet->name.len + packet->data.len;
    draft->buf = buf_new(bytes);
    if (!draft->buf)
        return false;
    strbuf_init_on(&draft->out, draft->buf->data, bytes);
    draft->begin = frame_begin(&draft->out);
    strbuf_addc(&draft->out, ENGINE_MESSAGE);
    return true;
}

/* The message, valid as long as the draft's buffer. */
static struct message draft_end(struct draft *draft)
{
    CHECK(strbuf_error(&draft->out) == DAIS_OK);
    buf_truncate(draft->buf, strbuf_view(&draft->out).len);
    return (struct message){
        .buf = draft->buf, .len = (uint32_t)draft->buf->len, .class = MESSAGE_DURABLE};
}

void sio_send(struct sio_client *client, const struct sio_packet *packet)
{
    struct draft draft;
    if (!draft_begin(&draft, packet, 0)) {
        sio_end(client, WS_CLOSE_INTERNAL);
        return;
    }
    sio_packet_add(&draft.out, packet);
    frame_end(&draft.out, draft.begin, false);
    struct message message = draft_end(&draft);
    link_put(eio_link(client->session), &message);
    buf_unref(draft.buf);
}

void sio_send_refusal(struct sio_client *client, struct dais_str space, const char *message,
                      const struct envelope_problem *problem)
{
    STRBUF_AUTO struct strbuf data;
    strbuf_init(&data, REFUSAL_BYTES_MAX);
    strbuf_addz(&data, "{\"message\":");
    json_quote(&data, dais_cstr(message));
    if (problem) {
        strbuf_addz(&data, ",\"data\":");
        envelope_add_problem(&data, problem);
    }
    strbuf_addc(&data, '}');
    if (strbuf_error(&data)) {
        sio_end(client, WS_CLOSE_INTERNAL);
        return;
    }
    const struct sio_packet packet = {
        .type = SIO_CONNECT_ERROR, .space = space, .data = strbuf_view(&data)};
    sio_send(client, &packet);
}

static struct dais_str space_of(const struct socket_form *form)
{
    return dais_cstr(form->space);
}

static void add_attachments(struct strbuf *out, struct dais_buf *const *attachments, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        frame_add(out, true, buf_view(attachments[i]));
}

/* A numbered event says where it stands at the end of its (last) object. */
static void add_marked(struct strbuf *out, struct dais_str args, const struct envelope_mark *mark)
{
    if (args.len == 0)
        args = dais_cstr("{}");
    if (args.ptr[args.len - 1] != '}') {
        strbuf_add(out, args);
        return;
    }
    struct dais_str head = str_trim(dais_str(args.ptr, args.len - 1));
    strbuf_add(out, head);
    if (head.ptr[head.len - 1] != '{')
        strbuf_addc(out, ',');
    envelope_add_mark(out, mark);
    strbuf_addc(out, '}');
}

static void add_event(struct strbuf *out, const struct socket_event *event)
{
    struct dais_str args = str_trim(event->args);
    strbuf_addc(out, '[');
    json_quote(out, event->name);
    if (args.len > 0 || event->mark)
        strbuf_addc(out, ',');
    if (event->mark)
        add_marked(out, args, event->mark);
    else
        strbuf_add(out, args);
    strbuf_addc(out, ']');
}

static int32_t event(const struct socket_form *form, const struct socket_event *event,
                     struct strbuf *out)
{
    const struct sio_packet packet = {
        .type = event->attachment_count > 0 ? SIO_BINARY_EVENT : SIO_EVENT,
        .attachments = event->attachment_count,
        .space = space_of(form),
        .has_id = event->ask != 0,
        .id = event->ask,
    };
    if (event->attachment_count > SIO_ATTACHMENTS_MAX)
        return DAIS_E_INVALID;
    uint64_t begin = frame_begin(out);
    strbuf_addc(out, ENGINE_MESSAGE);
    sio_packet_add_head(out, &packet);
    add_event(out, event);
    frame_end(out, begin, false);
    add_attachments(out, event->attachments, event->attachment_count);
    return strbuf_error(out);
}

static void opened(struct socket *socket)
{
    struct sio_member *member = socket->carrier;
    char id[SOCKET_ID_BYTES + 1], memory[PACKET_BYTES];
    struct strbuf data;
    socket_id(socket, id);
    strbuf_init_on(&data, memory, sizeof memory);
    strbuf_addf(&data, "{\"sid\":\"%s\"}", id);
    const struct sio_packet packet = {
        .type = SIO_CONNECT, .space = space_of(socket->form), .data = strbuf_view(&data)};
    member->open = true;
    timer_stop(&member->client->connect);
    sio_send(member->client, &packet);
}

static void refused(struct socket *socket, const struct envelope_problem *problem)
{
    struct sio_member *member = socket->carrier;
    struct sio_client *client = member->client;
    struct dais_str space = space_of(socket->form);
    sio_forget(member);
    sio_send_refusal(client, space, envelope_problem_text(problem), problem);
}

static void add_answer(struct strbuf *out, const struct socket_ack *ack)
{
    if (ack->raw && !ack->problem) {
        strbuf_add(out, ack->args);
        return;
    }
    strbuf_addz(out, ack->problem ? "{\"ok\":false,\"error\":" : "{\"ok\":true");
    if (ack->problem) {
        envelope_add_problem(out, ack->problem);
    } else if (ack->args.len > 0) {
        strbuf_addz(out, ",\"data\":");
        strbuf_add(out, ack->args);
    }
    strbuf_addc(out, '}');
}

static uint64_t problem_bytes(const struct envelope_problem *problem)
{
    uint64_t texts = dais_cstr(problem->detail).len + dais_cstr(problem->field).len;
    return PROBLEM_BYTES + ESCAPE_BYTES * texts;
}

static uint64_t bytes_of(const struct socket_ack *ack, uint32_t attachments)
{
    uint64_t bytes = ack->args.len + ack->id.len + (ack->problem ? problem_bytes(ack->problem) : 0);
    for (uint32_t i = 0; i < attachments; i++)
        bytes += ack->attachments[i]->len + FRAME_HEAD_BYTES_MAX;
    return bytes;
}

static void ack(struct socket *socket, const struct socket_ack *ack)
{
    struct sio_member *member = socket->carrier;
    uint32_t attachments = ack->raw && !ack->problem ? ack->attachment_count : 0;
    const struct sio_packet packet = {
        .type = attachments > 0 ? SIO_BINARY_ACK : SIO_ACK,
        .attachments = attachments,
        .space = space_of(socket->form),
    };
    struct draft draft;
    if (ack->id.len == 0)
        return;
    CHECK(ack->id.len <= ID_BYTES_MAX && attachments <= SIO_ATTACHMENTS_MAX);
    if (!draft_begin(&draft, &packet, bytes_of(ack, attachments))) {
        sio_end(member->client, WS_CLOSE_INTERNAL);
        return;
    }
    sio_packet_add_head(&draft.out, &packet);
    strbuf_add(&draft.out, ack->id);
    strbuf_addc(&draft.out, '[');
    add_answer(&draft.out, ack);
    strbuf_addc(&draft.out, ']');
    frame_end(&draft.out, draft.begin, false);
    add_attachments(&draft.out, ack->attachments, attachments);
    struct message message = draft_end(&draft);
    socket_send(socket, &message);
    buf_unref(draft.buf);
}

/* A client does not come back by itself after a packet 41, and does when its transport ends. */
static void close_socket(struct socket *socket, uint32_t code)
{
    struct sio_member *member = socket->carrier;
    struct sio_client *client = member->client;
    const struct sio_packet packet = {.type = SIO_DISCONNECT, .space = space_of(socket->form)};
    if (code != WS_CLOSE_DENIED) {
        sio_end(client, code);
        return;
    }
    sio_send(client, &packet);
    client->dismissed |= (uint16_t)(1u << member->space);
    sio_forget(member);
    socket_gone(socket);
    if (!client->members)
        sio_end(client, code);
}

static void pause_input(struct socket *socket)
{
    struct sio_member *member = socket->carrier;
    member->paused = true;
    eio_pause(member->client->session);
}

static void resume_input(struct socket *socket)
{
    struct sio_member *member = socket->carrier;
    member->paused = false;
    sio_resume(member->client);
}

static struct dais_str peer(const struct socket *socket)
{
    const struct sio_member *member = socket->carrier;
    return eio_peer(member->client->session);
}

/* Whoever comes first makes it; nobody sees one that is not ready. */
const struct socket_form *sio_form(uint32_t number)
{
    static _Atomic(struct socket_form *) forms[SOCKET_SPACES_MAX];
    CHECK(number < SOCKET_SPACES_MAX);
    struct socket_form *none = NULL, *form = atomic_load(&forms[number]);
    if (form)
        return form;
    form = mem_alloc(sizeof *form);
    if (!form)
        return NULL;
    *form = (struct socket_form){
        .index = 1 + number,
        .space = events_space_name(number),
        .event = event,
        .opened = opened,
        .refused = refused,
        .ack = ack,
        .close = close_socket,
        .pause = pause_input,
        .resume = resume_input,
        .peer = peer,
    };
    if (atomic_compare_exchange_strong(&forms[number], &none, form))
        return form;
    mem_free(form);
    return none;
}
