/* SPDX-License-Identifier: MIT */
#include "proc/mirror.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static bool same(const struct stat *a, const struct stat *b)
{
    return S_ISREG(b->st_mode) && a->st_size == b->st_size && a->st_mode == b->st_mode &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool copy_bytes(int in, int out, off_t len)
{
    while (len > 0) {
        ssize_t moved = sendfile(out, in, NULL, (size_t)len);
        if (moved <= 0)
            return false;
        len -= moved;
    }
    return true;
}

static bool copy_to(int in, const struct stat *entry, int folder, const char *name)
{
    const struct timespec times[2] = {entry->st_atim, entry->st_mtim};
    int out = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out < 0)
        return false;
    bool copied = copy_bytes(in, out, entry->st_size) && fchmod(out, entry->st_mode & 07777) == 0 &&
                  futimens(out, times) == 0;
    return close(out) == 0 && copied;
}

/* Copies `name` of the folder `from` to the folder `to`; whole paths with AT_FDCWD. */
static int32_t mirror_file_at(int from, const char *name, int to, const char *copy)
{
    struct stat entry, old;
    char beside[PATH_MAX];
    if (fstatat(from, name, &entry, 0) != 0)
        return DAIS_E_UNAVAILABLE;
    if (fstatat(to, copy, &old, AT_SYMLINK_NOFOLLOW) == 0 && same(&entry, &old))
        return DAIS_OK;
    if (snprintf(beside, sizeof beside, "%s.new", copy) >= (int)sizeof beside)
        return DAIS_E_UNAVAILABLE;
    int in = openat(from, name, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return DAIS_E_UNAVAILABLE;
    (void)unlinkat(to, beside, 0); /* of a copy that was interrupted */
    bool copied = copy_to(in, &entry, to, beside) && renameat(to, beside, to, copy) == 0;
    close(in);
    return copied ? DAIS_OK : DAIS_E_UNAVAILABLE;
}

int32_t mirror_file(const char *from, const char *to)
{
    return mirror_file_at(AT_FDCWD, from, AT_FDCWD, to);
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int open_folder(int parent, const char *name)
{
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The entries of an open folder, whose descriptor stays the caller's. */
static DIR *list(int folder)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy >= 0 ? fdopendir(copy) : NULL;
    if (listing == NULL && copy >= 0)
        close(copy);
    return listing;
}

/* Removes `name` with all that is in it. */
static void remove_tree(int parent, const char *name, uint32_t depth)
{
    if (unlinkat(parent, name, 0) == 0 || depth > MIRROR_DEPTH_MAX)
        return;
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *listing = folder >= 0 ? list(folder) : NULL;
    if (listing != NULL) {
        for (const struct dirent *entry; (entry = readdir(listing)) != NULL;) {
            if (!is_dots(entry->d_name))
                remove_tree(folder, entry->d_name, depth + 1);
        }
        closedir(listing);
    }
    if (folder >= 0)
        close(folder);
    (void)unlinkat(parent, name, AT_REMOVEDIR);
}

/* Removes from `to` what `from` no longer has. */
static void prune(int from, int to)
{
    struct stat entry_stat;
    DIR *listing = list(to);
    if (listing == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (!is_dots(entry->d_name) && fstatat(from, entry->d_name, &entry_stat, 0) != 0)
            remove_tree(to, entry->d_name, 1);
    }
    closedir(listing);
}

static int32_t mirror_at(int from_parent, const char *from_name, int to_parent, const char *to_name,
                         uint32_t depth);

static int32_t mirror_entry(int from, int to, const char *name, uint32_t depth)
{
    struct stat entry;
    if (fstatat(from, name, &entry, 0) != 0)
        return DAIS_E_UNAVAILABLE;
    if (S_ISDIR(entry.st_mode))
        return mirror_at(from, name, to, name, depth + 1);
    return S_ISREG(entry.st_mode) ? mirror_file_at(from, name, to, name) : DAIS_OK;
}

static int32_t mirror_entries(int from, int to, uint32_t depth)
{
    DIR *listing = list(from);
    if (listing == NULL)
        return DAIS_E_UNAVAILABLE;
    int32_t error = DAIS_OK;
    for (const struct dirent *entry; error == DAIS_OK && (entry = readdir(listing)) != NULL;) {
        if (!is_dots(entry->d_name))
            error = mirror_entry(from, to, entry->d_name, depth);
    }
    closedir(listing);
    if (error == DAIS_OK)
        prune(from, to);
    return error;
}

static int32_t mirror_at(int from_parent, const char *from_name, int to_parent, const char *to_name,
                         uint32_t depth)
{
    if (depth > MIRROR_DEPTH_MAX || (mkdirat(to_parent, to_name, 0755) != 0 && errno != EEXIST))
        return DAIS_E_UNAVAILABLE;
    int from = open_folder(from_parent, from_name);
    int to = open_folder(to_parent, to_name);
    int32_t error = from >= 0 && to >= 0 ? mirror_entries(from, to, depth) : DAIS_E_UNAVAILABLE;
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return error;
}

int32_t mirror_folder(const char *from, const char *to)
{
    return mirror_at(AT_FDCWD, from, AT_FDCWD, to, 1);
}

void mirror_remove(const char *path)
{
    remove_tree(AT_FDCWD, path, 1);
}
