/* SPDX-License-Identifier: MIT */
/*
 * The life of a request.
 *
 *   h2o has read it whole → http_run: size, shape and framing of the head → route → may the owner's
 *   plugin be called → token → rate class → path, query and body are read → the handler: at once
 *   when the row says INLINE and nothing has to be asked, otherwise on a fiber, behind the question
 *   about the owner → http_send → h2o has written the answer → http_gone.
 *
 *   A token that this worker does not know is verified on the fiber, so the steps from there on
 *   follow on it; otherwise they are done on the worker's own stack.
 *
 * Each step either goes on or notes an answer; http_send is the only way out. A handler may put it
 * off (http_detach.c); what stands at a path of its own is served by http_endpoint.c instead.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include "net/http_inner.h"

/** Requests kept for reuse by a worker. */
#define SPARE_MAX 256u

static struct dais_req *take_req(struct http_worker *worker)
{
    struct list_node *node = list_pop(&worker->spare);
    if (!node)
        return mem_zalloc(1, sizeof(struct dais_req));
    worker->spare_count--;
    struct dais_req *req = LIST_ITEM(node, struct dais_req, held);
    memset(req, 0, offsetof(struct dais_req, problem));
    return req;
}

static void put_req(struct dais_req *req)
{
    struct http_worker *worker = req->worker;
    if (worker->spare_count == SPARE_MAX) {
        mem_free(req);
        return;
    }
    list_push_front(&worker->spare, &req->held); /* the last one is still in the cache */
    worker->spare_count++;
}

/* h2o cleared the request's pool: the answer is out, or the connection is gone. */
static void http_gone(void *slot)
{
    struct dais_req *req = *(struct dais_req **)slot;
    struct http_worker *worker = req->worker;
    CHECK_MSG(req->fiber == 0 && req->due != HTTP_DUE_LATER, "a request ended under its handler");
    buf_unref(req->answer.buf);
    arena_reset(&req->arena);
    http_table_leave(req->table, worker->index);
    put_req(req);
    worker->requests--;
}

static struct dais_req *begin(struct http_worker *worker, h2o_req_t *h2o)
{
    struct dais_req *req = take_req(worker);
    if (!req)
        return NULL;
    struct dais_req **slot = h2o_mem_alloc_shared(&h2o->pool, sizeof(struct dais_req *), http_gone);
    *slot = req;
    arena_init(&req->arena, (size_t)limit_get(LIMIT_ARENA_BYTES));
    req->h2o = h2o;
    req->worker = worker;
    req->table = worker->server->table;
    http_table_hold(req->table, worker->index);
    req->conn = http_conn_of(h2o);
    req->id = worker->next_id++;
    req->started_us = clock_us();
    req->method = http_method_of(dais_str(h2o->method.base, h2o->method.len));
    worker->requests++;
    return req;
}

static struct owner owner_of(const struct dais_req *req)
{
    const struct http_owner *owner = req->owner;
    return (struct owner){owner->plugin, owner->generation,
                          owner_callback(req->match.route->row->path), req->id};
}

/* A code that a handler returned becomes the answer; a cancelled one tells why it was. */
static void note_failure(struct dais_req *req, int32_t code)
{
    int32_t reason = fiber_self() ? fiber_cancel_reason() : DAIS_OK;
    if (code == DAIS_E_CANCELLED && reason == DAIS_E_TIMEOUT)
        code = DAIS_E_TIMEOUT;
    else if (code == DAIS_E_CANCELLED && !req->gone)
        code = DAIS_E_UNAVAILABLE;
    bool told = code == req->explained;
    http_problem_set(req, code, told ? req->problem.field : NULL,
                     told ? req->problem.detail : NULL);
}

static void call_handler(struct dais_req *req)
{
    if (req->bad_input != DAIS_OK) {
        bool told = req->bad_input == DAIS_E_INVALID || req->bad_input == DAIS_E_MEDIA_TYPE;
        http_problem_set(req, req->bad_input, told ? req->problem.field : NULL,
                         told ? req->problem.detail : NULL);
        return;
    }
    req->handled = true;
    req->running = true;
    int32_t code = req->match.route->row->handler(req, &req->input);
    req->running = false;
    if (code < 0) {
        req->due = HTTP_DUE_NOW;
        note_failure(req, code);
    }
}

static bool path_is_good(struct dais_req *req)
{
    if (req->bad_path == DAIS_OK)
        return true;
    bool told = req->bad_path == DAIS_E_INVALID;
    http_problem_set(req, req->bad_path, told ? req->problem.field : NULL,
                     told ? req->problem.detail : NULL);
    return false;
}

static void call_inline(struct dais_req *req)
{
    struct owner mine = owner_of(req);
    struct owner before = owner_get();
    if (!path_is_good(req))
        return;
    owner_set(&mine);
    owner_account_call(mine.plugin);
    call_handler(req);
    owner_set(&before);
}

static void run_fiber(void *arg)
{
    struct dais_req *req = arg;
    fiber_local_set(FIBER_LOCAL_REQUEST, req);
    req->fiber = fiber_handle();
    list_push(&req->worker->held, &req->held);
    http_count(req->worker->server, HTTP_METRIC_HELD, 1);
    if (http_access_verify(req) && path_is_good(req) && http_access_owner(req) == DAIS_OK)
        call_handler(req);
    list_remove(&req->held);
    http_count(req->worker->server, HTTP_METRIC_HELD, -1);
    req->fiber = 0;
    if (http_detach_due(req))
        http_send(req);
}

static void start_fiber(struct dais_req *req)
{
    const struct http_config *config = &req->worker->server->config;
    struct fiber_spec spec = {
        .name = req->match.route->row->path,
        .fn = run_fiber,
        .arg = req,
        .owner = owner_of(req),
        .arena = &req->arena,
        .deadline_ms = config->handler_timeout_ms,
    };
    if (fiber_run(&spec, NULL) == DAIS_OK)
        return;
    http_problem_set(req, DAIS_E_UNAVAILABLE, NULL, "too many requests are being answered");
    http_send(req);
}

/* Calls the route's handler, now or on a fiber. 1 when the answer comes later. */
static int call_route(struct dais_req *req)
{
    req->owner = req->match.route->owner;
    if (http_problem_closed(req))
        return 0;
    enum http_access access = http_access_begin(req);
    if (access == HTTP_ACCESS_REFUSED)
        return 0;
    if (access != HTTP_ACCESS_VERIFY)
        http_input_read(req);
    if (access == HTTP_ACCESS_GRANTED && (req->match.route->row->flags & DAIS_ROUTE_INLINE)) {
        call_inline(req);
        return http_detach_due(req) ? 0 : 1;
    }
    start_fiber(req);
    return 1;
}

static int32_t decode_path(struct dais_req *req, const char **ret_detail)
{
    struct http_uri *uri = &req->uri;
    struct dais_str target = dais_str(req->h2o->path.base, req->h2o->path.len);
    if (target.len > req->worker->server->path_bytes_max)
        return DAIS_E_URI;
    int32_t code = http_uri_split(target, uri, ret_detail);
    if (code != DAIS_OK)
        return code;
    req->path = uri->path;
    return uri->escaped ? shape_percent_decode(uri->path, false, &req->arena, &req->path) : DAIS_OK;
}

/* RFC 9112 §3.2: exactly one Host that can be one; h2o fills in its own where there is none. */
static int32_t check_host(const struct dais_req *req, const char **ret_detail)
{
    const h2o_req_t *h2o = req->h2o;
    bool missing = h2o->authority.base == h2o->hostconf->authority.hostport.base;
    if (missing && h2o->version < 0x101)
        return DAIS_OK;
    if (!missing && http_uri_host_ok(dais_str(h2o->authority.base, h2o->authority.len)))
        return DAIS_OK;
    *ret_detail = "the Host header is missing or cannot be a host";
    return DAIS_E_INVALID;
}

static bool head_is_good(struct dais_req *req)
{
    const char *detail = NULL;
    int32_t code = decode_path(req, &detail);
    if (code == DAIS_OK)
        code = http_header_scan(req, &detail);
    if (code == DAIS_OK)
        code = check_host(req, &detail);
    if (code == DAIS_OK)
        return true;
    req->h2o->http1_is_persistent = 0; /* what follows may not be what the client thinks it is */
    http_problem_set(req, code, NULL, detail);
    return false;
}

static int dispatch(struct dais_req *req)
{
    req->endpoint = http_table_find(req->table, req->path);
    if (req->endpoint)
        return http_endpoint_serve(req);
    int32_t code = http_router_find(&req->table->router, req->method, req->path, &req->match);
    if (code == DAIS_OK)
        return call_route(req);
    if (!http_access_admit(req, req->worker->server->rate_of_others))
        return 0;
    if (http_static_serve(req, code == DAIS_E_NOT_FOUND))
        return 0;
    if (req->method == HTTP_OPTIONS && (code == DAIS_E_METHOD || str_eqz(req->path, "*"))) {
        http_cors_options(req);
        return 0;
    }
    http_problem_set(req, code, NULL, NULL);
    req->answer.allow = code == DAIS_E_METHOD ? req->match.allow : NULL;
    return 0;
}

int http_run(h2o_handler_t *handler, h2o_req_t *h2o)
{
    struct http_worker *worker = CONTAINER_OF(h2o->conn->ctx, struct http_worker, h2o);
    /* A request that was in the socket when it was shut down: the layers above are gone. */
    struct dais_req *req = worker->stopping ? NULL : begin(worker, h2o);
    if (!req)
        return -1;
    http_client_find(req);
    if (!head_is_good(req) || !dispatch(req))
        http_send(req);
    return 0;
}
