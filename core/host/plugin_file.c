/* SPDX-License-Identifier: MIT */
#include "host/plugin_file.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/config.h"
#include "host/elf.h"
#include "host/files.h"
#include "host/lint.h"
#include "host/page.h"
#include "host/plugin.h"
#include "host/state.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int32_t plugin_file_find(struct plugin *plugin)
{
    struct host *host = host_get();
    struct dais_str path = plugin->config->path;
    plugin->file = path.ptr ? path.ptr
                            : arena_printf(&host->arena, "%s/%s.so", host->options.plugins_dir,
                                           plugin->id)
                                  .ptr;
    plugin->data_dir =
        arena_printf(&host->arena, "%s/plugins/%s", host->options.data_dir, plugin->id).ptr;
    return plugin->file && plugin->data_dir ? DAIS_OK : DAIS_E_MEMORY;
}

/** The folder beside the configured file that has the plugin's name holds its static files. */
static int32_t find_assets(struct generation *generation)
{
    const struct plugin *plugin = generation->plugin;
    const char *slash = strrchr(plugin->file, '/');
    struct dais_str folder = slash ? dais_str(plugin->file, (uint64_t)(slash - plugin->file))
                                   : dais_cstr(".");
    generation->http
        .assets_dir = arena_printf(&generation->arena, "%.*s/%s", STR_ARG(folder), plugin->id).ptr;
    return generation->http.assets_dir ? DAIS_OK : DAIS_E_MEMORY;
}

static int32_t judge(struct generation *generation, const char *path, struct dais_str bytes)
{
    char text[LINT_TEXT_BYTES];
    struct elf_info info;
    const char *problem;
    if (elf_read(bytes, &info, &problem) != DAIS_OK) {
        generation_fail(generation, "%s %s", path, problem);
        return DAIS_E_INVALID;
    }
    for (uint32_t i = 0; i < info.build_id_bytes && i * 2 < PLUGIN_BUILD_ID_BYTES_MAX; i++)
        snprintf(generation->build_id + i * 2, 3, "%02x", info.build_id[i]);
    if (!lint_first(&info, text))
        return DAIS_OK;
    generation_fail(generation, "%s %s", path, text);
    return DAIS_E_INVALID;
}

/** Whether `path` holds these very bytes: a restart need not write them again. */
static int is_copied(const char *path, struct dais_str bytes)
{
    struct dais_str there;
    if (files_read(path, PLUGIN_FILE_BYTES_MAX, &there) != DAIS_OK)
        return 0;
    int same = dais_str_eq(there, bytes);
    mem_free((void *)(uintptr_t)there.ptr);
    return same;
}

static int32_t write_copy(const char *folder, const char *path, struct dais_str bytes)
{
    int32_t error = files_make_folder(folder, 0755);
    return error ? error : files_replace_fast(path, bytes, 0644);
}

/** What serves and what it would go back to outlive any number of copies that were refused. */
static void keep_wanted(const struct generation *current)
{
    if (!current)
        return;
    files_touch(current->former);
    files_touch(current->path);
}

/** Puts the copy in place by renaming, so that a mapped file of this name is left alone. */
static int32_t copy(struct generation *generation, struct dais_str bytes)
{
    const struct host *host = host_get();
    char folder[HOST_PAGE_PATH_BYTES];
    int len = snprintf(folder, sizeof folder, "%s/run/plugins/%s", host->options.data_dir,
                       generation->plugin->id);
    if (len >= 0 && (size_t)len < sizeof folder)
        len = snprintf(generation->path, sizeof generation->path, "%s/%u-%s.so", folder,
                       generation->number, generation->build_id);
    if (len < 0 || (size_t)len >= sizeof generation->path) {
        generation_fail(generation, "the path of the data directory is too long");
        return DAIS_E_INVALID;
    }
    if (is_copied(generation->path, bytes)) {
        files_touch(generation->path);
        return DAIS_OK;
    }
    int32_t error = write_copy(folder, generation->path, bytes);
    if (error) {
        generation_fail(generation, "%s cannot be written: %s", generation->path, strerror(errno));
        return error;
    }
    keep_wanted(generation->plugin->current);
    files_prune(folder, PLUGIN_COPIES_MAX);
    return DAIS_OK;
}

static int32_t open_file(struct generation *generation)
{
    host_get()->loads++;
    void *library = dlopen(generation->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
        generation_fail(generation, "cannot be loaded: %s", dlerror());
        return DAIS_E_INVALID;
    }
    generation->descriptor = dlsym(library, "dais_plugin");
    if (!generation->descriptor) {
        generation_fail(generation,
                        "its file has no symbol 'dais_plugin'; it is no plugin of Dais");
        return DAIS_E_INVALID;
    }
    page_text(generation->plugin->owner, generation->number, generation->descriptor);
    return DAIS_OK;
}

static int is_id(const char *id)
{
    size_t len = id ? strnlen(id, PLUGIN_ID_BYTES_MAX + 1) : 0;
    return len > 0 && len <= PLUGIN_ID_BYTES_MAX && *id >= 'a' && *id <= 'z' &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/** What the descriptor says, in the order in which it can be trusted. */
static int32_t check(struct generation *generation)
{
    const struct dais_plugin *descriptor = generation->descriptor;
    if (descriptor->magic != DAIS_PLUGIN_MAGIC)
        generation_fail(generation,
                        "its descriptor has the wrong magic number; it is no plugin of Dais");
    else if (descriptor->abi_major != DAIS_ABI_MAJOR)
        generation_fail(generation, "was built for ABI %u; this host has ABI %u",
                        descriptor->abi_major, DAIS_ABI_MAJOR);
    else if (descriptor->draft_hash != DAIS_DRAFT_HASH)
        generation_fail(generation,
                        "was built against other draft headers (%016llx; this host has %016llx): "
                        "build it again",
                        (unsigned long long)descriptor->draft_hash,
                        (unsigned long long)DAIS_DRAFT_HASH);
    else if (!is_id(descriptor->id))
        generation_fail(generation, "its id is not of the form [a-z][a-z0-9_]*");
    else if (strcmp(descriptor->id, generation->plugin->id) != 0)
        generation_fail(generation, "its file holds the plugin '%s'", descriptor->id);
    else if (!descriptor->init)
        generation_fail(generation, "has no init function");
    else
        return DAIS_OK;
    generation->descriptor = NULL; /* nothing in it may be read any more */
    return DAIS_E_INVALID;
}

/** The new file with all that serve, in another process: a crash of its `init` ends there. */
static int32_t try_out(struct generation *generation)
{
    const struct host *host = host_get();
    struct host_pinned files[HOST_OWNERS_MAX];
    char problem[HOST_PROBLEM_BYTES];
    uint32_t count = 0;
    uint64_t timeout_ms = (uint64_t)limit_get(LIMIT_RELOAD_TRIAL_MS);
    if (!host->options.trial || timeout_ms == 0 || atomic_load(&host->phase) != HOST_SERVING)
        return DAIS_OK;
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        const struct plugin *plugin = &host->plugins[owner];
        const struct generation *tried = plugin == generation->plugin ? generation
                                                                      : plugin->current;
        if (tried && (tried == generation || !plugin_is_out(plugin)))
            files[count++] = (struct host_pinned){plugin->id, tried->path, ""};
    }
    int32_t error = host->options.trial(files, count, timeout_ms, problem);
    if (error)
        generation_fail(generation, "%s", problem);
    return error;
}

static int32_t load(struct generation *generation, const char *path, struct dais_str bytes)
{
    int32_t error = judge(generation, path, bytes);
    if (!error && !host_get()->options.offline)
        error = copy(generation, bytes);
    else if (!error)
        snprintf(generation->path, sizeof generation->path, "%s", path);
    if (!error)
        error = try_out(generation);
    if (!error)
        error = open_file(generation);
    return error ? error : check(generation);
}

int32_t plugin_file_open(struct generation *generation, const char *path)
{
    struct dais_str bytes;
    if (find_assets(generation) != DAIS_OK) {
        generation_fail(generation, "no memory to load it");
        return DAIS_E_INVALID;
    }
    if (files_read(path, PLUGIN_FILE_BYTES_MAX, &bytes) != DAIS_OK) {
        generation_fail(generation, "%s cannot be read: %s", path, strerror(errno));
        return DAIS_E_INVALID;
    }
    int32_t error = load(generation, path, bytes);
    mem_free((void *)(uintptr_t)bytes.ptr);
    return error ? DAIS_E_INVALID : DAIS_OK;
}
