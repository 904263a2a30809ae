/* SPDX-License-Identifier: MIT */
#include "proc/datadir.h"

#include "base/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PID_FILE "dais.pid"
/* Made by the server process (host/control.h), which may have been killed. */
#define CONTROL_FILE "control.sock"

__attribute__((format(printf, 3, 4))) static int32_t fail(char *message, int32_t error,
                                                          const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(message, DATADIR_MESSAGE_BYTES, format, args);
    va_end(args);
    return error;
}

static bool is_default(const char *path)
{
    char here[REACH_PATH_BYTES], standard[REACH_PATH_BYTES + sizeof "/var"];
    if (getcwd(here, sizeof here) == NULL)
        return false;
    snprintf(standard, sizeof standard, "%s/var", here);
    return strcmp(path, standard) == 0;
}

int32_t datadir_choose(const char *configured, const struct runas *account,
                       char ret_path[REACH_PATH_BYTES])
{
    const char *path = configured;
    if (is_default(configured) && !reach_enters(account, configured))
        path = DATADIR_SYSTEM;
    if (strlen(path) >= REACH_PATH_BYTES)
        return DAIS_E_TOO_LARGE;
    snprintf(ret_path, REACH_PATH_BYTES, "%s", path);
    return DAIS_OK;
}

/* Makes the folders above `path`, as mkdir -p does; false when the account can't walk down to it.
 */
static bool make_parents(const char *path, const struct runas *account)
{
    char part[REACH_PATH_BYTES];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(part, 0755); /* what is missing shows when the last one is made */
        *slash = '/';
    }
    *strrchr(part, '/') = '\0';
    return reach_enters(account, part[0] != '\0' ? part : "/");
}

static bool is_empty(int folder)
{
    DIR *listing = fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (listing == NULL)
        return false;
    uint32_t entries = 0;
    while (readdir(listing) != NULL)
        entries++;
    closedir(listing);
    return entries == 2;
}

/* Gives a folder of root's to the account: a new, an empty or Dais's own, never one that others
 * use. */
static bool take_over(int folder, const char *name, const struct runas *account)
{
    struct stat entry;
    if (fstat(folder, &entry) != 0)
        return false;
    if (entry.st_uid == account->uid)
        return true;
    return account->other && entry.st_uid == 0 &&
           (is_empty(folder) || strcmp(name, DATADIR_SYSTEM) == 0) &&
           fchown(folder, account->uid, account->gid) == 0;
}

/* Opens the folder `name` in `parent`, making it for the account when it isn't there. */
static int open_folder(int parent, const char *name, const struct runas *account)
{
    if (mkdirat(parent, name, 0750) != 0 && errno != EEXIST)
        return -1;
    int follow = parent == AT_FDCWD ? 0 : O_NOFOLLOW;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
    if (fd >= 0 && !take_over(fd, name, account)) {
        close(fd);
        errno = EPERM;
        return -1;
    }
    return fd;
}

static int32_t lock(int folder, struct datadir *datadir, char *message)
{
    int fd = openat(folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(message, DAIS_E_DENIED, "can't make %s/lock: %s", datadir->path,
                    strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return fail(message, DAIS_E_CONFLICT,
                    "another server runs on %s (its process id is in run/" PID_FILE ")",
                    datadir->path);
    }
    datadir->lock_fd = fd;
    return DAIS_OK;
}

static int32_t open_run(int folder, struct datadir *datadir, char *message)
{
    char pid[24];
    datadir->run_fd = open_folder(folder, "run", &datadir->account);
    if (datadir->run_fd < 0)
        return fail(message, DAIS_E_DENIED, "can't use %s/run: %s", datadir->path, strerror(errno));
    datadir_withdraw(datadir, DATADIR_PORTS);
    snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (datadir_publish(datadir, PID_FILE, pid) != DAIS_OK) {
        close(datadir->run_fd);
        return fail(message, DAIS_E_DENIED, "can't write to %s/run: %s", datadir->path,
                    strerror(errno));
    }
    return DAIS_OK;
}

int32_t datadir_open(const char *path, const struct runas *account, struct datadir *ret_datadir,
                     char message[DATADIR_MESSAGE_BYTES])
{
    struct datadir datadir = {.account = *account, .lock_fd = -1, .run_fd = -1};
    CHECK(path[0] == '/' && strlen(path) < sizeof datadir.path);
    snprintf(datadir.path, sizeof datadir.path, "%s", path);
    if (!make_parents(path, account))
        return fail(message, DAIS_E_DENIED,
                    "%s is below a folder that the user " REACH_ACCOUNT
                    " can't enter; set DAIS_DATA",
                    path);
    int folder = open_folder(AT_FDCWD, path, account);
    if (folder < 0)
        return fail(message, DAIS_E_DENIED, "can't use %s as data directory: %s", path,
                    errno == EPERM ? "it belongs to another user" : strerror(errno));
    int32_t error = lock(folder, &datadir, message);
    if (error == DAIS_OK)
        error = open_run(folder, &datadir, message);
    close(folder);
    if (error != DAIS_OK) {
        if (datadir.lock_fd >= 0)
            close(datadir.lock_fd);
        return error;
    }
    *ret_datadir = datadir;
    return DAIS_OK;
}

void datadir_close(struct datadir *datadir)
{
    datadir_withdraw(datadir, DATADIR_PORTS);
    datadir_withdraw(datadir, PID_FILE);
    datadir_withdraw(datadir, CONTROL_FILE);
    close(datadir->run_fd);
    close(datadir->lock_fd);
}

static bool write_file(int fd, const struct runas *account, const char *text)
{
    size_t len = strlen(text);
    if (account->other && fchown(fd, account->uid, account->gid) != 0)
        return false;
    return write(fd, text, len) == (ssize_t)len;
}

int32_t datadir_publish(const struct datadir *datadir, const char *name, const char *text)
{
    char beside[64];
    snprintf(beside, sizeof beside, ".%s.new", name);
    (void)unlinkat(datadir->run_fd, beside, 0); /* of a process that was killed halfway */
    int fd = openat(datadir->run_fd, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                    0644);
    if (fd < 0)
        return DAIS_E_UNAVAILABLE;
    bool written = write_file(fd, &datadir->account, text);
    close(fd);
    if (written && renameat(datadir->run_fd, beside, datadir->run_fd, name) == 0)
        return DAIS_OK;
    (void)unlinkat(datadir->run_fd, beside, 0);
    return DAIS_E_UNAVAILABLE;
}

void datadir_withdraw(const struct datadir *datadir, const char *name)
{
    (void)unlinkat(datadir->run_fd, name, 0);
}
