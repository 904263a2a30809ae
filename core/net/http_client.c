/* SPDX-License-Identifier: MIT */
/*
 * Who a request comes from. That is the peer of its connection, unless the peer is a proxy that the
 * configuration trusts: then it is the last one in the proxy's header who is not such a proxy
 * himself. Counts what one address may have open, too.
 */
#include "base/limits.h"
#include "base/map.h"
#include "base/str.h"
#include "net/http_inner.h"

#include <stdio.h>

/** Hops of one request that are looked at. */
#define HOPS_MAX 32u

static bool is_trusted(const struct http_server *server, const struct http_address *address)
{
    for (uint32_t i = 0; i < server->network_count; i++)
        if (http_network_has(&server->networks[i], address))
            return true;
    return false;
}

void http_client_start(struct http_worker *worker)
{
    idmap_init(&worker->peers, worker->connections_max);
}

void http_client_stop(struct http_worker *worker)
{
    CHECK(worker->peers.count == 0);
    idmap_fini(&worker->peers);
}

bool http_client_enter(struct http_conn *conn)
{
    struct http_worker *worker = conn->worker;
    struct sockaddr_storage name;
    int len = sizeof name;
    if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&name, &len) != 0)
        return false; /* it is gone already */
    conn->address = http_address_of(&name);
    conn->address_key = http_address_key(&conn->address);
    conn->trusted = is_trusted(worker->server, &conn->address);
    if (conn->trusted)
        return true;
    uint64_t open = (uint64_t)(uintptr_t)idmap_get(&worker->peers, conn->address_key);
    if (open >= worker->per_address_max ||
        idmap_put(&worker->peers, conn->address_key, (void *)(uintptr_t)(open + 1)) != DAIS_OK) {
        http_count(worker->server, HTTP_METRIC_CROWDED_TOTAL, 1);
        return false;
    }
    conn->counted = true;
    return true;
}

void http_client_leave(struct http_conn *conn)
{
    struct http_worker *worker = conn->worker;
    if (!conn->counted)
        return;
    uint64_t open = (uint64_t)(uintptr_t)idmap_get(&worker->peers, conn->address_key);
    CHECK(open > 0);
    if (open == 1)
        (void)idmap_remove(&worker->peers, conn->address_key);
    else if (idmap_put(&worker->peers, conn->address_key, (void *)(uintptr_t)(open - 1)) != DAIS_OK)
        CHECK_MSG(false, "a key that is there needs no memory");
}

/* One header line; false when the walk ends in it. */
static bool walk_line(struct dais_req *req, struct dais_str value, uint32_t *hops)
{
    const struct http_server *server = req->worker->server;
    struct http_hop hop;
    while (http_hop_take(&value, server->config.forwarded, &hop)) {
        if (!req->scheme.ptr)
            req->scheme = hop.scheme;
        static const struct http_address none;
        if (memcmp(&hop.address, &none, sizeof none) == 0 || ++*hops > HOPS_MAX)
            return false;
        req->address = hop.address;
        if (!is_trusted(server, &hop.address))
            return false;
    }
    return true;
}

static bool is_named(const h2o_header_t *line, struct dais_str name)
{
    return line->name->len == name.len && memcmp(line->name->base, name.ptr, name.len) == 0;
}

/* RFC 7239 knows the scheme of each hop; beside X-Forwarded-For the last one stands alone. */
static struct dais_str scheme_of(const struct dais_req *req)
{
    const h2o_headers_t *headers = &req->h2o->headers;
    struct dais_str value = {NULL, 0};
    struct dais_str last = {NULL, 0};
    for (size_t i = 0; i < headers->size; i++)
        if (is_named(&headers->entries[i], dais_cstr("x-forwarded-proto")))
            value = dais_str(headers->entries[i].value.base, headers->entries[i].value.len);
    while (str_split(&value, ',', &last))
        continue;
    last = str_trim(last);
    if (str_eqz_nocase(last, "https"))
        return dais_cstr("https");
    return str_eqz_nocase(last, "http") ? dais_cstr("http") : dais_str(NULL, 0);
}

static void ask_proxy(struct dais_req *req)
{
    bool forwarded = req->worker->server->config.forwarded;
    struct dais_str name = dais_cstr(forwarded ? "forwarded" : "x-forwarded-for");
    const h2o_headers_t *headers = &req->h2o->headers;
    uint32_t hops = 0;
    for (size_t i = headers->size; i > 0; i--) {
        const h2o_header_t *line = &headers->entries[i - 1];
        struct dais_str value = dais_str(line->value.base, line->value.len);
        if (is_named(line, name) && !walk_line(req, value, &hops))
            break;
    }
    if (!forwarded)
        req->scheme = scheme_of(req);
}

void http_client_find(struct dais_req *req)
{
    req->address = req->conn->address;
    req->address_key = req->conn->address_key;
    if (!req->conn->trusted)
        return;
    ask_proxy(req);
    req->address_key = http_address_key(&req->address);
}

struct dais_str http_peer(struct dais_req *req)
{
    char text[HTTP_ADDRESS_BYTES];
    if (!req->peer.ptr) {
        http_address_write(&req->address, text);
        req->peer = arena_dup(&req->arena, dais_cstr(text));
    }
    return req->peer.ptr ? req->peer : dais_str("unknown", 7);
}

struct dais_str http_origin(struct dais_req *req)
{
    const h2o_req_t *h2o = req->h2o;
    struct dais_str host = dais_str(h2o->authority.base, h2o->authority.len);
    struct dais_str scheme = req->scheme;
    if (!scheme.ptr)
        scheme = dais_str(h2o->scheme->name.base, h2o->scheme->name.len);
    return arena_printf(&req->arena, "%.*s://%.*s", STR_ARG(scheme), STR_ARG(host));
}
