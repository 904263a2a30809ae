/* SPDX-License-Identifier: MIT */
#include "proc/staging.h"

#include "base/check.h"
#include "base/hash.h"
#include "proc/mirror.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Name of the folder that copies of one original are in. */
#define COPY_BYTES sizeof(STAGING_DIR "/0123456789abcdef")

/* The folder that a build or an installation is in: two levels above <root>/bin/dais. */
static bool find_root(const char *program, char ret_root[REACH_PATH_BYTES])
{
    snprintf(ret_root, REACH_PATH_BYTES, "%s", program);
    for (int level = 0; level < 2; level++) {
        char *slash = strrchr(ret_root, '/');
        if (slash == NULL || slash == ret_root)
            return false;
        *slash = '\0';
    }
    return true;
}

static bool make_folder(const char *path)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST;
}

/* Nobody but root and the account looks in: a configuration may hold secrets, and is copied as it
 * is. */
static bool make_private_folder(const char *path, const struct runas *account)
{
    return (mkdir(path, 0700) == 0 || errno == EEXIST) && chown(path, 0, account->gid) == 0 &&
           chmod(path, 0750) == 0;
}

/* Copies <root>/bin/dais and <root>/plugins; the program's new path goes into `ret_program`. */
static int32_t stage_program(const char *root, const char *copy, char ret_program[REACH_PATH_BYTES])
{
    char from[REACH_PATH_BYTES + 16], to[COPY_BYTES + 16];
    snprintf(to, sizeof to, "%s/bin", copy);
    if (!make_folder(to))
        return DAIS_E_UNAVAILABLE;
    snprintf(from, sizeof from, "%s/bin/dais", root);
    snprintf(ret_program, REACH_PATH_BYTES, "%s/dais", to);
    int32_t error = mirror_file(from, ret_program);
    if (error != DAIS_OK)
        return error;
    snprintf(from, sizeof from, "%s/plugins", root);
    snprintf(to, sizeof to, "%s/plugins", copy);
    return mirror_folder(from, to);
}

/* The account may read the copy, whatever it may do with the original. */
static int32_t stage_config(const struct runas *account, const char *copy, struct staging *staging)
{
    char to[COPY_BYTES + 16];
    snprintf(to, sizeof to, "%s/dais.yaml", copy);
    int32_t error = mirror_file(staging->config, to);
    if (error == DAIS_OK && (chown(to, 0, account->gid) != 0 || chmod(to, 0640) != 0))
        error = DAIS_E_UNAVAILABLE;
    if (error == DAIS_OK)
        snprintf(staging->config, sizeof staging->config, "%s", to);
    return error;
}

/* The link that tells which folder a copy was made of. */
static bool note_origin(const char *root, const char *copy)
{
    char link[COPY_BYTES + 16];
    snprintf(link, sizeof link, "%s/origin", copy);
    return symlink(root, link) == 0 || errno == EEXIST;
}

/* Removes the copies whose originals are no more. */
static void remove_orphans(void)
{
    struct stat origin;
    DIR *listing = opendir(STAGING_DIR);
    if (listing == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        char link[sizeof STAGING_DIR + sizeof entry->d_name + 16];
        snprintf(link, sizeof link, STAGING_DIR "/%s/origin", entry->d_name);
        if (lstat(link, &origin) != 0 || stat(link, &origin) == 0 || errno != ENOENT)
            continue;
        *strrchr(link, '/') = '\0';
        mirror_remove(link);
    }
    closedir(listing);
}

static int32_t stage(const struct runas *account, struct staging *staging)
{
    char root[REACH_PATH_BYTES], copy[COPY_BYTES];
    if (!find_root(staging->program, root))
        return DAIS_E_UNAVAILABLE;
    snprintf(copy, sizeof copy, STAGING_DIR "/%016" PRIx64, hash_stable(dais_cstr(root)));
    bool hidden = !reach_enters(account, root);
    bool config_hidden = staging->config[0] != '\0' && !reach_reads(account, staging->config);
    remove_orphans();
    if (!hidden && !config_hidden)
        return DAIS_OK;
    if (!make_folder(STAGING_DIR) || !make_private_folder(copy, account) ||
        !note_origin(root, copy))
        return DAIS_E_UNAVAILABLE;
    int32_t error = hidden ? stage_program(root, copy, staging->program) : DAIS_OK;
    if (error == DAIS_OK && config_hidden)
        error = stage_config(account, copy, staging);
    return error;
}

int32_t staging_prepare(const struct runas *account, const char *config,
                        struct staging *ret_staging, char message[STAGING_MESSAGE_BYTES])
{
    struct staging staging = {{0}, {0}};
    ssize_t len = readlink("/proc/self/exe", staging.program, sizeof staging.program - 1);
    if (len < 0) {
        snprintf(message, STAGING_MESSAGE_BYTES, "can't read /proc/self/exe: %s", strerror(errno));
        return DAIS_E_UNAVAILABLE;
    }
    if (config != NULL && snprintf(staging.config, sizeof staging.config, "%s", config) >=
                              (int)sizeof staging.config) {
        snprintf(message, STAGING_MESSAGE_BYTES, "the configuration's path is too long");
        return DAIS_E_TOO_LARGE;
    }
    int32_t error = account->other ? stage(account, &staging) : DAIS_OK;
    if (error != DAIS_OK) {
        snprintf(message, STAGING_MESSAGE_BYTES,
                 "can't copy the program to " STAGING_DIR " for the user " REACH_ACCOUNT ": %s",
                 strerror(errno));
        return error;
    }
    *ret_staging = staging;
    return DAIS_OK;
}
