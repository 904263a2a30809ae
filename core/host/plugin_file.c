/* SPDX-License-Identifier: MIT */
#include "host/plugin_file.h"

#include "base/mem.h"
#include "base/str.h"
#include "host/config.h"
#include "host/elf.h"
#include "host/files.h"
#include "host/page.h"
#include "host/plugin.h"
#include "host/state.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/** What is known about the file while it is being loaded. */
struct candidate {
    struct plugin *plugin;
    const char *path;      /* as configured, then of the copy; in the host's arena */
    struct dais_str bytes; /* of the whole file, on the heap */
};

static int32_t find(struct candidate *candidate)
{
    const struct plugin *plugin = candidate->plugin;
    struct host *host = host_get();
    struct dais_str path = plugin->config->path;
    candidate->path = path.ptr ? path.ptr
                               : arena_printf(&host->arena, "%s/%s.so", host->options.plugins_dir,
                                              plugin->id)
                                     .ptr;
    return candidate->path ? DAIS_OK : DAIS_E_MEMORY;
}

/** The folder beside the file that has the plugin's name holds its static files. */
static int32_t find_assets(struct candidate *candidate)
{
    struct plugin *plugin = candidate->plugin;
    const char *slash = strrchr(candidate->path, '/');
    struct dais_str folder = slash ? dais_str(candidate->path, (uint64_t)(slash - candidate->path))
                                   : dais_cstr(".");
    plugin->http
        .assets_dir = arena_printf(&host_get()->arena, "%.*s/%s", STR_ARG(folder), plugin->id).ptr;
    return plugin->http.assets_dir ? DAIS_OK : DAIS_E_MEMORY;
}

static int32_t judge(struct candidate *candidate)
{
    struct plugin *plugin = candidate->plugin;
    struct elf_info info;
    const char *problem;
    if (elf_read(candidate->bytes, &info, &problem) != DAIS_OK) {
        plugin_fail(plugin, "%s %s", candidate->path, problem);
        return DAIS_E_INVALID;
    }
    if (info.findings & ELF_NO_BUILD_ID) {
        plugin_fail(plugin, "%s has no build id; link it with --build-id", candidate->path);
        return DAIS_E_INVALID;
    }
    for (uint32_t i = 0; i < info.build_id_bytes && i * 2 < PLUGIN_BUILD_ID_BYTES_MAX; i++)
        snprintf(plugin->build_id + i * 2, 3, "%02x", info.build_id[i]);
    return DAIS_OK;
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
    return error ? error : files_replace(path, bytes, 0644);
}

/** Puts the copy in place by renaming, so that a mapped file of this name is left alone. */
static int32_t copy(struct candidate *candidate)
{
    struct plugin *plugin = candidate->plugin;
    struct host *host = host_get();
    const char *folder =
        arena_printf(&host->arena, "%s/run/plugins/%s", host->options.data_dir, plugin->id).ptr;
    const char *path = folder ? arena_printf(&host->arena, "%s/%u-%s.so", folder,
                                             plugin->generation, plugin->build_id)
                                    .ptr
                              : NULL;
    if (!path)
        return DAIS_E_MEMORY;
    if (!is_copied(path, candidate->bytes)) {
        int32_t error = write_copy(folder, path, candidate->bytes);
        if (error) {
            plugin_fail(plugin, "%s cannot be written: %s", path, strerror(errno));
            return error;
        }
        files_prune(folder, PLUGIN_COPIES_MAX);
    }
    candidate->path = path;
    return DAIS_OK;
}

static int32_t open_file(struct candidate *candidate)
{
    struct plugin *plugin = candidate->plugin;
    void *library = dlopen(candidate->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
        plugin_fail(plugin, "cannot be loaded: %s", dlerror());
        return DAIS_E_INVALID;
    }
    plugin->descriptor = dlsym(library, "dais_plugin");
    if (!plugin->descriptor) {
        plugin_fail(plugin, "its file has no symbol 'dais_plugin'; it is no plugin of Dais");
        return DAIS_E_INVALID;
    }
    page_text(plugin->owner, plugin->generation, plugin->descriptor);
    page_serves(plugin->owner, plugin->generation, candidate->path, 0);
    return DAIS_OK;
}

static int is_id(const char *id)
{
    size_t len = id ? strnlen(id, PLUGIN_ID_BYTES_MAX + 1) : 0;
    return len > 0 && len <= PLUGIN_ID_BYTES_MAX && *id >= 'a' && *id <= 'z' &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/** What the descriptor says, in the order in which it can be trusted. */
static int32_t check(struct plugin *plugin)
{
    const struct dais_plugin *descriptor = plugin->descriptor;
    if (descriptor->magic != DAIS_PLUGIN_MAGIC)
        plugin_fail(plugin, "its descriptor has the wrong magic number; it is no plugin of Dais");
    else if (descriptor->abi_major != DAIS_ABI_MAJOR)
        plugin_fail(plugin, "was built for ABI %u; this host has ABI %u", descriptor->abi_major,
                    DAIS_ABI_MAJOR);
    else if (descriptor->draft_hash != DAIS_DRAFT_HASH)
        plugin_fail(plugin,
                    "was built against other draft headers (%016llx; this host has %016llx): "
                    "build it again",
                    (unsigned long long)descriptor->draft_hash,
                    (unsigned long long)DAIS_DRAFT_HASH);
    else if (!is_id(descriptor->id))
        plugin_fail(plugin, "its id is not of the form [a-z][a-z0-9_]*");
    else if (strcmp(descriptor->id, plugin->id) != 0)
        plugin_fail(plugin, "its file holds the plugin '%s'", descriptor->id);
    else if (!descriptor->init)
        plugin_fail(plugin, "has no init function");
    else
        return DAIS_OK;
    plugin->descriptor = NULL; /* nothing in it may be read any more */
    return DAIS_E_INVALID;
}

static int32_t load(struct candidate *candidate)
{
    int32_t error = judge(candidate);
    if (!error && !host_get()->options.offline)
        error = copy(candidate);
    if (!error)
        error = open_file(candidate);
    return error ? error : check(candidate->plugin);
}

int32_t plugin_load(struct plugin *plugin)
{
    struct candidate candidate = {.plugin = plugin};
    if (find(&candidate) != DAIS_OK || find_assets(&candidate) != DAIS_OK) {
        plugin_fail(plugin, "no memory to load it");
        return DAIS_E_INVALID;
    }
    if (files_read(candidate.path, PLUGIN_FILE_BYTES_MAX, &candidate.bytes) != DAIS_OK) {
        plugin_fail(plugin, "%s cannot be read: %s", candidate.path, strerror(errno));
        return DAIS_E_INVALID;
    }
    plugin->http.generation = ++plugin->generation;
    int32_t error = load(&candidate);
    mem_free((void *)(uintptr_t)candidate.bytes.ptr);
    if (error)
        return DAIS_E_INVALID;
    atomic_store(&plugin->state, PLUGIN_LOADED);
    return DAIS_OK;
}
