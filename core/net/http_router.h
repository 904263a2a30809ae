/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The router: from method and path to the row of a route table.
 *
 * A tree of path segments, built before it is used and read-only afterwards, so that all workers
 * share it. A segment that is written out wins over a parameter, and a parameter over a rest; where
 * the better match does not lead to a route for this method, the others are tried.
 */
#include "base/arena.h"
#include "dais/http.h"

/** Segments of a path; longer ones match nothing but a rest. */
#define HTTP_SEGMENTS_MAX 16u
/** Parameters of a route. */
#define HTTP_PARAMS_MAX 8u

enum http_method {
    HTTP_GET,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_HEAD, /**< served by the row of GET */
    HTTP_OPTIONS,
    HTTP_METHOD_OTHER
};
#define HTTP_ROUTED_METHODS 5u

struct http_node;
struct http_owner;

/** One registered row with what was worked out at setup. */
struct http_route {
    const struct dais_route *row;
    struct http_owner *owner;
    uint32_t param_count;
    uint32_t number; /**< in the order of registration, from 1 */
    const char *rate_class;
    uint32_t rate;                           /**< its number: struct http_hooks.rate_class */
    struct dais_str params[HTTP_PARAMS_MAX]; /**< their names */
    struct http_route *next;                 /**< in the order of registration */
};

/** All routes. Zeroed memory with an arena is an empty router. */
struct http_router {
    struct dais_arena *arena;
    struct http_node *root;
    struct http_route *first;
    struct http_route *last;
    uint32_t count;
};

/** What a path led to. */
struct http_match {
    const struct http_route *route;          /**< NULL: the path is known, the method is not */
    const char *allow;                       /**< value of the Allow header: "GET, HEAD, OPTIONS" */
    struct dais_str params[HTTP_PARAMS_MAX]; /**< views into the path */
};

/** The method named `name`. */
enum http_method http_method_of(struct dais_str name);

/** Whether a row can be right: DAIS_OK, or DAIS_E_INVALID with what is wrong. [any thread] */
DAIS_CHECK_RESULT int32_t http_router_check(const struct dais_route *row, const char **ret_detail);

/**
 * Adds a row. DAIS_E_INVALID for a method or path that cannot be, DAIS_E_CONFLICT when taken,
 * DAIS_E_MEMORY; `ret_detail` then says what is wrong. [setup]
 */
DAIS_CHECK_RESULT int32_t http_router_add(struct http_router *router, const struct dais_route *row,
                                          struct http_owner *owner, const char **ret_detail);

/**
 * Finds the row for `path`, decoded and without its query. DAIS_E_NOT_FOUND, or DAIS_E_METHOD after
 * setting `allow`. [any]
 */
DAIS_CHECK_RESULT int32_t http_router_find(const struct http_router *router,
                                           enum http_method method, struct dais_str path,
                                           struct http_match *ret_match);
