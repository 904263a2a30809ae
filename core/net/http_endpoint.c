/* SPDX-License-Identifier: MIT */
#include "net/http_endpoint.h"

#include "base/owner.h"
#include "base/str.h"
#include "net/http_inner.h"

static void call(struct dais_req *req)
{
    const struct http_endpoint *endpoint = req->endpoint->endpoint;
    const struct http_owner *owner = req->owner;
    struct owner mine = {owner->plugin, owner->generation, owner_callback(endpoint->path), req->id};
    struct owner before = owner_get();
    owner_set(&mine);
    owner_account_call(mine.plugin);
    req->handled = true;
    req->running = true;
    endpoint->serve(req, endpoint->context);
    req->running = false;
    owner_set(&before);
}

int http_endpoint_serve(struct dais_req *req)
{
    req->owner = req->endpoint->owner;
    if (req->method == HTTP_OPTIONS) {
        if (http_access_admit(req, req->worker->server->rate_of_others))
            http_cors_options(req);
        return 0;
    }
    if (http_problem_closed(req))
        return 0;
    if (req->h2o->entity.len > req->endpoint->endpoint->body_bytes_max) {
        http_problem_set(req, DAIS_E_TOO_LARGE, NULL, NULL);
        return 0;
    }
    call(req);
    return http_detach_due(req) ? 0 : 1;
}

enum http_method http_method_code(const struct dais_req *req)
{
    return req->method;
}

const char *http_method_name(const struct dais_req *req)
{
    static const char *const names[] = {
        [HTTP_GET] = "GET",         [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
        [HTTP_PATCH] = "PATCH",     [HTTP_DELETE] = "DELETE", [HTTP_HEAD] = "HEAD",
        [HTTP_OPTIONS] = "OPTIONS", [HTTP_METHOD_OTHER] = "",
    };
    return names[req->method];
}

struct dais_str http_body(const struct dais_req *req)
{
    return dais_str(req->h2o->entity.base, req->h2o->entity.len);
}

struct dais_str http_upgrade_wanted(const struct dais_req *req)
{
    return dais_str(req->h2o->upgrade.base, req->h2o->upgrade.len);
}

bool http_wants_upgrade(const struct dais_req *req)
{
    return req->h2o->upgrade.len > 0 && http_header_lists(req, "connection", "upgrade");
}

uint32_t http_version(const struct dais_req *req)
{
    return (uint32_t)req->h2o->version;
}

uint64_t http_address_key_of(const struct dais_req *req)
{
    return req->address_key;
}

/* A browser's page of the same host; its scheme may have been changed by a proxy in between. */
static bool is_own(const struct dais_req *req, struct dais_str origin)
{
    struct dais_str host = dais_str(req->h2o->authority.base, req->h2o->authority.len);
    uint64_t skip = str_has_prefix(origin, "https://")  ? 8
                    : str_has_prefix(origin, "http://") ? 7
                                                        : 0;
    return skip > 0 && str_eq_nocase(str_sub(origin, skip, origin.len), host);
}

bool http_origin_allowed(const struct dais_req *req, struct dais_str origin)
{
    return http_cors_allows(req->worker->server, origin) || is_own(req, origin);
}
