/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Endpoints: paths that core serves by code of its own, whatever the method, without the rules of
 * routes: no token, no rate, no shapes.
 *
 * They stand in a struct http_table like routes and are looked up first. Framing and size of the
 * head, CORS headers, OPTIONS, the owner's `closed`, metrics and the access log are as for routes.
 * What `serve` does with a request: it answers (http_reply, http_fail), puts the answer off
 * (http_detach.h) or takes the connection (http_upgrade.h).
 */
#include "net/http.h"
#include "net/http_router.h"

/** Endpoints of one table. */
#define HTTP_ENDPOINTS_MAX 64u

/** One endpoint; borrowed by the tables that list it, as rows of routes are. */
struct http_endpoint {
    const char *path; /**< "/socket.io/": with and without its last slash; nothing below it */
    /** Answers, detaches or upgrades before it returns. [worker's own stack, must not suspend] */
    void (*serve)(struct dais_req *req, void *context);
    void *context;
    uint64_t body_bytes_max; /**< longer bodies get 413; 0: none is allowed */
};

/**
 * Adds an endpoint for `owner`, borrowed as long as the table is in use. DAIS_E_INVALID for a path
 * that cannot be one, DAIS_E_CONFLICT when an endpoint or a route has it, DAIS_E_LIMIT,
 * DAIS_E_MEMORY: http_problem then says what is wrong. [main thread]
 */
DAIS_CHECK_RESULT int32_t http_table_endpoint(struct http_table *table, struct http_owner *owner,
                                              const struct http_endpoint *endpoint);

/* What endpoints ask of a request besides the functions of http.h. [worker] [fiber] */

/** Its method; HTTP_OPTIONS never comes. */
enum http_method http_method_code(const struct dais_req *req);

/** "GET" …; "" for one that has no name in http_router.h. */
const char *http_method_name(const struct dais_req *req);

/** Its whole body; valid as long as the request. */
struct dais_str http_body(const struct dais_req *req);

/** The protocol that its Upgrade header asks for; absent without one. Valid as the request. */
struct dais_str http_upgrade_wanted(const struct dais_req *req);

/** Whether it asks for another protocol at all (RFC 9110 §7.8: Upgrade, listed in Connection). */
bool http_wants_upgrade(const struct dais_req *req);

/** Its version as 0x100 or 0x101. */
uint32_t http_version(const struct dais_req *req);

/** The same number for all that counts as one address (http_address.h). */
uint64_t http_address_key_of(const struct dais_req *req);

/** The header `name` (lower case) when it was sent exactly once; absent otherwise. */
struct dais_str http_header_only(const struct dais_req *req, const char *name);

/** Whether one of the headers `name` lists `token`, whatever its case. */
bool http_header_lists(const struct dais_req *req, const char *name, const char *token);

/** Whether a page of `origin` may speak to the server: the configured list has it, or it is the
 * server's own, judged by Host. */
bool http_origin_allowed(const struct dais_req *req, struct dais_str origin);
