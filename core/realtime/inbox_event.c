/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "loop/fiber.h"
#include "realtime/inbox_inner.h"
#include "realtime/sockets_inner.h"
#include "realtime/tokens.h"
#include "realtime/ws.h"

static uint64_t cost_of(const struct call_item *item, uint32_t rate)
{
    return rate == sockets_rates()->ingest ? item->bytes : 1;
}

/* Counts an event; who goes on and on with too many is closed. */
static bool admit(struct socket *socket, const struct call_item *item, uint32_t rate,
                  struct envelope_problem *ret_problem)
{
    const struct realtime_hooks *hooks = sockets_hooks();
    const struct dais_identity *identity = socket_identity(socket);
    const struct http_client client = {
        .address = socket->address,
        .user = identity ? identity->user_id : dais_str(NULL, 0),
        .paces = socket->paces,
    };
    int32_t code = hooks->admit
                       ? hooks->admit(rate, &client, cost_of(item, rate), &ret_problem->retry_ms)
                       : DAIS_OK;
    if (code == DAIS_OK) {
        socket->refused = 0;
        return true;
    }
    ret_problem->error = code;
    ret_problem->detail = "too many events of this kind; try again later";
    sockets_add(SOCKETS_METRIC_LIMITED_TOTAL, 1);
    if (++socket->refused >= limit_get(LIMIT_SOCKET_REFUSALS))
        socket_close(socket, WS_CLOSE_TOO_MANY);
    return false;
}

static bool refuse(struct envelope_problem *ret_problem, int32_t error, const char *detail)
{
    *ret_problem = (struct envelope_problem){.error = error, .detail = detail};
    return false;
}

static bool may_send(const struct socket *socket, const struct dais_event *event,
                     struct envelope_problem *ret_problem)
{
    const struct dais_identity *identity = socket_identity(socket);
    if (event->access == DAIS_ACCESS_PUBLIC)
        return true;
    if (!identity)
        return refuse(ret_problem, DAIS_E_UNAUTHENTICATED, "this event needs a user: log in first");
    if (event->access == DAIS_ACCESS_ROLE && (identity->roles & event->roles) == 0)
        return refuse(ret_problem, DAIS_E_DENIED, "your role does not allow this");
    return true;
}

static bool may_call(const struct http_owner *owner, struct envelope_problem *ret_problem)
{
    if (atomic_load_explicit(&owner->closed, memory_order_relaxed) == 0)
        return true;
    const char *reason = atomic_load_explicit(&owner->closed_reason, memory_order_relaxed);
    return refuse(ret_problem, DAIS_E_UNAVAILABLE,
                  reason ? reason : "this part of the server is stopped");
}

static bool judge(struct socket *socket, const struct call_item *item, const struct events_row *row,
                  struct envelope_problem *ret_problem)
{
    uint32_t rate = row ? row->rate : sockets_rates()->event;
    if (!admit(socket, item, rate, ret_problem))
        return false;
    if (socket->stage == INBOX_LOGIN)
        return refuse(ret_problem, DAIS_E_UNAUTHENTICATED, "log in first, by the event auth");
    if (socket->user && socket->user->unknown)
        return refuse(ret_problem, DAIS_E_UNAVAILABLE, "your token cannot be verified now");
    if (!row)
        return refuse(ret_problem, DAIS_E_NOT_FOUND, "there is no such event");
    return may_call(row->owner, ret_problem) && may_send(socket, row->event, ret_problem);
}

static void dispatch_event(struct socket *socket, struct call_item *item)
{
    struct envelope_problem problem = {0};
    const struct events_row *row = events_find(socket->form, item->name);
    if (!judge(socket, item, row, &problem)) {
        inbox_fail(socket, item, &problem);
        return;
    }
    item->event = row->event;
    item->owner = row->owner;
    socket->acquainted = true;
    if ((row->event->flags & DAIS_EVENT_INLINE) && !fiber_self()) {
        socket->busy = true;
        inbox_run_inline(item);
        return;
    }
    int32_t code = inbox_start(item, row->event->name);
    if (code == DAIS_OK)
        return;
    problem = (struct envelope_problem){.error = DAIS_E_UNAVAILABLE,
                                        .detail = "too many events are being handled"};
    inbox_fail(socket, item, &problem);
}

static void dispatch_message(struct socket *socket, struct call_item *item)
{
    struct envelope_problem problem = {0};
    const struct events_hook *hook = events_hook_after(socket->form, 0);
    if (!hook || inbox_is_out(hook) || !admit(socket, item, sockets_rates()->event, &problem) ||
        inbox_start_hook(item, hook) != DAIS_OK)
        inbox_item_free(item);
}

static void dispatch_auth(struct socket *socket, struct call_item *item)
{
    struct envelope_problem problem = {0};
    if (!admit(socket, item, sockets_rates()->event, &problem)) {
        inbox_fail(socket, item, &problem);
        return;
    }
    if (inbox_start(item, item->name.len == sizeof INBOX_AUTH - 1 ? INBOX_AUTH : INBOX_REFRESH) ==
        DAIS_OK)
        return;
    (void)refuse(&problem, DAIS_E_UNAVAILABLE, "too many events are being handled");
    inbox_fail(socket, item, &problem);
}

static void unpause(struct socket *socket)
{
    bool full = socket->waiting > limit_get(LIMIT_SOCKET_INBOX) / 2 ||
                socket->waiting_bytes > limit_get(LIMIT_SOCKET_INBOX_BYTES) / 2;
    if (!socket->paused || full || socket->state >= SOCKET_CLOSING)
        return;
    socket->paused = false;
    socket->form->resume(socket);
}

void inbox_event(struct socket *socket)
{
    struct call_item *item = inbox_pop(socket);
    unpause(socket);
    if (item->kind == CALL_OPENING) {
        inbox_item_free(item); /* it was looked at, and has to log in */
        return;
    }
    sockets_add(SOCKETS_METRIC_EVENTS_TOTAL, 1);
    if (item->kind == CALL_MESSAGE)
        dispatch_message(socket, item);
    else if (item->kind == CALL_AUTH)
        dispatch_auth(socket, item);
    else
        dispatch_event(socket, item);
}
