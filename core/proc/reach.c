/* SPDX-License-Identifier: MIT */
#include "proc/reach.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the account has the right `bit` (S_IROTH, S_IXOTH) on an entry. */
static bool may(const struct runas *account, const struct stat *entry, mode_t bit)
{
    if (entry->st_uid == account->uid)
        return (entry->st_mode & (bit << 6)) != 0;
    if (entry->st_gid == account->gid)
        return (entry->st_mode & (bit << 3)) != 0;
    return (entry->st_mode & bit) != 0;
}

bool reach_enters(const struct runas *account, const char *path)
{
    char part[REACH_PATH_BYTES];
    CHECK(path[0] == '/');
    if (!account->other)
        return true;
    for (size_t len = 1; len < sizeof part; len++) {
        if (path[len - 1] != '/' && path[len] != '/' && path[len] != '\0')
            continue;
        struct stat entry;
        snprintf(part, sizeof part, "%.*s", (int)len, path);
        if (stat(part, &entry) != 0)
            return true;
        if (S_ISDIR(entry.st_mode) && !may(account, &entry, S_IXOTH))
            return false;
        if (path[len] == '\0')
            return true;
    }
    return false;
}

bool reach_reads(const struct runas *account, const char *path)
{
    struct stat entry;
    if (!account->other)
        return access(path, R_OK) == 0;
    return reach_enters(account, path) && stat(path, &entry) == 0 && may(account, &entry, S_IROTH);
}
