/* SPDX-License-Identifier: MIT */
#include "host/config.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/config_keys.h"
#include "host/config_listen.h"
#include "host/report.h"
#include "host/section.h"
#include "host/tree.h"
#include "loop/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_ARENA_BYTES_MAX (32u << 20)
#define CONFIG_FILE_DEFAULT "dais.yaml"
/** A part of a section's name. */
#define CONFIG_NAME_BYTES_MAX 32u

/** A configuration with what it was made of. */
struct loaded {
    struct config config;
    struct dais_arena arena;
    struct config_values values;
};

static int32_t read_all(int fd, struct dais_arena *arena, uint64_t bytes, struct dais_str *ret_text)
{
    char *text = arena_bytes(arena, bytes + 1);
    uint64_t have = 0;
    if (!text)
        return DAIS_E_MEMORY;
    while (have < bytes) {
        ssize_t got = read(fd, text + have, bytes - have);
        if (got < 0)
            return DAIS_E_UNAVAILABLE;
        if (got == 0)
            break;
        have += (uint64_t)got;
    }
    text[have] = '\0';
    *ret_text = dais_str(text, have);
    return DAIS_OK;
}

static int32_t read_open_file(int fd, const char *path, struct dais_arena *arena,
                              struct report *report, struct dais_str *ret_text)
{
    struct stat stat;
    if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode)) {
        report_add(report, "%s: is not a file", path);
        return DAIS_E_INVALID;
    }
    if (stat.st_size > (off_t)TREE_FILE_BYTES_MAX) {
        report_add(report, "%s: is larger than %u bytes", path, TREE_FILE_BYTES_MAX);
        return DAIS_E_INVALID;
    }
    return read_all(fd, arena, (uint64_t)stat.st_size, ret_text);
}

/** The tree of the file; NULL in `ret_root` when nobody named a file and there is none. */
static int32_t read_tree(const char *path, struct dais_arena *arena, struct report *report,
                         const struct tree_node **ret_root)
{
    const char *name = path ? path : CONFIG_FILE_DEFAULT;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && !path) {
        *ret_root = NULL;
        return DAIS_OK;
    }
    if (fd < 0) {
        report_add(report, "%s: %s", name, strerror(errno));
        return DAIS_E_INVALID;
    }
    struct dais_str text;
    int32_t error = read_open_file(fd, name, arena, report, &text);
    close(fd);
    return error ? error : tree_parse(arena, name, text, report, ret_root);
}

/** The map with this name; dots lead into maps. */
static const struct tree_node *map_named(const struct tree_node *root, const char *name)
{
    const struct tree_node *node = root;
    struct dais_str rest = dais_cstr(name);
    struct dais_str part;
    while (*name && str_split(&rest, '.', &part)) {
        char key[CONFIG_NAME_BYTES_MAX];
        CHECK(part.len < sizeof key);
        memcpy(key, part.ptr, part.len);
        key[part.len] = '\0';
        node = tree_get(node, key);
    }
    return node;
}

static void read_sections(struct loaded *loaded, const struct tree_node *root,
                          struct report *report)
{
    for (const struct config_row *row = config_rows; row->section.name; row++) {
        struct section section = {
            .file = loaded->config.file.ptr,
            .path = row->section.name,
            .node = map_named(root, row->section.name),
            .others = row->section.others,
            .arena = &loaded->arena,
            .report = report,
        };
        int32_t error = section_read(&section, row->section.shape,
                                     (char *)&loaded->values + row->offset);
        if (error && error != DAIS_E_INVALID)
            report_add(report, "%s: %s", section.file, "the configuration is too large");
    }
}

static void read_limits(const struct loaded *loaded, const struct tree_node *map,
                        struct report *report)
{
    const char *file = loaded->config.file.ptr;
    limits_reset();
    if (map && map->kind != TREE_MAP && map->kind != TREE_NULL)
        report_add(report, "%s:%u: limits must be a map of keys", file, map->line);
    for (const struct tree_node *row = map ? map->first : NULL; row; row = row->next) {
        int64_t value;
        if (row->kind != TREE_SCALAR ||
            str_parse_int(row->text, INT64_MIN, INT64_MAX, &value) != DAIS_OK) {
            report_add(report, "%s:%u: limits.%s: must be a whole number", file, row->line,
                       row->key.ptr);
            continue;
        }
        int32_t error = limit_set(row->key, value);
        if (error == DAIS_E_NOT_FOUND)
            report_add(report, "%s:%u: unknown key 'limits.%s'", file, row->key_line, row->key.ptr);
        else if (error)
            report_add(report, "%s:%u: limits.%s: is out of bounds", file, row->line, row->key.ptr);
    }
}

static int32_t take_data_dir(struct loaded *loaded, struct report *report)
{
    struct dais_str path = loaded->values.top.data_dir;
    char cwd[PATH_MAX];
    if (path.len && path.ptr[0] == '/') {
        loaded->config.data_dir = arena_dup(&loaded->arena, path);
    } else if (getcwd(cwd, sizeof cwd)) {
        struct dais_str below = str_has_prefix(path, "./") ? str_sub(path, 2, path.len) : path;
        loaded->config.data_dir = arena_printf(&loaded->arena, "%s/%.*s", cwd, STR_ARG(below));
    } else {
        report_add(report, "the working directory cannot be read: %s", strerror(errno));
        return DAIS_E_INVALID;
    }
    return loaded->config.data_dir.ptr ? DAIS_OK : DAIS_E_MEMORY;
}

static struct dais_str terminated(struct loaded *loaded, struct dais_str text)
{
    return text.len ? arena_dup(&loaded->arena, text) : dais_str(NULL, 0);
}

/** From the values as they were given to what the server uses. */
static int32_t take_values(struct loaded *loaded, struct report *report)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    const struct config_values *values = &loaded->values;
    struct config *config = &loaded->config;
    int32_t error = config_listen_take(values, &loaded->arena, report, config);
    if (!error)
        error = take_data_dir(loaded, report);
    config->workers = values->top.workers ? (uint32_t)values->top.workers : workers_default_count();
    config->database_url = terminated(loaded, values->database.url);
    config->cors_origins = values->cors.origins;
    config->access_log = values->http.access_log;
    config->trusted_proxies = values->http.trusted_proxies;
    config->forwarded = str_eqz(values->http.forwarded_header, "forwarded");
    config_rates_take(&values->rates, values->classes, &config->rates);
    for (uint32_t level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++)
        if (str_eqz(values->log.level, levels[level]))
            config->log_level = level;
    config->log_json = str_eqz(values->log.format, "json");
    config->metrics_access = str_eqz(values->metrics.access, "public")  ? METRICS_PUBLIC
                             : str_eqz(values->metrics.access, "admin") ? METRICS_ADMIN
                                                                        : METRICS_LOCAL;
    return error;
}

static int32_t load_into(struct loaded *loaded, const char *path, struct report *report)
{
    const struct tree_node *root = NULL;
    int32_t error = read_tree(path, &loaded->arena, report, &root);
    if (error)
        return error;
    const char *name = !root ? "defaults" : path ? path : CONFIG_FILE_DEFAULT;
    loaded->config.file = arena_dup(&loaded->arena, dais_cstr(name));
    if (!loaded->config.file.ptr)
        return DAIS_E_MEMORY;
    uint32_t before = report_count(report);
    read_sections(loaded, root, report);
    read_limits(loaded, tree_get(root, "limits"), report);
    error = config_read_plugins(root, &loaded->arena, report, &loaded->config);
    if (!error && report_count(report) == before)
        error = take_values(loaded, report);
    return error ? error : (report_count(report) > before ? DAIS_E_INVALID : DAIS_OK);
}

int32_t config_load(const char *path, struct report *report, struct config **ret_config)
{
    struct loaded *loaded = mem_zalloc(1, sizeof *loaded);
    if (!loaded)
        return DAIS_E_MEMORY;
    arena_init(&loaded->arena, CONFIG_ARENA_BYTES_MAX);
    int32_t error = load_into(loaded, path, report);
    if (error) {
        config_free(&loaded->config);
        return error;
    }
    *ret_config = &loaded->config;
    return DAIS_OK;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    struct loaded *loaded = (struct loaded *)(void *)config; /* its first member */
    arena_reset(&loaded->arena);
    mem_free(loaded);
}

const struct config_section *config_section_at(uint32_t index)
{
    uint32_t count = 0;
    while (config_rows[count].section.name)
        count++;
    return index < count ? &config_rows[index].section : NULL;
}
