/* SPDX-License-Identifier: MIT */
#include "realtime/call.h"

#include "base/limits.h"
#include "base/str.h"
#include "loop/fiber.h"
#include "realtime/emission.h"
#include "realtime/inbox.h"
#include "realtime/tokens.h"

#include <stdio.h>

struct socket *call_socket_of(const struct dais_call *call)
{
    return call->socket;
}

const struct dais_identity *call_identity(const struct dais_call *call)
{
    return call->user ? &call->user->identity : NULL;
}

struct dais_arena *call_arena(struct dais_call *call)
{
    return call->arena;
}

dais_handle call_socket(const struct dais_call *call)
{
    return call->socket->number;
}

struct dais_str call_viewer(struct dais_call *call)
{
    if (call->user)
        return call->user->identity.user_id;
    return socket_viewer(call->socket, call->viewer);
}

struct dais_str call_peer(struct dais_call *call)
{
    const struct socket *socket = call->socket;
    return socket->state == SOCKET_GONE ? dais_str(NULL, 0) : socket->form->peer(socket);
}

struct dais_str call_args(const struct dais_call *call)
{
    return call->item->kind == CALL_MESSAGE ? dais_str(NULL, 0) : call->item->args;
}

struct dais_buf *const *call_attachments(const struct dais_call *call, uint32_t *ret_count)
{
    *ret_count = call->item->attachment_count;
    return call->item->attachments;
}

struct dais_str call_bytes(const struct dais_call *call, uint32_t *ret_binary)
{
    if (ret_binary)
        *ret_binary = call->item->binary;
    return call->item->kind == CALL_MESSAGE ? call->item->args : dais_str(NULL, 0);
}

static int32_t answer(struct dais_call *call, struct socket_ack *ack)
{
    if (call->answered || (call->item->kind != CALL_EVENT && call->item->kind != CALL_AUTH))
        return DAIS_E_STATE;
    call->answered = true;
    inbox_answer(call->socket, call->item, ack);
    return DAIS_OK;
}

int32_t call_ack_fields(struct dais_call *call, const struct dais_shape *shape, const void *value)
{
    struct strbuf text;
    if (!shape || !value)
        return DAIS_E_INVALID;
    strbuf_init_in(&text, call->arena, (size_t)limit_get(LIMIT_EVENT_BYTES));
    int32_t code = shape_write(shape, value, &text);
    if (code == DAIS_OK)
        code = strbuf_error(&text);
    if (code != DAIS_OK)
        return code;
    struct socket_ack ack = {.args = strbuf_view(&text)};
    return answer(call, &ack);
}

int32_t call_ack_raw(struct dais_call *call, struct dais_str args,
                     struct dais_buf *const *attachments, uint32_t count)
{
    struct socket_ack ack = {
        .args = args, .raw = true, .attachments = attachments, .attachment_count = count};
    if (count > DAIS_EVENT_ATTACHMENTS_MAX)
        return DAIS_E_INVALID;
    if (args.len > (uint64_t)limit_get(LIMIT_EVENT_BYTES))
        return DAIS_E_TOO_LARGE;
    return answer(call, &ack);
}

int32_t call_fail(struct dais_call *call, int32_t error, const char *field, const char *detail)
{
    return call_fail_later(call, error, 0, field, detail);
}

int32_t call_fail_later(struct dais_call *call, int32_t error, uint64_t retry_ms, const char *field,
                        const char *detail)
{
    const struct envelope_problem problem = {.error = error < 0 ? error : DAIS_E_INTERNAL,
                                             .retry_ms = retry_ms,
                                             .field = field,
                                             .detail = detail};
    struct socket_ack ack = {.problem = &problem};
    return answer(call, &ack);
}

int32_t call_speak(struct dais_call *call, const char *dialect)
{
    int32_t number = emission_dialect(dialect);
    if (number < 0)
        return number;
    call->socket->dialect = (uint8_t)number;
    return DAIS_OK;
}

void call_explain(int32_t error, const char *field, const char *detail)
{
    struct dais_call *call = fiber_local_get(FIBER_LOCAL_CALL);
    if (!call)
        return;
    call->explained = error;
    snprintf(call->problem.field, sizeof call->problem.field, "%s", field ? field : "");
    snprintf(call->problem.detail, sizeof call->problem.detail, "%s", detail ? detail : "");
}
