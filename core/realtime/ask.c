/* SPDX-License-Identifier: MIT */
/*
 * Questions to a client: an event with an id, and a fiber that waits until the client acknowledges
 * it. The question goes to the socket's worker by mail, even to this one, and always comes back:
 * answered, too late, or because the socket is gone. A fiber that is cancelled leaves it behind.
 */
#include "base/buf.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include "loop/mail.h"
#include "loop/worker.h"
#include "realtime/inbox.h"
#include "realtime/sockets_inner.h"

/** A question on its way. Belongs to whoever has it: sender, mail, socket. */
struct socket_ask {
    struct mail mail;
    struct socket_ask *next; /* of its socket */
    struct socket *socket;
    struct timer timer;
    struct emission *emission;
    struct dais_buf *answer;
    dais_handle handle;
    uint64_t id;
    uint64_t timeout_ms;
    uint32_t from; /* worker */
    int32_t code;
    struct fiber_wait *wait; /* NULL: nobody waits any more; the sender's alone */
};

static void ask_free(struct socket_ask *ask)
{
    emission_unref(ask->emission);
    buf_unref(ask->answer);
    mem_free(ask);
}

/* On the sender's worker: the question is back. */
static void on_answer(struct mail *mail)
{
    struct socket_ask *ask = CONTAINER_OF(mail, struct socket_ask, mail);
    if (ask->wait)
        fiber_resume(ask->wait, DAIS_OK);
    else
        ask_free(ask);
}

/* Whoever waits keeps its worker alive; one that has ended has left the question behind. */
static void give_back(struct socket_ask *ask, int32_t code)
{
    timer_stop(&ask->timer);
    ask->code = code;
    ask->mail.deliver = on_answer;
    int32_t sent = mail_send(ask->from, &ask->mail);
    if (sent == DAIS_E_GONE)
        ask_free(ask);
    else if (sent != DAIS_OK)
        mail_post(ask->from, &ask->mail);
}

static void take_out(struct socket_ask *ask)
{
    struct socket_ask **slot = &ask->socket->asks;
    while (*slot != ask)
        slot = &(*slot)->next;
    *slot = ask->next;
}

static void on_timeout(struct timer *timer)
{
    struct socket_ask *ask = CONTAINER_OF(timer, struct socket_ask, timer);
    take_out(ask);
    give_back(ask, DAIS_E_TIMEOUT);
}

static int32_t put_question(struct socket_ask *ask)
{
    struct socket *socket = sockets_self() ? socket_find(ask->handle) : NULL;
    if (!socket)
        return DAIS_E_GONE;
    if (socket->state != SOCKET_OPEN)
        return socket->state == SOCKET_OPENING ? DAIS_E_STATE : DAIS_E_GONE;
    const struct emission_text *text = emission_text(ask->emission, socket->dialect);
    if (!text || socket->form->index == SOCKET_FORM_RAW)
        return DAIS_E_INVALID;
    const struct socket_event event = {
        .name = text->event,
        .args = text->args,
        .attachments = text->attachments,
        .attachment_count = text->attachment_count,
        .ask = socket->asked + 1,
    };
    int32_t code = socket_event(socket, &event, ask->emission->delivery);
    if (code != DAIS_OK)
        return code;
    ask->id = ++socket->asked;
    ask->socket = socket;
    ask->next = socket->asks;
    socket->asks = ask;
    timer_start(&ask->timer, ask->timeout_ms);
    return DAIS_OK;
}

static void on_question(struct mail *mail)
{
    struct socket_ask *ask = CONTAINER_OF(mail, struct socket_ask, mail);
    int32_t code = put_question(ask);
    if (code != DAIS_OK)
        give_back(ask, code);
}

void socket_acked(struct socket *socket, uint64_t id, const struct socket_ack *answer)
{
    struct socket_ask *ask = socket->asks;
    while (ask && ask->id != id)
        ask = ask->next;
    if (!ask)
        return;
    take_out(ask);
    ask->answer = buf_copy(answer->args.ptr ? answer->args : dais_str("", 0));
    give_back(ask, ask->answer ? DAIS_OK : DAIS_E_MEMORY);
}

void ask_cancel_all(struct socket *socket)
{
    while (socket->asks) {
        struct socket_ask *ask = socket->asks;
        take_out(ask);
        give_back(ask, DAIS_E_GONE);
    }
}

static int32_t wait_for(struct socket_ask *ask, struct dais_str *ret_args)
{
    struct fiber_wait wait;
    fiber_wait_init(&wait);
    ask->wait = &wait;
    int32_t code = mail_send(handle_tag(ask->handle), &ask->mail);
    if (code != DAIS_OK) {
        ask_free(ask);
        return code;
    }
    code = fiber_suspend(&wait, FIBER_FOREVER);
    if (code != DAIS_OK) {
        ask->wait = NULL;
        return code;
    }
    code = ask->code;
    if (code == DAIS_OK)
        *ret_args = arena_dup(fiber_arena(), buf_view(ask->answer));
    ask_free(ask);
    return code == DAIS_OK && !ret_args->ptr ? DAIS_E_MEMORY : code;
}

int32_t sockets_ask(dais_handle socket, const struct dais_emit *emit, uint64_t timeout_ms,
                    struct dais_str *ret_args)
{
    if (!fiber_self())
        return DAIS_E_STATE;
    if (handle_tag(socket) >= worker_count())
        return DAIS_E_GONE;
    struct socket_ask *ask = mem_zalloc(1, sizeof *ask);
    if (!ask)
        return DAIS_E_MEMORY;
    ask->mail.deliver = on_question;
    ask->handle = socket;
    ask->timeout_ms = timeout_ms;
    ask->from = worker_index();
    timer_init(&ask->timer, on_timeout);
    int32_t code = emission_new(emit, &ask->emission);
    if (code == DAIS_OK)
        return wait_for(ask, ret_args);
    ask_free(ask);
    return code;
}
