/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/error.h"
#include "base/json_write.h"
#include "base/str.h"
#include "loop/fiber.h"
#include "net/http_inner.h"

#include <inttypes.h>
#include <stdio.h>

#define DOCUMENT_BYTES_MAX 4096u
#define RETRY_AFTER_S 1u

static void add_member(struct json_writer *out, const char *key, const char *text)
{
    json_key(out, key);
    json_add_stringz(out, text);
}

/* In how many seconds it may be tried again: what the rate said, or the handler's own header. 0: it
 * is not known. */
static uint64_t retry_after_of(const struct dais_req *req)
{
    uint64_t seconds = req->answer.retry_after_s;
    struct dais_str header = http_extra_get(req, "retry-after");
    return header.ptr && str_parse_uint(header, UINT32_MAX, &seconds) != DAIS_OK ? 0 : seconds;
}

static void write_document(struct json_writer *out, const struct dais_req *req, int32_t error,
                           const char *field, const char *detail)
{
    char id[2 * sizeof req->id + 1];
    snprintf(id, sizeof id, "%016" PRIx64, req->id);
    json_open_object(out);
    add_member(out, "type", "about:blank");
    add_member(out, "title", error_title(error));
    json_key(out, "status");
    json_add_uint(out, error_status(error));
    add_member(out, "code", error_code(error));
    if (detail)
        add_member(out, "detail", detail);
    if (field && field[0])
        add_member(out, "field", field);
    if (retry_after_of(req) > 0) {
        json_key(out, "retryAfter");
        json_add_uint(out, retry_after_of(req));
    }
    json_key(out, "requestId");
    json_add_string(out, req->head.request_id.ptr ? req->head.request_id : dais_cstr(id));
    json_close_object(out);
}

static bool may_retry(int32_t error)
{
    uint32_t status = error_status(error);
    return status == 503 || status == 429;
}

void http_problem_set(struct dais_req *req, int32_t error, const char *field, const char *detail)
{
    struct strbuf text;
    struct json_writer writer;
    strbuf_init_in(&text, &req->arena, DOCUMENT_BYTES_MAX);
    json_write_init(&writer, &text);
    write_document(&writer, req, error, field, detail);

    struct http_answer *answer = &req->answer;
    buf_unref(answer->buf);
    answer->buf = NULL;
    answer->ranged = false;
    answer->extra_count = 0; /* they told of what is not sent now: its coding, its age */
    answer->error = error;
    answer->status = error_status(error);
    answer->type = "application/problem+json";
    answer->body = strbuf_error(&text) == DAIS_OK ? strbuf_view(&text) : dais_str("{}", 2);
    if (may_retry(error) && answer->retry_after_s == 0)
        answer->retry_after_s = RETRY_AFTER_S;
}

bool http_problem_closed(struct dais_req *req)
{
    const struct http_owner *owner = req->owner;
    if (atomic_load_explicit(&owner->closed, memory_order_relaxed) == 0)
        return false;
    const char *reason = owner->closed_reason;
    http_problem_set(req, DAIS_E_UNAVAILABLE, NULL,
                     reason ? reason : "this part of the server is stopped");
    return true;
}

void http_explain(int32_t error, const char *field, const char *detail)
{
    struct dais_req *req = fiber_local_get(FIBER_LOCAL_REQUEST);
    if (!req)
        return;
    req->explained = error;
    snprintf(req->problem.field, sizeof req->problem.field, "%s", field ? field : "");
    snprintf(req->problem.detail, sizeof req->problem.detail, "%s", detail ? detail : "");
}

int32_t http_fail(struct dais_req *req, int32_t error, const char *field, const char *detail)
{
    if (req->answer.status != 0) {
        http_count(req->worker->server, HTTP_METRIC_MISUSE, 1);
        return DAIS_E_STATE;
    }
    uint32_t extra_count = req->answer.extra_count;
    http_problem_set(req, error < 0 ? error : DAIS_E_INTERNAL, field, detail);
    req->answer.extra_count = extra_count; /* the handler meant these for the problem */
    return DAIS_OK;
}
