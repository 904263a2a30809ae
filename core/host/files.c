/* SPDX-License-Identifier: MIT */
#include "host/files.h"

#include "base/error.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int32_t read_bytes(int fd, char *block, uint64_t bytes)
{
    for (uint64_t have = 0; have < bytes;) {
        ssize_t got = read(fd, block + have, bytes - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* it shrank while we read */
        if (got <= 0)
            return error_from_errno(errno);
        have += (uint64_t)got;
    }
    return DAIS_OK;
}

static int32_t read_open(int fd, uint64_t bytes_max, struct dais_str *ret)
{
    struct stat stat;
    if (fstat(fd, &stat) < 0)
        return error_from_errno(errno);
    if (!S_ISREG(stat.st_mode)) {
        errno = EINVAL;
        return DAIS_E_INVALID;
    }
    if ((uint64_t)stat.st_size > bytes_max) {
        errno = EFBIG;
        return DAIS_E_TOO_LARGE;
    }
    uint64_t bytes = (uint64_t)stat.st_size;
    char *block = mem_alloc(bytes + 1);
    if (!block)
        return DAIS_E_MEMORY;
    int32_t error = read_bytes(fd, block, bytes);
    if (error) {
        mem_free(block);
        return error;
    }
    block[bytes] = '\0';
    *ret = dais_str(block, bytes);
    return DAIS_OK;
}

int32_t files_read(const char *path, uint64_t bytes_max, struct dais_str *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_from_errno(errno);
    int32_t error = read_open(fd, bytes_max, ret);
    int saved = errno;
    close(fd);
    errno = saved;
    return error;
}

static int32_t write_bytes(int fd, struct dais_str bytes)
{
    for (uint64_t done = 0; done < bytes.len;) {
        ssize_t put = write(fd, bytes.ptr + done, bytes.len - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_from_errno(errno);
        done += (uint64_t)put;
    }
    return DAIS_OK;
}

static int32_t replace(const char *path, struct dais_str bytes, mode_t mode, int sync)
{
    char temporary[PATH_MAX];
    int len = snprintf(temporary, sizeof temporary, "%s.%d.new", path, (int)getpid());
    if (len < 0 || (size_t)len >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return DAIS_E_INVALID;
    }
    unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return error_from_errno(errno);
    int32_t error = write_bytes(fd, bytes);
    if (!error && sync && fsync(fd) < 0)
        error = error_from_errno(errno);
    close(fd);
    if (!error && rename(temporary, path) < 0)
        error = error_from_errno(errno);
    if (error) {
        int saved = errno;
        unlink(temporary);
        errno = saved;
    }
    return error;
}

int32_t files_replace(const char *path, struct dais_str bytes, mode_t mode)
{
    return replace(path, bytes, mode, 1);
}

int32_t files_replace_fast(const char *path, struct dais_str bytes, mode_t mode)
{
    return replace(path, bytes, mode, 0);
}

int32_t files_make_folder(const char *path, mode_t mode)
{
    char partial[PATH_MAX];
    size_t len = strlen(path);
    if (len >= sizeof partial) {
        errno = ENAMETOOLONG;
        return DAIS_E_INVALID;
    }
    memcpy(partial, path, len + 1);
    for (char *slash = strchr(partial + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(partial, mode) < 0 && errno != EEXIST)
            return error_from_errno(errno);
        *slash = '/';
    }
    if (mkdir(partial, mode) < 0 && errno != EEXIST)
        return error_from_errno(errno);
    return DAIS_OK;
}

/** The oldest regular file of the folder and how many there are. */
static uint32_t find_oldest(DIR *folder, char ret_name[NAME_MAX + 1])
{
    uint32_t count = 0;
    struct timespec oldest = {0};
    rewinddir(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        struct stat stat;
        if (fstatat(dirfd(folder), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(stat.st_mode))
            continue;
        int older = stat.st_mtim.tv_sec < oldest.tv_sec ||
                    (stat.st_mtim.tv_sec == oldest.tv_sec && stat.st_mtim.tv_nsec < oldest.tv_nsec);
        if (count++ == 0 || older) {
            oldest = stat.st_mtim;
            memcpy(ret_name, entry->d_name, strlen(entry->d_name) + 1);
        }
    }
    return count;
}

void files_touch(const char *path)
{
    (void)utimensat(AT_FDCWD, path, NULL, 0);
}

void files_prune(const char *folder, uint32_t kept)
{
    char name[NAME_MAX + 1];
    DIR *open_folder = opendir(folder);
    if (!open_folder)
        return;
    while (find_oldest(open_folder, name) > kept)
        if (unlinkat(dirfd(open_folder), name, 0) < 0)
            break;
    closedir(open_folder);
}
