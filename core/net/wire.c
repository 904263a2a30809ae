/* SPDX-License-Identifier: MIT */
/*
 * Plain wires are their descriptor. With TLS, OpenSSL works on the descriptor itself.
 *
 * OpenSSL wants a record that the socket did not take whole to be offered again unchanged. Queues
 * above change while they wait, so the wire keeps such a record (`rest`), says that it was taken,
 * and sends it by itself when the socket is writable. Nothing else is taken until then.
 */
#include "base/check.h"
#include "base/mem.h"
#include "net/wire_inner.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** Most that TLS seals as one (RFC 8446 §5.1). */
#define RECORD_BYTES_MAX 16384u
/** What is copied together for one record; more is worth its own. */
#define JOINED_BYTES_MAX 4096u
/** Pieces that the kernel takes with one call. */
#define PIECES_MAX 1024
#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL)

/** A record that TLS has sealed but not sent. */
struct rest {
    size_t len;
    char bytes[];
};

struct wire {
    int fd; /* -1: none yet */
    SSL *tls;
    bool broken; /* nothing may be said by TLS any more */
    uint8_t peer_len;
    uint32_t events; /* that `fn` asked for */
    struct rest *rest;
    struct poll *poll; /* NULL: not watched */
    poll_fn fn;
    void *arg;
    uint64_t address_key;
    char peer[];
};

struct wire *wire_new(struct dais_str peer, uint64_t address_key)
{
    CHECK(peer.len <= UINT8_MAX);
    struct wire *wire = mem_zalloc(1, sizeof *wire + peer.len);
    if (!wire)
        return NULL;
    wire->fd = -1;
    wire->address_key = address_key;
    wire->peer_len = (uint8_t)peer.len;
    memcpy(wire->peer, peer.ptr, peer.len);
    return wire;
}

int32_t wire_take(struct wire *wire, int fd, SSL *tls)
{
    if (tls && SSL_set_fd(tls, fd) != 1)
        return DAIS_E_MEMORY;
    if (tls) {
        SSL_set_mode(tls, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_set_read_ahead(tls, 1); /* one system call for a record instead of two */
    }
    wire->fd = fd;
    wire->tls = tls;
    return DAIS_OK;
}

/* What a call of OpenSSL that did not succeed came to, as a socket would say it. */
static ssize_t fail(struct wire *wire, int result)
{
    int what = SSL_get_error(wire->tls, result);
    if (what == SSL_ERROR_ZERO_RETURN)
        return 0;
    bool later = what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE;
    wire->broken = wire->broken || !later;
    errno = later ? EAGAIN : ECONNRESET;
    return -1;
}

static ssize_t fail_broken(void)
{
    errno = ECONNRESET;
    return -1;
}

ssize_t wire_read(struct wire *wire, void *bytes, size_t len)
{
    size_t got = 0;
    ssize_t result;
    if (wire->broken)
        return fail_broken();
    if (wire->tls) {
        ERR_clear_error();
        int code = SSL_read_ex(wire->tls, bytes, len, &got);
        return code == 1 ? (ssize_t)got : fail(wire, code);
    }
    do
        result = recv(wire->fd, bytes, len, MSG_DONTWAIT);
    while (result < 0 && errno == EINTR);
    return result;
}

static uint32_t events_to_watch(const struct wire *wire)
{
    return wire->events | (wire->rest ? POLL_WRITABLE : 0);
}

/* False: it could not be sent yet, or never. */
static bool send_rest(struct wire *wire)
{
    size_t sent;
    if (!wire->rest)
        return true;
    ERR_clear_error();
    int code = SSL_write_ex(wire->tls, wire->rest->bytes, wire->rest->len, &sent);
    if (code != 1) {
        if (fail(wire, code) == 0) /* the peer ended TLS; nothing more can be said */
            wire->broken = true;
        return false;
    }
    CHECK(sent == wire->rest->len); /* OpenSSL's rule without partial writes */
    mem_free(wire->rest);
    wire->rest = NULL;
    if (wire->poll)
        poll_set(wire->poll, events_to_watch(wire));
    return true;
}

static bool keep_rest(struct wire *wire, const char *bytes, size_t len)
{
    wire->rest = mem_alloc(sizeof *wire->rest + len);
    if (!wire->rest)
        return false;
    wire->rest->len = len;
    memcpy(wire->rest->bytes, bytes, len);
    if (wire->poll)
        poll_set(wire->poll, events_to_watch(wire));
    return true;
}

/* Seals and sends one record; false: nothing more is taken now. */
static bool send_record(struct wire *wire, const char *bytes, size_t len)
{
    size_t sent;
    ERR_clear_error();
    int code = SSL_write_ex(wire->tls, bytes, len, &sent);
    if (code == 1) {
        CHECK(sent == len);
        return true;
    }
    if (fail(wire, code) != 0 && errno == EAGAIN && keep_rest(wire, bytes, len))
        return false;
    wire->broken = true;
    return false;
}

/* Where writing is in the pieces. */
struct place {
    const struct iovec *piece;
    const struct iovec *end;
    size_t done; /* of *piece */
};

static size_t take_piece(struct place *at, size_t most)
{
    size_t left = at->piece->iov_len - at->done;
    size_t some = left < most ? left : most;
    at->done += some;
    if (some == left) {
        at->piece++;
        at->done = 0;
    }
    return some;
}

/* The bytes of the next record: where they lie, or joined in `room`. */
static size_t next_record(struct place *at, char room[JOINED_BYTES_MAX], const char **ret_bytes)
{
    size_t len = 0;
    *ret_bytes = room;
    while (at->piece < at->end && len < JOINED_BYTES_MAX) {
        const char *bytes = (const char *)at->piece->iov_base + at->done;
        size_t left = at->piece->iov_len - at->done;
        if (len == 0 && (left >= JOINED_BYTES_MAX || at->piece + 1 == at->end)) {
            *ret_bytes = bytes;
            return take_piece(at, RECORD_BYTES_MAX);
        }
        size_t some = take_piece(at, JOINED_BYTES_MAX - len);
        if (some > 0)
            memcpy(room + len, bytes, some);
        len += some;
    }
    return len;
}

static ssize_t write_tls(struct wire *wire, const struct iovec *pieces, int count)
{
    char room[JOINED_BYTES_MAX];
    struct place at = {.piece = pieces, .end = pieces + count};
    const char *bytes;
    size_t taken = 0;
    if (wire->broken)
        return fail_broken();
    if (!send_rest(wire)) {
        errno = wire->broken ? ECONNRESET : EAGAIN;
        return -1;
    }
    for (size_t len; (len = next_record(&at, room, &bytes)) > 0;) {
        bool all = send_record(wire, bytes, len);
        if (wire->broken)
            return fail_broken();
        taken += len;
        if (!all)
            break;
    }
    return (ssize_t)taken;
}

ssize_t wire_write(struct wire *wire, const struct iovec *pieces, int count)
{
    if (wire->tls)
        return write_tls(wire, pieces, count);
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces,
                             .msg_iovlen = (size_t)(count < PIECES_MAX ? count : PIECES_MAX)};
    ssize_t result;
    do {
        if (count == 1) /* a tenth cheaper than a message of one piece */
            result = send(wire->fd, pieces->iov_base, pieces->iov_len, SEND_FLAGS);
        else
            result = sendmsg(wire->fd, &message, SEND_FLAGS);
    } while (result < 0 && errno == EINTR);
    return result;
}

static void on_ready(void *arg, uint32_t events)
{
    struct wire *wire = arg;
    if ((events & POLL_WRITABLE) && !send_rest(wire))
        events = wire->broken ? events | POLL_ERROR : events & ~POLL_WRITABLE;
    events &= wire->events | POLL_ERROR;
    if (events)
        wire->fn(wire->arg, events);
}

int32_t wire_watch(struct wire *wire, uint32_t events, poll_fn fn, void *arg)
{
    if (!wire->poll) {
        int32_t code = poll_open(wire->fd, on_ready, wire, &wire->poll);
        if (code != DAIS_OK)
            return code;
    }
    wire->events = events;
    wire->fn = fn;
    wire->arg = arg;
    poll_set(wire->poll, events_to_watch(wire));
    return DAIS_OK;
}

void wire_unwatch(struct wire *wire)
{
    poll_close(wire->poll);
    wire->poll = NULL;
}

void wire_close(struct wire *wire)
{
    if (!wire)
        return;
    wire_unwatch(wire);
    if (wire->tls && !wire->broken && !wire->rest) {
        ERR_clear_error();
        (void)SSL_shutdown(wire->tls); /* says it; the answer is not waited for */
    }
    SSL_free(wire->tls);
    if (wire->fd >= 0)
        close(wire->fd);
    mem_free(wire->rest);
    mem_free(wire);
}

struct dais_str wire_peer(const struct wire *wire)
{
    return dais_str(wire->peer, wire->peer_len);
}

uint64_t wire_address_key(const struct wire *wire)
{
    return wire->address_key;
}

int wire_fd(const struct wire *wire)
{
    return wire->fd;
}
