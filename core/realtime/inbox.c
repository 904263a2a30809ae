/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "realtime/inbox_inner.h"
#include "realtime/sockets_inner.h"
#include "realtime/tokens.h"
#include "realtime/ws.h"

/** A carrier that sends on although it was paused has this many times the bounds. */
#define OVERRUN 4u
/** Room for a problem in the event "error", beside the failed event's name. */
#define ERROR_BYTES_MAX 4096u

/* --- items --- */

struct call_item *inbox_item(struct socket *socket, enum call_kind kind, const struct call_in *in)
{
    size_t list = in->attachment_count * sizeof(struct dais_buf *);
    size_t bytes = sizeof(struct call_item) + list + in->event.len + in->args.len + in->id.len;
    struct call_item *item = mem_alloc(bytes);
    if (!item)
        return NULL;
    struct dais_buf **attachments = (struct dais_buf **)(item + 1);
    char *at = (char *)(attachments + in->attachment_count);
    *item = (struct call_item){
        .socket = socket,
        .kind = (uint8_t)kind,
        .binary = in->binary,
        .attachments = attachments,
        .attachment_count = in->attachment_count,
    };
    item->name = str_place(in->event, &at);
    item->args = str_place(in->args, &at);
    item->id = str_place(in->id, &at);
    for (uint32_t i = 0; i < in->attachment_count; i++) {
        attachments[i] = buf_ref(in->attachments[i]);
        bytes += in->attachments[i]->len;
    }
    item->bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
    return item;
}

void inbox_item_free(struct call_item *item)
{
    for (uint32_t i = 0; i < item->attachment_count; i++)
        buf_unref(item->attachments[i]);
    mem_free(item);
}

void inbox_push(struct socket *socket, struct call_item *item)
{
    *(socket->last ? &socket->last->next : &socket->first) = item;
    socket->last = item;
    socket->waiting++;
    socket->waiting_bytes += item->bytes;
}

struct call_item *inbox_pop(struct socket *socket)
{
    struct call_item *item = socket->first;
    socket->first = item->next;
    if (!socket->first)
        socket->last = NULL;
    item->next = NULL;
    socket->waiting--;
    socket->waiting_bytes -= item->bytes;
    return item;
}

void inbox_drop(struct socket *socket)
{
    /* What its connect handlers work with stays until they are through. */
    struct call_item *kept = socket->busy && socket->first && socket->first->kind == CALL_OPENING
                                 ? inbox_pop(socket)
                                 : NULL;
    while (socket->first)
        inbox_item_free(inbox_pop(socket));
    if (kept)
        inbox_push(socket, kept);
}

/* --- answers --- */

static void tell_error(struct socket *socket, const struct call_item *item,
                       const struct envelope_problem *problem)
{
    STRBUF_AUTO struct strbuf args;
    strbuf_init(&args, ERROR_BYTES_MAX);
    envelope_add_error_data(&args, item->name, problem);
    const struct socket_event event = {.name = dais_cstr("error"), .args = strbuf_view(&args)};
    int32_t code = strbuf_error(&args);
    if (code == DAIS_OK)
        code = socket_push(socket, &event, MESSAGE_DROPPABLE);
    (void)code; /* nobody waits for it */
}

void inbox_answer(struct socket *socket, const struct call_item *item, struct socket_ack *ack)
{
    if (socket->state == SOCKET_GONE)
        return;
    ack->id = item->id;
    if (item->id.ptr)
        socket->form->ack(socket, ack);
    else if (ack->problem)
        tell_error(socket, item, ack->problem);
}

void inbox_fail(struct socket *socket, struct call_item *item,
                const struct envelope_problem *problem)
{
    struct socket_ack ack = {.problem = problem};
    sockets_add(SOCKETS_METRIC_FAILED_TOTAL, 1);
    inbox_answer(socket, item, &ack);
    inbox_item_free(item);
}

/* --- steps --- */

/* Whether something can be done now. */
static bool is_ready(const struct socket *socket)
{
    bool gone = socket->state == SOCKET_GONE;
    if (socket->busy || socket->stage == INBOX_TOKEN || socket->state == SOCKET_CLOSING)
        return false;
    if (gone || socket->stage == INBOX_CONNECT || socket->stage == INBOX_READY)
        return true;
    return socket->first && !(socket->user && socket->user->checking);
}

/* It was never in: nobody is told that it is not any more. */
static void forget(struct socket *socket)
{
    socket->cursor = UINT32_MAX;
    socket->stage = INBOX_GONE;
}

/* False: nothing is left to do for ever. */
static bool do_next(struct socket *socket)
{
    bool gone = socket->state == SOCKET_GONE;
    if (gone && (socket->stage == INBOX_CONNECT || socket->stage == INBOX_LOGIN))
        forget(socket);
    if (socket->stage == INBOX_GONE)
        return inbox_leave(socket);
    if (socket->stage == INBOX_CONNECT)
        inbox_connect(socket);
    else if (socket->stage == INBOX_READY)
        inbox_ready(socket);
    else if (socket->first)
        inbox_event(socket);
    else
        socket->stage = INBOX_GONE;
    return true;
}

void inbox_step(struct socket *socket)
{
    bool more = true;
    if (socket->stepping)
        return;
    socket->stepping = true;
    while (more && is_ready(socket))
        more = do_next(socket);
    socket->stepping = false;
    if (!more)
        socket_free(socket);
}

static enum call_kind kind_of(const struct socket *socket, const struct call_in *in)
{
    if (socket->form->index == SOCKET_FORM_RAW)
        return CALL_MESSAGE;
    bool auth = str_eqz(in->event, INBOX_AUTH) || str_eqz(in->event, INBOX_REFRESH);
    return auth ? CALL_AUTH : CALL_EVENT;
}

static bool is_full(const struct socket *socket, uint32_t times)
{
    return socket->waiting >= times * limit_get(LIMIT_SOCKET_INBOX) ||
           socket->waiting_bytes >= times * limit_get(LIMIT_SOCKET_INBOX_BYTES);
}

/* A step may be the end of the socket. */
void inbox_receive(struct socket *socket, const struct call_in *in)
{
    if (socket->state >= SOCKET_CLOSING)
        return;
    struct call_item *item = is_full(socket, OVERRUN) ? NULL
                                                      : inbox_item(socket, kind_of(socket, in), in);
    if (!item) { /* an event that is lost without a word would be worse */
        socket_close(socket, WS_CLOSE_TOO_MANY);
        return;
    }
    inbox_push(socket, item);
    if (!socket->paused && is_full(socket, 1)) {
        socket->paused = true;
        socket->form->pause(socket);
    }
    inbox_step(socket);
}
