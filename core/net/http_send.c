/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/owner.h"
#include "base/str.h"
#include "net/http_inner.h"
#include "net/http_range.h"

#include <stdio.h>

#define NAME(variable, text) static const h2o_iovec_t variable = {(char *)(text), sizeof(text) - 1}

NAME(nosniff_name, "x-content-type-options");
NAME(retry_after_name, "retry-after");
NAME(allow_name, "allow");
NAME(authenticate_name, "www-authenticate");
NAME(content_range_name, "content-range");
NAME(request_id_name, "x-request-id");
NAME(upgrade_name, "upgrade");
NAME(connection_name, "connection");

/** Decimal digits of a 64-bit number. */
#define NUMBER_BYTES 21u

static const struct {
    uint32_t status;
    const char *reason;
} reasons[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

static const char *reason_of(uint32_t status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unassigned";
}

static void put_number(struct dais_req *req, const h2o_iovec_t *name, uint64_t number)
{
    char *text = arena_bytes(&req->arena, NUMBER_BYTES);
    if (text)
        http_header_put(req->h2o, name,
                        dais_str(text, (uint64_t)snprintf(text, NUMBER_BYTES, "%llu",
                                                          (unsigned long long)number)));
}

static void put_challenge(struct dais_req *req)
{
    static const struct dais_str none = DAIS_STR_INIT("Bearer realm=\"dais\"");
    static const struct dais_str invalid = DAIS_STR_INIT(
        "Bearer realm=\"dais\", error=\"invalid_token\"");
    http_header_put(req->h2o, &authenticate_name, req->head.authorization.ptr ? invalid : none);
}

static void put_request_id(struct dais_req *req)
{
    if (req->head.request_id.ptr) {
        http_header_put(req->h2o, &request_id_name, req->head.request_id);
    } else if (req->answer.error != DAIS_OK) {
        struct dais_str id = arena_printf(&req->arena, "%016llx", (unsigned long long)req->id);
        http_header_put(req->h2o, &request_id_name, id);
    }
}

/* RFC 9110 §15.5.22: what has to be spoken here; there is one such protocol. */
static void put_protocol(struct dais_req *req)
{
    static const struct dais_str websocket = DAIS_STR_INIT("websocket");
    static const struct dais_str upgrade = DAIS_STR_INIT("upgrade");
    http_header_put(req->h2o, &upgrade_name, websocket);
    http_header_put(req->h2o, &connection_name, upgrade);
}

/* Lines that few answers have. */
static void put_seldom(struct dais_req *req)
{
    const struct http_answer *answer = &req->answer;
    if (answer->retry_after_s && !http_extra_get(req, "retry-after").ptr) /* the handler knows */
        put_number(req, &retry_after_name, answer->retry_after_s);
    if (answer->allow)
        http_header_put(req->h2o, &allow_name, dais_cstr(answer->allow));
    if (answer->status == 401)
        put_challenge(req);
    if (answer->status == 426)
        put_protocol(req);
    if (answer->content_range.ptr)
        http_header_put(req->h2o, &content_range_name, answer->content_range);
    for (uint32_t i = 0; i < answer->extra_count; i++)
        http_header_put(req->h2o, &answer->extras[i].name,
                        dais_str(answer->extras[i].value.base, answer->extras[i].value.len));
}

static void put_headers(struct dais_req *req)
{
    static const struct dais_str nosniff = DAIS_STR_INIT("nosniff");
    if (req->answer.type)
        http_header_put(req->h2o, &H2O_TOKEN_CONTENT_TYPE->buf, dais_cstr(req->answer.type));
    http_header_put(req->h2o, &nosniff_name, nosniff);
    http_cors_add(req);
    put_request_id(req);
    put_seldom(req);
}

/* If-Range (RFC 9110 §13.1.5): the range counts only for the version that the client has. */
static bool range_applies(struct dais_req *req)
{
    struct dais_str condition = http_header_get(req->h2o, H2O_STRLIT("if-range"));
    struct dais_str etag = http_extra_get(req, "etag");
    return !condition.ptr || (etag.ptr && dais_str_eq(condition, etag) && etag.ptr[0] == '"');
}

static void apply_range(struct dais_req *req)
{
    struct http_answer *answer = &req->answer;
    struct http_range range;
    struct dais_str header = http_header_get(req->h2o, H2O_STRLIT("range"));
    uint64_t total = answer->body.len;
    if (!header.ptr || req->method != HTTP_GET || !range_applies(req))
        return;
    int32_t code = http_range_parse(header, total, &range);
    if (code == DAIS_E_RANGE) {
        http_problem_set(req, code, NULL, "the range lies outside of the resource");
        answer->content_range = arena_printf(&req->arena, "bytes */%llu",
                                             (unsigned long long)total);
    } else if (code == 1) {
        answer->status = 206;
        answer->body = str_sub(answer->body, range.first, range.last - range.first + 1);
        answer->content_range = arena_printf(
            &req->arena, "bytes %llu-%llu/%llu", (unsigned long long)range.first,
            (unsigned long long)range.last, (unsigned long long)total);
    }
}

/* RFC 9110 §13.1.2, by weak comparison. */
static bool etag_listed(struct dais_str list, struct dais_str etag)
{
    struct dais_str piece;
    if (str_has_prefix(etag, "W/"))
        etag = str_sub(etag, 2, etag.len);
    while (str_split(&list, ',', &piece)) {
        piece = str_trim(piece);
        if (str_has_prefix(piece, "W/"))
            piece = str_sub(piece, 2, piece.len);
        if (dais_str_eq(piece, etag) || str_eqz(piece, "*"))
            return true;
    }
    return false;
}

static void apply_conditions(struct dais_req *req)
{
    struct http_answer *answer = &req->answer;
    bool reads = req->method == HTTP_GET || req->method == HTTP_HEAD;
    struct dais_str etag = http_extra_get(req, "etag");
    struct dais_str known = etag.ptr && reads && answer->status == 200
                                ? http_header_get(req->h2o, H2O_STRLIT("if-none-match"))
                                : dais_str(NULL, 0);
    if (known.ptr && etag_listed(known, etag)) {
        answer->status = 304;
        answer->type = NULL;
        answer->body = dais_str("", 0);
    } else if (answer->ranged && answer->status == 200) {
        apply_range(req);
    }
}

static enum http_metric metric_of(const struct http_answer *answer)
{
    return answer->status == 499 ? HTTP_METRIC_GONE
                                 : (enum http_metric)(HTTP_METRIC_1XX + answer->status / 100 - 1);
}

static const char *row_path(const struct dais_req *req)
{
    if (req->endpoint)
        return req->endpoint->endpoint->path;
    return req->match.route ? req->match.route->row->path : "";
}

static void log_access(struct dais_req *req, uint64_t duration_us)
{
    static const struct dais_str event = DAIS_STR_INIT("request");
    const h2o_req_t *h2o = req->h2o;
    const struct http_owner *owner = req->owner;
    const struct owner before = owner_get();
    const struct owner mine = {.plugin = owner ? owner->plugin : OWNER_CORE,
                               .generation = owner ? owner->generation : 0,
                               .request = req->id};
    const struct log_field fields[] = {
        log_str("method", dais_str(h2o->method.base, h2o->method.len)),
        log_text("route", row_path(req)),
        log_str("path", req->uri.path),
        log_uint("status", req->answer.status),
        log_uint("bytes", req->answer.body.len),
        log_uint("us", duration_us),
        log_str("peer", http_peer(req)),
        log_str("client_request", req->head.request_id),
    };
    owner_set(&mine);
    log_write_each(LOG_LEVEL_INFO, event, fields, sizeof fields / sizeof fields[0]);
    owner_set(&before);
}

/* 503 is not counted: it tells of the database, or of another part that is away. */
static void count_error(const struct dais_req *req)
{
    if (!req->handled || req->answer.status < 500 || req->answer.status == 503)
        return;
    atomic_fetch_add_explicit(&req->owner->errors, 1, memory_order_relaxed);
    owner_account_error(req->owner->plugin);
}

static void account(struct dais_req *req)
{
    const struct http_server *server = req->worker->server;
    uint64_t duration_us = clock_us() - req->started_us;
    http_count(server, metric_of(&req->answer), 1);
    count_error(req);
    http_count(server, HTTP_METRIC_BODY_BYTES, (int64_t)req->answer.body.len);
    http_count_duration(req, duration_us);
    if (server->config.access_log)
        log_access(req, duration_us);
}

static void note_missing(struct dais_req *req)
{
    http_count(req->worker->server, HTTP_METRIC_MISUSE, 1);
    LOG_ERROR("handler gave no answer", log_text("path", row_path(req)),
              log_text("owner", req->owner->id));
    http_problem_set(req, DAIS_E_INTERNAL, NULL, NULL);
}

void http_send_head(struct dais_req *req)
{
    req->h2o->res.status = (int)req->answer.status;
    req->h2o->res.reason = reason_of(req->answer.status);
    put_headers(req);
    account(req);
}

void http_send(struct dais_req *req)
{
    static h2o_generator_t generator;
    struct http_answer *answer = &req->answer;
    h2o_req_t *h2o = req->h2o;
    if (answer->status == 0)
        note_missing(req);
    if (answer->error == DAIS_OK)
        apply_conditions(req);
    if (req->gone)
        h2o->http1_is_persistent = 0;

    bool bodiless = answer->status == 204 || answer->status == 304;
    h2o->res.content_length = bodiless ? SIZE_MAX : answer->body.len;
    http_send_head(req);

    h2o_iovec_t body = h2o_iovec_init(answer->body.ptr, answer->body.len);
    bool silent = bodiless || req->method == HTTP_HEAD || body.len == 0;
    h2o_start_response(h2o, &generator);
    h2o_send(h2o, &body, silent ? 0 : 1, H2O_SEND_STATE_FINAL);
}
