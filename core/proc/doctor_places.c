/* SPDX-License-Identifier: MIT */
/* Of `dais doctor`: account, folders, database, ports. */
#include "proc/doctor.h"

#include "data/cluster.h"
#include "host/config.h"
#include "host/control.h"
#include "proc/datadir.h"
#include "proc/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DISK_FAIL_BYTES (200ull << 20)
#define DISK_WARN_BYTES (2ull << 30)

void doctor_account(struct doctor *doctor)
{
    char message[RUNAS_MESSAGE_BYTES];
    if (runas_find(REACH_ACCOUNT, message, &doctor->account) != DAIS_OK) {
        doctor->account = (struct runas){.uid = 0};
        doctor_say(doctor, DOCTOR_FAIL, "make it with `" REACH_ACCOUNT_HOW "`",
                   "account: under root the service runs as the user " REACH_ACCOUNT
                   ", which is missing");
        return;
    }
    doctor_say(doctor, DOCTOR_OK, NULL, "account: the service runs as %s", doctor->account.name);
}

/* The nearest folder above `path` that exists. */
static void existing_part(const char *path, char ret_part[REACH_PATH_BYTES])
{
    struct stat entry;
    snprintf(ret_part, REACH_PATH_BYTES, "%s", path);
    while (ret_part[1] != '\0' && stat(ret_part, &entry) != 0) {
        char *slash = strrchr(ret_part, '/');
        slash[slash == ret_part ? 1 : 0] = '\0';
    }
}

static void check_disk(struct doctor *doctor, const char *folder)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0) {
        doctor_say(doctor, DOCTOR_WARN, NULL, "disk: %s can't be examined: %s", folder,
                   strerror(errno));
        return;
    }
    uint64_t bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    enum doctor_grade grade = bytes < DISK_FAIL_BYTES   ? DOCTOR_FAIL
                              : bytes < DISK_WARN_BYTES ? DOCTOR_WARN
                                                        : DOCTOR_OK;
    doctor_say(doctor, grade,
               grade == DOCTOR_OK ? NULL
                                  : "free some, or set DAIS_DATA to a folder on another disk",
               "disk: %llu MiB free at %s", (unsigned long long)(bytes >> 20), folder);
}

/* Why the account could not keep its data at `folder`, the part that exists; NULL when it could. */
static const char *find_obstacle(const struct doctor *doctor, const char *folder)
{
    struct stat entry;
    if (stat(folder, &entry) != 0)
        return strerror(errno);
    if (!S_ISDIR(entry.st_mode))
        return "it is no folder";
    if (!reach_enters(&doctor->account, folder))
        return "the account of the service can't enter the folder above it";
    if (strcmp(folder, doctor->data_dir) == 0 && entry.st_uid != doctor->account.uid &&
        entry.st_uid != 0)
        return "it belongs to another user";
    return access(folder, W_OK) != 0 ? strerror(errno) : NULL;
}

static void check_writable(struct doctor *doctor, const char *folder)
{
    const char *path = doctor->data_dir;
    const char *obstacle = find_obstacle(doctor, folder);
    if (obstacle != NULL)
        doctor_say(doctor, DOCTOR_FAIL, "set DAIS_DATA to another folder",
                   "data directory: %s can't be used, %s", path, obstacle);
    else
        doctor_say(doctor, DOCTOR_OK, NULL, "data directory: %s%s", path,
                   strcmp(folder, path) == 0 ? "" : " (will be made)");
}

void doctor_data(struct doctor *doctor)
{
    char folder[REACH_PATH_BYTES];
    int fd = -1;
    if (datadir_choose(doctor->config->data_dir.ptr, &doctor->account, doctor->data_dir) !=
        DAIS_OK) {
        doctor_say(doctor, DOCTOR_FAIL, "choose a shorter one",
                   "data directory: its path is too long");
        return;
    }
    existing_part(doctor->data_dir, folder);
    check_writable(doctor, folder);
    check_disk(doctor, folder);
    doctor->server_runs = control_connect(doctor->data_dir, &fd) == DAIS_OK;
    if (doctor->server_runs)
        close(fd);
    doctor_say(doctor, DOCTOR_OK, NULL, "server: %s",
               doctor->server_runs ? "is running on this data directory" : "is not running");
}

void doctor_database(struct doctor *doctor)
{
    char message[RUNAS_MESSAGE_BYTES];
    struct cluster cluster = {0};
    if (doctor->config->database_url.len > 0) {
        doctor_say(doctor, DOCTOR_OK, NULL, "database: the one of database.url");
        return;
    }
    snprintf(cluster.dir, sizeof cluster.dir, "%.*s/postgres", (int)sizeof cluster.dir - 16,
             doctor->data_dir);
    if (cluster_find_programs(&cluster, message) == DAIS_OK)
        doctor_say(doctor, DOCTOR_OK, NULL, "database: its own, by the programs in %s",
                   cluster.bin_dir);
    else
        doctor_say(doctor, DOCTOR_FAIL, "apt-get install postgresql-15, or set DATABASE_URL",
                   "database: %s", message);
}

static void check_port(struct doctor *doctor, struct dais_str listen, const char *scheme)
{
    struct sockets_address address, bound;
    int fd = -1;
    int32_t error = sockets_parse(listen.ptr, &address);
    if (error == DAIS_OK)
        error = sockets_open_group(&address, 1, &fd, &bound);
    if (error == DAIS_OK) {
        close(fd);
        doctor_say(doctor, DOCTOR_OK, NULL, "%s: %s is free", scheme, listen.ptr);
    } else if (error == DAIS_E_CONFLICT && doctor->server_runs) {
        doctor_say(doctor, DOCTOR_OK, NULL, "%s: %s is in use, as it should be", scheme,
                   listen.ptr);
    } else {
        doctor_say(doctor, DOCTOR_FAIL, "choose another one with PORT, http.listen or tls.listen",
                   "%s: %s: %s", scheme, listen.ptr, sockets_error_text(error));
    }
}

static void check_ports(struct doctor *doctor, const struct dais_list *list, const char *scheme)
{
    const struct dais_str *addresses = list->items;
    for (uint64_t i = 0; i < list->count; i++)
        check_port(doctor, addresses[i], scheme);
}

void doctor_ports(struct doctor *doctor)
{
    check_ports(doctor, &doctor->config->http_listen, "http");
    check_ports(doctor, &doctor->config->tls_listen, "https");
}
