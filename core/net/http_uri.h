/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The request target: splits path and query and decides what a path may look like.
 *
 * One rule keeps routes and files safe: a path is decoded once, and after decoding it has the same
 * segments as before. So an encoded slash, an encoded NUL, dot segments in whatever spelling and
 * broken escapes are refused here, before anybody compares the path with anything. Pure functions.
 */
#include "dais/error.h"
#include "dais/mem.h"

/** A split request target; the views point into it. */
struct http_uri {
    struct dais_str path;  /**< begins with '/', still percent-encoded; "*" for OPTIONS */
    struct dais_str query; /**< behind the first '?'; absent when there is none */
    uint32_t escaped;      /**< 1: the path holds percent-escapes */
};

/**
 * Splits `target` in origin-form, absolute-form or "*" (RFC 9112 §3.2). DAIS_E_INVALID with a
 * reason in `ret_detail`, a constant, for what the rule above refuses.
 */
DAIS_CHECK_RESULT int32_t http_uri_split(struct dais_str target, struct http_uri *ret_uri,
                                         const char **ret_detail);

/** Whether `host` can be a Host header: a name or address with an optional port (RFC 9110 §7.2). */
uint32_t http_uri_host_ok(struct dais_str host);
