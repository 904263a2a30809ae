/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One handler for what comes by HTTP and what comes over a socket.
 *
 * Whatever clients may change has a route and an event that do the same and answer with the same
 * members. Both handlers are two lines and lead to one function, which sees a *caller*:
 *
 *     static int32_t send(const struct dais_caller *caller, const struct message *message);
 *
 *     static int32_t send_event(struct dais_call *call, const void *data)
 *     {
 *         const struct dais_caller caller = dais_caller_socket(call);
 *         return send(&caller, data);
 *     }
 *
 * An error code may be returned as it is; `dais_caller_fail` says more. A caller is valid as long
 * as the request or call behind it.
 */
#include "dais/events.h"
#include "dais/http.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Who waits for the answer: exactly one of the two is set. */
struct dais_caller {
    struct dais_req *req;
    struct dais_call *call;
};

/** A request. */
static inline struct dais_caller dais_caller_http(struct dais_req *req)
{
    struct dais_caller caller = {req, NULL};
    return caller;
}

/** An event of a socket. */
static inline struct dais_caller dais_caller_socket(struct dais_call *call)
{
    struct dais_caller caller = {NULL, call};
    return caller;
}

/** [fiber] [worker] Who it is; NULL for a guest. Valid as long as the request or call. */
static inline const struct dais_identity *dais_caller_identity(const struct dais_caller *caller)
{
    return caller->call ? dais_events->identity(caller->call) : dais_http->identity(caller->req);
}

/** [fiber] [worker] The arena of the request or call. */
static inline struct dais_arena *dais_caller_arena(const struct dais_caller *caller)
{
    return caller->call ? dais_events->arena(caller->call) : dais_http->arena(caller->req);
}

/** [fiber] [worker] The socket; 0 for HTTP. */
static inline dais_handle dais_caller_socket_handle(const struct dais_caller *caller)
{
    return caller->call ? dais_events->socket(caller->call) : 0;
}

/** [fiber] [worker] Answers with JSON written from `value`; `status` is for HTTP. */
static inline int32_t dais_caller_reply(const struct dais_caller *caller, uint32_t status,
                                        const struct dais_shape *shape, const void *value)
{
    if (caller->call)
        return dais_events->ack_fields(caller->call, shape, value);
    return dais_http->reply_fields(caller->req, status, shape, value);
}

/** [fiber] [worker] It is done and there is no more to say: 204, or an ack without data. Return
 * what this returns. */
static inline int32_t dais_caller_done(const struct dais_caller *caller)
{
    if (caller->call)
        return DAIS_OK; /* the host acknowledges when the handler returns */
    return dais_http->reply(caller->req, 204, NULL, dais_str(NULL, 0));
}

/** [fiber] [worker] Answers with a problem, as dais_http_v1.fail. Returns DAIS_OK. */
static inline int32_t dais_caller_fail(const struct dais_caller *caller, int32_t error,
                                       const char *field, const char *detail)
{
    if (caller->call)
        return dais_events->fail(caller->call, error, field, detail);
    return dais_http->fail(caller->req, error, field, detail);
}

/** Bytes of the greatest number of seconds as text. */
#define DAIS_CALLER_SECONDS_BYTES 20u

/** [fiber] [worker] The header Retry-After (RFC 9110 §10.2.3) in seconds, rounded up. */
static inline int32_t dais_caller_retry_after(struct dais_req *req, uint64_t retry_ms)
{
    char digits[DAIS_CALLER_SECONDS_BYTES];
    uint64_t seconds = retry_ms / 1000 + (retry_ms % 1000 != 0), at = sizeof digits;
    do {
        digits[--at] = (char)('0' + seconds % 10);
        seconds /= 10;
    } while (seconds > 0);
    return dais_http->header_set(req, "retry-after", dais_str(digits + at, sizeof digits - at));
}

/**
 * [fiber] [worker] As dais_caller_fail, and says when it may be tried again: the header
 * Retry-After, or "retryAfter" of the problem, in seconds, rounded up. 0 ms: it is not said.
 */
static inline int32_t dais_caller_fail_later(const struct dais_caller *caller, int32_t error,
                                             uint64_t retry_ms, const char *field,
                                             const char *detail)
{
    if (caller->call)
        return dais_events->fail_later(caller->call, error, retry_ms, field, detail);
    int32_t refused = retry_ms > 0 ? dais_caller_retry_after(caller->req, retry_ms) : DAIS_OK;
    return refused ? refused : dais_http->fail(caller->req, error, field, detail);
}

#ifdef __cplusplus
}
#endif
