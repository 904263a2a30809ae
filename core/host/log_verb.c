/* SPDX-License-Identifier: MIT */
#include "host/log_verb.h"

#include "base/log.h"
#include "base/str.h"
#include "host/config.h"
#include "host/state.h"
#include "host/verbs.h"

#include <stdio.h>

struct level_input {
    uint64_t present;
    struct dais_str level;
    struct dais_str plugin;
};

/* By enum log_level; the last one takes a plugin's own level away. */
static const char *const levels[] = {"debug", "info", "warn", "error", "default", NULL};
#define LEVEL_DEFAULT 4

static const struct dais_field level_fields[] = {
    DAIS_FIELD_ENUM("level", struct level_input, level, DAIS_FIELD_POSITIONAL, levels, NULL,
                    "Lines below it are not written; default: what the configuration says"),
    DAIS_FIELD(struct level_input, plugin, DAIS_KIND_STRING, 0, 1, PLUGIN_ID_BYTES_MAX,
               "Only the lines of this plugin"),
    DAIS_FIELD_END,
};

const struct dais_shape log_verb_shape = DAIS_SHAPE("LogLevel", struct level_input, level_fields);

static int32_t find_level(struct dais_str name)
{
    int32_t level = 0;
    while (!str_eqz(name, levels[level]))
        level++;
    return level;
}

static void set_all(int32_t level)
{
    uint32_t configured = host_get()->options.config->log_level;
    log_level_set((enum log_level)(level == LEVEL_DEFAULT ? (int32_t)configured : level));
}

static void print_levels(struct strbuf *out)
{
    const struct host *host = host_get();
    strbuf_addf(out, "%s\n", levels[log_level_get()]);
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        int32_t level = log_plugin_level_get(owner);
        if (level >= 0)
            strbuf_addf(out, "%s: %s\n", host->plugins[owner].id, levels[level]);
    }
}

int32_t log_verb_level(struct dais_cli *cli, const void *input)
{
    const struct level_input *in = input;
    const struct plugin *plugin = in->plugin.len ? host_plugin_find(in->plugin) : NULL;
    if (in->plugin.len && !plugin) {
        snprintf(cli->message, sizeof cli->message, "no plugin '%.*s' is enabled",
                 STR_ARG(in->plugin));
        return DAIS_E_NOT_FOUND;
    }
    if (in->level.len) {
        int32_t level = find_level(in->level);
        if (plugin)
            log_plugin_level_set(plugin->owner, level == LEVEL_DEFAULT ? -1 : level);
        else
            set_all(level);
    }
    print_levels(&cli->text);
    return strbuf_error(&cli->text);
}
