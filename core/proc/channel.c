/* SPDX-License-Identifier: MIT */
#include "proc/channel.h"

#include "base/check.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Room for the descriptors of one packet, aligned as the kernel's macros want it. */
union channel_rights {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(SOCKETS_GROUP_MAX * sizeof(int))];
};

int32_t channel_open(int ret_fds[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) != 0)
        return DAIS_E_INTERNAL;
    return DAIS_OK;
}

int32_t channel_send(int fd, const struct channel_message *message, const int *fds, uint32_t count)
{
    CHECK(count <= SOCKETS_GROUP_MAX);
    union channel_rights rights = {0};
    struct channel_message copy = *message;
    struct iovec part = {&copy, sizeof copy};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        header.msg_control = rights.bytes;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *first = CMSG_FIRSTHDR(&header);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(first), fds, count * sizeof(int));
    }
    ssize_t sent;
    do {
        sent = sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return DAIS_OK;
    return errno == EPIPE || errno == ECONNRESET ? DAIS_E_GONE : DAIS_E_UNAVAILABLE;
}

static uint32_t take_rights(struct msghdr *header, int *ret_fds)
{
    struct cmsghdr *first = CMSG_FIRSTHDR(header);
    if (first == NULL || first->cmsg_level != SOL_SOCKET || first->cmsg_type != SCM_RIGHTS)
        return 0;
    size_t count = (first->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    CHECK(count <= SOCKETS_GROUP_MAX);
    memcpy(ret_fds, CMSG_DATA(first), count * sizeof(int));
    return (uint32_t)count;
}

static int is_message(const struct channel_message *message, ssize_t received)
{
    return received == (ssize_t)sizeof *message &&
           memchr(message->name, '\0', sizeof message->name) != NULL &&
           memchr(message->text, '\0', sizeof message->text) != NULL;
}

int32_t channel_receive(int fd, struct channel_message *ret_message, int *ret_fds,
                        uint32_t *ret_count)
{
    union channel_rights rights;
    struct channel_message message;
    struct iovec part = {&message, sizeof message};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = rights.bytes,
                            .msg_controllen = sizeof rights.bytes};
    ssize_t received;
    do {
        received = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    } while (received < 0 && errno == EINTR);
    if (received == 0 || (received < 0 && errno == ECONNRESET))
        return DAIS_E_GONE;
    if (received < 0)
        return DAIS_E_UNAVAILABLE;

    int fds[SOCKETS_GROUP_MAX];
    uint32_t count = take_rights(&header, fds);
    if (!is_message(&message, received) || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        for (uint32_t i = 0; i < count; i++)
            close(fds[i]);
        return DAIS_E_INVALID;
    }
    memcpy(ret_fds, fds, count * sizeof(int));
    *ret_message = message;
    *ret_count = count;
    return DAIS_OK;
}
