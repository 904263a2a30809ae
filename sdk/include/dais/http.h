/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dais.http/1: routes as tables.
 *
 * A row says method, path, who may call, the fields of path, query, body and answer, and the
 * handler. Before the handler runs the host has checked the caller, parsed and validated every
 * field (400 naming the field otherwise) and counted the request against its rate class.
 *
 * A handler runs on a fiber and reads top to bottom. It answers once, with one of the reply
 * functions, and returns DAIS_OK; or it returns an error code and the host answers with the problem
 * document (RFC 9457) of that code. A row marked DAIS_ROUTE_INLINE runs on the worker's own stack:
 * its handler must not suspend, and costs no fiber.
 */
#include "dais/db.h"
#include "dais/field.h"
#include "dais/mem.h"
#include "dais/svc/identity.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A request being answered. Valid until the handler returned. */
struct dais_req;

enum dais_access {
    DAIS_ACCESS_PUBLIC = 1, /**< anybody; a token that is given must be valid */
    DAIS_ACCESS_USER = 2,   /**< any valid token */
    DAIS_ACCESS_ROLE = 3,   /**< a token with one of the row's `roles` */
    DAIS_ACCESS_OWNER = 4   /**< the owner found by `owner`, or a token with one of `roles` */
};

#define DAIS_ROUTE_INLINE 1u /**< runs on the worker's stack, never suspends */

/**
 * What the host read for the handler: structs of the row's shapes, NULL without a shape. A request
 * without a body counts as one with `{}`: fields have their defaults, a required one is missing.
 */
struct dais_input {
    const void *path;
    const void *query;
    const void *body;
};

/** Answers `req`, or returns an error code. */
typedef int32_t (*dais_handler_fn)(struct dais_req *req, const struct dais_input *input);

/** One route. */
struct dais_route {
    const char *method; /**< "GET" (serves HEAD too), "POST", "PUT", "PATCH", "DELETE" */
    const char *path;   /**< "/api/streams/:id"; a last ":name*" takes the rest with its slashes */
    uint32_t access;    /**< enum dais_access */
    uint32_t roles;     /**< DAIS_ROLE_… for ROLE and OWNER */
    /** For OWNER: $1 is the first path parameter; answers one row, the owner's user id. */
    const struct dais_statement *owner;
    /** What it is counted with: "read", "write", "login" (whatever tries a secret), "media",
     * "status"; NULL: read for GET, else write. */
    const char *rate_class;
    uint32_t flags;  /**< DAIS_ROUTE_… */
    uint32_t status; /**< of the normal answer, for the documents: 200, 201, 204 */
    const struct dais_shape *path_shape;
    const struct dais_shape *query_shape;
    const struct dais_shape *body_shape;
    const struct dais_shape *answer_shape;
    dais_handler_fn handler;
    const char *summary; /**< one line for the documents */
};

/** A path below the prefix that is no file answers with `index`: pages that route themselves. */
#define DAIS_STATIC_FALLBACK 1u

/** A folder of files made by the plugin's build, served as they are. */
struct dais_static {
    const char *prefix; /**< "/assets/" */
    const char *folder; /**< below the plugin's assets folder: "." */
    const char *index;  /**< file served for the prefix itself, or NULL */
    uint32_t max_age_s; /**< Cache-Control; 0: no-cache with an ETag */
    uint32_t flags;     /**< DAIS_STATIC_… */
};

struct dais_http_v1 {
    /** [setup] Registers routes; the table ends with a row whose method is NULL. */
    int32_t (*routes)(const struct dais_route *table);
    /** [setup] Registers folders of files; the table ends with a row whose prefix is NULL. */
    int32_t (*statics)(const struct dais_static *table);

    /** [fiber] [worker] The caller, or NULL when no token was given. Valid as long as `req`. */
    const struct dais_identity *(*identity)(const struct dais_req *req);
    /** [fiber] [worker] The arena of the request. */
    struct dais_arena *(*arena)(struct dais_req *req);
    /** [fiber] [worker] A request header by its lower-case name; absent when not sent. */
    struct dais_str (*header)(const struct dais_req *req, const char *name);
    /** [fiber] [worker] The address of the peer as text: "192.0.2.1", "2001:db8::1". */
    struct dais_str (*peer)(struct dais_req *req);
    /** [fiber] [worker] The query string as it came, without '?'; absent when there is none. */
    struct dais_str (*query_string)(const struct dais_req *req);
    /**
     * [fiber] [worker] Scheme and authority under which the client reached us:
     * "http://host:8080", from the Host header, validated.
     */
    struct dais_str (*origin)(struct dais_req *req);

    /** [fiber] [worker] Adds a header to the answer; call before replying. `value` is copied. */
    int32_t (*header_set)(struct dais_req *req, const char *name, struct dais_str value);
    /** [fiber] [worker] Answers with bytes that live in the request's arena or for ever. */
    int32_t (*reply)(struct dais_req *req, uint32_t status, const char *type, struct dais_str body);
    /** [fiber] [worker] Answers with JSON written from `value` by `shape`. */
    int32_t (*reply_fields)(struct dais_req *req, uint32_t status, const struct dais_shape *shape,
                            const void *value);
    /**
     * [fiber] [worker] Answers with a piece of a shared buffer, without copying; takes a reference
     * of its own. Ranges (RFC 9110 §14) are honoured.
     */
    int32_t (*reply_buf)(struct dais_req *req, const char *type, struct dais_buf *buf,
                         uint64_t offset, uint64_t len);
    /**
     * [fiber] [suspends] Runs `statement` and answers with its first cell, which is JSON made by
     * the database. No row: DAIS_E_NOT_FOUND.
     */
    int32_t (*reply_rows)(struct dais_req *req, uint32_t status,
                          const struct dais_statement *statement, const struct dais_param *params,
                          uint32_t count);
    /**
     * [fiber] [worker] Answers with the problem document of `error` (DAIS_E_…): `detail` says what
     * was wrong and what is right, `field` names the culprit or is NULL. Returns DAIS_OK.
     */
    int32_t (*fail)(struct dais_req *req, int32_t error, const char *field, const char *detail);
};

DAIS_SLOT const struct dais_http_v1 *dais_http;
#define DAIS_NEED_HTTP DAIS_NEED(http, "dais.http/1", 0)

#ifdef __cplusplus
}
#endif
