/* SPDX-License-Identifier: MIT */
#include "base/str.h"
#include "net/http_inner.h"

/** Longest token; a JWT of ours has about 400 bytes. */
#define TOKEN_BYTES_MAX 4096u

/* The token of "Authorization: Bearer …" (RFC 6750 §2.1); absent for anything else. */
static struct dais_str token_of(struct dais_str authorization)
{
    static const char scheme[] = "Bearer ";
    uint64_t skip = sizeof scheme - 1;
    if (authorization.len <= skip || authorization.len > skip + TOKEN_BYTES_MAX ||
        !str_eqz_nocase(str_sub(authorization, 0, skip), scheme))
        return dais_str(NULL, 0);
    return str_trim(str_sub(authorization, skip, authorization.len));
}

static int32_t refuse(struct dais_req *req, int32_t error, const char *detail)
{
    http_problem_set(req, error, NULL, detail);
    return error;
}

static int32_t check_role(struct dais_req *req)
{
    const struct dais_route *row = req->match.route->row;
    if (row->access != DAIS_ACCESS_ROLE || (req->identity.roles & row->roles) != 0)
        return DAIS_OK;
    return refuse(req, DAIS_E_DENIED, "your role does not allow this");
}

/* The cache's views end at the next suspension; the request's last as long as it does. */
static int32_t keep_identity(struct dais_req *req, const struct dais_identity *identity)
{
    struct dais_arena *arena = &req->arena;
    req->identity = (struct dais_identity){
        .user_id = arena_dup(arena, identity->user_id),
        .session_id = arena_dup(arena, identity->session_id),
        .name = arena_dup(arena, identity->name),
        .role = arena_dup(arena, identity->role),
        .roles = identity->roles,
        .flags = identity->flags,
        .expires_s = identity->expires_s,
    };
    req->identified = true;
    return req->identity.user_id.ptr ? DAIS_OK : refuse(req, DAIS_E_MEMORY, NULL);
}

static bool asks_owner(const struct dais_req *req)
{
    const struct dais_route *row = req->match.route->row;
    return row->access == DAIS_ACCESS_OWNER && (req->identity.roles & row->roles) == 0;
}

bool http_access_admit(struct dais_req *req, uint32_t rate)
{
    const struct http_hooks *hooks = req->worker->server->hooks;
    struct http_client client = {
        .address = req->address_key,
        .user = req->identified ? req->identity.user_id : dais_str(NULL, 0),
        .paces = req->conn->paces,
    };
    uint32_t wait_s = 0;
    if (!hooks->admit)
        return true;
    int32_t code = hooks->admit(rate, &client, &wait_s);
    if (code == DAIS_OK)
        return true;
    http_count(req->worker->server, HTTP_METRIC_LIMITED_TOTAL, 1);
    req->answer.retry_after_s = wait_s;
    (void)refuse(req, code, "too many requests of this kind; try again later");
    return false;
}

/* Counts the request. One that is refused anyway is counted, too: it must not be free to guess. */
static bool admit(struct dais_req *req)
{
    return http_access_admit(req, req->match.route->rate);
}

/* The identity is known, or there is none to know. */
static enum http_access judge(struct dais_req *req)
{
    if (!admit(req) || (req->identified && check_role(req) != DAIS_OK))
        return HTTP_ACCESS_REFUSED;
    return req->identified && asks_owner(req) ? HTTP_ACCESS_OWNER : HTTP_ACCESS_GRANTED;
}

static enum http_access begin_with_token(struct dais_req *req, struct dais_str token)
{
    const struct http_hooks *hooks = req->worker->server->hooks;
    struct dais_identity identity = {0};
    if (!hooks->identity_cached || hooks->identity_cached(token, &identity) != 1)
        return HTTP_ACCESS_VERIFY;
    return keep_identity(req, &identity) == DAIS_OK ? judge(req) : HTTP_ACCESS_REFUSED;
}

enum http_access http_access_begin(struct dais_req *req)
{
    const char *detail = "send a token: Authorization: Bearer …";
    if (req->head.authorization.ptr) {
        struct dais_str token = token_of(req->head.authorization);
        if (token.len > 0)
            return begin_with_token(req, token);
        detail = "the Authorization header holds no Bearer token";
    } else if (req->match.route->row->access == DAIS_ACCESS_PUBLIC) {
        return judge(req);
    }
    if (admit(req))
        (void)refuse(req, DAIS_E_UNAUTHENTICATED, detail);
    return HTTP_ACCESS_REFUSED;
}

static int32_t verify(struct dais_req *req, struct dais_str token)
{
    const struct http_hooks *hooks = req->worker->server->hooks;
    struct dais_identity identity = {0};
    int32_t code = hooks->verify ? hooks->verify(token, &identity) : DAIS_E_UNAVAILABLE;
    if (code == DAIS_OK)
        return keep_identity(req, &identity);
    if (code != DAIS_E_UNAUTHENTICATED)
        return refuse(req, code, NULL);
    if (admit(req))
        (void)refuse(req, code, "the token is not valid, has ended or was revoked");
    return code;
}

bool http_access_verify(struct dais_req *req)
{
    struct dais_str token = token_of(req->head.authorization);
    if (req->identified || token.len == 0)
        return true; /* that was settled before the fiber began */
    if (verify(req, token) != DAIS_OK || judge(req) == HTTP_ACCESS_REFUSED)
        return false;
    http_input_read(req);
    return true;
}

int32_t http_access_owner(struct dais_req *req)
{
    const struct http_hooks *hooks = req->worker->server->hooks;
    const struct dais_statement *statement = req->match.route->row->owner;
    struct dais_param id = dais_text(req->match.params[0]);
    struct dais_str owner = {NULL, 0};
    if (!asks_owner(req))
        return DAIS_OK;
    int32_t code = hooks->query_cell ? hooks->query_cell(statement, &id, 1, &owner)
                                     : DAIS_E_UNAVAILABLE;
    if (code != DAIS_OK)
        return refuse(req, code, NULL);
    if (!owner.ptr || !dais_str_eq(owner, req->identity.user_id))
        return refuse(req, DAIS_E_DENIED, "only its owner may do this");
    return DAIS_OK;
}
