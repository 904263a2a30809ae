/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "base/error.h"
#include "base/limits.h"
#include "loop/fiber.h"
#include "realtime/inbox_inner.h"
#include "realtime/sockets_inner.h"
#include "realtime/tokens.h"

/* A failure of the handler's own is charged to its plugin, as with requests. */
static void charge(const struct call_item *item, int32_t code)
{
    uint32_t status = error_status(code);
    if (!item->owner || status < 500 || status == 503)
        return;
    atomic_fetch_add_explicit(&item->owner->errors, 1, memory_order_relaxed);
    owner_account_error(item->owner->plugin);
}

/* A code that a handler returned; a cancelled one tells why it was. */
static struct envelope_problem problem_of(const struct dais_call *call, int32_t code)
{
    int32_t reason = fiber_self() ? fiber_cancel_reason() : DAIS_OK;
    if (code == DAIS_E_CANCELLED)
        code = reason == DAIS_E_TIMEOUT ? DAIS_E_TIMEOUT : DAIS_E_UNAVAILABLE;
    bool told = code == call->explained;
    return (struct envelope_problem){
        .error = code,
        .field = told ? call->problem.field : NULL,
        .detail = told ? call->problem.detail : NULL,
    };
}

static int32_t read_fields(struct dais_call *call, void **ret_data)
{
    const struct dais_shape *shape = call->item->event->data_shape;
    struct dais_str args = call->item->args;
    *ret_data = NULL;
    if (!shape)
        return DAIS_OK;
    *ret_data = arena_alloc(call->arena, shape->struct_bytes);
    if (!*ret_data)
        return DAIS_E_MEMORY;
    if (args.len == 0)
        args = dais_cstr("{}");
    call->explained = DAIS_E_INVALID;
    int32_t code = shape_read_text(shape, args, call->arena, *ret_data, &call->problem);
    if (code == DAIS_OK)
        call->explained = DAIS_OK;
    return code;
}

static int32_t handle_event(struct dais_call *call)
{
    void *data;
    int32_t code = read_fields(call, &data);
    return code == DAIS_OK ? call->item->event->handler(call, data) : code;
}

static void answer_event(struct dais_call *call, int32_t code)
{
    const struct envelope_problem problem = problem_of(call, code < 0 ? code : DAIS_OK);
    struct socket_ack ack = {.problem = code < 0 ? &problem : NULL};
    if (code < 0) {
        charge(call->item, problem.error);
        sockets_add(SOCKETS_METRIC_FAILED_TOTAL, 1);
    }
    if (!call->answered)
        inbox_answer(call->socket, call->item, &ack);
}

/* Connect handlers decide, the others have nothing to answer. */
static int32_t handle_opening(struct dais_call *call)
{
    const struct events_hook *hook = &call->item->hook;
    if (call->socket->stage == INBOX_CONNECT)
        return hook->connect(call);
    hook->ready(call);
    return DAIS_OK;
}

static void after_opening(struct dais_call *call, int32_t code)
{
    struct socket *socket = call->socket;
    if (code >= 0 || socket->stage != INBOX_CONNECT)
        return;
    const struct envelope_problem problem = problem_of(call, code);
    charge(call->item, problem.error);
    inbox_connect_refused(socket, &problem);
}

static void perform(struct dais_call *call)
{
    switch (call->item->kind) {
    case CALL_EVENT:
        answer_event(call, handle_event(call));
        break;
    case CALL_MESSAGE:
        call->item->hook.message(call);
        break;
    case CALL_AUTH:
        tokens_handle(call);
        break;
    case CALL_OPENING:
        after_opening(call, handle_opening(call));
        break;
    default:
        call->item->hook.gone(call);
        break;
    }
}

static struct dais_call call_of(struct call_item *item, struct dais_arena *arena)
{
    struct socket *socket = item->socket;
    if (socket->user)
        socket->user->refs++;
    return (struct dais_call){.socket = socket, .user = socket->user, .item = item, .arena = arena};
}

static void end_call(struct dais_call *call)
{
    struct call_item *item = call->item;
    if (item->kind != CALL_OPENING)
        inbox_item_free(item);
    tokens_unref(call->user);
    call->socket->busy = false;
}

static void run(void *arg)
{
    struct call_item *item = arg;
    struct socket *socket = item->socket;
    struct dais_call call = call_of(item, fiber_arena());
    fiber_local_set(FIBER_LOCAL_CALL, &call);
    perform(&call);
    fiber_local_set(FIBER_LOCAL_CALL, NULL);
    end_call(&call);
    if (!socket->stepping)
        inbox_step(socket);
}

static struct owner mark_of(const struct call_item *item, const char *name)
{
    const struct http_owner *owner = item->owner;
    if (!owner)
        return (struct owner){OWNER_CORE, 0, owner_callback(name), 0};
    return (struct owner){owner->plugin, owner->generation, owner_callback(name), 0};
}

void inbox_run_inline(struct call_item *item)
{
    struct owner mine = mark_of(item, item->event->name);
    struct owner before = owner_get();
    struct dais_arena arena;
    arena_init(&arena, (size_t)limit_get(LIMIT_ARENA_BYTES));
    struct dais_call call = call_of(item, &arena);
    owner_set(&mine);
    owner_account_call(mine.plugin);
    perform(&call);
    owner_set(&before);
    end_call(&call);
    arena_reset(&arena);
}

/* While a socket opens, its form does not expect to hear of it before socket_open has returned. */
int32_t inbox_start(struct call_item *item, const char *name)
{
    const struct fiber_spec spec = {
        .name = name,
        .fn = run,
        .arg = item,
        .owner = mark_of(item, name),
        .deadline_ms = (uint64_t)limit_get(LIMIT_EVENT_HANDLER_MS),
    };
    item->socket->busy = true;
    bool opening = item->socket->state == SOCKET_OPENING;
    int32_t code = opening ? fiber_spawn(&spec, NULL) : fiber_run(&spec, NULL);
    if (code != DAIS_OK)
        item->socket->busy = false;
    return code;
}

bool inbox_is_out(const struct events_hook *hook)
{
    return atomic_load_explicit(&hook->owner->closed, memory_order_relaxed) != 0;
}

int32_t inbox_start_hook(struct call_item *item, const struct events_hook *hook)
{
    item->hook = *hook;
    item->owner = hook->owner;
    return inbox_start(item, hook->name);
}
