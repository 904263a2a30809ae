/* SPDX-License-Identifier: MIT */
#include "base/str.h"
#include "net/http_inner.h"

#define NAME(variable, text) static const h2o_iovec_t variable = {(char *)(text), sizeof(text) - 1}

NAME(allow_origin_name, "access-control-allow-origin");
NAME(allow_methods_name, "access-control-allow-methods");
NAME(allow_headers_name, "access-control-allow-headers");
NAME(expose_name, "access-control-expose-headers");
NAME(max_age_name, "access-control-max-age");
NAME(vary_name, "vary");

bool http_cors_allows(const struct http_server *server, struct dais_str origin)
{
    const struct http_config *config = &server->config;
    for (uint32_t i = 0; i < config->cors_origin_count; i++)
        if (dais_str_eq(config->cors_origins[i], origin))
            return true;
    return server->cors_any;
}

static bool is_preflight(const struct dais_req *req)
{
    return req->method == HTTP_OPTIONS &&
           http_header_get(req->h2o, H2O_STRLIT("access-control-request-method")).ptr;
}

static void add_preflight(h2o_req_t *h2o)
{
    static const struct dais_str methods = DAIS_STR_INIT(
        "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    static const struct dais_str headers = DAIS_STR_INIT(
        "Content-Type, Authorization, Range, Idempotency-Key, X-Request-Id");
    static const struct dais_str max_age = DAIS_STR_INIT("7200");
    http_header_put(h2o, &allow_methods_name, methods);
    http_header_put(h2o, &allow_headers_name, headers);
    http_header_put(h2o, &max_age_name, max_age);
}

void http_cors_add(struct dais_req *req)
{
    static const struct dais_str any = DAIS_STR_INIT("*");
    static const struct dais_str vary = DAIS_STR_INIT("Origin");
    static const struct dais_str exposed = DAIS_STR_INIT(
        "Date, Age, Content-Length, Content-Range, Retry-After, Location, ETag, "
        "WWW-Authenticate, X-Request-Id");
    const struct http_server *server = req->worker->server;
    if (server->config.cors_origin_count == 0)
        return;
    if (!server->cors_any)
        http_header_put(req->h2o, &vary_name, vary);
    if (!req->head.origin.ptr)
        return;
    if (!http_cors_allows(server, req->head.origin))
        return;
    http_header_put(req->h2o, &allow_origin_name, server->cors_any ? any : req->head.origin);
    if (is_preflight(req))
        add_preflight(req->h2o);
    else
        http_header_put(req->h2o, &expose_name, exposed);
}

void http_cors_options(struct dais_req *req)
{
    req->answer.status = 204;
    req->answer.allow = req->match.allow ? req->match.allow
                                         : "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
}
