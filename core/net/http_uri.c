/* SPDX-License-Identifier: MIT */
#include "net/http_uri.h"

#include <string.h>

/** Longest Host header: a DNS name of 253 characters, a colon and a port. */
#define HOST_BYTES_MAX 260u

static int32_t hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte behind the escape at `at`, or -1. */
static int32_t escape_at(const char *at, const char *end)
{
    if (end - at < 3)
        return -1;
    int32_t high = hex(at[1]);
    int32_t low = hex(at[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Takes one character, escaped or not, off a segment; -1 at its end. */
static int32_t take_char(const char **at, const char *end)
{
    if (*at == end)
        return -1;
    if (**at != '%')
        return (unsigned char)*(*at)++;
    int32_t byte = escape_at(*at, end);
    *at += 3;
    return byte;
}

static int is_dot_segment(const char *at, const char *end)
{
    if (take_char(&at, end) != '.')
        return 0;
    int32_t second = take_char(&at, end);
    return second == -1 || (second == '.' && at == end);
}

static const char *check_escape(const char *at, const char *end)
{
    int32_t byte = escape_at(at, end);
    if (byte < 0)
        return "the path has a '%' that two hexadecimal digits do not follow";
    if (byte == 0)
        return "the path has an encoded NUL";
    return byte == '/' ? "the path has an encoded slash" : NULL;
}

static const char *check_path(struct http_uri *uri)
{
    const char *end = uri->path.ptr + uri->path.len;
    const char *segment = uri->path.ptr + 1;
    for (const char *at = segment; at <= end; at++) {
        if (at < end && *at == '%') {
            const char *detail = check_escape(at, end);
            if (detail)
                return detail;
            uri->escaped = 1;
        }
        if (at < end && *at != '/')
            continue;
        if (segment < end && (*segment == '.' || *segment == '%') && is_dot_segment(segment, at))
            return "the path has a dot segment";
        segment = at + 1;
    }
    return NULL;
}

/* What follows "http://host" in an absolute-form target; the target itself otherwise. */
static struct dais_str strip_authority(struct dais_str target)
{
    uint64_t scheme = 0;
    if (target.len > 7 && memcmp(target.ptr, "http://", 7) == 0)
        scheme = 7;
    else if (target.len > 8 && memcmp(target.ptr, "https://", 8) == 0)
        scheme = 8;
    if (scheme == 0)
        return target;
    const char *rest = target.ptr + scheme;
    const char *end = target.ptr + target.len;
    while (rest < end && *rest != '/' && *rest != '?')
        rest++;
    return rest < end && *rest == '/' ? dais_str(rest, (uint64_t)(end - rest)) : dais_str("/", 1);
}

int32_t http_uri_split(struct dais_str target, struct http_uri *ret_uri, const char **ret_detail)
{
    struct http_uri uri = {target, {NULL, 0}, 0};
    if (dais_str_eq(target, dais_str("*", 1))) {
        *ret_uri = uri;
        return DAIS_OK;
    }
    if (target.len > 0 && target.ptr[0] != '/')
        uri.path = target = strip_authority(target);
    if (target.len == 0 || target.ptr[0] != '/') {
        *ret_detail = "the request target must be a path that begins with '/'";
        return DAIS_E_INVALID;
    }
    const char *mark = memchr(target.ptr, '?', target.len);
    if (mark) {
        uri.path.len = (uint64_t)(mark - target.ptr);
        uri.query = dais_str(mark + 1, target.len - uri.path.len - 1);
    }
    *ret_detail = check_path(&uri);
    if (*ret_detail)
        return DAIS_E_INVALID;
    *ret_uri = uri;
    return DAIS_OK;
}

/* Bits of the ASCII characters that a host, an IPv6 literal and a port are made of. */
static const uint64_t host_chars[2] = {
    0x07ff600000000000u, /* - . 0-9 : */
    0x47fffffeaffffffeu, /* A-Z [ ] _ a-z ~ */
};

uint32_t http_uri_host_ok(struct dais_str host)
{
    if (host.len == 0 || host.len > HOST_BYTES_MAX)
        return 0;
    for (uint64_t i = 0; i < host.len; i++)
        if ((host.ptr[i] & 0x80) || !(host_chars[host.ptr[i] >> 6] >> (host.ptr[i] & 63) & 1))
            return 0;
    return 1;
}
