/* SPDX-License-Identifier: MIT */
#include "host/control.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int32_t control_address(const char *data_dir, struct sockaddr_un *ret_address, int *ret_folder)
{
    int data = open(data_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (data < 0)
        return DAIS_E_UNAVAILABLE;
    int folder = openat(data, "run", O_PATH | O_DIRECTORY | O_CLOEXEC);
    close(data);
    if (folder < 0)
        return DAIS_E_UNAVAILABLE;
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(ret_address->sun_path, sizeof ret_address->sun_path,
             "/proc/self/fd/%d/" CONTROL_SOCKET_NAME, folder);
    *ret_folder = folder;
    return DAIS_OK;
}

int32_t control_connect(const char *data_dir, int *ret_fd)
{
    struct sockaddr_un address;
    int folder;
    int32_t error = control_address(data_dir, &address, &folder);
    if (error)
        return error;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        error = errno == EACCES ? DAIS_E_DENIED : DAIS_E_UNAVAILABLE;
        close(fd);
    }
    if (fd < 0)
        error = DAIS_E_INTERNAL;
    close(folder);
    if (!error)
        *ret_fd = fd;
    return error;
}
