/* SPDX-License-Identifier: MIT */
#include "host/watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "host/elf.h"
#include "host/files.h"
#include "host/plugin_file.h"
#include "host/reload.h"
#include "host/state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/** Nothing more may have happened to a file for so long before it is read: after a rename or a
 * close, which end a change, and in the middle of one. */
#define QUIET_US 2000u
#define QUIET_OPEN_US 10000u
/** A file that is not complete for so long is told. */
#define PATIENCE_US 1000000u

#define EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MODIFY)

/** What is known about one plugin's file. */
struct watched {
    int folder;          /* of inotify; -1: not watched */
    const char *name;    /* in that folder */
    uint64_t changed_us; /* first change that has not been dealt with; 0: none */
    uint64_t due_us;     /* when it is read */
    char build_id[PLUGIN_BUILD_ID_BYTES_MAX + 1]; /* that was tried last */
};

static struct {
    int fd;
    struct watched files[HOST_OWNERS_MAX]; /* by owner */
} watch = {.fd = -1};

static int add_folder(const char *path, const char *slash)
{
    char folder[PATH_MAX];
    int len = slash ? (int)(slash - path) : 1;
    snprintf(folder, sizeof folder, "%.*s", len ? len : 1, slash ? path : ".");
    return inotify_add_watch(watch.fd, folder, EVENTS);
}

static void add_file(const struct plugin *plugin)
{
    struct watched *file = &watch.files[plugin->owner];
    const char *slash = strrchr(plugin->file, '/');
    *file = (struct watched){.folder = add_folder(plugin->file, slash),
                             .name = slash ? slash + 1 : plugin->file};
    if (file->folder < 0)
        LOG_WARN("a plugin's folder cannot be watched", log_text("path", plugin->file),
                 log_text("reason", strerror(errno)));
}

void watch_open(struct host *host)
{
    if (!host->options.dev)
        return;
    watch.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch.fd < 0) {
        LOG_ERROR("files cannot be watched", log_text("reason", strerror(errno)));
        return;
    }
    for (uint32_t owner = 1; owner < host->owner_count; owner++)
        add_file(&host->plugins[owner]);
    LOG_INFO("plugins are loaded again when their files change");
}

int watch_fd(void)
{
    return watch.fd;
}

void watch_close(void)
{
    if (watch.fd >= 0)
        close(watch.fd);
    watch.fd = -1;
}

/** `folder` -1 stands for all: events were lost. */
static void note_change(const struct host *host, int folder, const char *name, uint32_t mask)
{
    uint64_t now_us = clock_us();
    uint64_t quiet_us = mask & IN_MODIFY ? QUIET_OPEN_US : QUIET_US;
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        struct watched *file = &watch.files[owner];
        if (folder >= 0 && (file->folder != folder || strcmp(file->name, name) != 0))
            continue;
        if (file->changed_us == 0)
            file->changed_us = now_us;
        file->due_us = now_us + quiet_us;
    }
}

static void read_events(const struct host *host)
{
    _Alignas(struct inotify_event) char events[8192];
    ssize_t bytes = read(watch.fd, events, sizeof events);
    for (ssize_t at = 0; at < bytes;) {
        const struct inotify_event *event = (const struct inotify_event *)(events + at);
        if (event->mask & IN_Q_OVERFLOW)
            note_change(host, -1, "", event->mask);
        else if (event->len)
            note_change(host, event->wd, event->name, event->mask);
        at += (ssize_t)(sizeof *event + event->len);
    }
}

/** The build id of a file that is complete; DAIS_E_INVALID: not yet. */
static int32_t read_build_id(const char *path, char ret_id[PLUGIN_BUILD_ID_BYTES_MAX + 1])
{
    struct dais_str bytes;
    struct elf_info info;
    const char *problem;
    if (files_read(path, PLUGIN_FILE_BYTES_MAX, &bytes) != DAIS_OK)
        return DAIS_E_INVALID;
    int32_t error = elf_read(bytes, &info, &problem);
    mem_free((void *)(uintptr_t)bytes.ptr);
    ret_id[0] = '\0';
    for (uint32_t i = 0; !error && i < info.build_id_bytes; i++)
        snprintf(ret_id + 2 * i, 3, "%02x", info.build_id[i]);
    return error;
}

static void load_changed(struct host *host, struct plugin *plugin, struct watched *file)
{
    char id[PLUGIN_BUILD_ID_BYTES_MAX + 1], message[RELOAD_MESSAGE_BYTES];
    const struct generation *current = plugin->current;
    uint64_t now_us = clock_us(), changed_us = file->changed_us;
    if (read_build_id(plugin->file, id) != DAIS_OK) {
        if (now_us - changed_us < PATIENCE_US)
            return; /* it is looked at again */
        LOG_WARN("a plugin's file is not complete", log_text("path", plugin->file));
        file->changed_us = 0;
        return;
    }
    file->changed_us = 0;
    if (*id && (strcmp(id, file->build_id) == 0 ||
                (!plugin_is_out(plugin) && current && strcmp(id, current->build_id) == 0)))
        return;
    snprintf(file->build_id, sizeof file->build_id, "%s", id);
    const struct reload wanted = {.plugin = plugin, .begun_us = changed_us};
    int32_t error = reload_run(host, &wanted, message); /* which logs it */
    if (error == DAIS_E_TIMEOUT || error == DAIS_E_LIMIT)
        file->build_id[0] = '\0'; /* not for what is in it: the same build is tried again */
}

int watch_run(struct host *host)
{
    int again = 0;
    if (watch.fd < 0)
        return -1;
    read_events(host);
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        struct watched *file = &watch.files[owner];
        if (file->changed_us && clock_us() >= file->due_us)
            load_changed(host, &host->plugins[owner], file);
        again |= file->changed_us != 0;
    }
    return again ? (int)(QUIET_US / 1000) : -1;
}
