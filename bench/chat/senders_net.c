/* SPDX-License-Identifier: MIT */
/* Connections of the senders: as little of HTTP (RFC 9112) and WebSocket (RFC 6455) as it takes. */
#include "senders.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define LITERAL(text) (text), sizeof(text) - 1

static void say_bytes(struct sender *sender, const char *bytes, size_t len)
{
    if (send(sender->fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
        senders_fail("send");
}

void senders_connect(const struct senders_options *options, struct sender *sender)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(options->port)};
    char head[SENDERS_TOKEN_BYTES + 256];
    int yes = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sender->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (sender->fd < 0 || connect(sender->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        senders_fail("connect");
    setsockopt(sender->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    sender->is_open = !options->sockets;
    if (sender->is_open)
        return;
    int len = snprintf(head, sizeof(head),
                       "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "Authorization: Bearer %s\r\n\r\n",
                       options->port, sender->token);
    say_bytes(sender, head, (size_t)len);
}

/* The mask is zero: a client's frame has to have one, and the server does its work all the same. */
static void say_frame(struct sender *sender, const char *text, size_t len)
{
    char frame[SENDERS_BYTES_MAX];
    size_t head = len < 126 ? 6 : 8;
    if (head + len > sizeof(frame)) {
        errno = EMSGSIZE;
        senders_fail("a message");
    }
    frame[0] = (char)0x81;
    frame[1] = (char)(0x80 | (len < 126 ? len : 126));
    frame[2] = (char)(len >> 8);
    frame[3] = (char)len;
    memset(frame + head - 4, 0, 4);
    memcpy(frame + head, text, len);
    say_bytes(sender, frame, head + len);
}

void senders_say(const struct senders_options *options, struct sender *sender)
{
    char text[SENDERS_BYTES_MAX];
    int len;
    if (options->sockets) {
        len = snprintf(text, sizeof(text),
                       "{\"event\":\"chat:send\",\"id\":\"1\",\"data\":{\"roomId\":\"%s\","
                       "\"message\":\"%s\"}}",
                       options->room, options->text);
        say_frame(sender, text, (size_t)len);
        return;
    }
    size_t body = sizeof("{\"message\":\"\"}") - 1 + strlen(options->text);
    len = snprintf(text, sizeof(text),
                   "POST /api/chat/session/%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                   "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n{\"message\":\"%s\"}",
                   options->room, options->port, sender->token, body, options->text);
    say_bytes(sender, text, (size_t)len);
}

_Noreturn static void refused(const char *text, size_t len)
{
    fprintf(stderr, "%.*s\n", (int)len, text);
    errno = EPROTO;
    senders_fail("refused");
}

static void forget(struct sender *sender, size_t len)
{
    memmove(sender->in, sender->in + len, sender->have - len);
    sender->have -= len;
}

/* Bytes of the head of an answer; 0 when it is not whole. */
static size_t head_bytes(const struct sender *sender)
{
    const char *blank = memmem(sender->in, sender->have, LITERAL("\r\n\r\n"));
    return blank ? (size_t)(blank - sender->in) + 4 : 0;
}

static bool take_http(struct sender *sender)
{
    size_t head = head_bytes(sender), body = 0;
    if (head == 0)
        return false;
    for (const char *at = sender->in; at < sender->in + head; at++)
        if (strncasecmp(at, LITERAL("\r\ncontent-length:")) == 0)
            body = strtoul(at + sizeof("\r\ncontent-length:") - 1, NULL, 10);
    if (sender->have < head + body)
        return false;
    if (memcmp(sender->in, LITERAL("HTTP/1.1 201")) != 0)
        refused(sender->in, sender->have);
    forget(sender, head + body);
    return true;
}

static bool take_handshake(struct sender *sender)
{
    size_t head = head_bytes(sender);
    if (head == 0)
        return false;
    if (memcmp(sender->in, LITERAL("HTTP/1.1 101")) != 0)
        refused(sender->in, sender->have);
    forget(sender, head);
    sender->is_open = true;
    return true;
}

/* Whether a text is the answer; whatever else comes is passed over. */
static bool is_ack(const char *text, size_t len)
{
    if (len < 16 || memcmp(text, LITERAL("{\"event\":\"ack\"")) != 0)
        return false;
    if (!memmem(text, len, LITERAL("\"ok\":true")))
        refused(text, len);
    return true;
}

static bool take_frames(struct sender *sender)
{
    bool answered = false;
    while (sender->have >= 4) {
        const uint8_t *at = (const uint8_t *)sender->in;
        size_t len = at[1], head = 2;
        if (len == 126) {
            len = (size_t)at[2] << 8 | at[3];
            head = 4;
        }
        if (sender->have < head + len)
            break;
        answered = is_ack(sender->in + head, len) || answered;
        forget(sender, head + len);
    }
    return answered;
}

bool senders_read(const struct senders_options *options, struct sender *sender)
{
    ssize_t got = recv(sender->fd, sender->in + sender->have, sizeof(sender->in) - sender->have,
                       MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0)
        senders_fail("a connection has ended");
    sender->have += (size_t)got;
    if (!sender->is_open)
        return take_handshake(sender);
    return options->sockets ? take_frames(sender) : take_http(sender);
}
