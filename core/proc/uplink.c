/* SPDX-License-Identifier: MIT */
#include "proc/uplink.h"

#include "base/log.h"
#include "proc/channel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The one channel of this process; -1 without a supervisor. */
static int channel_fd = -1;

int32_t uplink_open(void)
{
    const char *text = getenv(CHANNEL_ENV_FD);
    if (text == NULL)
        return DAIS_OK;
    char *end = NULL;
    long fd = strtol(text, &end, 10);
    if (end == text || *end != '\0' || fd < 0 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0)
        return DAIS_E_INVALID;
    channel_fd = (int)fd;
    unsetenv(CHANNEL_ENV_FD);
    return DAIS_OK;
}

void uplink_close(void)
{
    if (channel_fd >= 0)
        close(channel_fd);
    channel_fd = -1;
}

static int32_t listen_alone(const char *address, uint32_t count, int *ret_fds)
{
    struct sockets_address parsed, bound;
    int32_t error = sockets_parse(address, &parsed);
    if (error == DAIS_OK)
        error = sockets_open_group(&parsed, count, ret_fds, &bound);
    return error;
}

static int32_t ask_supervisor(const char *name, const char *address, uint32_t count, int *ret_fds)
{
    int fds[SOCKETS_GROUP_MAX];
    uint32_t received = 0;
    struct channel_message message = {.kind = CHANNEL_LISTEN, .count = count};
    snprintf(message.name, sizeof message.name, "%s", name);
    snprintf(message.text, sizeof message.text, "%s", address);

    int32_t error = channel_send(channel_fd, &message, NULL, 0);
    if (error == DAIS_OK)
        error = channel_receive(channel_fd, &message, fds, &received);
    if (error != DAIS_OK)
        return error;
    if (message.kind == CHANNEL_SOCKETS && received == count) {
        memcpy(ret_fds, fds, count * sizeof fds[0]);
        return DAIS_OK;
    }
    for (uint32_t i = 0; i < received; i++)
        close(fds[i]);
    return message.kind == CHANNEL_FAILED && message.error < 0 ? message.error : DAIS_E_INTERNAL;
}

int32_t uplink_listen(const char *name, struct dais_str address, uint32_t count, int *ret_fds)
{
    char text[SOCKETS_ADDRESS_MAX];
    int32_t error = DAIS_E_INVALID;
    snprintf(text, sizeof text, "%.*s", (int)address.len, address.ptr);
    if (address.len < sizeof text && strlen(name) < CHANNEL_NAME_MAX && count >= 1 &&
        count <= SOCKETS_GROUP_MAX)
        error = channel_fd >= 0 ? ask_supervisor(name, text, count, ret_fds)
                                : listen_alone(text, count, ret_fds);
    if (error != DAIS_OK)
        LOG_ERROR("cannot listen", log_text("listener", name), log_str("address", address),
                  log_text("reason", sockets_error_text(error)));
    return error;
}

void uplink_unlisten(const char *name, struct dais_str address)
{
    int fds[SOCKETS_GROUP_MAX];
    uint32_t received = 0;
    struct channel_message message = {.kind = CHANNEL_CLOSE};
    snprintf(message.name, sizeof message.name, "%s", name);
    snprintf(message.text, sizeof message.text, "%.*s", (int)address.len, address.ptr);
    if (channel_fd < 0)
        return;
    int32_t error = channel_send(channel_fd, &message, NULL, 0);
    if (error == DAIS_OK)
        error = channel_receive(channel_fd, &message, fds, &received);
    for (uint32_t i = 0; error == DAIS_OK && i < received; i++)
        close(fds[i]); /* there are none with this answer */
    if (error != DAIS_OK || message.kind != CHANNEL_CLOSED)
        LOG_WARN("sockets stay open", log_text("listener", name), log_str("address", address),
                 log_code(error));
}

int32_t uplink_release(const char *id)
{
    struct channel_message message = {.kind = CHANNEL_RELEASE};
    snprintf(message.text, sizeof message.text, "%s", id);
    if (channel_fd < 0 || channel_send(channel_fd, &message, NULL, 0) != DAIS_OK)
        return DAIS_E_UNAVAILABLE;
    return DAIS_OK;
}

void uplink_ready(void *context)
{
    (void)context;
    struct channel_message message = {.kind = CHANNEL_READY};
    /* A supervisor that is gone takes this process with it: nothing to do about a failure. */
    if (channel_fd >= 0 && channel_send(channel_fd, &message, NULL, 0) != DAIS_OK)
        uplink_close();
}
