/* SPDX-License-Identifier: MIT */
#include "proc/sockets.h"

#include "base/check.h"
#include "loop/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(SOCKETS_GROUP_MAX == WORKERS_MAX, "one socket for each worker");

static int32_t parse_port(const char *text, uint16_t *ret_port)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9')
        return DAIS_E_INVALID;
    unsigned long port = strtoul(text, &end, 10);
    if (*end != '\0' || port > UINT16_MAX)
        return DAIS_E_INVALID;
    *ret_port = htons((uint16_t)port);
    return DAIS_OK;
}

static void set_v6(struct sockets_address *address, struct in6_addr host, uint16_t port)
{
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->storage;
    *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = host};
    address->bytes = sizeof *v6;
}

static void set_v4(struct sockets_address *address, struct in_addr host, uint16_t port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->storage;
    *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port, .sin_addr = host};
    address->bytes = sizeof *v4;
}

int32_t sockets_parse(const char *text, struct sockets_address *ret_address)
{
    struct sockets_address address = {0};
    uint16_t port = 0;
    const char *colon = strrchr(text, ':');
    int32_t error = parse_port(colon != NULL ? colon + 1 : text, &port);
    if (error != DAIS_OK)
        return error;

    size_t host_len = colon != NULL ? (size_t)(colon - text) : 0;
    char host[INET6_ADDRSTRLEN + 2];
    if (host_len >= sizeof host)
        return DAIS_E_INVALID;
    memcpy(host, text, host_len);
    host[host_len] = '\0';

    struct in_addr v4;
    struct in6_addr v6;
    if (host_len == 0) {
        set_v6(&address, in6addr_any, port);
    } else if (inet_pton(AF_INET, host, &v4) == 1) {
        set_v4(&address, v4, port);
    } else if (host[0] == '[' && host[host_len - 1] == ']') {
        host[host_len - 1] = '\0';
        if (inet_pton(AF_INET6, host + 1, &v6) != 1)
            return DAIS_E_INVALID;
        set_v6(&address, v6, port);
    } else {
        return DAIS_E_INVALID;
    }
    *ret_address = address;
    return DAIS_OK;
}

void sockets_format(const struct sockets_address *address, char ret_text[SOCKETS_ADDRESS_MAX])
{
    char host[INET6_ADDRSTRLEN] = "";
    if (address->storage.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->storage;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(ret_text, SOCKETS_ADDRESS_MAX, "[%s]:%u", host, ntohs(v6->sin6_port));
        return;
    }
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->storage;
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
    snprintf(ret_text, SOCKETS_ADDRESS_MAX, "%s:%u", host, ntohs(v4->sin_port));
}

/* Every interface: one IPv6 socket takes both families, unless the machine knows IPv4 alone. */
static bool is_any_v6(const struct sockets_address *address)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->storage;
    return address->storage.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
}

static int32_t error_of(int number)
{
    switch (number) {
    case EADDRINUSE:
        return DAIS_E_CONFLICT;
    case EACCES:
    case EPERM:
        return DAIS_E_DENIED;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return DAIS_E_NOT_FOUND;
    case EMFILE:
    case ENFILE:
        return DAIS_E_LIMIT;
    default:
        return DAIS_E_UNAVAILABLE;
    }
}

const char *sockets_error_text(int32_t error)
{
    switch (error) {
    case DAIS_E_INVALID:
        return "not an address: write host:port, [v6 address]:port or port";
    case DAIS_E_CONFLICT:
        return "another process listens there";
    case DAIS_E_DENIED:
        return "this user may not listen there (ports below 1024 need root)";
    case DAIS_E_NOT_FOUND:
        return "this machine has no such address";
    case DAIS_E_LIMIT:
        return "no file descriptors left";
    default:
        return "the kernel refused to listen there";
    }
}

static int32_t open_bound(const struct sockets_address *address, bool shared, int *ret_fd)
{
    int on = 1, off = 0;
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_of(errno);
    bool ready = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (ready && shared)
        ready = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
    if (ready && is_any_v6(address))
        ready = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0;
    if (ready)
        ready = bind(fd, (const struct sockaddr *)&address->storage, address->bytes) == 0;
    if (!ready) {
        int32_t error = error_of(errno);
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return DAIS_OK;
}

static int32_t open_listening(const struct sockets_address *address, int *ret_fd)
{
    int fd = -1;
    int32_t error = open_bound(address, true, &fd);
    if (error != DAIS_OK)
        return error;
    if (listen(fd, SOCKETS_BACKLOG) != 0) {
        error = error_of(errno);
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return DAIS_OK;
}

/*
 * SO_REUSEPORT would let a second server of the same user take half of the connections silently. A
 * socket without it can't be bound where somebody listens, so one is tried first.
 */
static int32_t check_unused(const struct sockets_address *address)
{
    int fd = -1;
    int32_t error = open_bound(address, false, &fd);
    if (error == DAIS_OK)
        close(fd);
    return error;
}

static void close_all(int *fds, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        close(fds[i]);
}

int32_t sockets_extend_group(const struct sockets_address *bound, uint32_t count, int *ret_fds)
{
    int fds[SOCKETS_GROUP_MAX];
    CHECK(count >= 1 && count <= SOCKETS_GROUP_MAX);
    for (uint32_t i = 0; i < count; i++) {
        int32_t error = open_listening(bound, &fds[i]);
        if (error != DAIS_OK) {
            close_all(fds, i);
            return error;
        }
    }
    memcpy(ret_fds, fds, count * sizeof fds[0]);
    return DAIS_OK;
}

int32_t sockets_open_group(const struct sockets_address *address, uint32_t count, int *ret_fds,
                           struct sockets_address *ret_bound)
{
    struct sockets_address bound = *address;
    int first = -1;
    CHECK(count >= 1 && count <= SOCKETS_GROUP_MAX);

    int32_t error = check_unused(&bound);
    if (error == DAIS_E_NOT_FOUND && is_any_v6(address)) {
        struct in_addr any = {.s_addr = htonl(INADDR_ANY)};
        set_v4(&bound, any, ((const struct sockaddr_in6 *)&address->storage)->sin6_port);
        error = check_unused(&bound);
    }
    if (error == DAIS_OK)
        error = open_listening(&bound, &first);
    if (error != DAIS_OK)
        return error;

    /* The others join where the kernel put the first one. */
    bound.bytes = sizeof bound.storage;
    int named = getsockname(first, (struct sockaddr *)&bound.storage, &bound.bytes);
    CHECK(named == 0);
    if (count > 1)
        error = sockets_extend_group(&bound, count - 1, ret_fds + 1);
    if (error != DAIS_OK) {
        close(first);
        return error;
    }
    ret_fds[0] = first;
    *ret_bound = bound;
    return DAIS_OK;
}
