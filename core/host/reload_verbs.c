/* SPDX-License-Identifier: MIT */
#include "host/reload_verbs.h"

#include "base/error.h"
#include "host/attend.h"
#include "host/state.h"
#include "host/verbs.h"

#include <stdio.h>

struct reload_input {
    uint64_t present;
    struct dais_str name;
};

static const struct dais_field reload_fields[] = {
    DAIS_FIELD(struct reload_input, name, DAIS_KIND_STRING, DAIS_FIELD_REQUIRED, 1,
               PLUGIN_ID_BYTES_MAX, "The plugin whose file is loaded again"),
    DAIS_FIELD_END,
};

const struct dais_shape reload_verb_shape = DAIS_SHAPE("PluginReload", struct reload_input,
                                                       reload_fields);

/** A plugin in quarantine comes back by its own verb, which also forgets its crashes. */
static int32_t reload(const struct plugin *plugin, char message[RELOAD_MESSAGE_BYTES])
{
    if (atomic_load(&plugin->state) != PLUGIN_QUARANTINED)
        return reload_request(dais_cstr(plugin->id), message);
    snprintf(message, RELOAD_MESSAGE_BYTES, "is left out (%s); see dais plugin release",
             plugin->reason);
    return DAIS_E_STATE;
}

int32_t reload_verb_one(struct dais_cli *cli, const void *input)
{
    const struct reload_input *in = input;
    const struct plugin *plugin = host_plugin_find(in->name);
    char message[RELOAD_MESSAGE_BYTES];
    int32_t error = plugin ? reload(plugin, message) : DAIS_E_NOT_FOUND;
    if (!plugin)
        snprintf(message, sizeof message, "no plugin '%.*s' is enabled", STR_ARG(in->name));
    if (error)
        snprintf(cli->message, sizeof cli->message, "%s", message);
    else
        strbuf_addf(&cli->text, "%s\n", message);
    return error ? error : strbuf_error(&cli->text);
}

int32_t reload_verb_all(struct dais_cli *cli, const void *input)
{
    const struct host *host = host_get();
    char message[RELOAD_MESSAGE_BYTES];
    int32_t first_error = DAIS_OK;
    uint32_t refused = 0;
    (void)input;
    for (uint32_t owner = 1; owner < host->owner_count; owner++) {
        int32_t error = reload(&host->plugins[owner], message);
        strbuf_addf(&cli->text, "%s%s%s\n", error ? host->plugins[owner].id : "", error ? ": " : "",
                    message);
        refused += error != DAIS_OK;
        if (!first_error)
            first_error = error;
    }
    if (first_error)
        snprintf(cli->message, sizeof cli->message, "%u of %u plugins were not reloaded", refused,
                 host->owner_count - 1);
    return first_error ? first_error : strbuf_error(&cli->text);
}
