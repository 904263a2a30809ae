/* SPDX-License-Identifier: MIT */
/*
 * One record of TLS for an answer.
 *
 * h2o seals each piece that it is given, and an answer has two: head and body. Sealed as one they
 * cost half, here and at the other end.
 */
#include "net/http_inner.h"

/** What is copied together; more is worth its own records. */
#define JOINED_BYTES_MAX 4096u

static size_t len_of(const h2o_iovec_t *bufs, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count && len <= JOINED_BYTES_MAX; i++)
        len += bufs[i].len;
    return len;
}

void http_record_write(http_write_fn write, h2o_socket_t *sock, h2o_iovec_t *bufs, size_t count,
                       h2o_socket_cb callback)
{
    char joined[JOINED_BYTES_MAX];
    h2o_iovec_t one = {joined, 0};
    if (!sock->ssl || count < 2 || len_of(bufs, count) > sizeof joined) {
        write(sock, bufs, count, callback);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(joined + one.len, bufs[i].base, bufs[i].len);
        one.len += bufs[i].len;
    }
    write(sock, &one, 1, callback); /* copies it, sealed */
}
