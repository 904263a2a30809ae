/* SPDX-License-Identifier: MIT */
/*
 * What h2o refuses by itself, as problem documents.
 *
 * Requests that cannot be parsed, whose body is too large or whose expectation is unknown never
 * reach the handler; h2o answers them in plain text. libh2o reaches both functions that it does so
 * with through the symbol table, so the definitions here come first (as in http_lazy.c). The answer
 * to bytes that are no request at all is a constant in libh2o: it is known by its text.
 */
#include "base/error.h"
#include "base/json_write.h"
#include "base/str.h"
#include "net/http_inner.h"

#include <dlfcn.h>
#include <pthread.h>

#define DOCUMENT_BYTES_MAX 512u

static const char raw_text[] = "HTTP/1.1 400 Bad Request\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Connection: close\r\n"
                               "Content-Length: 11\r\n"
                               "\r\n"
                               "Bad Request";

static http_write_fn real_write;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_real(void)
{
    *(void **)&real_write = dlsym(RTLD_NEXT, "h2o_socket_write");
    CHECK(real_write);
}

static void write_document(struct strbuf *out, uint32_t status, int32_t error, const char *detail)
{
    struct json_writer json;
    json_write_init(&json, out);
    json_open_object(&json);
    json_key(&json, "type");
    json_add_stringz(&json, "about:blank");
    json_key(&json, "title");
    json_add_stringz(&json, error_title(error));
    json_key(&json, "status");
    json_add_uint(&json, status);
    json_key(&json, "code");
    json_add_stringz(&json, error_code(error));
    json_key(&json, "detail");
    json_add_stringz(&json, detail);
    json_close_object(&json);
}

int32_t http_refusal_setup(struct http_server *server)
{
    struct strbuf body;
    struct strbuf text;
    CHECK(pthread_once(&once, find_real) == 0);
    strbuf_init_in(&body, &server->arena, DOCUMENT_BYTES_MAX);
    strbuf_init_in(&text, &server->arena, 2 * DOCUMENT_BYTES_MAX);
    write_document(&body, 400, DAIS_E_INVALID, "this is no HTTP request");
    strbuf_addf(&text,
                "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n"
                "Connection: close\r\nContent-Length: %llu\r\n\r\n%s",
                (unsigned long long)body.len, strbuf_cstr(&body));
    server->refusal = h2o_iovec_init(strbuf_cstr(&text), text.len);
    return strbuf_error(&text);
}

static int32_t error_of(int status)
{
    return status == 413 ? DAIS_E_TOO_LARGE : DAIS_E_INVALID;
}

static enum http_metric metric_of(int status)
{
    return status >= 500 ? HTTP_METRIC_5XX : HTTP_METRIC_4XX;
}

/* h2o's own answers close the connection, whatever `flags` say of it. */
__attribute__((visibility("default"))) void h2o_send_error_generic(h2o_req_t *req, int status,
                                                                   const char *reason,
                                                                   const char *detail, int flags)
{
    struct http_worker *worker = CONTAINER_OF(req->conn->ctx, struct http_worker, h2o);
    char *bytes = h2o_mem_alloc_pool(&req->pool, DOCUMENT_BYTES_MAX);
    struct strbuf text;
    (void)flags;
    if (!req->pathconf)
        h2o_req_bind_conf(req, req->conn->hosts[0], &req->conn->hosts[0]->fallback_path);
    strbuf_init_on(&text, bytes, DOCUMENT_BYTES_MAX);
    write_document(&text, (uint32_t)status, error_of(status), detail);
    http_conn_of(req)->refused = true;
    req->http1_is_persistent = 0;
    req->res.status = status;
    req->res.reason = reason;
    req->res.content_length = text.len;
    memset(&req->res.headers, 0, sizeof req->res.headers);
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("application/problem+json"));
    http_count(worker->server, metric_of(status), 1);
    h2o_send_inline(req, bytes, text.len);
}

__attribute__((visibility("default"))) void h2o_socket_write(h2o_socket_t *sock, h2o_iovec_t *bufs,
                                                             size_t count, h2o_socket_cb callback)
{
    CHECK(real_write); /* there is a server */
    if (count != 1 || bufs[0].len != sizeof raw_text - 1 ||
        memcmp(bufs[0].base, raw_text, sizeof raw_text - 1) != 0) {
        http_record_write(real_write, sock, bufs, count, callback);
        return;
    }
    struct http_conn *conn = sock->on_close.data;
    conn->refused = true;
    h2o_iovec_t refusal = conn->worker->server->refusal;
    http_count(conn->worker->server, HTTP_METRIC_4XX, 1);
    real_write(sock, &refusal, 1, callback);
}
