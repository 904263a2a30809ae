/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Error codes. Functions that can fail return int32_t: 0 is success, a negative value is one of the
 * codes below, and results behind `ret_` pointers are then untouched. One table gives each code its
 * number, the HTTP status it answers with, the stable `code` of the problem document (RFC 9457) and
 * its title. Numbers never change; new ones are added at the end.
 */
#include <stdint.h>

/** Success. */
#define DAIS_OK 0

/** X(name, number, HTTP status, code, title) */
#define DAIS_ERRORS(X)                                                                             \
    X(INVALID, -1, 400, "invalid", "The request is not valid")                                     \
    X(UNAUTHENTICATED, -2, 401, "unauthenticated", "A valid token is needed")                      \
    X(DENIED, -3, 403, "denied", "This is not allowed")                                            \
    X(NOT_FOUND, -4, 404, "not_found", "There is no such thing")                                   \
    X(CONFLICT, -5, 409, "conflict", "The state of the resource does not allow this")              \
    X(TOO_LARGE, -6, 413, "too_large", "The request is too large")                                 \
    X(MISMATCH, -7, 422, "mismatch", "The idempotency key was used for another request")           \
    X(LIMIT, -8, 429, "limit", "Too many requests")                                                \
    X(UNAVAILABLE, -9, 503, "unavailable", "The service is not available for the moment")          \
    X(TIMEOUT, -10, 504, "timeout", "The answer took too long")                                    \
    X(CANCELLED, -11, 499, "cancelled", "The client went away")                                    \
    X(GONE, -12, 410, "gone", "This no longer exists")                                             \
    X(STATE, -13, 500, "state", "The call is not allowed here")                                    \
    X(INTERNAL, -14, 500, "internal", "An error of the server")                                    \
    X(METHOD, -15, 405, "method", "The method is not allowed for this path")                       \
    X(MEMORY, -16, 503, "memory", "The server is out of memory")                                   \
    X(MEDIA_TYPE, -17, 415, "media_type", "The media type is not supported")                       \
    X(RANGE, -18, 416, "range", "The range cannot be satisfied")                                   \
    X(HEADERS, -19, 431, "headers", "The request's headers are too large")                         \
    X(URI, -20, 414, "uri", "The request's path is too long")                                      \
    X(UNVERIFIED, -21, 403, "unverified", "The e-mail address has to be verified first")           \
    X(UPGRADE, -22, 426, "upgrade", "Another protocol has to be spoken here")

/** DAIS_E_INVALID, DAIS_E_DENIED … */
enum dais_error {
#define DAIS_ERROR_ENUM(name, number, status, code, title) DAIS_E_##name = number,
    DAIS_ERRORS(DAIS_ERROR_ENUM)
#undef DAIS_ERROR_ENUM
};

/** The caller must look at the returned code. */
#define DAIS_CHECK_RESULT __attribute__((warn_unused_result))
