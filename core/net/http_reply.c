/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/str.h"
#include "net/http_inner.h"

#include <stdio.h>

/** Longest JSON answer that reply_fields writes. */
#define ANSWER_BYTES_MAX (8u << 20)

#define JSON_TYPE "application/json"

static bool may_reply(struct dais_req *req, uint32_t status)
{
    if (req->answer.status == 0 && status >= 200 && status <= 599)
        return true;
    http_count(req->worker->server, HTTP_METRIC_MISUSE, 1);
    return false;
}

int32_t http_reply(struct dais_req *req, uint32_t status, const char *type, struct dais_str body)
{
    if (!may_reply(req, status))
        return DAIS_E_STATE;
    req->answer.status = status;
    req->answer.type = type;
    req->answer.body = body.ptr ? body : dais_str("", 0);
    return DAIS_OK;
}

int32_t http_reply_fields(struct dais_req *req, uint32_t status, const struct dais_shape *shape,
                          const void *value)
{
    struct strbuf text;
    if (!may_reply(req, status))
        return DAIS_E_STATE;
    strbuf_init_in(&text, &req->arena, ANSWER_BYTES_MAX);
    int32_t code = shape_write(shape, value, &text);
    return code == DAIS_OK ? http_reply(req, status, JSON_TYPE, strbuf_view(&text)) : code;
}

int32_t http_reply_buf(struct dais_req *req, const char *type, struct dais_buf *buf,
                       uint64_t offset, uint64_t len)
{
    if (!may_reply(req, 200))
        return DAIS_E_STATE;
    if (!buf || offset > buf->len || len > buf->len - offset)
        return DAIS_E_INVALID;
    int32_t code = http_header_set(req, "accept-ranges", dais_str("bytes", 5));
    if (code != DAIS_OK)
        return code;
    req->answer.buf = buf_ref(buf);
    req->answer.ranged = true;
    return http_reply(req, 200, type, dais_str((const char *)buf->data + offset, len));
}

int32_t http_reply_rows(struct dais_req *req, uint32_t status,
                        const struct dais_statement *statement, const struct dais_param *params,
                        uint32_t count)
{
    const struct http_hooks *hooks = req->worker->server->hooks;
    struct dais_str cell = {NULL, 0};
    if (!may_reply(req, status))
        return DAIS_E_STATE;
    if (!hooks->query_cell)
        return DAIS_E_UNAVAILABLE;
    int32_t code = hooks->query_cell(statement, params, count, &cell);
    if (code != DAIS_OK)
        return code;
    return cell.ptr ? http_reply(req, status, JSON_TYPE, cell) : DAIS_E_NOT_FOUND;
}

const struct dais_identity *http_identity(const struct dais_req *req)
{
    return req->identified ? &req->identity : NULL;
}

struct dais_arena *http_arena(struct dais_req *req)
{
    return &req->arena;
}

struct dais_str http_query_string(const struct dais_req *req)
{
    return req->uri.query;
}
