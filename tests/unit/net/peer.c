/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

void peer_open(struct peer *peer, bool secure, int version)
{
    peer->secure = secure;
    if (!secure) {
        peer->client.fd = rig_connect();
        return;
    }
    struct client_options options = {.version = version};
    assert_true(client_open(&peer->client, http_port(rig_server(), 1), &options));
}

void peer_close(struct peer *peer)
{
    if (peer->secure)
        client_close(&peer->client);
    else
        close(peer->client.fd);
}

void peer_send(struct peer *peer, const char *text, size_t len)
{
    if (peer->secure)
        client_send(&peer->client, text, len);
    else
        rig_send(peer->client.fd, text, len);
}

void peer_read(struct peer *peer, char *ret_text, size_t len)
{
    for (size_t have = 0; have < len;) {
        ssize_t got = peer->secure ? SSL_read(peer->client.ssl, ret_text + have, (int)(len - have))
                                   : recv(peer->client.fd, ret_text + have, len - have, 0);
        assert_true(got > 0);
        have += (size_t)got;
    }
}

/* Up to the end of the 101's head. */
void peer_upgraded(struct peer *peer)
{
    char head[1024] = "";
    size_t len = 0;
    while (!strstr(head, "\r\n\r\n") && len < sizeof head - 1) {
        peer_read(peer, head + len, 1);
        head[++len] = '\0';
    }
    assert_non_null(strstr(head, "HTTP/1.1 101 Switching Protocols\r\n"));
    assert_non_null(strcasestr(head, "\r\nconnection: upgrade\r\n"));
    assert_non_null(strcasestr(head, "\r\nupgrade: echo\r\n"));
}

void peer_expect(struct peer *peer, const char *text)
{
    char heard[256] = "";
    peer_read(peer, heard, strlen(text));
    assert_string_equal(heard, text);
}

void peer_echoes(struct peer *peer, const char *text)
{
    peer_send(peer, text, strlen(text));
    peer_expect(peer, text);
}
