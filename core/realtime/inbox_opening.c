/* SPDX-License-Identifier: MIT */
#include "realtime/inbox_inner.h"
#include "realtime/sockets_inner.h"

int32_t inbox_begin(struct socket *socket, struct dais_str payload, bool verifying)
{
    const struct call_in in = {.args = payload};
    struct call_item *item = inbox_item(socket, CALL_OPENING, &in);
    if (!item)
        return DAIS_E_MEMORY;
    inbox_push(socket, item);
    socket->stage = verifying ? INBOX_TOKEN : INBOX_CONNECT;
    return DAIS_OK;
}

int32_t inbox_reopen(struct socket *socket, struct dais_str payload)
{
    const struct call_in in = {.args = payload};
    struct call_item *item = inbox_item(socket, CALL_OPENING, &in);
    if (!item)
        return DAIS_E_MEMORY;
    item->next = socket->first;
    socket->first = item;
    if (!socket->last)
        socket->last = item;
    socket->waiting++;
    socket->waiting_bytes += item->bytes;
    return DAIS_OK;
}

void inbox_admit(struct socket *socket)
{
    socket->stage = INBOX_CONNECT;
    socket->cursor = 0;
}

/* Whoever is in socket_open hears of it by what that returns. */
void inbox_refuse(struct socket *socket, const struct envelope_problem *problem)
{
    struct sockets_worker *worker = sockets_self();
    if (socket->stage == INBOX_TOKEN)
        socket->stage = INBOX_CONNECT;
    if (socket->state != SOCKET_OPENING)
        return; /* it has left meanwhile */
    if (worker->opening == socket) {
        worker->refusal = *problem;
        worker->opening = NULL;
    } else {
        sockets_add(SOCKETS_METRIC_REFUSED_TOTAL, 1);
        socket->form->refused(socket, problem);
    }
    socket_gone(socket);
}

/* A connect handler has refused. */
void inbox_connect_refused(struct socket *socket, const struct envelope_problem *problem)
{
    bool may_log_in = problem->error == DAIS_E_UNAUTHENTICATED && !socket->user &&
                      socket->form->index == 0 && !events_guests_only(socket->form);
    if (!may_log_in || socket->state != SOCKET_OPENING) {
        inbox_refuse(socket, problem);
        return;
    }
    socket->stage = INBOX_LOGIN;
}

typedef bool (*hook_has_fn)(const struct events_hook *hook);

static bool has_connect(const struct events_hook *hook)
{
    return hook->connect != NULL;
}

static bool has_ready(const struct events_hook *hook)
{
    return hook->ready != NULL;
}

static bool has_gone(const struct events_hook *hook)
{
    return hook->gone != NULL;
}

/* The next hook of the space that does something. One whose plugin is out is left out, but for
 * those who let clients in: nobody comes past a guard that is away. */
static const struct events_hook *next_hook(struct socket *socket, hook_has_fn has)
{
    const struct events_hook *hook = events_hook_after(socket->form, socket->cursor);
    while (hook && (!has(hook) || (has != has_connect && inbox_is_out(hook))))
        hook = events_hook_after(socket->form, hook->key);
    if (hook)
        socket->cursor = hook->key;
    return hook;
}

static void open_now(struct socket *socket)
{
    socket->cursor = 0;
    socket->stage = INBOX_READY;
    socket->state = SOCKET_OPEN;
    sockets_add(SOCKETS_METRIC_OPENED_TOTAL, 1);
    socket->form->opened(socket);
}

void inbox_connect(struct socket *socket)
{
    static const struct envelope_problem busy = {.error = DAIS_E_UNAVAILABLE,
                                                 .detail = "too much is going on; try again"};
    static const struct envelope_problem out = {
        .error = DAIS_E_UNAVAILABLE,
        .detail = "the plugin that lets clients in is out; try again later"};
    const struct events_hook *hook = next_hook(socket, has_connect);
    if (!hook)
        open_now(socket);
    else if (inbox_is_out(hook))
        inbox_refuse(socket, &out);
    else if (inbox_start_hook(socket->first, hook) != DAIS_OK)
        inbox_refuse(socket, &busy);
}

void inbox_ready(struct socket *socket)
{
    const struct events_hook *hook = socket->state == SOCKET_OPEN ? next_hook(socket, has_ready)
                                                                  : NULL;
    if (hook && inbox_start_hook(socket->first, hook) == DAIS_OK)
        return;
    if (socket->first && socket->first->kind == CALL_OPENING)
        inbox_item_free(inbox_pop(socket));
    socket->stage = INBOX_EVENTS;
    socket->cursor = 0;
}

/* False: all have run. At the very end of a stop there are no fibers any more. */
bool inbox_leave(struct socket *socket)
{
    const struct call_in in = {0};
    const struct events_hook *hook = next_hook(socket, has_gone);
    struct call_item *item = hook ? inbox_item(socket, CALL_GONE, &in) : NULL;
    if (item && inbox_start_hook(item, hook) != DAIS_OK)
        inbox_item_free(item);
    return hook != NULL;
}
