/* SPDX-License-Identifier: MIT */
/*
 * A connection leaves HTTP when its 101 is written. By then libh2o has given the request and its
 * own connection back and hands over the socket.
 *
 * The wire gets a descriptor of its own for the same connection, since libuv closes the one that it
 * has; so the handle's life, and with it all that is counted of it, ends as always. It is taken
 * before the 101, which could not be kept without it.
 */
#include "net/http_upgrade.h"

#include "base/mem.h"
#include "net/descriptors.h"
#include "net/http_inner.h"
#include "net/wire_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <unistd.h>

/** A connection whose 101 is on its way. */
struct upgrade {
    struct list_node node; /* in its worker's list */
    struct http_worker *worker;
    http_upgraded_fn fn; /* NULL: was told that there is no connection */
    void *context;
    struct wire *wire;
    int fd; /* the wire's; -1: it was taken */
};

static void tell(struct upgrade *upgrade, struct wire *wire, struct dais_str early)
{
    if (upgrade->fn)
        upgrade->fn(upgrade->context, wire, early);
    if (!wire)
        wire_close(upgrade->wire);
    if (upgrade->fd >= 0)
        close(upgrade->fd);
    mem_free(upgrade);
}

static int copy_of(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* Bytes that were received and not decrypted; there are none unless TLS has ended before them. */
static bool has_leftover(SSL *ssl)
{
    char byte;
    return BIO_read(SSL_get_rbio(ssl), &byte, 1) == 1;
}

/*
 * Takes OpenSSL's state out of libh2o's, which goes without a close_notify. What OpenSSL has read
 * of a record stays in its own buffer.
 */
static bool take_tls(h2o_socket_t *sock, struct wire *wire, int fd)
{
    SSL *ssl = ((struct http_ssl *)sock->ssl)->ssl;
    h2o_socket_export_t shell = {.fd = copy_of(fd), .ssl = sock->ssl};
    if (shell.fd < 0)
        return false;
    if (has_leftover(ssl) || SSL_get_shutdown(ssl) != 0 || wire_take(wire, fd, ssl) != DAIS_OK) {
        close(shell.fd);
        return false;
    }
    SSL_up_ref(ssl);
    sock->ssl = NULL;
    h2o_buffer_init(&shell.input, &h2o_socket_buffer_prototype);
    h2o_socket_dispose_export(&shell);
    return true;
}

static bool take(h2o_socket_t *sock, struct upgrade *upgrade)
{
    struct wire *wire = upgrade->wire;
    int fd = upgrade->fd;
    if (sock->ssl ? !take_tls(sock, wire, fd) : wire_take(wire, fd, NULL) != DAIS_OK)
        return false;
    upgrade->fd = -1;
    return true;
}

static void on_upgraded(void *data, h2o_socket_t *sock, size_t request_bytes)
{
    struct upgrade *upgrade = data;
    static const struct dais_str none;
    list_remove(&upgrade->node);
    if (!sock) {
        tell(upgrade, NULL, none);
        return;
    }
    if (!upgrade->fn || !take(sock, upgrade)) {
        h2o_socket_close(sock);
        tell(upgrade, NULL, none);
        return;
    }
    h2o_buffer_t *input = sock->input;
    h2o_buffer_init(&sock->input, &h2o_socket_buffer_prototype);
    h2o_socket_close(sock);
    h2o_buffer_consume(&input, request_bytes);
    http_count(upgrade->worker->server, HTTP_METRIC_UPGRADED_TOTAL, 1);
    tell(upgrade, upgrade->wire, dais_str(input->size > 0 ? input->bytes : "", input->size));
    h2o_buffer_dispose(&input);
}

static int32_t check(const struct dais_req *req)
{
    bool served = req->running && req->endpoint && req->due == HTTP_DUE_NOW;
    bool waits = req->due == HTTP_DUE_LATER && (!req->running || req->endpoint);
    if ((!served && !waits) || req->answer.status != 0 || req->h2o->version != 0x101)
        return DAIS_E_STATE;
    return req->worker->draining ? DAIS_E_UNAVAILABLE : DAIS_OK;
}

static struct upgrade *new_upgrade(struct dais_req *req, http_upgraded_fn fn, void *context)
{
    struct upgrade *upgrade = mem_zalloc(1, sizeof *upgrade);
    if (!upgrade)
        return NULL;
    upgrade->worker = req->worker;
    upgrade->fn = fn;
    upgrade->context = context;
    upgrade->fd = -1;
    upgrade->wire = wire_new(http_peer(req), req->address_key);
    if (upgrade->wire)
        return upgrade;
    mem_free(upgrade);
    return NULL;
}

static bool take_descriptor(struct upgrade *upgrade, const struct http_conn *conn)
{
    upgrade->fd = copy_of(http_sweep_fd(conn));
    if (upgrade->fd >= 0 && descriptors_allow(upgrade->fd, DESCRIPTORS_SOCKET))
        return true;
    http_count(upgrade->worker->server, HTTP_METRIC_REFUSED_TOTAL, 1);
    return false;
}

int32_t http_upgrade(struct dais_req *req, const char *protocol, http_upgraded_fn fn, void *context)
{
    int32_t code = check(req);
    if (code != DAIS_OK)
        return code;
    struct upgrade *upgrade = new_upgrade(req, fn, context);
    if (!upgrade)
        return DAIS_E_MEMORY;
    if (!take_descriptor(upgrade, req->conn)) {
        upgrade->fn = NULL;
        tell(upgrade, NULL, dais_str(NULL, 0));
        return DAIS_E_UNAVAILABLE;
    }
    list_push(&req->worker->upgrades, &upgrade->node);
    http_detach_take(req);
    req->due = HTTP_DUE_NEVER;
    req->answer.status = 101;
    http_header_put(req->h2o, &H2O_TOKEN_UPGRADE->buf, dais_cstr(protocol));
    http_send_head(req);
    h2o_http1_upgrade(req->h2o, NULL, 0, on_upgraded, upgrade);
    return DAIS_OK;
}

void http_upgrade_forget(struct http_worker *worker)
{
    LIST_EACH (node, &worker->upgrades) {
        struct upgrade *upgrade = LIST_ITEM(node, struct upgrade, node);
        http_upgraded_fn fn = upgrade->fn;
        upgrade->fn = NULL;
        if (fn)
            fn(upgrade->context, NULL, dais_str(NULL, 0));
    }
}

void http_websocket_accept(const char key[HTTP_WEBSOCKET_KEY_BYTES],
                           char ret_accept[HTTP_WEBSOCKET_ACCEPT_BYTES])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[HTTP_WEBSOCKET_KEY_BYTES + sizeof guid - 1];
    unsigned char digest[SHA_DIGEST_LENGTH];
    unsigned char encoded[HTTP_WEBSOCKET_ACCEPT_BYTES + 1];
    memcpy(text, key, HTTP_WEBSOCKET_KEY_BYTES);
    memcpy(text + HTTP_WEBSOCKET_KEY_BYTES, guid, sizeof guid - 1);
    SHA1(text, sizeof text, digest);
    EVP_EncodeBlock(encoded, digest, sizeof digest);
    memcpy(ret_accept, encoded, HTTP_WEBSOCKET_ACCEPT_BYTES);
}
