/* SPDX-License-Identifier: MIT */
#include "host/plugin_crash.h"

#include "base/error.h"
#include "base/log.h"
#include "host/attend.h"
#include "host/config.h"
#include "host/state.h"
#include "host/verbs.h"

#include <stdio.h>
#include <string.h>

struct release_input {
    uint64_t present;
    struct dais_str name;
};

static const struct dais_field release_fields[] = {
    DAIS_FIELD(struct release_input, name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1,
               PLUGIN_ID_BYTES_MAX, "The plugin whose crashes are forgotten"),
    DAIS_FIELD_END,
};

const struct dais_shape plugin_release_shape = DAIS_SHAPE("PluginRelease", struct release_input,
                                                          release_fields);

const struct host_crashes *plugin_crashes(const struct plugin *plugin)
{
    const struct host_options *options = &host_get()->options;
    for (uint32_t i = 0; i < options->crashes_count; i++)
        if (strcmp(options->crashes[i].id, plugin->id) == 0)
            return &options->crashes[i];
    return NULL;
}

uint32_t plugin_crash_count(const struct plugin *plugin)
{
    const struct host_crashes *crashes = plugin_crashes(plugin);
    return crashes ? atomic_load(crashes->count) : 0;
}

static int32_t refuse(struct dais_cli *cli, int32_t error, const char *id, const char *why)
{
    snprintf(cli->message, sizeof cli->message, "%s: %s", id, why);
    return error;
}

/** Makes the supervisor forget. Nothing to forget is fine when the plugin is out all the same. */
static int32_t forget(struct dais_cli *cli, const struct plugin *plugin)
{
    const struct host_options *options = &host_get()->options;
    int32_t error = options->release ? options->release(plugin->id) : DAIS_E_UNAVAILABLE;
    if (error == DAIS_E_NOT_FOUND && atomic_load(&plugin->state) != PLUGIN_QUARANTINED)
        return refuse(cli, error, plugin->id, "it has not crashed");
    if (error == DAIS_E_NOT_FOUND)
        return DAIS_OK; /* released before, and not loaded since */
    return error ? refuse(cli, error, plugin->id, "the supervisor does not answer") : DAIS_OK;
}

static int32_t load(struct dais_cli *cli, const struct plugin *plugin)
{
    char message[RELOAD_MESSAGE_BYTES];
    int32_t error = reload_request(dais_cstr(plugin->id), message);
    if (error)
        return refuse(cli, error, plugin->id, message);
    strbuf_addf(&cli->text, "%s\n", message);
    return strbuf_error(&cli->text);
}

int32_t plugin_release(struct dais_cli *cli, const void *input)
{
    const struct release_input *in = input;
    const struct plugin *plugin = host_plugin_find(in->name);
    if (!plugin) {
        snprintf(cli->message, sizeof cli->message, "no plugin '%.*s' is enabled",
                 STR_ARG(in->name));
        return DAIS_E_NOT_FOUND;
    }
    if (host_get()->options.safe && plugin->config->path.ptr)
        return refuse(cli, DAIS_E_STATE, plugin->id,
                      "the server was started without foreign plugins (--safe)");
    int32_t error = forget(cli, plugin);
    if (error)
        return error;
    LOG_INFO("plugin released", log_text("id", plugin->id));
    if (atomic_load(&plugin->state) == PLUGIN_QUARANTINED || *plugin->note)
        return load(cli, plugin);
    strbuf_addf(&cli->text, "%s: its crashes are forgotten\n", plugin->id);
    return strbuf_error(&cli->text);
}
