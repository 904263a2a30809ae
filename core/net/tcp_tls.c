/* SPDX-License-Identifier: MIT */
/*
 * TLS on connections of dais.net/1: OpenSSL on the non-blocking descriptor itself.
 *
 * A peer has `tls_handshake_ms` for its whole handshake, however slowly it sends. Renegotiation is
 * off (tls_pair.c), so that reading never waits for writing or the other way round.
 */
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "net/tcp_inner.h"

#include <errno.h>
#include <openssl/err.h>

int32_t tcp_tls_open(struct tcp_conn *conn)
{
    struct tcp_worker *worker = conn->acceptor->worker;
    SSL *tls = SSL_new(tls_use_get(&worker->tls, worker->server->config.tls));
    if (!tls)
        return DAIS_E_MEMORY;
    if (SSL_set_fd(tls, conn->fd) != 1) {
        SSL_free(tls);
        return DAIS_E_MEMORY;
    }
    SSL_set_accept_state(tls);
    SSL_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_read_ahead(tls, 1); /* one system call for a record instead of two */
    tls_refuse_http(tls);
    conn->tls = tls;
    return DAIS_OK;
}

/* What a call that did not succeed came to, as a socket would say it. */
static ssize_t fail(struct tcp_conn *conn, int what)
{
    if (what == SSL_ERROR_ZERO_RETURN)
        return 0;
    bool later = what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE;
    conn->tls_broken = conn->tls_broken || !later;
    errno = later ? EAGAIN : ECONNRESET;
    return -1;
}

/* The watch sees the socket alone, so it is noted when there is more to find in the TLS layer. */
ssize_t tcp_tls_recv(struct tcp_conn *conn, void *bytes, size_t len)
{
    size_t have = 0, got = 0;
    int result = 0;
    if (conn->tls_broken)
        return fail(conn, SSL_ERROR_SSL);
    ERR_clear_error();
    while (have < len &&
           (result = SSL_read_ex(conn->tls, (char *)bytes + have, len - have, &got)) == 1)
        have += got;
    int what = result == 1 ? SSL_ERROR_NONE : SSL_get_error(conn->tls, result);
    conn->readable = have > 0 && what != SSL_ERROR_WANT_READ;
    return have > 0 ? (ssize_t)have : fail(conn, what);
}

ssize_t tcp_tls_send(struct tcp_conn *conn, const void *bytes, size_t len)
{
    size_t sent = 0;
    ERR_clear_error();
    int result = SSL_write_ex(conn->tls, bytes, len, &sent);
    return result == 1 ? (ssize_t)sent : fail(conn, SSL_get_error(conn->tls, result));
}

static int32_t wait_for(struct tcp_conn *conn, int what, uint64_t until_ms)
{
    uint64_t now_ms = clock_ms();
    if (now_ms >= until_ms)
        return DAIS_E_TIMEOUT;
    return what == SSL_ERROR_WANT_WRITE ? tcp_conn_wait_output(conn, until_ms - now_ms)
                                        : tcp_conn_wait_input(conn, until_ms - now_ms);
}

int32_t tcp_tls_handshake(struct tcp_conn *conn)
{
    uint64_t until_ms = clock_ms() + (uint64_t)limit_get(LIMIT_TLS_HANDSHAKE_MS);
    int32_t code = DAIS_OK;
    while (code == DAIS_OK) {
        ERR_clear_error();
        int result = SSL_do_handshake(conn->tls);
        int what = SSL_get_error(conn->tls, result);
        conn->readable = result == 1; /* the peer's first words may have come along with its last */
        if (result == 1)
            return DAIS_OK;
        if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE)
            code = wait_for(conn, what, until_ms);
        else
            code = DAIS_E_GONE;
    }
    conn->tls_broken = true;
    LOG_DEBUG("no handshake", log_text("peer", conn->peer), log_code(code),
              log_text("reason", ERR_reason_error_string(ERR_peek_last_error())));
    return code;
}

void tcp_tls_notify(struct tcp_conn *conn)
{
    if (!conn->tls || conn->tls_broken || (SSL_get_shutdown(conn->tls) & SSL_SENT_SHUTDOWN))
        return;
    ERR_clear_error();
    if (SSL_shutdown(conn->tls) < 0)
        conn->tls_broken = true;
}

void tcp_tls_close(struct tcp_conn *conn)
{
    if (!conn->tls)
        return;
    tcp_tls_notify(conn);
    SSL_free(conn->tls);
    conn->tls = NULL;
}
