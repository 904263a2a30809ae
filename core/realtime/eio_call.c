/* SPDX-License-Identifier: MIT */
/*
 * A request with a sid on its way to its session and back.
 *
 *   eio_call_start, on the request's worker → eio_poll_take, on the session's → maybe held →
 *   eio_call_answer → settle, on the request's worker
 *
 * Where the two are not one worker, the request is detached, the call travels by mail with its body
 * and comes back with its answer; it belongs to one of them at a time. A client that leaves
 * meanwhile is told to the session by a message of its own.
 */
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/worker.h"
#include "net/http_detach.h"
#include "realtime/eio_inner.h"

/** The client of a lent GET left. */
struct eio_left {
    struct mail mail;
    struct eio_endpoint *endpoint;
    struct eio_sid sid;
    uint64_t number; /* the call's */
};

static void free_call(struct eio_call *call)
{
    struct eio_worker *worker = eio_worker_self();
    if (worker && call->worker == worker_index())
        worker->body_bytes -= call->counted;
    buf_unref(call->body);
    buf_unref(call->content);
    mem_free(call);
}

void eio_call_reply(struct dais_req *req, const struct eio_answer *answer, struct dais_str content)
{
    struct dais_str body = dais_cstr(answer->body);
    if (content.ptr)
        body = arena_dup(http_arena(req), content);
    if (!body.ptr) {
        http_fail(req, DAIS_E_MEMORY, NULL, NULL);
        return;
    }
    http_header_set(req, "cache-control", dais_cstr("no-store"));
    http_reply(req, answer->status, answer->type, body);
}

/* Back at the request. */
static void settle(struct eio_call *call, const struct eio_answer *answer, struct dais_str content)
{
    struct dais_req *req = call->req;
    bool answered = true;
    if (req && answer == &eio_answer_may_upgrade)
        answered = !eio_wire_accept(call->endpoint, req, &call->sid, false);
    else if (req)
        eio_call_reply(req, answer, content);
    if (req && call->detached && answered)
        http_finish(req);
    free_call(call);
}

static void on_return(struct mail *mail)
{
    struct eio_call *call = CONTAINER_OF(mail, struct eio_call, mail);
    settle(call, call->answer, call->content ? buf_view(call->content) : dais_str(NULL, 0));
}

void eio_call_answer(struct eio_call *call, const struct eio_answer *answer,
                     struct dais_str content)
{
    if (!call->lent) {
        settle(call, answer, content);
        return;
    }
    call->answer = answer;
    if (content.ptr && !(call->content = buf_copy(content)))
        call->answer = &eio_answer_unavailable;
    call->mail.deliver = on_return;
    mail_post(call->worker, &call->mail);
}

/* --- the client leaves --- */

static void on_left(struct mail *mail)
{
    struct eio_left *left = CONTAINER_OF(mail, struct eio_left, mail);
    struct eio_session *session = NULL;
    if (eio_worker_self()) /* else the server stops */
        session = eio_worker_find(&left->sid, left->endpoint);
    if (session && session->get && session->get->number == left->number)
        eio_session_end(session, WS_CLOSE_POLICY);
    mem_free(left);
}

/* Where this does not arrive, the heartbeat finds it out later. */
static void tell_left(const struct eio_call *call)
{
    struct eio_left *left = mem_zalloc(1, sizeof *left);
    if (!left)
        return;
    left->mail.deliver = on_left;
    left->endpoint = call->endpoint;
    left->sid = call->sid;
    left->number = call->number;
    if (mail_send(eio_sid_worker(&call->sid), &left->mail) != DAIS_OK)
        mem_free(left);
}

/* A POST that is here whole is read to its end all the same. */
static void on_gone(struct dais_req *req, void *context)
{
    struct eio_call *call = context;
    (void)req;
    call->req = NULL;
    if (call->kind != EIO_KIND_GET)
        return;
    if (call->lent)
        tell_left(call);
    else
        eio_session_end(call->session, WS_CLOSE_POLICY);
}

bool eio_call_left(const struct eio_call *call)
{
    return !call->lent && call->req && http_detached_left(call->req);
}

/* --- the way there --- */

static bool keep_body(struct eio_call *call)
{
    if (call->kind != EIO_KIND_POST || call->body)
        return true;
    call->body = buf_copy(call->rest);
    if (!call->body)
        return false;
    call->rest = buf_view(call->body);
    return true;
}

static bool detach(struct eio_call *call)
{
    if (!keep_body(call) || http_detach(call->req, on_gone, call) != DAIS_OK) {
        eio_call_answer(call, &eio_answer_unavailable, dais_str(NULL, 0));
        return false;
    }
    call->detached = true;
    return true;
}

bool eio_call_hold(struct eio_call *call)
{
    return call->lent || call->detached || detach(call);
}

static void on_arrival(struct mail *mail)
{
    struct eio_call *call = CONTAINER_OF(mail, struct eio_call, mail);
    if (eio_worker_self())
        eio_poll_take(call);
    else
        free_call(call); /* the server stops: all requests are gone */
}

static void lend(struct eio_call *call, uint32_t index)
{
    if (!detach(call))
        return;
    call->mail.deliver = on_arrival;
    call->lent = true;
    if (mail_send(index, &call->mail) == DAIS_OK)
        return;
    call->lent = false;
    eio_call_answer(call, &eio_answer_unavailable, dais_str(NULL, 0));
}

static bool is_binary(const struct dais_req *req)
{
    struct dais_str rest = http_header(req, "content-type");
    struct dais_str type = {NULL, 0};
    return str_split(&rest, ';', &type) &&
           str_eqz_nocase(str_trim(type), "application/octet-stream");
}

/* Bodies wait while their session is paused, or on their way: so many bytes on each worker. */
static bool take_body(struct eio_call *call)
{
    struct eio_worker *worker = eio_worker_self();
    struct dais_str body = http_body(call->req);
    if (worker->body_bytes + body.len > (uint64_t)limit_get(LIMIT_EIO_POST_BYTES))
        return false;
    call->rest = body.ptr ? body : dais_str("", 0);
    call->binary = is_binary(call->req);
    call->counted = body.len;
    worker->body_bytes += body.len;
    return true;
}

void eio_call_start(struct eio_endpoint *endpoint, struct dais_req *req, enum eio_kind kind,
                    const struct eio_sid *sid)
{
    uint32_t index = eio_sid_worker(sid);
    struct eio_call *call = index < worker_count() ? mem_zalloc(1, sizeof *call) : NULL;
    if (!call) {
        bool known = index < worker_count();
        eio_call_reply(req, known ? &eio_answer_unavailable : &eio_answer_unknown,
                       dais_str(NULL, 0));
        return;
    }
    call->req = req;
    call->endpoint = endpoint;
    call->kind = (uint8_t)kind;
    call->sid = *sid;
    call->worker = (uint8_t)worker_index();
    call->number = eio_worker_self()->calls++ * WORKERS_MAX + worker_index();
    if (kind == EIO_KIND_POST && !take_body(call))
        eio_call_answer(call, &eio_answer_unavailable, dais_str(NULL, 0));
    else if (index == worker_index())
        eio_poll_take(call);
    else
        lend(call, index);
}
