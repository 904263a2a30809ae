/* SPDX-License-Identifier: MIT */
#include "host/config_keys.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"
#include "host/plugin.h"
#include "host/report.h"
#include "host/section.h"
#include "host/tree.h"

#include <stddef.h>

static const char *const level_choices[] = {"debug", "info", "warn", "error", NULL};
static const char *const forwarded_choices[] = {"x-forwarded-for", "forwarded", NULL};
static const char *const format_choices[] = {"logfmt", "json", NULL};
static const char *const access_choices[] = {"public", "local", "admin", NULL};

static const struct dais_field top_fields[] = {
    DAIS_FIELD_CONFIG(struct config_top, workers, DAIS_KIND_INT, 0, 64, "0", "DAIS_WORKERS",
                      "Worker threads; 0: one for each core"),
    DAIS_FIELD_CONFIG(struct config_top, data_dir, DAIS_KIND_STRING, 1, 4096, "./var", "DAIS_DATA",
                      "Folder for everything the server keeps: database, secrets, recordings"),
    DAIS_FIELD_END,
};

static const struct dais_field http_fields[] = {
    DAIS_FIELD_CONFIG(struct config_http, listen, DAIS_KIND_LIST, 0, CONFIG_LISTEN_MAX, NULL,
                      "PORT", "Ports or addresses with port to listen on, or off; default 8080"),
    DAIS_FIELD_CONFIG(struct config_http, access_log, DAIS_KIND_BOOL, 0, 0, "false", NULL,
                      "One log line for each request"),
    DAIS_FIELD_CONFIG(struct config_http, trusted_proxies, DAIS_KIND_LIST, 0, 64, NULL, NULL,
                      "Networks of proxies that are believed whom they speak for: 10.0.0.0/8, ::1"),
    {.name = "forwarded_header",
     .kind = DAIS_KIND_ENUM,
     .offset = offsetof(struct config_http, forwarded_header),
     .fallback = "x-forwarded-for",
     .choices = forwarded_choices,
     .prose = "Header in which they say it; with x-forwarded-for also X-Forwarded-Proto"},
    DAIS_FIELD_END,
};

static const struct dais_field database_fields[] = {
    DAIS_FIELD_CONFIG(struct config_database, url, DAIS_KIND_STRING, 1, 4096, NULL, "DATABASE_URL",
                      "PostgreSQL to connect to; without it the server runs one of its own"),
    DAIS_FIELD_END,
};

static const struct dais_field cors_fields[] = {
    DAIS_FIELD_CONFIG(struct config_cors, origins, DAIS_KIND_LIST, 0, 64, "*", "CORS_ORIGIN",
                      "Origins whose pages may call the server: https://host[:port], or *"),
    DAIS_FIELD_END,
};

static const struct dais_field log_fields[] = {
    {.name = "level",
     .kind = DAIS_KIND_ENUM,
     .offset = offsetof(struct config_log, level),
     .fallback = "info",
     .env = "DAIS_LOG_LEVEL",
     .choices = level_choices,
     .prose = "Lines below this level are not written"},
    {.name = "format",
     .kind = DAIS_KIND_ENUM,
     .offset = offsetof(struct config_log, format),
     .fallback = "logfmt",
     .env = "DAIS_LOG_FORMAT",
     .choices = format_choices,
     .prose = "Form of the lines"},
    DAIS_FIELD_END,
};

static const struct dais_field metrics_fields[] = {
    DAIS_FIELD_ENUM("access", struct config_metrics, access, 0, access_choices, "local",
                    "Who may read /metrics: everybody, this machine, or administrators"),
    DAIS_FIELD_END,
};

static const struct dais_shape top_shape = DAIS_SHAPE("Config", struct config_top, top_fields);
static const struct dais_shape http_shape = DAIS_SHAPE("ConfigHttp", struct config_http,
                                                       http_fields);
static const struct dais_shape database_shape = DAIS_SHAPE("ConfigDatabase", struct config_database,
                                                           database_fields);
static const struct dais_shape cors_shape = DAIS_SHAPE("ConfigCors", struct config_cors,
                                                       cors_fields);
static const struct dais_shape log_shape = DAIS_SHAPE("ConfigLog", struct config_log, log_fields);
static const struct dais_shape metrics_shape = DAIS_SHAPE("ConfigMetrics", struct config_metrics,
                                                          metrics_fields);

#define RATE_ROW(name_, number)                                                                    \
    {                                                                                              \
        {name_, &config_rate_shape, NULL},                                                         \
            offsetof(struct config_values, classes) + (number) * sizeof(struct config_rate_keys)   \
    }

const struct config_row config_rows[] = {
    {{"", &top_shape, config_top_keys}, offsetof(struct config_values, top)},
    {{"http", &http_shape, NULL}, offsetof(struct config_values, http)},
    {{"tls", &config_tls_shape, NULL}, offsetof(struct config_values, tls)},
    {{"database", &database_shape, NULL}, offsetof(struct config_values, database)},
    {{"cors", &cors_shape, NULL}, offsetof(struct config_values, cors)},
    {{"log", &log_shape, NULL}, offsetof(struct config_values, log)},
    {{"metrics", &metrics_shape, NULL}, offsetof(struct config_values, metrics)},
    {{"rates", &config_rates_shape, config_rate_names}, offsetof(struct config_values, rates)},
    RATE_ROW("rates.read", RATES_READ),
    RATE_ROW("rates.write", RATES_WRITE),
    RATE_ROW("rates.login", RATES_LOGIN),
    RATE_ROW("rates.media", RATES_MEDIA),
    RATE_ROW("rates.status", RATES_STATUS),
    RATE_ROW("rates.connect", RATES_CONNECT),
    RATE_ROW("rates.event", RATES_EVENT),
    RATE_ROW("rates.ingest", RATES_INGEST),
    {{NULL, NULL, NULL}, 0},
};

const char *const config_top_keys[] = {"http",    "tls",   "database", "cors",    "log",
                                       "metrics", "rates", "limits",   "plugins", NULL};
const char *const config_plugin_keys[] = {"path", "required", "allow_draft", NULL};

/** The rows of a plugin's section that are the core's. */
struct plugin_keys {
    uint64_t present;
    struct dais_str path;
    uint8_t required;
    uint8_t allow_draft;
};

static const struct dais_field plugin_fields[] = {
    DAIS_FIELD_CONFIG(struct plugin_keys, path, DAIS_KIND_STRING, 1, 4096, NULL, NULL,
                      "File of a plugin that is not bundled"),
    DAIS_FIELD_CONFIG(struct plugin_keys, required, DAIS_KIND_BOOL, 0, 0, "true", NULL,
                      "false: the server starts without the plugin when it fails"),
    DAIS_FIELD_CONFIG(struct plugin_keys, allow_draft, DAIS_KIND_BOOL, 0, 0, "false", NULL,
                      "The plugin may use interfaces that are not frozen yet"),
    DAIS_FIELD_END,
};

static const struct dais_shape plugin_shape = DAIS_SHAPE("ConfigPlugin", struct plugin_keys,
                                                         plugin_fields);

static int is_id(struct dais_str id)
{
    if (id.len == 0 || id.len > PLUGIN_ID_BYTES_MAX || id.ptr[0] < 'a' || id.ptr[0] > 'z')
        return 0;
    for (uint64_t i = 1; i < id.len; i++) {
        char c = id.ptr[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_')
            return 0;
    }
    return 1;
}

/** The keys that the plugin itself will read. */
static const char *const *own_keys(const struct tree_node *map, struct dais_arena *arena)
{
    const char **keys = arena_alloc(arena, ((map ? map->count : 0) + 1) * sizeof *keys);
    uint32_t count = 0;
    for (const struct tree_node *child = map ? map->first : NULL; child && keys;
         child = child->next)
        keys[count++] = child->key.ptr;
    return keys;
}

static int32_t read_plugin(const struct tree_node *node, struct dais_arena *arena,
                           struct report *report, const char *file, struct config_plugin *ret_row)
{
    if (!is_id(node->key)) {
        report_add(report, "%s:%u: '%s' is no name of a plugin: small letters, digits and _", file,
                   node->key_line, node->key.ptr);
        return DAIS_E_INVALID;
    }
    struct dais_str path = arena_printf(arena, "plugins.%s", node->key.ptr);
    struct section section = {.file = file,
                              .path = path.ptr,
                              .node = node,
                              .others = own_keys(node, arena),
                              .arena = arena,
                              .report = report};
    struct plugin_keys keys;
    if (!path.ptr || !section.others)
        return DAIS_E_MEMORY;
    int32_t error = section_read(&section, &plugin_shape, &keys);
    if (error)
        return error;
    *ret_row = (struct config_plugin){
        .id = node->key,
        .path = keys.path.ptr ? arena_dup(arena, keys.path) : keys.path,
        .required = keys.required,
        .allow_draft = keys.allow_draft,
        .line = node->key_line,
        .section = node->kind == TREE_MAP ? node : NULL,
    };
    return DAIS_OK;
}

/** Without a file, or without `plugins:` in it. */
static int32_t use_bundled(struct dais_arena *arena, struct config *config)
{
    static const char *const bundled[] = {"mail", "auth", "streams", "chat",
                                          "rtmp", "hls",  "console"};
    uint32_t count = sizeof bundled / sizeof bundled[0];
    struct config_plugin *rows = arena_alloc(arena, count * sizeof *rows);
    if (!rows)
        return DAIS_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        rows[i] = (struct config_plugin){.id = dais_cstr(bundled[i]), .required = 1};
    config->plugins = rows;
    config->plugin_count = count;
    return DAIS_OK;
}

int32_t config_read_plugins(const struct tree_node *root, struct dais_arena *arena,
                            struct report *report, struct config *config)
{
    const struct tree_node *map = tree_get(root, "plugins");
    const char *file = config->file.ptr;
    if (!map)
        return use_bundled(arena, config);
    if (map->kind == TREE_SCALAR || map->kind == TREE_LIST || map->count > CONFIG_PLUGINS_MAX) {
        report_add(report, "%s:%u: plugins must be a map of at most %u names", file, map->line,
                   CONFIG_PLUGINS_MAX);
        return DAIS_E_INVALID;
    }
    struct config_plugin *rows = arena_alloc(arena, (map->count + 1) * sizeof *rows);
    if (!rows)
        return DAIS_E_MEMORY;
    int32_t error = DAIS_OK;
    for (const struct tree_node *node = map->first; node; node = node->next) {
        int32_t failed = read_plugin(node, arena, report, file, &rows[config->plugin_count++]);
        error = failed ? failed : error;
    }
    config->plugins = rows;
    return error;
}
