/* SPDX-License-Identifier: MIT */
#include "inner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128

static int32_t parse(struct dais_str address, struct sockaddr_in *ret_address)
{
    char host[INET_ADDRSTRLEN];
    int64_t colon = str_find(address, ':'), port = 0;
    if (colon < 0 || colon >= (int64_t)sizeof host ||
        str_parse_int(str_sub(address, (uint64_t)colon + 1, address.len), 0, 65535, &port))
        return DAIS_E_INVALID;
    memcpy(host, address.ptr, (size_t)colon);
    host[colon] = '\0';
    *ret_address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, host, &ret_address->sin_addr) == 1 ? DAIS_OK : DAIS_E_INVALID;
}

/** The first socket chooses the port where the address leaves it open; the others share it. */
static int32_t open_one(struct sockaddr_in *address, int *ret_fd)
{
    int on = 1;
    socklen_t bytes = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return DAIS_E_UNAVAILABLE;
    *ret_fd = fd;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0 ||
        bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 ||
        listen(fd, BACKLOG) < 0 || getsockname(fd, (struct sockaddr *)address, &bytes) < 0)
        return DAIS_E_UNAVAILABLE;
    return DAIS_OK;
}

int32_t testhost_open_sockets(const char *name, struct dais_str address, uint32_t count,
                              int *ret_fds)
{
    struct sockaddr_in parsed;
    (void)name;
    int32_t error = parse(address, &parsed);
    for (uint32_t i = 0; i < count; i++)
        ret_fds[i] = -1;
    for (uint32_t i = 0; i < count && !error; i++)
        error = open_one(&parsed, &ret_fds[i]);
    for (uint32_t i = 0; i < count && error; i++)
        if (ret_fds[i] >= 0)
            close(ret_fds[i]);
    return error;
}

int32_t testhost_connect(uint32_t port, int *ret_fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return DAIS_E_UNAVAILABLE;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return DAIS_E_UNAVAILABLE;
    }
    *ret_fd = fd;
    return DAIS_OK;
}

int32_t testhost_write(int fd, struct dais_str text)
{
    while (text.len) {
        ssize_t sent = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return DAIS_E_GONE;
        text = str_sub(text, (uint64_t)sent, text.len);
    }
    return DAIS_OK;
}

int32_t testhost_read(int fd, struct strbuf *ret_text)
{
    char part[8192];
    for (;;) {
        ssize_t got = recv(fd, part, sizeof part, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            return strbuf_error(ret_text);
        if (got < 0)
            return DAIS_E_GONE;
        strbuf_add(ret_text, dais_str(part, (uint64_t)got));
    }
}
